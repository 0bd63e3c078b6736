import Evaluation
import Forest
import Foundation
import OracleSupport
import RiskDomain
import Testing
import Training

/// An interpreter with scikit-learn: `ASSAY_ORACLE_PYTHON`, or `python3` where it has it.
private let python: String? = {
    let name = ProcessInfo.processInfo.environment["ASSAY_ORACLE_PYTHON"] ?? "python3"
    let hasSklearn =
        (try? OracleTool.run([name, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('sklearn') is None)"])) != nil
    return hasSklearn ? name : nil
}()

/// Holds trees, regression, calibration and metrics against scikit-learn through `Tests/Oracles/forest.py`.
@Suite struct OracleCases {
    @Test(.enabled(if: python != nil), .timeLimit(.minutes(5))) func aFewCasesAgreeWithScikitLearn() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Oracles/forest.py")
        let path = "\(NSTemporaryDirectory())assay-forest-cases-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await Data(cases(seeds: [1, 4]).bytes).write(to: URL(fileURLWithPath: path))
        _ = try OracleTool.run([try #require(python), script.standardizedFileURL.path, path])
    }

    /// All cases, where `ASSAY_ORACLE_CASES` names the file to write them to.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"] != nil)) func writesTheCases() async throws {
        let path = try #require(ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"])
        try await Data(cases(seeds: Array(1...6)).bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Values are multiples of 2⁻¹⁰ below 2¹⁰: exact in the 32-bit floats that scikit-learn's trees keep, and their middles in 64 bits.
    private func set(_ seed: UInt64, rowCount: Int, missing: Bool) throws -> TrainingSet {
        var random = SplitMix64(seed: seed)
        var columns = [[Double]](repeating: [], count: 5)
        var labels: [Bool] = []
        for _ in 0..<rowCount {
            let row = (0..<5).map { _ in Double(random.next(below: 1 << 20)) / 1_024 }
            for feature in 0..<5 { columns[feature].append(missing && random.next(below: 6) == 0 ? .nan : row[feature]) }
            labels.append(random.nextUnit() < (row[0] > 600 && row[1] < 500 ? 0.6 : row[2] > 900 ? 0.4 : 0.1))
        }
        return try trainingSet(columns, labels)
    }

    /// Missing values in every second half of the seeds; scikit-learn knows no directions beside them.
    private func parameters(missing: Bool) -> [TreeParameters] {
        SplitCriterion.allCases.flatMap { criterion in
            [
                TreeParameters(criterion: criterion, depthMax: 2), TreeParameters(criterion: criterion, depthMax: 6, leafRowsMin: 10),
                TreeParameters(criterion: criterion, splitRowsMin: 60, leafRowsMin: 15),
                TreeParameters(criterion: criterion, depthMax: 5, leafRowsMin: 8, classWeights: ClassWeights(legitimate: 1, fraud: 4)),
                TreeParameters(criterion: criterion, depthMax: 8, leafRowsMin: 5, impurityDecreaseMin: 0.002),
                TreeParameters(criterion: criterion, depthMax: 7, leafRowsMin: 10, pruningAlpha: 0.0015),
            ]
                + (missing
                    ? []
                    : [
                        TreeParameters(
                            criterion: criterion, depthMax: 5, leafRowsMin: 10,
                            monotonicity: [.rising, .falling, .free, .free, .free])
                    ])
        }
    }

    private func cases(seeds: [UInt64]) async throws -> JsonText {
        var json = JsonText()
        var trees: [(TreeParameters, TrainingSet, [Int], Tree)] = []
        // Trees as a forest grows them: from rows that weigh as often as the sample holds them, and count once.
        var sampled: [(TreeParameters, TrainingSet, [Int32], Tree)] = []
        for seed in seeds {
            let train = try set(seed, rowCount: 2_000, missing: seed > 3)
            var random = SplitMix64(seed: seed + 1_000)
            let bootstrap = (0..<2_000).map { _ in random.next(below: 2_000) }
            for tree in parameters(missing: seed > 3) {
                for rows in [Array(0..<2_000), bootstrap] { trees.append((tree, train, rows, ForestTrainer(train, rows: rows).tree(tree))) }
            }
            let trainer = ForestTrainer(train, rows: Array(0..<2_000))
            var draws = SplitMix64(seed: seed, stream: 0)
            var counts = [Int32](repeating: 0, count: 2_000)
            for _ in counts.indices { counts[draws.next(below: 2_000)] += 1 }
            for tree in parameters(missing: seed > 3) {
                let forest = ForestParameters(treeCount: 1, tree: tree)
                sampled.append((tree, train, counts, await trainer.forest(forest, seed: seed)[0]))
            }
            // To the last leaf, where ties abound: the oracle looks at each node by itself.
            for criterion in SplitCriterion.allCases {
                let tree = TreeParameters(criterion: criterion)
                trees.append((tree, train, bootstrap, ForestTrainer(train, rows: bootstrap).tree(tree)))
            }
        }
        let regressions = try seeds.map { try regression($0) }
        let logistic = try seeds.filter { $0 <= 3 }.map { try logisticModel($0) }
        json.object { json in
            json.key("trees")
            json.array { json in
                for (parameters, train, rows, tree) in trees {
                    json.element()
                    json.object { json in
                        write(parameters, to: &json)
                        json.key("rows")
                        json.numbers(rows.map(Int32.init))
                        write(train, to: &json)
                        write(tree, to: &json)
                    }
                }
            }
            json.key("sampled")
            json.array { json in
                for (parameters, train, counts, tree) in sampled {
                    json.element()
                    json.object { json in
                        write(parameters, to: &json)
                        json.key("weights")
                        json.numbers(counts)
                        write(train, to: &json)
                        write(tree, to: &json)
                    }
                }
            }
            json.key("regressions")
            json.array { json in
                for (set, targets, tree) in regressions {
                    json.element()
                    write(set, targets, tree, to: &json)
                }
            }
            json.key("logistic")
            json.array { json in
                for (set, model) in logistic {
                    json.element()
                    write(set, model, to: &json)
                }
            }
            json.key("metrics")
            json.array { json in
                for seed in 1...40 as ClosedRange<UInt64> {
                    json.element()
                    writeMetrics(seed, to: &json)
                }
            }
        }
        return json
    }

    private func write(_ parameters: TreeParameters, to json: inout JsonText) {
        json.key("criterion")
        json.string(parameters.criterion.rawValue)
        json.key("depthMax")
        if let depthMax = parameters.depthMax { json.number(depthMax) } else { json.null() }
        for (name, value) in [("splitRowsMin", parameters.splitRowsMin), ("leafRowsMin", parameters.leafRowsMin)] {
            json.key(name)
            json.number(value)
        }
        let numbers = [
            ("fraudWeight", parameters.classWeights.fraud), ("impurityDecreaseMin", parameters.impurityDecreaseMin),
            ("pruningAlpha", parameters.pruningAlpha),
        ]
        for (name, value) in numbers {
            json.key(name)
            json.number(value)
        }
        json.key("monotonicity")
        json.numbers(parameters.monotonicity.map { Int32($0.rawValue) })
    }

    private func write(_ set: TrainingSet, to json: inout JsonText) {
        json.key("columns")
        json.array { json in
            for column in set.columns {
                json.element()
                write(column, to: &json)
            }
        }
        json.key("labels")
        json.numbers(set.isFraud.map { $0 ? 1 : 0 as Int32 })
    }

    private func write(_ values: [Double], to json: inout JsonText) {
        json.array { json in
            for value in values {
                json.element()
                if value.isNaN { json.null() } else { json.number(value) }
            }
        }
    }

    private func write(_ tree: Tree, to json: inout JsonText) {
        for (name, numbers) in [("feature", tree.feature), ("left", tree.left), ("right", tree.right)] {
            json.key(name)
            json.numbers(numbers)
        }
        json.key("missingGoesLeft")
        json.numbers(tree.missingGoesLeft.map { $0 ? 1 : 0 as Int32 })
        for (name, numbers) in [("threshold", tree.threshold), ("value", tree.value), ("cover", tree.cover)] {
            json.key(name)
            json.numbers(numbers)
        }
    }

    private func regression(_ seed: UInt64) throws -> (TrainingSet, [Double], DecisionTree) {
        let set = try set(seed, rowCount: 1_000, missing: seed > 3)
        var random = SplitMix64(seed: seed)
        // Multiples of 2⁻¹⁰ too: sums of targets are exact, in whatever order.
        let targets = set.isFraud.map { Double(random.next(below: 1 << 20)) / 1_024 + ($0 ? 500 : 0) }
        let trainer = try RegressionTrainer(columns: set.columns, targets: targets)
        return (set, targets, trainer.tree(TreeParameters(depthMax: 5, leafRowsMin: 10)))
    }

    private func write(_ set: TrainingSet, _ targets: [Double], _ tree: DecisionTree, to json: inout JsonText) {
        json.object { json in
            write(set, to: &json)
            json.key("targets")
            json.numbers(targets)
            json.key("depthMax")
            json.number(5)
            json.key("leafRowsMin")
            json.number(10)
            json.key("nodes")
            json.number(tree.nodeCount)
            json.key("leafValues")
            json.numbers(tree.leafValues.sorted())
        }
    }

    private func logisticModel(_ seed: UInt64) throws -> (TrainingSet, LogisticRegression) {
        let set = try set(seed, rowCount: 1_000, missing: false)
        return (set, try LogisticRegression(set, rows: Array(0..<1_000), strength: 0.5))
    }

    private func write(_ set: TrainingSet, _ model: LogisticRegression, to json: inout JsonText) {
        let scores = model.scores(of: Array(0..<set.rowCount), in: set)
        let isotonic = IsotonicCalibration(scores: scores, isFraud: set.isFraud)
        let platt = PlattCalibration(scores: scores, isFraud: set.isFraud)
        json.object { json in
            write(set, to: &json)
            json.key("strength")
            json.number(0.5)
            json.key("scores")
            json.numbers(scores)
            json.key("isotonic")
            json.numbers(scores.map(isotonic.probability))
            json.key("platt")
            json.numbers(scores.map(platt.probability))
        }
    }

    private func writeMetrics(_ seed: UInt64, to json: inout JsonText) {
        var random = SplitMix64(seed: seed)
        let count = 20 + random.next(below: 600)
        let levels = [3, 10, 100, 1_000_000][random.next(below: 4)]
        let labels = (0..<count).map { $0 < 2 ? $0 == 0 : random.next(below: 5) == 0 }
        let scores = labels.map { Double(random.next(below: levels)) / Double(levels) * ($0 ? 1 : 0.8) }
        let threshold = scores[random.next(below: count)]
        let figures = ThresholdFigures(threshold: threshold, scores: scores, isFraud: labels)
        json.object { json in
            json.key("scores")
            json.numbers(scores)
            json.key("labels")
            json.numbers(labels.map { $0 ? 1 : 0 as Int32 })
            json.key("rocAuc")
            json.number(RankingMetrics.rocAuc(scores: scores, isFraud: labels)!)
            json.key("averagePrecision")
            json.number(RankingMetrics.averagePrecision(scores: scores, isFraud: labels)!)
            json.key("threshold")
            json.number(threshold)
            json.key("precision")
            json.number(figures.precision!)
            json.key("recall")
            json.number(figures.recall!)
        }
    }
}
