import Forest
import RiskDomain
import Testing
import Training

@Suite struct RegressionTests {
    private func data(_ rowCount: Int, _ seed: UInt64, missing: Bool = false) -> (columns: [[Double]], targets: [Double]) {
        var random = SplitMix64(seed: seed)
        var columns = [[Double]](repeating: [], count: 3)
        var targets: [Double] = []
        for _ in 0..<rowCount {
            let row = [random.nextUnit() * 10, Double(random.next(below: 6)), random.nextUnit()]
            for feature in 0..<3 { columns[feature].append(missing && random.next(below: 7) == 0 ? .nan : row[feature]) }
            targets.append((row[0] > 4 ? 3 : 0) + row[1] + random.nextUnit())
        }
        return (columns, targets)
    }

    private func squaredError(_ targets: [Double], _ rows: [Int]) -> Double {
        let mean = rows.reduce(0) { $0 + targets[$1] } / Double(rows.count)
        return rows.reduce(0) { $0 + (targets[$1] - mean) * (targets[$1] - mean) }
    }

    @Test(arguments: [false, true], [1, 9])
    func theFirstSplitLeavesTheLeastSquaredError(missing: Bool, leafRowsMin: Int) throws {
        let (columns, targets) = data(200, 3, missing: missing)
        let tree = try RegressionTrainer(columns: columns, targets: targets).tree(TreeParameters(depthMax: 1, leafRowsMin: leafRowsMin))
        let rows = Array(0..<200)
        var best = Double.infinity
        for column in columns {
            for value in Set(column) where !value.isNaN {
                for missingLeft in [false, true] {
                    let left = rows.filter { column[$0].isNaN ? missingLeft : column[$0] <= value }
                    let right = rows.filter { column[$0].isNaN ? !missingLeft : column[$0] > value }
                    guard left.count >= leafRowsMin, right.count >= leafRowsMin else { continue }
                    best = min(best, squaredError(targets, left) + squaredError(targets, right))
                }
            }
        }
        let column = columns[Int(tree.feature[0])]
        let left = rows.filter { column[$0].isNaN ? tree.flags[0].contains(.missingGoesLeft) : column[$0] <= tree.threshold[0] }
        let right = rows.filter { !left.contains($0) }
        #expect(abs(squaredError(targets, left) + squaredError(targets, right) - best) < 1e-9)
        #expect(tree.cover == [200, Double(left.count), Double(right.count)])
    }

    @Test(arguments: [SplitChoice.best, .random])
    func aForestExplainsMostOfTheVariance(choice: SplitChoice) async throws {
        let (columns, targets) = data(1_500, 4, missing: false)
        let trainer = try RegressionTrainer(columns: columns, targets: targets)
        let parameters = ForestParameters(treeCount: 20, tree: TreeParameters(choice: choice, depthMax: 8, leafRowsMin: 3))
        let ensemble = await trainer.ensemble(parameters, seed: 5)
        #expect(
            await (try RegressionTrainer(columns: columns, targets: targets, workerCount: 1).ensemble(parameters, seed: 5)) == ensemble)
        let (fresh, truth) = data(500, 6)
        let errors = (0..<500).map { row in
            let difference = ensemble.margins(row: fresh.map { $0[row] })[0] - truth[row]
            return difference * difference
        }
        #expect(errors.reduce(0, +) < 0.2 * squaredError(truth, Array(0..<500)))
    }

    @Test func namesAreOrderedByTheirMeans() throws {
        let names: [Double] = [0, 1, 2, 3, 0, 1, 2, 3]
        let trainer = try RegressionTrainer(columns: [names], targets: [9, 1, 8, 2, 9, 1, 8, 2])
        let tree = trainer.tree(TreeParameters(depthMax: 1, categoricalFeatures: [0]))
        #expect(tree.categories == [CategorySet(values: [1, 3], isTruncating: false)])
        #expect(tree.leafValues == [1.5, 8.5])
    }

    @Test func answersRiseWhereTheyMust() throws {
        let (columns, targets) = data(600, 7)
        let trainer = try RegressionTrainer(columns: columns, targets: targets.map { -$0 })
        let tree = trainer.tree(TreeParameters(depthMax: 6, monotonicity: [.rising, .free, .free]))
        let ensemble = TreeEnsemble(featureCount: 3, trees: [tree])
        for name in 0..<6 {
            let answers = stride(from: 0.0, through: 10, by: 0.25).map { ensemble.margins(row: [$0, Double(name), 0.5])[0] }
            #expect(zip(answers, answers.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
        }
    }

    @Test func pruningCutsByVariance() throws {
        let (columns, targets) = data(400, 8)
        let trainer = try RegressionTrainer(columns: columns, targets: targets)
        let counts = [0, 0.001, 0.01, 0.1, 10].map { trainer.tree(TreeParameters(pruningAlpha: $0)).nodeCount }
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 > $1 } && counts.last == 1)
    }

    @Test func unusableColumnsAreRefused() {
        #expect(throws: TrainingFailure.self) { try RegressionTrainer(columns: [], targets: [1]) }
        #expect(throws: TrainingFailure.self) { try RegressionTrainer(columns: [[1, 2]], targets: [1]) }
        #expect(throws: TrainingFailure.self) { try RegressionTrainer(columns: [[.infinity]], targets: [1]) }
        #expect(throws: TrainingFailure.self) { try RegressionTrainer(columns: [[1]], targets: [.nan]) }
    }
}
