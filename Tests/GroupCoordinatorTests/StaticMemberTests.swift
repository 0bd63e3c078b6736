import Testing

@testable import GroupCoordinator

@Suite struct StaticMemberTests {
    /// Two static members, `i0` and `i1`, stable; the first is the leader.
    private func pair(_ desk: Desk, version: Int16 = 9) throws -> (ids: [String], generation: Int32) {
        let first = try #require(desk.joined(desk.join(.of(instance: "i0", version: version)))).memberId
        let second = desk.join(.of(instance: "i1", version: version))
        _ = desk.join(.of(first, instance: "i0", version: version))
        let follower = try #require(desk.joined(second))
        _ = desk.sync(.of(follower.memberId, generation: follower.generation, instance: "i1"))
        _ = desk.sync(
            .of(first, generation: follower.generation, instance: "i0", assign: [(first, [0]), (follower.memberId, [1])]))
        #expect(desk.state() == .stable)
        return ([first, follower.memberId], follower.generation)
    }

    @Test func aStaticMemberNeedsNoIdToJoin() throws {
        let desk = Desk()
        let reply = try #require(desk.joined(desk.join(.of(instance: "i"))))
        #expect(reply.error == .none && reply.memberId == "i-id1" && reply.members.map(\.instanceId) == ["i"])
    }

    @Test(arguments: [0, 1]) func whoComesBackWithoutItsIdTakesOverWithoutARebalance(index: Int) throws {
        let desk = Desk()
        let (ids, generation) = try pair(desk)
        let instance = "i\(index)"
        let reply = try #require(desk.joined(desk.join(.of(instance: instance))))
        #expect(reply.error == .none && reply.generation == generation && reply.memberId != ids[index])
        #expect(reply.skipAssignment == (index == 0))
        #expect(reply.members.count == (index == 0 ? 2 : 0))
        #expect(desk.state() == .stable)
        #expect(desk.synced(desk.sync(.of(reply.memberId, generation: generation, instance: instance)))?.assignment == [UInt8(index)])
        #expect(desk.heartbeat(ids[index], generation: generation, instanceId: instance) == .fencedInstanceId)
        #expect(desk.heartbeat(ids[index], generation: generation) == .unknownMemberId)
        #expect(desk.joined(desk.join(.of(ids[index], instance: instance)))?.error == .fencedInstanceId)
        #expect(desk.commit(.of(ids[index], generation: generation, instance: instance, [(0, 5)])) == [.fencedInstanceId])
        #expect(desk.heartbeat(reply.memberId, generation: generation, instanceId: instance) == GroupError.none)
        // The new id outlives a restart of the coordinator.
        desk.restart()
        #expect(desk.heartbeat(reply.memberId, generation: generation, instanceId: instance) == GroupError.none)
    }

    @Test func anOldClientsLeaderComesBackAsAFollower() throws {
        let desk = Desk()
        let (ids, generation) = try pair(desk, version: 8)
        let reply = try #require(desk.joined(desk.join(.of(instance: "i0", version: 8))))
        #expect(reply.leaderId == ids[0] && reply.members.isEmpty && !reply.skipAssignment && reply.generation == generation)
    }

    @Test func comingBackWithAnotherProtocolBeginsARebalance() throws {
        let desk = Desk()
        let both: [(String, [UInt8])] = [("range", []), ("sticky", [])]
        let first = try #require(desk.joined(desk.join(.of(instance: "i0", protocols: both)))).memberId
        _ = desk.sync(.of(first, generation: 1, instance: "i0"))
        #expect(desk.state() == .stable)
        let reply = try #require(desk.joined(desk.join(.of(instance: "i0", protocols: both.reversed()))))
        #expect(reply.generation == 2 && reply.protocolName == "sticky")
    }

    @Test func comingBackWhileTheLeaderAssignsBeginsARebalance() throws {
        let desk = Desk()
        let first = try #require(desk.joined(desk.join(.of(instance: "i0")))).memberId
        let second = desk.join(.of(instance: "i1"))
        _ = desk.join(.of(first, instance: "i0"))
        let follower = try #require(desk.joined(second)).memberId
        let parked = desk.sync(.of(follower, generation: 2, instance: "i1"))
        let again = desk.join(.of(instance: "i1"))
        #expect(desk.synced(parked)?.error == .fencedInstanceId)
        #expect(desk.joined(again) == nil && desk.state() == .preparingRebalance)
        #expect(desk.joined(desk.join(.of(first, instance: "i0")))?.generation == 3)
        #expect(desk.joined(again)?.generation == 3)
    }

    @Test func aParkedJoinOfTheSameInstanceIsFenced() throws {
        let desk = Desk()
        let (ids, _) = try pair(desk)
        let parked = desk.join(.of(ids[0], instance: "i0"))
        let again = desk.join(.of(instance: "i0"))
        #expect(desk.joined(parked)?.error == .fencedInstanceId && desk.joined(again) == nil)
    }

    @Test func whoDoesNotRejoinStaysUntilItsSessionEnds() throws {
        let desk = Desk()
        let first = try #require(desk.joined(desk.join(.of(instance: "i0", session: 30_000, rebalance: 5_000)))).memberId
        let second = desk.join(.of(instance: "i1", session: 30_000, rebalance: 5_000))
        _ = desk.join(.of(first, instance: "i0", session: 30_000, rebalance: 5_000))
        let follower = try #require(desk.joined(second)).memberId
        _ = desk.sync(.of(follower, generation: 2, instance: "i1"))
        _ = desk.sync(.of(first, generation: 2, instance: "i0"))
        let again = desk.join(.of(first, instance: "i0", session: 30_000, rebalance: 5_000))
        desk.advance(by: 5_000)
        let reply = try #require(desk.joined(again))
        #expect(reply.members.map(\.memberId) == [first, follower])
    }

    @Test func itsSessionEndsLikeAnyOther() throws {
        let desk = Desk()
        let (ids, generation) = try pair(desk)
        desk.advance(by: 9_999)
        _ = desk.heartbeat(ids[0], generation: generation, instanceId: "i0")
        desk.advance(by: 1)
        #expect(desk.heartbeat(ids[1], generation: generation, instanceId: "i1") == .unknownMemberId)
        #expect(desk.heartbeat(ids[0], generation: generation, instanceId: "i0") == .rebalanceInProgress)
    }

    @Test func anAdministratorRemovesItByItsInstance() throws {
        let desk = Desk()
        let (ids, generation) = try pair(desk)
        let reply = try #require(
            desk.leave([LeavingMember(memberId: "", instanceId: "i1"), LeavingMember(memberId: "other", instanceId: "i0")]))
        #expect(reply.members.map(\.error) == [.none, .fencedInstanceId])
        #expect(desk.heartbeat(ids[0], generation: generation, instanceId: "i0") == .rebalanceInProgress)
    }
}
