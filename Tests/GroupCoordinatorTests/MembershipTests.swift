import Testing

@testable import GroupCoordinator

@Suite struct MembershipTests {
    @Test func aDynamicMemberIsGivenAnIdBeforeItCounts() throws {
        let desk = Desk()
        let first = try #require(desk.joined(desk.join(.of(version: 4))))
        #expect(first.error == .memberIdRequired)
        #expect(first.memberId == "c-id1")
        #expect(desk.state() == .empty)
        let second = try #require(desk.joined(desk.join(.of(first.memberId, version: 4))))
        #expect(second.error == .none && second.generation == 1 && second.leaderId == first.memberId)
        #expect(second.members.map(\.metadata) == [[1]])
        #expect(second.protocolName == "range" && second.protocolType == "consumer")
    }

    @Test func beforeVersion4AnIdComesWithTheFirstJoin() throws {
        let desk = Desk()
        let reply = try #require(desk.joined(desk.join(.of(version: 3))))
        #expect(reply.error == .none && reply.generation == 1)
    }

    @Test(arguments: [
        (JoinInput.of(group: ""), GroupError.invalidGroupId), (.of(session: 5_999), .invalidSessionTimeout),
        (.of(session: 1_800_001), .invalidSessionTimeout), (.of(protocols: []), .inconsistentGroupProtocol),
        (.of(type: ""), .inconsistentGroupProtocol), (.of("who"), .unknownMemberId),
    ])
    func aJoinThatCannotBeIsRefused(input: JoinInput, error: GroupError) throws {
        let desk = Desk()
        #expect(desk.joined(desk.join(input))?.error == error)
        #expect(desk.list().isEmpty)
    }

    @Test func aMembersMetadataHasALimit() {
        var settings = GroupSettings()
        settings.memberMetadataBytesMax = 100
        let desk = Desk(settings)
        #expect(desk.joined(desk.join(.of(protocols: [("range", Array(repeating: 0, count: 100))])))?.error == .invalidRequest)
        #expect(desk.joined(desk.join(.of(protocols: [("range", Array(repeating: 0, count: 80))])))?.error == .memberIdRequired)
    }

