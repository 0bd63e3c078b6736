import Forest
import Synchronization
import Testing

/// Which engine serves is settled by a clock; what it answers is not.
@Suite struct EngineTrialTests {
    /// A clock that goes on by what a sequence says at every look.
    private final class Clock: Sendable {
        private let state: Mutex<(time: Int64, random: Seeded)>
        private let stepMax: Int64

        init(seed: UInt64, stepMax: Int64) {
            state = Mutex((0, Seeded(seed)))
            self.stepMax = stepMax
        }

        func look() -> Int64 {
            state.withLock { state in
                state.time += Int64.random(in: 1...stepMax, using: &state.random)
                return state.time
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func whateverTheClockSaysTheBitsAreTheWalks(seed: UInt64) {
        var random = Seeded(seed &+ 20_000)
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(treeCount: 1...80, categoricalShare: seed % 3 == 0 ? 0.2 : 0), using: &random)
        let questions = ensemble.questions
        let rows = (0..<300).map { _ in TreeEnsemble.arbitraryRow(questions, using: &random) }
        let expected = rows.flatMap { ensemble.margins(row: $0).map(\.bitPattern) }
        let clock = Clock(seed: seed, stepMax: 100_000)
        let forest = CompiledForest(ensemble, features: .detected, now: { clock.look() })
        #expect(forest.engines.contains(forest.rowEngine))
        #expect(forest.engines.contains(forest.blockEngine))
        #expect((2...256).contains(forest.blockRowCountMin))
        #expect(forest.margins(rows: rows.flatMap(\.self), count: rows.count).map(\.bitPattern) == expected)
        #expect(rows.flatMap { forest.margins(row: $0).map(\.bitPattern) } == expected)
    }

    @Test func whereThereIsNoTimeTheTableOfCostsChooses() {
        var random = Seeded(21_000)
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(treeCount: 60...60), using: &random)
        let second = Atomic<Int64>(0)
        let tried = CompiledForest(ensemble, features: .detected) {
            second.add(1_000_000_000, ordering: .relaxed).newValue
        }
        let untried = CompiledForest(ensemble, features: .detected)
        #expect(tried.rowEngine == untried.rowEngine)
        #expect(tried.blockEngine == untried.blockEngine)
        #expect(tried.blockRowCountMin == untried.blockRowCountMin)
    }

    @Test func modelsOfManyFeaturesAreNotTried() {
        var random = Seeded(22_000)
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(featureCount: 300...300), using: &random)
        let looks = Atomic<Int>(0)
        let forest = CompiledForest(ensemble, features: .detected) {
            looks.add(1, ordering: .relaxed)
            return 0
        }
        #expect(looks.load(ordering: .relaxed) == 0)
        #expect(forest.engines.contains(forest.rowEngine))
    }
}
