import Evaluation
import Forest
import Onnx
import RiskDomain
import Testing
import Training

/// The rows that reach each node of a tree without categorical splits.
func rowsReaching(_ tree: Tree, _ set: TrainingSet, _ rows: [Int]) -> [[Int]] {
    var reached = [[Int]](repeating: [], count: tree.nodeCount)
    for row in rows {
        var node = 0
        while true {
            reached[node].append(row)
            if tree.isLeaf(node) { break }
            let value = set.columns[Int(tree.feature[node])][row]
            let goesLeft = value.isNaN ? tree.missingGoesLeft[node] : value <= tree.threshold[node]
            node = Int(goesLeft ? tree.left[node] : tree.right[node])
        }
    }
    return reached
}

/// Many distinct values and few frauds: what the search by gaps is made for.
func rareSet(rowCount: Int, seed: UInt64, missing: Bool = false, fraudShare: Double = 0.03) throws -> TrainingSet {
    var random = SplitMix64(seed: seed)
    var columns = [[Double]](repeating: [], count: 5)
    var labels: [Bool] = []
    for _ in 0..<rowCount {
        let row = [
            random.nextUnit() * 100, Double(random.next(below: 40)), random.nextUnit(), Double(random.next(below: 2)),
            Double(random.next(below: 1 << 20)),
        ]
        for feature in 0..<5 { columns[feature].append(missing && random.next(below: 9) == 0 ? .nan : row[feature]) }
        labels.append(random.nextUnit() < (row[0] > 80 && row[1] > 20 ? 0.4 : fraudShare))
    }
    return try trainingSet(columns, labels)
}

@Suite struct GrowthTests {
    private func weightedGini(_ set: TrainingSet, _ sides: [[Int]]) -> Double {
        sides.reduce(0) { sum, rows in
            let share = Double(set.fraudCount(of: rows)) / Double(rows.count)
            return sum + Double(rows.count) * 2 * share * (1 - share)
        }
    }

