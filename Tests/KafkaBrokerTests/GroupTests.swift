import FrameServer
import Testing

@testable import KafkaBroker
@testable import KafkaProtocol

struct GroupTests {
    let directory = TemporaryDirectory()

    private func join(_ bench: Bench, _ memberId: String, on connection: ConnectionId) {
        bench.send(
            JoinGroupRequest(
                groupId: "g", sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000, memberId: memberId, protocolType: "consumer",
                protocols: [.init(name: "range", metadata: [1])]), version: 9, on: connection)
    }

    private func joined(_ bench: Bench, on connection: ConnectionId) throws -> JoinGroupResponse {
        try bench.response(JoinGroupResponse.self, version: 9, on: connection).response
    }

    /// A group of one, stable.
    private func member(_ bench: Bench) throws -> (id: String, generation: Int32) {
        join(bench, "", on: bench.connection)
        let id = try joined(bench, on: bench.connection)
        #expect(id.errorCode == ErrorCode.memberIdRequired.rawValue)
        join(bench, id.memberId, on: bench.connection)
        let answer = try joined(bench, on: bench.connection)
        #expect((answer.errorCode, answer.leader, answer.protocolName) == (0, id.memberId, "range"))
        let sync = try bench.ask(
            SyncGroupRequest(
                groupId: "g", generationId: answer.generationId, memberId: id.memberId, protocolType: "consumer", protocolName: "range",
                assignments: [.init(memberId: id.memberId, assignment: [9])]))
        #expect(sync.assignment == [9])
        return (id.memberId, answer.generationId)
    }

    private func commit(_ bench: Bench, _ member: (id: String, generation: Int32), _ topics: [(String, Int64)]) throws -> [Int16] {
        try bench.ask(
            OffsetCommitRequest(
                groupId: "g", generationIdOrMemberEpoch: member.generation, memberId: member.id,
                topics: topics.map { .init(name: $0.0, partitions: [.init(partitionIndex: 0, committedOffset: $0.1)]) })
        ).topics.map { $0.partitions[0].errorCode }
    }

    private func committed(_ bench: Bench, version: Int16) throws -> [Int64] {
        let topics = ["t", "u"]
        if version >= 8 {
            return try bench.ask(
                OffsetFetchRequest(groups: [.init(groupId: "g", topics: topics.map { .init(name: $0, partitionIndexes: [0]) })]),
                version: version
            ).groups[0].topics.map { $0.partitions[0].committedOffset }
        }
        return try bench.ask(
            OffsetFetchRequest(groupId: "g", topics: topics.map { .init(name: $0, partitionIndexes: [0]) }), version: version
        ).topics.map { $0.partitions[0].committedOffset }
    }

    @Test func committedOffsetsAndMembersOutliveTheProcess() throws {
        let member: (id: String, generation: Int32)
        do {
            let bench = try Bench(directory)
            try bench.create("t")
            member = try self.member(bench)
            #expect(try commit(bench, member, [("t", 42), ("none", 1)]) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
            #expect(try commit(bench, (member.id, member.generation + 1), [("t", 43)]) == [ErrorCode.illegalGeneration.rawValue])
        }
        let bench = try Bench(directory)
        for version: Int16 in [1, 7, 8, 9] { #expect(try committed(bench, version: version) == [42, -1]) }
        let beat = try bench.ask(HeartbeatRequest(groupId: "g", generationId: member.generation, memberId: member.id))
        #expect(beat.errorCode == 0)
        // Deleted topics are forgotten.
        _ = try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")]))
        #expect(try committed(bench, version: 8) == [-1, -1])
    }

    @Test func aJoinWaitsForTheOthersAndTheTimerEndsTheWaiting() throws {
        let bench = try Bench(directory)
        let first = try member(bench)
        let other = bench.connect()
        join(bench, "", on: other)
        let id = try joined(bench, on: other).memberId
        join(bench, id, on: other)
        #expect(bench.events(other).isEmpty)
        let beat = try bench.ask(HeartbeatRequest(groupId: "g", generationId: first.generation, memberId: first.id))
        #expect(beat.errorCode == ErrorCode.rebalanceInProgress.rawValue)
        bench.pass(20_001)
        let answer = try joined(bench, on: other)
        #expect((answer.errorCode, answer.leader, answer.members.count) == (0, id, 1))
    }

    @Test func groupsAreListedDescribedAndDeleted() throws {
        let bench = try Bench(directory)
        let member = try member(bench)
        #expect(try bench.ask(ListGroupsRequest()).groups.map(\.groupId) == ["g"])
        let described = try bench.ask(DescribeGroupsRequest(groups: ["g", "none"])).groups
        #expect(described.map(\.groupState) == ["Stable", "Dead"])
        #expect(described[0].members.map(\.clientHost) == ["/127.0.0.1"])
        #expect(try bench.ask(DeleteGroupsRequest(groupsNames: ["g", "none"])).results.map(\.errorCode) == [68, 69])
        let left = try bench.ask(LeaveGroupRequest(groupId: "g", members: [.init(memberId: member.id)]))
        #expect(left.members.map(\.errorCode) == [0])
        #expect(try bench.ask(DeleteGroupsRequest(groupsNames: ["g"])).results.map(\.errorCode) == [0])
    }

    @Test func aVeryLongClientIdStillGivesAMemberId() throws {
        let bench = try Bench(directory)
        let request = JoinGroupRequest(
            groupId: "g", sessionTimeoutMs: 10_000, protocolType: "consumer", protocols: [.init(name: "range", metadata: [1])])
        bench.send(request, version: 9, clientId: String(repeating: "é", count: 16_000))
        let answer = try bench.response(JoinGroupResponse.self, version: 9).response
        #expect(answer.errorCode == ErrorCode.memberIdRequired.rawValue)
    }

    @Test func theCoordinatorIsThisNodeForGroupsAndNobodyForTransactions() throws {
        let bench = try Bench(directory)
        let found = try bench.ask(FindCoordinatorRequest(keyType: 0, coordinatorKeys: ["g"])).coordinators[0]
        #expect((found.nodeId, found.host, found.errorCode) == (1, "broker.example", 0))
        #expect(try bench.ask(FindCoordinatorRequest(keyType: 1, coordinatorKeys: ["t"])).coordinators[0].errorCode == 53)
        #expect(try bench.ask(FindCoordinatorRequest(key: "g"), version: 2).nodeId == 1)
    }
}