    @Test func theProtocolIsTheOneMostMembersPreferAmongThoseAllKnow() throws {
        var settings = GroupSettings()
        settings.initialRebalanceDelayMillis = 3_000
        let desk = Desk(settings)
        let tokens = [["a", "b", "c"], ["b", "c"], ["c", "b", "x"], ["b", "c"]].map { names in
            desk.join(.of(protocols: names.map { ($0, []) }, version: 3))
        }
        #expect(desk.joined(desk.join(.of(protocols: [("a", [])], version: 3)))?.error == .inconsistentGroupProtocol)
        #expect(desk.joined(desk.join(.of(protocols: [("b", [])], type: "connect", version: 3)))?.error == .inconsistentGroupProtocol)
        #expect(tokens.allSatisfy { desk.joined($0) == nil })
        desk.advance(by: 3_000)
        desk.advance(by: 3_000)
        let replies = try tokens.map { try #require(desk.joined($0)) }
        #expect(replies.allSatisfy { $0.protocolName == "b" && $0.generation == 1 })
        #expect(replies[0].members.count == 4)
        #expect(replies.dropFirst().allSatisfy { $0.members.isEmpty && $0.leaderId == replies[0].memberId })
    }

    @Test func theInitialDelayIsProlongedByNewMembersUpToTheRebalanceTimeout() throws {
        var settings = GroupSettings()
        settings.initialRebalanceDelayMillis = 3_000
        let desk = Desk(settings)
        var tokens: [GroupToken] = []
        for _ in 0..<5 {
            tokens.append(desk.join(.of(rebalance: 8_000, version: 3)))
            desk.advance(by: 2_000)
        }
        #expect(desk.joined(tokens[0])?.generation == 1)
        #expect(tokens.prefix(4).allSatisfy { desk.joined($0) != nil })
    }

    @Test func theLeadersAssignmentReachesEveryMember() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 3)
        for (index, id) in members.enumerated() {
            let reply = try #require(desk.synced(desk.sync(.of(id, generation: generation))))
            #expect(reply.error == .none && reply.assignment == [UInt8(index)])
        }
        let described = desk.describe()
        #expect(described.protocolData == "range" && described.members.map(\.memberId) == members)
        #expect(described.members.map(\.assignment) == [[0], [1], [2]])
    }

    @Test func aFollowersSyncWaitsForTheLeader() throws {
        let desk = Desk()
        let leader = try #require(desk.joined(desk.join(.of(version: 3)))).memberId
        let second = desk.join(.of(version: 3))
        #expect(desk.joined(second) == nil && desk.state() == .preparingRebalance)
        #expect(desk.heartbeat(leader, generation: 1) == .rebalanceInProgress)
        _ = desk.join(.of(leader))
        let follower = try #require(desk.joined(second))
        #expect(follower.generation == 2 && follower.leaderId == leader && follower.members.isEmpty)
        let parked = desk.sync(.of(follower.memberId, generation: 2))
        #expect(desk.synced(parked) == nil && desk.state() == .completingRebalance)
        let own = desk.sync(.of(leader, generation: 2, assign: [(leader, [7])]))
        #expect(desk.synced(own)?.assignment == [7])
        #expect(desk.synced(parked)?.error == GroupError.none && desk.synced(parked)?.assignment == [])
        #expect(desk.state() == .stable)
    }

    @Test func rejoiningFollowersGetTheCurrentGenerationAndTheLeaderForcesARebalance() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        let same = try #require(desk.joined(desk.join(.of(members[1]))))
        #expect(same.generation == generation && same.error == .none && desk.state() == .stable)
        let changed = desk.join(.of(members[1], protocols: [("range", [2])]))
        #expect(desk.joined(changed) == nil && desk.state() == .preparingRebalance)
        let leader = try #require(desk.joined(desk.join(.of(members[0]))))
        #expect(leader.generation == generation + 1 && leader.members.map(\.metadata) == [[1], [2]])
        // In CompletingRebalance the same metadata gets the same answer again, the leader's with members.
        #expect(desk.joined(desk.join(.of(members[0]))) == leader)
        _ = desk.sync(.of(members[0], generation: generation + 1))
        #expect(desk.joined(desk.join(.of(members[0]))) == nil && desk.state() == .preparingRebalance)
    }

    @Test func syncAndHeartbeatAreCheckedAgainstTheGeneration() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        #expect(desk.synced(desk.sync(.of(members[0], generation: generation - 1)))?.error == .illegalGeneration)
        #expect(desk.synced(desk.sync(.of("who", generation: generation)))?.error == .unknownMemberId)
        #expect(desk.synced(desk.sync(.of(members[0], generation: generation, name: "other")))?.error == .inconsistentGroupProtocol)
        #expect(desk.synced(desk.sync(.of(members[0], generation: generation, type: nil, name: nil)))?.error == GroupError.none)
        #expect(desk.synced(desk.sync(.of("m", generation: 1, group: "none")))?.error == .unknownMemberId)
        #expect(desk.synced(desk.sync(.of("m", generation: 1, group: "")))?.error == .invalidGroupId)
        #expect(desk.heartbeat(members[0], generation: generation) == GroupError.none)
        #expect(desk.heartbeat(members[0], generation: generation + 1) == .illegalGeneration)
        #expect(desk.heartbeat("who", generation: generation) == .unknownMemberId)
        #expect(desk.heartbeat("who", generation: generation, group: "none") == .unknownMemberId)
        #expect(desk.heartbeat("who", generation: generation, group: "") == .invalidGroupId)
        let waiting = desk.join(.of(members[0]))
        #expect(desk.synced(desk.sync(.of(members[1], generation: generation)))?.error == .rebalanceInProgress)
        #expect(desk.joined(waiting) == nil)
    }

    @Test func aRebalanceDuringTheSyncSendsEveryoneBack() throws {
        let desk = Desk()
        let first = try #require(desk.joined(desk.join(.of(version: 3)))).memberId
        let second = desk.join(.of(version: 3))
        _ = desk.join(.of(first))
        let follower = try #require(desk.joined(second)).memberId
        let parked = desk.sync(.of(follower, generation: 2))
        let third = desk.join(.of(version: 3))
        #expect(desk.synced(parked)?.error == .rebalanceInProgress)
        #expect(desk.joined(third) == nil && desk.state() == .preparingRebalance)
    }

    @Test func whoDoesNotRejoinInTimeIsOutAndTheRestGoOn() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 3, rebalance: 5_000)
        let tokens = [
            desk.join(.of(members[1], protocols: [("range", [2])], rebalance: 5_000)), desk.join(.of(members[2], rebalance: 5_000)),
        ]
        desk.advance(by: 4_999)
        #expect(desk.joined(tokens[0]) == nil)
        desk.advance(by: 1)
        let leader = try #require(desk.joined(tokens[0]))
        #expect(leader.leaderId == members[1] && leader.members.map(\.memberId) == [members[1], members[2]])
        #expect(desk.joined(tokens[1])?.generation == generation + 1)
        #expect(desk.heartbeat(members[0], generation: generation) == .unknownMemberId)
    }

    @Test func whoDoesNotSyncInTimeIsOut() throws {
        let desk = Desk()
        let first = try #require(desk.joined(desk.join(.of(rebalance: 5_000, version: 3)))).memberId
        let second = desk.join(.of(rebalance: 5_000, version: 3))
        _ = desk.join(.of(first, rebalance: 5_000))
        let follower = try #require(desk.joined(second)).memberId
        let parked = desk.sync(.of(follower, generation: 2))
        desk.advance(by: 5_000)
        #expect(desk.synced(parked)?.error == .rebalanceInProgress)
        #expect(desk.heartbeat(first, generation: 2) == .unknownMemberId)
        let again = try #require(desk.joined(desk.join(.of(follower))))
        #expect(again.generation == 3 && again.leaderId == follower)
    }

    @Test func aSilentMemberIsOutWhenItsSessionEnds() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        desk.advance(by: 9_999)
        #expect(desk.heartbeat(members[1], generation: generation) == GroupError.none)
        desk.advance(by: 1)
        #expect(desk.state() == .preparingRebalance)
        #expect(desk.heartbeat(members[0], generation: generation) == .unknownMemberId)
        let reply = try #require(desk.joined(desk.join(.of(members[1]))))
        #expect(reply.generation == generation + 1 && reply.leaderId == members[1])
        desk.advance(by: 10_000)
        #expect(desk.state() == .empty)
    }

    @Test func anIdThatNobodyJoinsWithHoldsARebalanceUpOnlyForItsSession() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 1)
        _ = desk.join(.of())
        let token = desk.join(.of(members[0]))
        #expect(desk.joined(token) == nil)
        desk.advance(by: 10_000)
        #expect(desk.joined(token)?.generation == generation + 1)
    }

    @Test func aNewMemberThatWaitsTooLongIsSentAway() throws {
        var settings = GroupSettings()
        settings.newMemberJoinTimeoutMillis = 20_000
        let desk = Desk(settings)
        let (members, generation) = try desk.stableGroup(of: 1)
        let token = desk.join(.of(rebalance: 60_000, version: 3))
        for _ in 0..<4 {
            desk.advance(by: 5_000)
            _ = desk.heartbeat(members[0], generation: generation)
        }
        #expect(desk.joined(token)?.error == .unknownMemberId)
    }

    @Test func aGroupHasNoMoreMembersThanItsLimit() throws {
        var settings = GroupSettings()
        settings.membersPerGroupMax = 2
        let desk = Desk(settings)
        let (members, generation) = try desk.stableGroup(of: 2)
        #expect(desk.joined(desk.join(.of(version: 3)))?.error == .groupMaxSizeReached)
        #expect(desk.heartbeat(members[0], generation: generation) == GroupError.none)
    }

    @Test func thereAreNoMoreGroupsThanTheLimit() throws {
        var settings = GroupSettings()
        settings.groupsMax = 1
        let desk = Desk(settings)
        _ = try desk.stableGroup(of: 1)
        #expect(desk.joined(desk.join(.of(group: "other")))?.error == .groupMaxSizeReached)
        #expect(desk.commit(.of(group: "other", [(0, 1)])) == [.policyViolation])
    }

    @Test func leavingIsAnsweredForEachMemberAndBeginsARebalance() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 3)
        let pending = try #require(desk.joined(desk.join(.of()))).memberId
        let reply = try #require(
            desk.leave([
                LeavingMember(memberId: members[0], instanceId: nil), LeavingMember(memberId: "who", instanceId: nil),
                LeavingMember(memberId: "", instanceId: "none"), LeavingMember(memberId: pending, instanceId: nil),
            ]))
        #expect(reply.error == .none && reply.members.map(\.error) == [.none, .unknownMemberId, .unknownMemberId, .none])
        #expect(desk.heartbeat(members[1], generation: generation) == .rebalanceInProgress)
        #expect(desk.leave([LeavingMember(memberId: "m", instanceId: nil)], group: "none")?.members.map(\.error) == [.unknownMemberId])
        #expect(desk.leave([], group: "")?.error == .invalidGroupId)
        _ = desk.leave([LeavingMember(memberId: members[1], instanceId: nil), LeavingMember(memberId: members[2], instanceId: nil)])
        #expect(desk.state() == .empty)
    }

    @Test func aVanishedConnectionLeavesTheMemberItsSession() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        let token = desk.join(.of(members[1], protocols: [("range", [2])]))
        desk.forget(token)
        _ = try #require(desk.joined(desk.join(.of(members[0]))))
        #expect(desk.heartbeat(members[1], generation: generation + 1) == GroupError.none)
        desk.advance(by: 5_000)
        _ = desk.sync(.of(members[0], generation: generation + 1))
        desk.advance(by: 5_000)
        #expect(desk.heartbeat(members[1], generation: generation + 1) == .unknownMemberId)
    }

    @Test func aSecondJoinOfTheSameMemberTakesTheFirstOnesPlace() throws {
        let desk = Desk()
        let (members, _) = try desk.stableGroup(of: 2)
        let first = desk.join(.of(members[0]))
        let second = desk.join(.of(members[0]))
        #expect(desk.joined(first)?.error == .rebalanceInProgress && desk.joined(second) == nil)
    }

    @Test func heartbeatsDoNotGrowTheTimers() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        for _ in 0..<10_000 {
            desk.advance(by: 10)
            for member in members { _ = desk.heartbeat(member, generation: generation) }
        }
        #expect(desk.state() == .stable)
        #expect(desk.timerCount < 16)
    }
}
