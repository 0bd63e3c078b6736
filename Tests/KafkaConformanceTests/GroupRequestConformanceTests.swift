import Kafka
import KafkaProtocol
import TestSupport
import Testing

/// A group as its requests and error codes show it.
@Suite(.timeLimit(.minutes(10))) struct GroupRequestConformanceTests {
    private func joining(
        _ bench: Bench, _ memberId: String = "", instanceId: String? = nil, session: Int32 = 120_000, type: String = "consumer",
        protocols: [String] = ["range"], group: String? = nil
    ) -> JoinGroupRequest {
        JoinGroupRequest(
            groupId: group ?? bench.group, sessionTimeoutMs: session, rebalanceTimeoutMs: 60_000, memberId: memberId,
            groupInstanceId: instanceId, protocolType: type, protocols: protocols.map { .init(name: $0, metadata: Array("me".utf8)) })
    }

    /// A fresh Kafka makes the topic of its offsets at the first question.
    private func awaitCoordinator(_ bench: Bench, _ raw: RawConnection) async throws {
        try await eventually("a coordinator") {
            let answer = try await raw.ask(FindCoordinatorRequest(key: bench.group), version: 2)
            guard answer.errorCode == 0 else { return false }
            return try await raw.ask(
                HeartbeatRequest(groupId: bench.group, generationId: 1, memberId: "nobody"), version: 2
            ).errorCode == ErrorCode.unknownMemberId.rawValue
        }
    }

    /// One member alone in its group, its generation 1 and synchronized.
    private func join(_ bench: Bench, _ raw: RawConnection) async throws -> (memberId: String, generation: Int32) {
        try await awaitCoordinator(bench, raw)
        let first = try await raw.ask(joining(bench), version: 5)
        require(first.errorCode, .memberIdRequired)
        #expect(!first.memberId.isEmpty)
        let second = try await raw.ask(joining(bench, first.memberId), version: 5)
        require(second.errorCode, .noError)
        #expect(second.memberId == first.memberId)
        #expect(second.leader == first.memberId)
        #expect(second.generationId == 1)
        #expect(second.protocolName == "range")
        #expect(second.members.map(\.memberId) == [first.memberId])
        #expect(second.members.first?.metadata == Array("me".utf8))
        let synced = try await raw.ask(
            SyncGroupRequest(
                groupId: bench.group, generationId: 1, memberId: first.memberId,
                assignments: [.init(memberId: first.memberId, assignment: [7, 7])]), version: 3)
        require(synced.errorCode, .noError)
        #expect(synced.assignment == [7, 7])
        return (first.memberId, 1)
    }

    private func commit(
        _ bench: Bench, _ raw: RawConnection, _ memberId: String, _ generation: Int32, _ offset: Int64, topic: String? = nil,
        partition: Int32 = 0, metadata: String? = "", instanceId: String? = nil, version: Int16 = 7
    ) async throws -> Int16 {
        let answer = try await raw.ask(
            OffsetCommitRequest(
                groupId: bench.group, generationIdOrMemberEpoch: generation, memberId: memberId, groupInstanceId: instanceId,
                topics: [
                    .init(
                        name: topic ?? bench.topic,
                        partitions: [.init(partitionIndex: partition, committedOffset: offset, committedMetadata: metadata)])
                ]), version: version)
        return try #require(answer.topics.first?.partitions.first).errorCode
    }

    private func committed(_ bench: Bench, _ raw: RawConnection, partition: Int32 = 0, version: Int16 = 7) async throws
        -> OffsetFetchResponse.Topic.Partition
    {
        let answer = try await raw.ask(
            OffsetFetchRequest(groupId: bench.group, topics: [.init(name: bench.topic, partitionIndexes: [partition])]), version: version)
        return try #require(answer.topics.first?.partitions.first)
    }

    @Test(arguments: BrokerUnderTest.all)
    func onlyTheMembersOfThisGenerationMaySpeakForTheGroup(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let (me, generation) = try await join(bench, raw)
        require(try await commit(bench, raw, me, generation, 5, metadata: "note"), .noError)
        require(try await commit(bench, raw, me, generation + 1, 6), .illegalGeneration)
        require(try await commit(bench, raw, me, generation - 1, 6), .illegalGeneration)
        require(try await commit(bench, raw, "somebody", generation, 6), .unknownMemberId)
        require(try await commit(bench, raw, "", -1, 6), .unknownMemberId)
        let kept = try await committed(bench, raw)
        #expect(kept.committedOffset == 5)
        #expect(kept.metadata == "note")

        func beat(_ member: String, _ generation: Int32) async throws -> Int16 {
            try await raw.ask(HeartbeatRequest(groupId: bench.group, generationId: generation, memberId: member), version: 3).errorCode
        }
        require(try await beat(me, generation), .noError)
        require(try await beat(me, generation + 1), .illegalGeneration)
        require(try await beat("somebody", generation), .unknownMemberId)
        func sync(_ member: String, _ generation: Int32) async throws -> Int16 {
            try await raw.ask(SyncGroupRequest(groupId: bench.group, generationId: generation, memberId: member), version: 3).errorCode
        }
        require(try await sync(me, generation + 1), .illegalGeneration)
        require(try await sync("somebody", generation), .unknownMemberId)
        // Whoever has synchronized may ask again for what it got.
        let again = try await raw.ask(
            SyncGroupRequest(groupId: bench.group, generationId: generation, memberId: me), version: 3)
        #expect(again.assignment == [7, 7])

        let stranger = try await raw.ask(
            LeaveGroupRequest(groupId: bench.group, members: [.init(memberId: "somebody")]), version: 3)
        require(stranger.errorCode, .noError)
        require(try #require(stranger.members.first).errorCode, .unknownMemberId)
        require(
            try await raw.ask(LeaveGroupRequest(groupId: bench.group, memberId: "somebody"), version: 1).errorCode, .unknownMemberId)
        let gone = try await raw.ask(LeaveGroupRequest(groupId: bench.group, members: [.init(memberId: me)]), version: 3)
        require(try #require(gone.members.first).errorCode, .noError)
        require(try await beat(me, generation), .unknownMemberId)
        require(try await commit(bench, raw, me, generation, 9), .unknownMemberId)
        // An empty group takes commits of nobody in particular.
        require(try await commit(bench, raw, "", -1, 8), .noError)
        #expect(try await committed(bench, raw).committedOffset == 8)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func impossibleMembersAreRefused(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        let (me, _) = try await join(bench, raw)
        let other = try bench.raw()
        require(try await other.ask(joining(bench, session: 1), version: 5).errorCode, .invalidSessionTimeout)
        require(try await other.ask(joining(bench, session: 100_000_000), version: 5).errorCode, .invalidSessionTimeout)
        require(try await other.ask(joining(bench, group: ""), version: 5).errorCode, .invalidGroupId)
        require(try await other.ask(joining(bench, "never-heard-of"), version: 5).errorCode, .unknownMemberId)
        require(try await other.ask(joining(bench, protocols: ["roundrobin"]), version: 5).errorCode, .inconsistentGroupProtocol)
        require(try await other.ask(joining(bench, type: "connect"), version: 5).errorCode, .inconsistentGroupProtocol)
        require(try await other.ask(joining(bench, protocols: []), version: 5).errorCode, .inconsistentGroupProtocol)
        let group = try await raw.describe(bench.group)
        #expect(group.members.map(\.memberId) == [me])
        #expect(group.groupState == "Stable")
        other.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aNewcomerMakesTheOthersJoinAnew(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let one = try bench.raw()
        let two = try bench.raw()
        let (me, _) = try await join(bench, one)
        let required = try await two.ask(joining(bench), version: 5)
        require(required.errorCode, .memberIdRequired)
        async let second = two.ask(joining(bench, required.memberId), version: 5)
        try await eventually("the rebalance") {
            try await one.ask(HeartbeatRequest(groupId: bench.group, generationId: 1, memberId: me), version: 3).errorCode
                == ErrorCode.rebalanceInProgress.rawValue
        }
        let first = try await one.ask(joining(bench, me), version: 5)
        let newcomer = try await second
        #expect(first.generationId == 2)
        #expect(newcomer.generationId == 2)
        #expect(first.leader == me)
        #expect(newcomer.leader == me)
        #expect(Set(first.members.map(\.memberId)) == [me, newcomer.memberId])
        #expect(newcomer.members.isEmpty)
        // The follower waits for the leader's plan.
        async let follower = two.ask(
            SyncGroupRequest(groupId: bench.group, generationId: 2, memberId: newcomer.memberId), version: 3)
        let leader = try await one.ask(
            SyncGroupRequest(
                groupId: bench.group, generationId: 2, memberId: me,
                assignments: [.init(memberId: me, assignment: [1]), .init(memberId: newcomer.memberId, assignment: [2, 2])]), version: 3)
        #expect(leader.assignment == [1])
        let plan = try await follower
        require(plan.errorCode, .noError)
        #expect(plan.assignment == [2, 2])
        let group = try await one.describe(bench.group)
        #expect(group.groupState == "Stable")
        #expect(group.protocolType == "consumer")
        #expect(group.protocolData == "range")
        #expect(Set(group.members.map(\.memberAssignment)) == [[1], [2, 2]])
        #expect(group.members.allSatisfy { $0.clientId == "conformance" && $0.memberMetadata == Array("me".utf8) })
        // The leader leaves: the other is told to join again and leads.
        _ = try await one.ask(LeaveGroupRequest(groupId: bench.group, members: [.init(memberId: me)]), version: 3)
        require(
            try await two.ask(HeartbeatRequest(groupId: bench.group, generationId: 2, memberId: newcomer.memberId), version: 3).errorCode,
            .rebalanceInProgress)
        let alone = try await two.ask(joining(bench, newcomer.memberId), version: 5)
        #expect(alone.generationId == 3)
        #expect(alone.leader == newcomer.memberId)
        one.close()
        two.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func everyVersionOfTheGroupsRequestsWorks(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        try await awaitCoordinator(bench, raw)
        for version in FindCoordinatorRequest.versions {
            let answer = try await raw.ask(
                FindCoordinatorRequest(key: bench.group, keyType: 0, coordinatorKeys: [bench.group]), version: version)
            if version >= 4 {
                let one = try #require(answer.coordinators.first)
                require(one.errorCode, .noError)
                #expect(one.key == bench.group)
                #expect(one.port > 0)
            } else {
                require(answer.errorCode, .noError)
                #expect(answer.port > 0)
            }
        }
        var generation: Int32 = 0
        for version in JoinGroupRequest.versions where version >= 2 {
            var joined = try await raw.ask(joining(bench), version: version)
            if version >= 4 {
                require(joined.errorCode, .memberIdRequired, "version \(version)")
                joined = try await raw.ask(joining(bench, joined.memberId), version: version)
            }
            require(joined.errorCode, .noError, "version \(version)")
            #expect(joined.generationId > generation)
            if version >= 7 { #expect(joined.protocolType == "consumer") }
            generation = joined.generationId
            let member = joined.memberId
            let speaking = min(version, SyncGroupRequest.versions.upperBound)
            let synced = try await raw.ask(
                SyncGroupRequest(
                    groupId: bench.group, generationId: generation, memberId: member, protocolType: "consumer", protocolName: "range",
                    assignments: [.init(memberId: member, assignment: [UInt8(version)])]), version: speaking)
            require(synced.errorCode, .noError)
            #expect(synced.assignment == [UInt8(version)])
            let beat = try await raw.ask(
                HeartbeatRequest(groupId: bench.group, generationId: generation, memberId: member),
                version: min(version, HeartbeatRequest.versions.upperBound))
            require(beat.errorCode, .noError)
            for committing in OffsetCommitRequest.versions where committing <= 8 {
                require(
                    try await commit(bench, raw, member, generation, Int64(version) * 100 + Int64(committing), version: committing),
                    .noError)
            }
            for fetching in OffsetFetchRequest.versions where fetching <= 7 {
                #expect(try await committed(bench, raw, version: fetching).committedOffset == Int64(version) * 100 + 8)
            }
            let left = try await raw.ask(
                LeaveGroupRequest(groupId: bench.group, memberId: member, members: [.init(memberId: member)]),
                version: min(version - 2, LeaveGroupRequest.versions.upperBound))
            require(left.errorCode, .noError)
        }
        for version in [8, 9] as [Int16] {
            let answer = try await raw.ask(
                OffsetFetchRequest(groups: [
                    .init(groupId: bench.group, topics: nil),
                    .init(groupId: bench.group + "-not", topics: [.init(name: bench.topic, partitionIndexes: [0])]),
                ]), version: version)
            #expect(answer.groups.map(\.groupId) == [bench.group, bench.group + "-not"])
            #expect(answer.groups.first?.topics.first?.partitions.first?.committedOffset == 908)
            #expect(answer.groups.last?.topics.first?.partitions.first?.committedOffset == -1)
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func committedOffsetsAreCheckedAndKept(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let raw = try bench.raw()
        try await awaitCoordinator(bench, raw)
        let nothing = try await committed(bench, raw)
        require(nothing.errorCode, .noError)
        #expect(nothing.committedOffset == -1)
        require(try await commit(bench, raw, "", -1, 4), .noError)
        require(try await commit(bench, raw, "", -1, 3), .noError)  // going back is allowed
        require(try await commit(bench, raw, "", -1, 3, topic: bench.topic + "-not"), .unknownTopicOrPartition)
        require(try await commit(bench, raw, "", -1, 3, partition: 9), .unknownTopicOrPartition)
        require(
            try await commit(bench, raw, "", -1, 9, metadata: String(repeating: "m", count: 5_000)), .offsetMetadataTooLarge)
        require(try await commit(bench, raw, "", -1, 7, partition: 1, metadata: nil), .noError)
        #expect(try await committed(bench, raw).committedOffset == 3)
        let second = try await committed(bench, raw, partition: 1)
        #expect(second.committedOffset == 7)
        #expect(second.metadata == "")
        // The offsets go with their topic.
        let admin = try bench.admin()
        try await admin.deleteTopics([bench.topic])
        try await eventually("the offsets to go") { try await committed(bench, raw).committedOffset == -1 }
        await admin.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func groupsAreListedDescribedAndDeleted(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let (me, generation) = try await join(bench, raw)
        require(try await commit(bench, raw, me, generation, 5), .noError)
        func listed(version: Int16, states: [String] = []) async throws -> ListGroupsResponse.Group? {
            let answer = try await raw.ask(ListGroupsRequest(statesFilter: states), version: version)
            require(answer.errorCode, .noError)
            return answer.groups.first { $0.groupId == bench.group }
        }
        for version in ListGroupsRequest.versions {
            let group = try #require(try await listed(version: version))
            #expect(group.protocolType == "consumer")
            if version >= 4 { #expect(group.groupState == "Stable") }
            if version >= 5 { #expect(group.groupType == "classic") }
        }
        #expect(try await listed(version: 4, states: ["Stable"]) != nil)
        #expect(try await listed(version: 4, states: ["Empty"]) == nil)
        for version in DescribeGroupsRequest.versions {
            let group = try await raw.describe(bench.group, version: version)
            require(group.errorCode, .noError)
            #expect(group.groupState == "Stable")
            #expect(group.members.map(\.memberId) == [me])
        }
        func deleted(version: Int16 = 2) async throws -> Int16 {
            try #require(try await raw.ask(DeleteGroupsRequest(groupsNames: [bench.group]), version: version).results.first).errorCode
        }
        for version in DeleteGroupsRequest.versions { require(try await deleted(version: version), .nonEmptyGroup) }
        _ = try await raw.ask(LeaveGroupRequest(groupId: bench.group, members: [.init(memberId: me)]), version: 3)
        let empty = try await raw.describe(bench.group)
        #expect(empty.groupState == "Empty")
        #expect(empty.members.isEmpty)
        #expect(try await committed(bench, raw).committedOffset == 5)
        require(try await deleted(), .noError)
        require(try await deleted(), .groupIdNotFound)
        #expect(try await committed(bench, raw).committedOffset == -1)
        #expect(try await listed(version: 4) == nil)
        for version in DescribeGroupsRequest.versions {
            let unknown = try await raw.describe(bench.group, version: version)
            require(unknown.errorCode, version >= 6 ? .groupIdNotFound : .noError)
            #expect(unknown.groupState == "Dead")
        }
        raw.close()
    }
}
