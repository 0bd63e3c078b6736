import Pipeline
import Testing

@Suite struct UnitMachineTests {
    private let first = UnitMachine.Range(from: 0, to: 5)
    private let second = UnitMachine.Range(from: 5, to: 9)

    @Test func aBatchIsSentThenCommittedThenDone() {
        var machine = UnitMachine(committed: 0)
        #expect(machine.handle(.folded(first)) == [.send(first)])
        #expect(machine.handle(.acknowledged(first)) == [.commit(first)])
        #expect(machine.handle(.committed(first)) == [])
        #expect(machine.committed == 5 && machine.isSettled)
    }

    @Test func theNextBatchIsFoldedMeanwhileAndCommitsInOrder() {
        var machine = UnitMachine(committed: 0)
        _ = machine.handle(.folded(first))
        #expect(machine.handle(.folded(second)) == [.send(second)])
        #expect(!machine.mayFold)
        #expect(machine.handle(.acknowledged(second)) == [])
        let both = UnitMachine.Range(from: 0, to: 9)
        #expect(machine.handle(.acknowledged(first)) == [.commit(both)])
        #expect(machine.handle(.committed(both)) == [])
        #expect(machine.committed == 9)
    }

    @Test func acknowledgedBatchesAreCommittedTogether() {
        var machine = UnitMachine(committed: 0, batchesInFlightMax: 4)
        let third = UnitMachine.Range(from: 9, to: 10)
        for range in [first, second, third] { _ = machine.handle(.folded(range)) }
        #expect(machine.handle(.acknowledged(first)) == [.commit(first)])
        #expect(machine.handle(.acknowledged(second)) == [])
        #expect(machine.handle(.acknowledged(third)) == [])
        #expect(machine.handle(.commitDue) == [])
        let both = UnitMachine.Range(from: 5, to: 10)
        #expect(machine.handle(.committed(first)) == [.commit(both)])
        #expect(machine.handle(.commitUnknown(both)) == [.readProgress])
        #expect(machine.handle(.progressRead(isLeaseOurs: true, nextOffset: 10)) == [])
        #expect(machine.committed == 10 && machine.isSettled)
    }

    @Test func aFencedOwnerStops() {
        var machine = UnitMachine(committed: 0)
        _ = machine.handle(.folded(first))
        _ = machine.handle(.acknowledged(first))
        #expect(machine.handle(.fenced) == [.stop(.fenced)])
        #expect(machine.handle(.committed(first)) == [])
        #expect(machine.ending == .fenced)
    }

    @Test(arguments: [(true, 5, [UnitMachine.Action]()), (true, 0, [.commit(.init(from: 0, to: 5))]), (false, 5, [.stop(.fenced)])])
    func anUnknownCommitIsResolvedByReadingTheRow(isOurs: Bool, next: Int64, expected: [UnitMachine.Action]) {
        var machine = UnitMachine(committed: 0)
        _ = machine.handle(.folded(first))
        _ = machine.handle(.acknowledged(first))
        #expect(machine.handle(.commitUnknown(first)) == [.readProgress])
        #expect(machine.handle(.progressRead(isLeaseOurs: isOurs, nextOffset: next)) == expected)
    }

    @Test func aReleaseWaitsForWhatIsFolded() {
        var machine = UnitMachine(committed: 0)
        _ = machine.handle(.folded(first))
        #expect(machine.handle(.releaseRequested) == [])
        #expect(!machine.mayFold)
        _ = machine.handle(.acknowledged(first))
        #expect(machine.handle(.committed(first)) == [.release])
        #expect(machine.handle(.released) == [.stop(.released)])
    }

    @Test func twoOwnersUnderAnyScheduleLoseAndRepeatNothing() {
        var crashes = 0
        var fencings = 0
        var unknown = 0
        for seed in 0..<20_000 as Range<UInt64> {
            var simulation = TwoOwnersSimulation(seed: seed)
            let fault = simulation.run()
            #expect(fault == nil, "seed \(seed)")
            if fault != nil { return }
            crashes += simulation.crashes
            fencings += simulation.fencings
            unknown += simulation.unknownCommits
        }
        // The schedules must have been rough, or the test says little.
        #expect(crashes > 20_000 && fencings > 1_000 && unknown > 5_000)
    }

    /// The simulation has teeth: the variants that the model finds broken break here too.
    @Test func withoutBothChecksOrWithActivationOutsideTheInputItBreaks() {
        func isBroken(_ faults: TwoOwnersSimulation.Faults) -> Bool {
            (0..<20_000 as Range<UInt64>).contains { seed in
                var simulation = TwoOwnersSimulation(seed: seed, faults: faults)
                return simulation.run() != nil
            }
        }
        #expect(isBroken(.init(isLeaseChecked: false, isOffsetChecked: false)))
        #expect(isBroken(.init(isActivationOutsideInput: true)))
    }
}
