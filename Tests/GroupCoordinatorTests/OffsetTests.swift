import Testing

@testable import GroupCoordinator

@Suite struct OffsetTests {
    @Test func aConsumerOutsideGroupManagementCommitsToAGroupWithoutMembers() throws {
        let desk = Desk()
        #expect(desk.commit(.of([(0, 5), (1, 6)], metadata: "note")) == [.none, .none])
        #expect(desk.state() == .empty && desk.describe().protocolType == "")
        let fetched = desk.offsets([TopicPartition(topic: "t", partition: 1), TopicPartition(topic: "t", partition: 2)])
        #expect(fetched.map(\.offset) == [6, -1] && fetched.map(\.metadata) == ["note", ""] && fetched.map(\.leaderEpoch) == [-1, -1])
        #expect(desk.offsets(nil).map(\.partition) == [0, 1])
        #expect(desk.offsets(nil, group: "none").isEmpty)
        #expect(desk.offset("t", 0, group: "none") == -1)
        _ = try desk.stableGroup(of: 1)
        #expect(desk.commit(.of([(0, 7)])) == [.unknownMemberId])
        #expect(desk.offset("t", 0) == 5)
    }

    @Test func aMemberCommitsInItsGenerationAlone() throws {
        let desk = Desk()
        #expect(desk.commit(.of("m", generation: 1, [(0, 1)], version: 8)) == [.illegalGeneration])
        #expect(desk.commit(.of("m", generation: 1, [(0, 1)], version: 9)) == [.groupIdNotFound])
        let (members, generation) = try desk.stableGroup(of: 2)
        #expect(desk.commit(.of(members[0], generation: generation, [(0, 1)])) == [.none])
        #expect(desk.commit(.of(members[0], generation: generation - 1, [(0, 2)])) == [.illegalGeneration])
        #expect(desk.commit(.of("who", generation: generation, [(0, 2)])) == [.unknownMemberId])
        _ = desk.join(.of(members[0]))
        #expect(desk.commit(.of(members[1], generation: generation, [(0, 3)])) == [.none], "a last commit before rejoining")
        _ = desk.join(.of(members[1]))
        #expect(desk.state() == .completingRebalance)
        #expect(desk.commit(.of(members[1], generation: generation + 1, [(0, 4)])) == [.rebalanceInProgress])
        #expect(desk.offset("t", 0) == 3)
    }

