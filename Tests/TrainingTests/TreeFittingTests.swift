import Forest
import RiskDomain
import Testing
import Training

/// A training set of some columns; times and customers where a test does not care.
func trainingSet(
    _ columns: [[Double]], _ isFraud: [Bool], times: [EventTime]? = nil, customers: [Int64]? = nil
) throws(TrainingFailure) -> TrainingSet {
    try TrainingSet(
        features: columns.indices.map { "f\($0)" }, columns: columns, isFraud: isFraud,
        times: times ?? isFraud.indices.map { EventTime(micros: Int64($0)) }, customers: customers ?? isFraud.indices.map(Int64.init))
}

/// Rows whose label depends on the first two of four features, some missing, some values repeated.
func noisySet(rowCount: Int, seed: UInt64, missing: Bool = false) throws -> TrainingSet {
    var random = SplitMix64(seed: seed)
    var columns = [[Double]](repeating: [], count: 4)
    var labels: [Bool] = []
    for _ in 0..<rowCount {
        let row = [random.nextUnit() * 10, Double(random.next(below: 5)), Double(random.next(below: 3)), random.nextUnit()]
        for feature in 0..<4 { columns[feature].append(missing && random.next(below: 8) == 0 ? .nan : row[feature]) }
        labels.append(random.nextUnit() < (row[0] > 6 && row[1] > 2 ? 0.8 : 0.05))
    }
    return try trainingSet(columns, labels)
}

