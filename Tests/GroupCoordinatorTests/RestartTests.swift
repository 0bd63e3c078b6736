import Testing

@testable import GroupCoordinator

@Suite struct RestartTests {
    @Test func membersOfAStableGroupGoOnAfterARestart() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 3)
        _ = desk.commit(.of(members[0], generation: generation, [(0, 7)]))
        desk.advance(by: 9_000)
        desk.restart()
        // The sessions begin anew: what was silent for nine seconds has ten again.
        desk.advance(by: 9_000)
        for member in members { #expect(desk.heartbeat(member, generation: generation) == GroupError.none) }
        #expect(desk.commit(.of(members[1], generation: generation, [(1, 8)])) == [.none])
        #expect(desk.offsets(nil).map(\.offset) == [7, 8])
        #expect(desk.joined(desk.join(.of(members[1])))?.generation == generation)
        #expect(desk.synced(desk.sync(.of(members[1], generation: generation)))?.assignment == [1])
        #expect(desk.joined(desk.join(.of(members[0]))) == nil, "the leader is still the leader")
    }

    @Test func whoDoesNotComeBackAfterARestartIsOutWhenItsSessionEnds() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 2)
        desk.restart()
        desk.advance(by: 9_999)
        #expect(desk.heartbeat(members[0], generation: generation) == GroupError.none)
        desk.advance(by: 1)
        #expect(desk.heartbeat(members[0], generation: generation) == .rebalanceInProgress)
        #expect(desk.heartbeat(members[1], generation: generation) == .unknownMemberId)
    }

    @Test(arguments: [false, true]) func aGenerationThatNeverBecameStableIsNotGivenOutAgain(isRewritten: Bool) throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 1)
        #expect(desk.joined(desk.join(.of(members[0])))?.generation == generation + 1)
        if isRewritten { try desk.rewriteJournal() }
        desk.restart()
        #expect(desk.synced(desk.sync(.of(members[0], generation: generation + 1)))?.error == .illegalGeneration)
        #expect(desk.heartbeat(members[0], generation: generation) == GroupError.none)
        #expect(desk.joined(desk.join(.of(members[0])))?.generation == generation + 2)
    }

    @Test func anEmptyGroupStaysEmptyAndKeepsItsGeneration() throws {
        let desk = Desk()
        let (members, generation) = try desk.stableGroup(of: 1)
        _ = desk.leave([LeavingMember(memberId: members[0], instanceId: nil)])
        #expect(desk.state() == .empty)
        try desk.rewriteJournal()
        desk.restart()
        #expect(desk.state() == .empty && desk.describe().protocolType == "consumer")
        #expect(try #require(desk.joined(desk.join(.of(version: 3)))).generation == generation + 2)
    }

    @Test func anIdGivenOutBeforeTheRestartIsNotKnownAfterIt() throws {
        let desk = Desk()
        let id = try #require(desk.joined(desk.join(.of()))).memberId
        desk.restart()
        #expect(desk.joined(desk.join(.of(id)))?.error == .unknownMemberId)
    }
}
