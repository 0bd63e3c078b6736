// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// The APIs that are offered, by their number on the wire.
package enum ApiKey: Int16, CaseIterable, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case describeGroups = 15
    case listGroups = 16
    case saslHandshake = 17
    case apiVersions = 18
    case createTopics = 19
    case deleteTopics = 20
    case deleteRecords = 21
    case initProducerId = 22
    case offsetForLeaderEpoch = 23
    case describeConfigs = 32
    case createPartitions = 37
    case deleteGroups = 42
    case incrementalAlterConfigs = 44
    case describeCluster = 60

    /// The protocol's own name of it.
    package var name: String {
        switch self {
        case .produce: "Produce"
        case .fetch: "Fetch"
        case .listOffsets: "ListOffsets"
        case .metadata: "Metadata"
        case .offsetCommit: "OffsetCommit"
        case .offsetFetch: "OffsetFetch"
        case .findCoordinator: "FindCoordinator"
        case .joinGroup: "JoinGroup"
        case .heartbeat: "Heartbeat"
        case .leaveGroup: "LeaveGroup"
        case .syncGroup: "SyncGroup"
        case .describeGroups: "DescribeGroups"
        case .listGroups: "ListGroups"
        case .saslHandshake: "SaslHandshake"
        case .apiVersions: "ApiVersions"
        case .createTopics: "CreateTopics"
        case .deleteTopics: "DeleteTopics"
        case .deleteRecords: "DeleteRecords"
        case .initProducerId: "InitProducerId"
        case .offsetForLeaderEpoch: "OffsetForLeaderEpoch"
        case .describeConfigs: "DescribeConfigs"
        case .createPartitions: "CreatePartitions"
        case .deleteGroups: "DeleteGroups"
        case .incrementalAlterConfigs: "IncrementalAlterConfigs"
        case .describeCluster: "DescribeCluster"
        }
    }

    /// What is offered of it.
    package var versions: ClosedRange<Int16> {
        switch self {
        case .produce: 3...12
        case .fetch: 4...16
        case .listOffsets: 1...10
        case .metadata: 0...13
        case .offsetCommit: 2...9
        case .offsetFetch: 1...9
        case .findCoordinator: 0...6
        case .joinGroup: 0...9
        case .heartbeat: 0...4
        case .leaveGroup: 0...5
        case .syncGroup: 0...5
        case .describeGroups: 0...6
        case .listGroups: 0...5
        case .saslHandshake: 0...1
        case .apiVersions: 0...4
        case .createTopics: 2...7
        case .deleteTopics: 1...6
        case .deleteRecords: 0...2
        case .initProducerId: 0...5
        case .offsetForLeaderEpoch: 2...4
        case .describeConfigs: 1...4
        case .createPartitions: 0...3
        case .deleteGroups: 0...2
        case .incrementalAlterConfigs: 0...1
        case .describeCluster: 0...2
        }
    }

    /// The versions with compact lengths and tagged fields; nil when there is none.
    package var flexibleVersions: ClosedRange<Int16>? {
        switch self {
        case .produce: 9...12
        case .fetch: 12...16
        case .listOffsets: 6...10
        case .metadata: 9...13
        case .offsetCommit: 8...9
        case .offsetFetch: 6...9
        case .findCoordinator: 3...6
        case .joinGroup: 6...9
        case .heartbeat: 4...4
        case .leaveGroup: 4...5
        case .syncGroup: 4...5
        case .describeGroups: 5...6
        case .listGroups: 3...5
        case .saslHandshake: nil
        case .apiVersions: 3...4
        case .createTopics: 5...7
        case .deleteTopics: 4...6
        case .deleteRecords: 2...2
        case .initProducerId: 2...5
        case .offsetForLeaderEpoch: 4...4
        case .describeConfigs: 4...4
        case .createPartitions: 2...3
        case .deleteGroups: 2...2
        case .incrementalAlterConfigs: 1...1
        case .describeCluster: 0...2
        }
    }

    /// The name of any API of the protocol, offered or not, for a log line; nil for a number without a name.
    package static func name(of number: Int16) -> String? {
        if let key = ApiKey(rawValue: number) { return key.name }
        return switch number {
        case 24: "AddPartitionsToTxn"
        case 25: "AddOffsetsToTxn"
        case 26: "EndTxn"
        case 27: "WriteTxnMarkers"
        case 28: "TxnOffsetCommit"
        case 29: "DescribeAcls"
        case 30: "CreateAcls"
        case 31: "DeleteAcls"
        case 33: "AlterConfigs"
        case 34: "AlterReplicaLogDirs"
        case 35: "DescribeLogDirs"
        case 36: "SaslAuthenticate"
        case 38: "CreateDelegationToken"
        case 39: "RenewDelegationToken"
        case 40: "ExpireDelegationToken"
        case 41: "DescribeDelegationToken"
        case 43: "ElectLeaders"
        case 45: "AlterPartitionReassignments"
        case 46: "ListPartitionReassignments"
        case 47: "OffsetDelete"
        case 48: "DescribeClientQuotas"
        case 49: "AlterClientQuotas"
        case 50: "DescribeUserScramCredentials"
        case 51: "AlterUserScramCredentials"
        case 55: "DescribeQuorum"
        case 57: "UpdateFeatures"
        case 61: "DescribeProducers"
        case 65: "DescribeTransactions"
        case 66: "ListTransactions"
        case 68: "ConsumerGroupHeartbeat"
        case 69: "ConsumerGroupDescribe"
        case 71: "GetTelemetrySubscriptions"
        case 72: "PushTelemetry"
        case 74: "ListConfigResources"
        case 75: "DescribeTopicPartitions"
        case 76: "ShareGroupHeartbeat"
        case 77: "ShareGroupDescribe"
        case 78: "ShareFetch"
        case 79: "ShareAcknowledge"
        case 88: "StreamsGroupHeartbeat"
        case 89: "StreamsGroupDescribe"
        default: nil
        }
    }
}