    /// Every place between two values of every feature, with as many rows as a leaf needs, tried one by one.
    @Test(arguments: [1, 3, 7, 40], [false, true])
    func splitsAreTheBestAmongThoseThatLeaveEnoughRows(leafRowsMin: Int, missing: Bool) throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            let set = try rareSet(rowCount: 240, seed: seed, missing: missing)
            let rows = Array(0..<240)
            let tree = ForestTrainer(set, rows: rows).tree(TreeParameters(depthMax: 3, leafRowsMin: leafRowsMin))
            let reached = rowsReaching(tree, set, rows)
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let sides = [reached[Int(tree.left[node])], reached[Int(tree.right[node])]]
                #expect(sides.allSatisfy { $0.count >= leafRowsMin })
                #expect(abs(weightedGini(set, sides) - bestGini(set, reached[node], leafRowsMin)) < 1e-9)
            }
            for node in 0..<tree.nodeCount where tree.isLeaf(node) && reached[node].count >= 2 * leafRowsMin {
                let depth = (0..<tree.nodeCount).count { reached[$0].contains(reached[node][0]) } - 1
                let fraudCount = set.fraudCount(of: reached[node])
                #expect(
                    depth == 3 || fraudCount == 0 || fraudCount == reached[node].count
                        || bestGini(set, reached[node], leafRowsMin) == .infinity)
            }
        }
    }

    /// A row that the sample holds several times weighs as often and is one row to the leaf's limit, where classes are rare and where not.
    @Test(arguments: [2, 6, 40], [false, true])
    func aLeafCountsARowOnce(leafRowsMin: Int, missing: Bool) async throws {
        let set = try rareSet(rowCount: 1_200, seed: 31, missing: missing)
        let parameters = ForestParameters(treeCount: 3, tree: TreeParameters(depthMax: 4, leafRowsMin: leafRowsMin))
        let trees = await ForestTrainer(set, rows: Array(0..<1_200)).forest(parameters, seed: 6)
        for (number, tree) in trees.enumerated() {
            var draws = SplitMix64(seed: 6, stream: UInt64(number))
            let drawn = (0..<1_200).map { _ in draws.next(below: 1_200) }
            let reached = rowsReaching(tree, set, drawn)
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let sides = [reached[Int(tree.left[node])], reached[Int(tree.right[node])]]
                #expect(sides.allSatisfy { Set($0).count >= leafRowsMin })
                #expect(sides.map { Double($0.count) } == [tree.cover[Int(tree.left[node])], tree.cover[Int(tree.right[node])]])
                #expect(abs(weightedGini(set, sides) - bestGini(set, reached[node], leafRowsMin)) < 1e-9)
            }
        }
    }

    private func bestGini(_ set: TrainingSet, _ rows: [Int], _ leafRowsMin: Int) -> Double {
        var best = Double.infinity
        for column in set.columns {
            let missing = rows.filter { column[$0].isNaN }
            let known = rows.filter { !column[$0].isNaN }.sorted { column[$0] < column[$1] }
            for missingLeft in [false, true] where !missingLeft || !missing.isEmpty {
                for count in 0...known.count {
                    if count > 0, count < known.count, column[known[count - 1]] == column[known[count]] { continue }
                    let left = Array(known[..<count]) + (missingLeft ? missing : [])
                    let right = Array(known[count...]) + (missingLeft ? [] : missing)
                    guard Set(left).count >= leafRowsMin, Set(right).count >= leafRowsMin else { continue }
                    // A threshold lies above some number: missing values alone do not go left.
                    guard count > 0 else { continue }
                    best = min(best, weightedGini(set, [left, right]))
                }
            }
        }
        return best
    }

    /// The root counts by gaps and buckets, copies rows together below, and searches one by one near the leaves.
    /// Four times the counts have the same bits of quality, so even ties fall alike.
    @Test(arguments: [1, 5])
    func aTreeOfRowsFourTimesOverIsTheTreeOfTheRows(leafRowsMin: Int) throws {
        let set = try rareSet(rowCount: 9_000, seed: 4, missing: true)
        let once = ForestTrainer(set, rows: Array(0..<9_000)).tree(TreeParameters(depthMax: 9, leafRowsMin: leafRowsMin))
        let fourTimes = ForestTrainer(set, rows: (0..<36_000).map { $0 % 9_000 }).tree(
            TreeParameters(depthMax: 9, leafRowsMin: 4 * leafRowsMin))
        #expect(once.feature == fourTimes.feature && once.threshold == fourTimes.threshold)
        #expect(once.missingGoesLeft == fourTimes.missingGoesLeft && once.cover.map { 4 * $0 } == fourTimes.cover)
    }

    @Test func coversAndSharesAreThoseOfTheRowsThatArrive() throws {
        let set = try rareSet(rowCount: 20_000, seed: 5, missing: true)
        let rows = Array(0..<20_000)
        let tree = ForestTrainer(set, rows: rows).tree(TreeParameters(depthMax: 14))
        let reached = rowsReaching(tree, set, rows)
        for node in 0..<tree.nodeCount {
            #expect(tree.cover[node] == Double(reached[node].count))
            #expect(abs(tree.value[node] - Double(set.fraudCount(of: reached[node])) / Double(reached[node].count)) < 1e-14)
        }
    }

    @Test func howRanksAreKeptDoesNotShow() throws {
        let set = try rareSet(rowCount: 3_000, seed: 6, missing: true)
        let rows = Array(0..<3_000)
        let parameters = TreeParameters(criterion: .entropy, depthMax: 10)
        let automatic = ForestTrainer(set, rows: rows).tree(parameters)
        #expect(ForestTrainer(set, rows: rows, mode: .exact).tree(parameters) == automatic)
        #expect(ForestTrainer(set, rows: rows, mode: .histogram).tree(parameters) == automatic)
    }

    @Test func moreThan65535ValuesAreTakenWholeOrInFineRuns() throws {
        var random = SplitMix64(seed: 7)
        let values = (0..<150_000).map { _ in random.nextUnit() }
        let set = try trainingSet([values], values.map { $0 > 0.61803 })
        let rows = Array(0..<150_000)
        let border = (below: values.filter { $0 <= 0.61803 }.max()!, above: values.filter { $0 > 0.61803 }.min()!)
        let exact = ForestTrainer(set, rows: rows, mode: .exact).tree(TreeParameters(depthMax: 1))
        #expect(exact.threshold[0] == border.below / 2 + border.above / 2 && exact.value[1...] == [0, 1])
        let fine = ForestTrainer(set, rows: rows).tree(TreeParameters(depthMax: 1))
        #expect(abs(fine.threshold[0] - 0.61803) < 1e-4)
        #expect(fine.value[1] < 1e-4 && fine.value[2] > 0.9999)
        let reached = rowsReaching(fine, set, rows)
        #expect(fine.cover == reached.map { Double($0.count) })
    }

    @Test(arguments: [SplitChoice.best, .random], [ForestParameters().isBootstrapped, false])
    func theNumberOfThreadsDoesNotShow(choice: SplitChoice, isBootstrapped: Bool) async throws {
        let set = try rareSet(rowCount: 3_000, seed: 8, missing: true)
        let rows = Array(0..<3_000)
        let parameters = ForestParameters(
            treeCount: 9, tree: TreeParameters(choice: choice, depthMax: 9, featureSample: .squareRoot), isBootstrapped: isBootstrapped,
            sampleFraction: 0.7)
        let one = await ForestTrainer(set, rows: rows, workerCount: 1).forest(parameters, seed: 3)
        let four = await ForestTrainer(set, rows: rows, workerCount: 4).forest(parameters, seed: 3)
        #expect(one == four && Set(one).count == 9)
        let scores = ForestTrainer(set, rows: rows, workerCount: 1).outOfBagScores(of: one, parameters, seed: 3)
        #expect(ForestTrainer(set, rows: rows, workerCount: 4).outOfBagScores(of: one, parameters, seed: 3) == scores)
    }

    @Test func extraTreesPartAtDrawnThresholds() async throws {
        let set = try rareSet(rowCount: 2_000, seed: 9)
        let rows = Array(0..<2_000)
        let trees = await ForestTrainer(set, rows: rows).forest(
            .extraTrees(treeCount: 20, tree: TreeParameters(depthMax: 8, featureSample: .all)), seed: 2)
        #expect(Set(trees.map { $0.threshold[0] }).count == 20)
        for tree in trees {
            let reached = rowsReaching(tree, set, rows)
            #expect(tree.cover == reached.map { Double($0.count) } && !tree.cover.contains(0))
        }
        let forest = try Forest(
            kind: .forest, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: trees)
        let fresh = try rareSet(rowCount: 2_000, seed: 10)
        let auc = RankingMetrics.rocAuc(scores: fresh.scores(of: rows, by: ForestScorer(forest)), isFraud: fresh.isFraud)
        #expect(try #require(auc) > 0.75)
    }

    @Test func aSampleWithoutReplacementHoldsDifferentRows() async throws {
        let set = try rareSet(rowCount: 1_000, seed: 11)
        let parameters = ForestParameters(treeCount: 4, tree: TreeParameters(depthMax: 1), isBootstrapped: false, sampleFraction: 0.25)
        let trees = await ForestTrainer(set, rows: Array(0..<1_000)).forest(parameters, seed: 1)
        #expect(trees.allSatisfy { $0.cover[0] == 250 })
    }

    @Test(arguments: [Monotonicity.rising, .falling], [false, true])
    func answersFollowTheDirectionAsked(direction: Monotonicity, missing: Bool) async throws {
        let set = try rareSet(rowCount: 2_000, seed: 12, missing: missing, fraudShare: 0.2)
        let rows = Array(0..<2_000)
        var directions = [Monotonicity](repeating: .free, count: 5)
        directions[0] = direction
        directions[2] = .rising
        let parameters = ForestParameters(
            treeCount: 5, tree: TreeParameters(depthMax: 8, featureSample: .count(3), monotonicity: directions))
        let trees = await ForestTrainer(set, rows: rows).forest(parameters, seed: 4)
        let forest = try Forest(
            kind: .forest, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: trees)
        let engine = ReferenceEngine(forest)
        #expect(trees.contains { $0.feature.contains(0) })
        for row in rows.prefix(300) {
            var values = set.row(row)
            for (feature, sign) in [(0, Double(direction.rawValue)), (2, 1)] where !values[feature].isNaN {
                let steps = stride(from: 0.0, through: feature == 0 ? 100 : 1, by: feature == 0 ? 5 : 0.05).map { step in
                    values[feature] = step
                    return engine.score(values) * sign
                }
                #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 + 1e-15 })
                values = set.row(row)
            }
        }
    }

    @Test func thresholdsOfImpurityAndPruningCutTrees() throws {
        let set = try rareSet(rowCount: 2_000, seed: 13)
        let trainer = ForestTrainer(set, rows: Array(0..<2_000))
        let full = trainer.tree(TreeParameters())
        let sparing = trainer.tree(TreeParameters(impurityDecreaseMin: 0.001))
        #expect(sparing.nodeCount > 1 && sparing.nodeCount < full.nodeCount)
        let counts = [0.0, 0.0002, 0.001, 0.01, 1].map { trainer.tree(TreeParameters(pruningAlpha: $0)).nodeCount }
        #expect(counts[0] == full.nodeCount && counts.last == 1)
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 } && Set(counts).count >= 3)
    }

    /// All 2¹¹ ways to part twelve names in two, one by one.
    @Test func namesArePartedInTheBestOfAllWays() async throws {
        var random = SplitMix64(seed: 14)
        let names = (0..<600).map { _ in Double(random.next(below: 12) * 7) }
        let shares = (0..<12).map { _ in random.nextUnit() }
        let set = try trainingSet([names], names.map { random.nextUnit() < shares[Int($0) / 7] })
        let rows = Array(0..<600)
        for criterion in SplitCriterion.allCases {
            let ensemble = await ForestTrainer(set, rows: rows).ensemble(
                ForestParameters(
                    treeCount: 1, tree: TreeParameters(criterion: criterion, depthMax: 1, categoricalFeatures: [0]), isBootstrapped: false),
                seed: 0)
            let tree = ensemble.trees[0]
            let left = Set(tree.categories[0].values)
            #expect(tree.flags[0].contains(.isCategorical) && tree.categories[0].values == left.sorted())
            guard criterion == .gini else { continue }
            let chosen = weightedGini(set, [rows.filter { left.contains(names[$0]) }, rows.filter { !left.contains(names[$0]) }])
            var best = Double.infinity
            for mask in 1..<2_047 {
                let side = rows.filter { mask >> (Int(names[$0]) / 7) & 1 == 1 }
                let other = rows.filter { mask >> (Int(names[$0]) / 7) & 1 == 0 }
                best = min(best, weightedGini(set, [side, other]))
            }
            #expect(abs(chosen - best) < 1e-9)
            // The ensemble's walk sends each row where the grower counted it.
            #expect(tree.cover[1] == Double(rows.count { left.contains(names[$0]) }))
            #expect(ensemble.margins(row: [tree.categories[0].values[0]]) == [tree.leafValues[0]])
        }
    }

    @Test func shardsMakeTheWholeForest() async throws {
        let set = try rareSet(rowCount: 1_500, seed: 15)
        let rows = Array(0..<1_200)
        let recipe = ModelRecipe(
            algorithm: .forest(ForestParameters(treeCount: 10, tree: TreeParameters(depthMax: 6, featureSample: .squareRoot))), seed: 3)
        let whole = try await recipe.fit(set, rows: rows)
        var parts: [Forest] = []
        for text in ["3/3", "1/3", "2/3"] { parts.append(try await recipe.fit(set, rows: rows, shard: TrainingShard(text))) }
        #expect(parts.map(\.trees.count) == [4, 3, 3])
        let merged = try Forest.merged(parts)
        #expect(merged.trees == whole.trees)
        let chosen = try await recipe.fitted(set, rows: rows, grown: merged.ensemble.trees)
        #expect(chosen.forest.encode() == whole.encode())
        #expect(throws: ForestFailure.self) { try Forest.merged(Array(parts.dropLast())) }
        #expect(throws: ForestFailure.self) { try Forest.merged(parts + [parts[0]]) }
        #expect(throws: ForestFailure.self) { try Forest.merged([whole]) }
        var other = recipe
        other.seed = 4
        let stranger = try await other.fit(set, rows: rows, shard: TrainingShard("2/3"))
        #expect(throws: ForestFailure.self) { try Forest.merged([parts[0], parts[1], stranger]) }
    }

    @Test(arguments: ["0/3", "4/3", "1", "1/3/4", "a/b", "1/0"])
    func aShardIsANumberOfACount(text: String) {
        #expect(throws: TrainingFailure.self) { try TrainingShard(text) }
    }
}
