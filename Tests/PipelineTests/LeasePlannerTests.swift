import Pipeline
import Testing

@Suite struct LeasePlannerTests {
    /// A stage whose replicas plan in turn; claims and releases take effect at once.
    private struct Stage {
        var units: [LeasePlanner.Unit]
        var planners: [String: LeasePlanner] = [:]
        var moves = 0

        init(partitions: Int32) { units = (0..<partitions).map { .init(partition: $0, owner: nil, isHeld: false) } }

        mutating func join(_ name: String) { planners[name] = LeasePlanner(replica: name) }

        mutating func die(_ name: String) {
            planners[name] = nil
            for index in units.indices where units[index].owner == name { units[index].isHeld = false }
        }

        mutating func settle(rounds: Int = 12) {
            for _ in 0..<rounds {
                for name in planners.keys.sorted() {
                    let plan = planners[name]!.plan(units: units, replicas: planners.keys.sorted())
                    for partition in plan.release {
                        units[Int(partition)].isHeld = false
                        units[Int(partition)].owner = nil
                    }
                    for partition in plan.claim where !units[Int(partition)].isHeld {
                        units[Int(partition)] = .init(partition: partition, owner: name, isHeld: true)
                        moves += 1
                    }
                }
            }
        }

        var shares: [String: Int] {
            units.reduce(into: planners.mapValues { _ in 0 }) { $0[$1.owner ?? "nobody", default: 0] += $1.isHeld ? 1 : 0 }
        }
    }

    @Test(arguments: [(4, 1), (4, 2), (4, 3), (8, 3), (12, 5), (3, 5)] as [(Int32, Int)])
    func everyReplicaGetsItsFairShare(partitions: Int32, replicas: Int) {
        var stage = Stage(partitions: partitions)
        for index in 0..<replicas { stage.join("r\(index)") }
        stage.settle()
        #expect(!stage.units.contains { !$0.isHeld })
        let small = Int(partitions) / replicas
        let shares = stage.shares.values
        #expect(shares.allSatisfy { $0 == small || $0 == small + 1 })
    }

    @Test func aNewcomerTakesOnlyItsShareAndNothingElseMoves() {
        var stage = Stage(partitions: 12)
        stage.join("a")
        stage.join("b")
        stage.settle()
        stage.moves = 0
        stage.join("c")
        stage.settle()
        #expect(stage.shares == ["a": 4, "b": 4, "c": 4])
        #expect(stage.moves == 4)
    }

    @Test func aReplicaThatComesBackGetsItsOwnPartitionsAgain() {
        var stage = Stage(partitions: 4)
        stage.join("a")
        stage.join("b")
        stage.settle()
        let before = stage.units.filter { $0.owner == "b" }.map(\.partition)
        for index in stage.units.indices where stage.units[index].owner == "b" { stage.units[index].isHeld = false }
        stage.settle()
        #expect(stage.units.filter { $0.owner == "b" }.map(\.partition) == before)
    }

    @Test func partitionsOfTheDeadAreTakenOver() {
        var stage = Stage(partitions: 8)
        for name in ["a", "b", "c"] { stage.join(name) }
        stage.settle()
        stage.die("b")
        stage.settle()
        #expect(stage.shares == ["a": 4, "c": 4])
    }

    @Test func joinsAndDeathsInAnyOrderEndInAFairShare() {
        for seed in 0..<300 as Range<UInt64> {
            var rng = SplitMix64(seed: seed)
            var stage = Stage(partitions: Int32(1 + rng.below(16)))
            stage.join("r0")
            for turn in 1..<12 {
                if rng.chance(60) { stage.join("r\(turn)") }
                if stage.planners.count > 1, rng.chance(40) { stage.die(stage.planners.keys.sorted()[rng.below(stage.planners.count)]) }
                stage.settle(rounds: rng.below(3))
            }
            stage.settle(rounds: 24)
            let small = stage.units.count / stage.planners.count
            #expect(!stage.units.contains { !$0.isHeld }, "seed \(seed)")
            let shares = stage.shares
            #expect(shares.values.allSatisfy { $0 == small || $0 == small + 1 }, "seed \(seed): \(shares)")
        }
    }
}