@Suite struct TreeFittingTests {
    @Test(arguments: SplitCriterion.allCases)
    func aSplitLiesMidwayBetweenTheClasses(criterion: SplitCriterion) throws {
        let set = try trainingSet([[1, 2, 3, 10, 11], [5, 5, 5, 5, 5]], [false, false, false, true, true])
        let tree = ForestTrainer(set, rows: Array(0..<5)).tree(TreeParameters(criterion: criterion))
        #expect(
            tree
                == Tree(
                    feature: [0, -1, -1], threshold: [6.5, 0, 0], left: [1, -1, -1], right: [2, -1, -1],
                    missingGoesLeft: [true, false, false], value: [0.4, 0, 1], cover: [5, 3, 2]))
    }

    /// Eight rows: by Gini, x <= 1 (0.3 weighted impurity) is worse than y <= 0.5; worked out by hand.
    @Test func theBetterOfTwoFeaturesWins() throws {
        let set = try trainingSet(
            [[1, 1, 2, 2, 1, 2, 2, 2], [0, 0, 0, 0, 1, 1, 1, 1]], [false, false, false, false, true, true, true, false])
        let tree = ForestTrainer(set, rows: Array(0..<8)).tree(TreeParameters(depthMax: 1))
        #expect(tree.feature == [1, -1, -1])
        #expect(tree.threshold[0] == 0.5)
        #expect(tree.value == [0.375, 0, 0.75])
        #expect(tree.cover == [8, 4, 4])
    }

    @Test func exclusiveOrIsLearntAlthoughItsFirstSplitGainsNothing() throws {
        let set = try trainingSet([[0, 0, 1, 1], [0, 1, 0, 1]], [false, true, true, false])
        let tree = ForestTrainer(set, rows: Array(0..<4)).tree(TreeParameters())
        let engine = ForestScorer(
            try Forest(
                kind: .tree, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: [tree]))
        #expect(set.scores(of: Array(0..<4), by: engine) == [0, 1, 1, 0])
    }

    @Test func neighbouringDoublesAreParted() throws {
        let value = 1.0
        let set = try trainingSet([[value, value.nextUp, value.nextUp]], [false, true, true])
        let tree = ForestTrainer(set, rows: Array(0..<3)).tree(TreeParameters())
        #expect(tree.threshold[0] == value)
        #expect(tree.value == [2.0 / 3, 0, 1])
        let wide = try trainingSet([[-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude]], [false, true])
        #expect(ForestTrainer(wide, rows: [0, 1]).tree(TreeParameters()).threshold[0] == 0)
    }

    @Test func missingValuesGoWhereTheyFit() throws {
        let set = try trainingSet([[1, 2, 9, .nan, .nan]], [false, false, true, false, false])
        let tree = ForestTrainer(set, rows: Array(0..<5)).tree(TreeParameters())
        #expect(tree.threshold[0] == 5.5 && tree.missingGoesLeft[0])
        #expect(tree.value == [0.2, 0, 1])
        let only = try trainingSet([[1, 2, .nan, .nan]], [false, false, true, true])
        let split = ForestTrainer(only, rows: Array(0..<4)).tree(TreeParameters())
        #expect(split.threshold[0] == 2 && !split.missingGoesLeft[0] && split.value == [0.5, 0, 1])
    }

    @Test func boundsOfGrowthHold() throws {
        let set = try noisySet(rowCount: 800, seed: 3)
        let trainer = ForestTrainer(set, rows: Array(0..<800))
        #expect(trainer.tree(TreeParameters(depthMax: 0)).nodeCount == 1)
        #expect(trainer.tree(TreeParameters(depthMax: 3)).depth == 3)
        let leafy = trainer.tree(TreeParameters(leafRowsMin: 20))
        #expect(leafy.cover.allSatisfy { $0 >= 20 })
        let coarse = trainer.tree(TreeParameters(splitRowsMin: 100))
        #expect((0..<coarse.nodeCount).allSatisfy { coarse.isLeaf($0) || coarse.cover[$0] >= 100 })
    }

    @Test func classWeightsShiftTheShares() throws {
        let set = try trainingSet([[1, 1, 1, 1]], [false, false, false, true])
        let tree = ForestTrainer(set, rows: Array(0..<4)).tree(
            TreeParameters(classWeights: ClassWeights(legitimate: 1, fraud: 3)))
        #expect(tree.value == [0.5] && tree.cover == [6])
    }

    /// Grown with both ways to group rows against the definition: every split must be the best there is.
    @Test(arguments: SplitCriterion.allCases, [false, true])
    func everySplitIsTheBestByBruteForce(criterion: SplitCriterion, missing: Bool) throws {
        let set = try noisySet(rowCount: 160, seed: 9, missing: missing)
        let tree = ForestTrainer(set, rows: Array(0..<160)).tree(TreeParameters(criterion: criterion, depthMax: 5))
        var reached = [[Int]](repeating: [], count: tree.nodeCount)
        let forest = try Forest(
            kind: .tree, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: [tree])
        for row in 0..<160 { for node in ReferenceEngine(forest).path(of: set.row(row), in: tree) { reached[node].append(row) } }
        for node in 0..<tree.nodeCount {
            let rows = reached[node]
            #expect(tree.cover[node] == Double(rows.count))
            #expect(tree.value[node] == Double(set.fraudCount(of: rows)) / Double(rows.count))
            if tree.isLeaf(node) { continue }
            let chosen = impurity(set, [reached[Int(tree.left[node])], reached[Int(tree.right[node])]], criterion)
            var best = Double.infinity
            for column in set.columns {
                for value in Set(rows.map { column[$0] }) where !value.isNaN {
                    for missingLeft in [false, true] {
                        let left = rows.filter { column[$0].isNaN ? missingLeft : column[$0] <= value }
                        let right = rows.filter { !left.contains($0) }
                        if !left.isEmpty, !right.isEmpty { best = min(best, impurity(set, [left, right], criterion)) }
                    }
                }
            }
            #expect(abs(chosen - best) < 1e-9)
        }
    }

    private func impurity(_ set: TrainingSet, _ sides: [[Int]], _ criterion: SplitCriterion) -> Double {
        sides.reduce(0) { sum, rows in
            let share = Double(set.fraudCount(of: rows)) / Double(rows.count)
            return switch criterion {
            case .gini: sum + Double(rows.count) * 2 * share * (1 - share)
            case .entropy: sum - Double(rows.count) * [share, 1 - share].reduce(0) { $1 == 0 ? $0 : $0 + $1 * logarithm($1) }
            }
        }
    }

    /// Natural logarithm by its series around 1, for this oracle alone.
    private func logarithm(_ x: Double) -> Double {
        let z = (x - 1) / (x + 1)
        var power = z
        var sum = 0.0
        for term in 0..<20_000 {
            sum += power / Double(2 * term + 1)
            power *= z * z
            if abs(power) < 1e-18 { break }
        }
        return 2 * sum
    }

    @Test func unusableSetsAreRefused() {
        #expect(throws: TrainingFailure.self) { try trainingSet([[.infinity]], [true]) }
        #expect(throws: TrainingFailure.self) { try trainingSet([[1, 2]], [true]) }
        #expect(throws: TrainingFailure.self) { try trainingSet([], [true]) }
        #expect(throws: TrainingFailure.self) { try trainingSet([[]], []) }
    }
}