    @Test func aCommitIsAHeartbeat() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 1)
        for offset in 0..<10 {
            desk.advance(by: 6_000)
            #expect(desk.commit(.of(members[0], generation: generation, [(0, Int64(offset))])) == [.none])
        }
    }

    @Test func whatIsTooLargeIsRefusedByPartition() {
        var settings = GroupSettings()
        settings.offsetMetadataBytesMax = 3
        settings.offsetsPerGroupMax = 2
        let desk = Desk(settings)
        #expect(desk.commit(.of([(0, 1)], metadata: "four")) == [.offsetMetadataTooLarge])
        #expect(desk.list().isEmpty)
        #expect(desk.commit(.of([(0, 1), (1, 1), (0, 2), (2, 1)], metadata: "ok")) == [.none, .none, .none, .policyViolation])
        #expect(desk.offset("t", 0) == 2)
        #expect(desk.commit(.of([(1, 3)])) == [.none])
    }

    @Test func offsetsOfAGroupWithoutMembersExpireAfterItBecameEmpty() throws {
        var settings = GroupSettings()
        settings.offsetsRetentionMillis = 100_000
        let desk = Desk(settings)
        let (members, generation) = try desk.stableGroup(of: 1)
        _ = desk.commit(.of(members[0], generation: generation, [(0, 1)]))
        for _ in 0..<40 {
            desk.advance(by: 5_000)
            _ = desk.heartbeat(members[0], generation: generation)
        }
        desk.expireOffsets()
        #expect(desk.offset("t", 0) == 1)
        _ = desk.leave([LeavingMember(memberId: members[0], instanceId: nil)])
        desk.advance(by: 99_999)
        desk.expireOffsets()
        #expect(desk.offset("t", 0) == 1)
        desk.restart()
        desk.advance(by: 1)
        desk.expireOffsets()
        #expect(desk.offset("t", 0) == -1 && desk.list().isEmpty)
        desk.restart()
        #expect(desk.list().isEmpty)
    }

    @Test func offsetsOfAConsumerOutsideGroupManagementExpireOneByOne() {
        var settings = GroupSettings()
        settings.offsetsRetentionMillis = 100_000
        let desk = Desk(settings)
        _ = desk.commit(.of([(0, 1)]))
        _ = desk.commit(.of([(2, 1)], retention: 10_000))
        desk.advance(by: 60_000)
        _ = desk.commit(.of([(1, 1)]))
        desk.expireOffsets()
        #expect(desk.offsets(nil).map(\.partition) == [0, 1])
        desk.advance(by: 40_000)
        desk.expireOffsets()
        #expect(desk.offsets(nil).map(\.partition) == [1])
        desk.restart()
        #expect(desk.offsets(nil).map(\.partition) == [1])
    }

    @Test func aDeletedTopicTakesItsOffsetsAlong() {
        let desk = Desk()
        _ = desk.commit(.of(topic: "a", [(0, 1), (1, 1)]))
        _ = desk.commit(.of(topic: "b", [(0, 1)]))
        desk.topicDeleted("a")
        #expect(desk.offsets(nil).map(\.topic) == ["b"])
        desk.restart()
        #expect(desk.offsets(nil).map(\.topic) == ["b"])
    }

    @Test func offsetsAreDeletedOfGroupsWithoutMembers() throws {
        let desk = Desk()
        let partitions = [TopicPartition(topic: "t", partition: 0), TopicPartition(topic: "t", partition: 9)]
        #expect(desk.deleteOffsets(partitions) == [.groupIdNotFound, .groupIdNotFound])
        _ = desk.commit(.of([(0, 1), (1, 1)]))
        #expect(desk.deleteOffsets(partitions) == [.none, .none])
        #expect(desk.offsets(nil).map(\.partition) == [1])
        _ = try desk.stableGroup(of: 1)
        #expect(desk.deleteOffsets(partitions) == [.nonEmptyGroup, .nonEmptyGroup])
    }
}

@Suite struct AdminTests {
    @Test func groupsAreDescribed() throws {
        let desk = Desk()
        #expect(desk.describe(apiVersion: 5).error == .none && desk.describe(apiVersion: 5).state == .dead)
        #expect(desk.describe(apiVersion: 6).error == .groupIdNotFound && desk.describe(apiVersion: 6).state == .dead)
        let (members, _) = try desk.stableGroup(of: 2)
        let stable = desk.describe(apiVersion: 6)
        #expect(stable.error == .none && stable.members.map(\.metadata) == [[1], [1]] && stable.members[0].clientHost == "/127.0.0.1")
        _ = desk.join(.of(members[0]))
        let rebalancing = desk.describe()
        #expect(rebalancing.state == .preparingRebalance && rebalancing.protocolData == "")
        #expect(rebalancing.members.map(\.metadata) == [[], []] && rebalancing.members.map(\.assignment) == [[], []])
    }

    @Test func groupsAreListedInOrderByStateAndType() throws {
        let desk = Desk()
        _ = try desk.stableGroup(of: 1)
        _ = desk.commit(.of(group: "b", [(0, 1)]))
        _ = desk.commit(.of(group: "a", [(0, 1)]))
        #expect(desk.list().map(\.groupId) == ["a", "b", "g"])
        #expect(desk.list().map(\.protocolType) == ["", "", "consumer"])
        #expect(desk.list(states: ["stable"]).map(\.groupId) == ["g"])
        #expect(desk.list(states: ["Empty", "Dead"], types: ["Classic"]).map(\.groupId) == ["a", "b"])
        #expect(desk.list(types: ["consumer"]).isEmpty)
    }

    @Test func onlyGroupsWithoutMembersAreDeleted() throws {
        let desk = Desk()
        _ = try desk.stableGroup(of: 1)
        _ = desk.commit(.of(group: "e", [(0, 1)]))
        #expect(desk.delete(["g", "e", "none"]) == [.nonEmptyGroup, .none, .groupIdNotFound])
        #expect(desk.offset("t", 0, group: "e") == -1 && desk.list().map(\.groupId) == ["g"])
        desk.restart()
        #expect(desk.list().map(\.groupId) == ["g"])
    }
}