/// Every message type, for what is said of all of them.
package enum WireMessages {
    package static var requests: [any WireMessage.Type] { [
        ProduceRequest.self,
        FetchRequest.self,
        ListOffsetsRequest.self,
        MetadataRequest.self,
        OffsetCommitRequest.self,
        OffsetFetchRequest.self,
        FindCoordinatorRequest.self,
        JoinGroupRequest.self,
        HeartbeatRequest.self,
        LeaveGroupRequest.self,
        SyncGroupRequest.self,
        DescribeGroupsRequest.self,
        ListGroupsRequest.self,
        SaslHandshakeRequest.self,
        ApiVersionsRequest.self,
        CreateTopicsRequest.self,
        DeleteTopicsRequest.self,
        DeleteRecordsRequest.self,
        InitProducerIdRequest.self,
        OffsetForLeaderEpochRequest.self,
        DescribeConfigsRequest.self,
        CreatePartitionsRequest.self,
        DeleteGroupsRequest.self,
        IncrementalAlterConfigsRequest.self,
        DescribeClusterRequest.self,
    ] }
    package static var responses: [any WireMessage.Type] { [
        ProduceResponse.self,
        FetchResponse.self,
        ListOffsetsResponse.self,
        MetadataResponse.self,
        OffsetCommitResponse.self,
        OffsetFetchResponse.self,
        FindCoordinatorResponse.self,
        JoinGroupResponse.self,
        HeartbeatResponse.self,
        LeaveGroupResponse.self,
        SyncGroupResponse.self,
        DescribeGroupsResponse.self,
        ListGroupsResponse.self,
        SaslHandshakeResponse.self,
        ApiVersionsResponse.self,
        CreateTopicsResponse.self,
        DeleteTopicsResponse.self,
        DeleteRecordsResponse.self,
        InitProducerIdResponse.self,
        OffsetForLeaderEpochResponse.self,
        DescribeConfigsResponse.self,
        CreatePartitionsResponse.self,
        DeleteGroupsResponse.self,
        IncrementalAlterConfigsResponse.self,
        DescribeClusterResponse.self,
    ] }
}
