import Evaluation
import Forest
import Foundation
import RiskDomain
import Testing
import Training

/// Cases for `Tests/Oracles/forest.py`, which holds them against scikit-learn. Runs when `ASSAY_ORACLE_CASES` names the file to write.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"] != nil)) struct OracleCases {
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

    @Test func writesTheCases() throws {
        let parameters: [TreeParameters] = SplitCriterion.allCases.flatMap { criterion in
            [
                TreeParameters(criterion: criterion, depthMax: 2), TreeParameters(criterion: criterion, depthMax: 6, leafRowsMin: 10),
                TreeParameters(criterion: criterion, splitRowsMin: 60, leafRowsMin: 15),
                TreeParameters(criterion: criterion, depthMax: 5, leafRowsMin: 8, classWeights: ClassWeights(legitimate: 1, fraud: 4)),
            ]
        }
        var json = JsonText()
        try write(parameters, to: &json)
        let path = try #require(ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"])
        try Data(json.bytes).write(to: URL(fileURLWithPath: path))
    }

    private func write(_ parameters: [TreeParameters], to json: inout JsonText) throws {
        var cases: [(TreeParameters, TrainingSet, TrainingSet, Tree, [Double])] = []
        for seed in 1...6 as ClosedRange<UInt64> {
            for tree in parameters {
                let missing = seed > 3
                let train = try set(seed, rowCount: 2_000, missing: missing)
                let test = try set(seed + 100, rowCount: 500, missing: missing)
                let fitted = ForestTrainer(train, rows: Array(0..<2_000)).tree(tree)
                let forest = try Forest(
                    kind: .tree, features: train.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: [fitted])
                cases.append((tree, train, test, fitted, test.scores(of: Array(0..<500), by: FlatEngine(forest))))
            }
        }
        json.object { json in
            json.key("trees")
            json.array { json in
                for (parameters, train, test, tree, scores) in cases {
                    json.element()
                    json.object { json in
                        json.key("criterion")
                        json.string(parameters.criterion.rawValue)
                        json.key("depthMax")
                        if let depthMax = parameters.depthMax { json.number(depthMax) } else { json.null() }
                        json.key("splitRowsMin")
                        json.number(parameters.splitRowsMin)
                        json.key("leafRowsMin")
                        json.number(parameters.leafRowsMin)
                        json.key("fraudWeight")
                        json.number(parameters.classWeights.fraud)
                        for (name, set) in [("train", train), ("test", test)] {
                            json.key(name)
                            write(set, to: &json)
                        }
                        json.key("nodes")
                        json.number(tree.nodeCount)
                        json.key("scores")
                        json.numbers(scores)
                    }
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
    }

    private func write(_ set: TrainingSet, to json: inout JsonText) {
        json.object { json in
            json.key("columns")
            json.array { json in
                for column in set.columns {
                    json.element()
                    json.array { json in
                        for value in column {
                            json.element()
                            if value.isNaN { json.null() } else { json.number(value) }
                        }
                    }
                }
            }
            json.key("labels")
            json.numbers(set.isFraud.map { $0 ? 1 : 0 as Int32 })
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
