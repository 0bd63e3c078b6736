import Forest
import Glibc
import RiskDomain
import Testing

/// A change that makes a value invalid, and the place that the complaint must name.
private struct Damage<Value>: Sendable {
    var place: String
    var apply: @Sendable (inout Value) -> Void

    init(_ place: String, _ apply: @escaping @Sendable (inout Value) -> Void) {
        self.place = place
        self.apply = apply
    }
}

@Suite struct ValidationTests {
    private static let treeDamages: [Damage<Tree>] = [
        Damage("trees[0].threshold[0]") { $0.threshold[0] = .infinity }, Damage("trees[0].threshold[0]") { $0.threshold[0] = .nan },
        Damage("trees[0].feature[2]") { $0.threshold[2] = 7 }, Damage("trees[0].threshold") { $0.threshold.removeLast() },
        Damage("trees[0].feature[1]") { $0.feature[1] = 2 }, Damage("trees[0].feature[1]") { $0.feature[1] = -2 },
        Damage("trees[0]") { $0 = Tree() }, Damage("trees[0].left[0]") { $0.left[0] = 0 }, Damage("trees[0].left[1]") { $0.left[1] = 0 },
        Damage("trees[0].left[1]") { $0.left[1] = 2 }, Damage("trees[0].left[1]") { $0.left[1] = 5 },
        Damage("trees[0].feature[2]") { $0.left[2] = 4 }, Damage("trees[0].feature[3]") { $0.missingGoesLeft[3] = true },
        Damage("trees[0].value[4]") { $0.value[4] = 1.2 }, Damage("trees[0].value[4]") { $0.value[4] = .nan },
        Damage("trees[0].value") { $0.value.removeLast() }, Damage("trees[0].cover[0]") { $0.cover[0] = 0 },
        Damage("trees[0].cover[0]") { $0.cover[0] = -1 },
    ]

    @Test(arguments: treeDamages)
    fileprivate func aTreeThatIsNoneIsRefusedByPlace(damage: Damage<Tree>) throws {
        var tree = handTree()
        damage.apply(&tree)
        #expect(throws: ForestFailure.self) { try handForest([tree]) }
        do { _ = try handForest([tree]) } catch { #expect(error.place == damage.place) }
    }

    private static let ensembleDamages: [Damage<TreeEnsemble>] = [
        Damage("features") { $0.featureCount = 0 }, Damage("outputs") { $0.outputCount = 0 }, Damage("baseScores") { $0.baseScores = [] },
        Damage("baseScores[0]") { $0.baseScores = [.nan] }, Damage("trees") { $0.trees = [] },
        Damage("trees[0].flags") { $0.trees[0].flags.removeLast() }, Damage("trees[0].cover") { $0.trees[0].cover.removeLast() },
        Damage("trees[0].cover[1]") { $0.trees[0].cover[1] = .infinity }, Damage("trees[0].firstOutput") { $0.trees[0].valueCount = 2 },
        Damage("trees[0].firstOutput") { $0.trees[0].firstOutput = 1 }, Damage("trees[0].firstOutput") { $0.trees[0].firstOutput = .max },
        Damage("trees[0].leafValues") { $0.trees[0].leafValues.removeLast() },
        Damage("trees[0].leafValues[1]") { $0.trees[0].leafValues[1] = -.infinity },
        Damage("trees[0].leafValues[1]") {
            $0.trees[0].leafValues[1] = 1e39
            $0.arithmetic = .xgboost
        },
        Damage("baseScores[0]") {
            $0.baseScores = [-1e39]
            $0.arithmetic = .onnxRuntime
        },
        Damage("trees[0].feature[3]") { $0.trees[0].left[3] = 0 }, Damage("trees[0].right[1]") { $0.trees[0].right[1] = 1 },
        Damage("trees[0].threshold[0]") { $0.trees[0].flags[0] = .isCategorical },
        Damage("trees[0].categorySet[0]") {
            $0.trees[0].flags[0] = .isCategorical
            $0.trees[0].threshold[0] = 0
        }, Damage("trees[0].categories[0][1]") { $0.trees[0].categories = [CategorySet(values: [1, 1], isTruncating: false)] },
        Damage("trees[0].categories[0][0]") { $0.trees[0].categories = [CategorySet(values: [.nan], isTruncating: false)] },
    ]

    @Test(arguments: ensembleDamages)
    fileprivate func anEnsembleThatIsNoneIsRefusedByPlace(damage: Damage<TreeEnsemble>) throws {
        var ensemble = try handForest().ensemble
        try ensemble.validate()
        damage.apply(&ensemble)
        do {
            try ensemble.validate()
            Issue.record("not refused")
        } catch { #expect(error.place == damage.place) }
    }

    @Test func aTreeDeeperThanTheBoundIsRefused() throws {
        var tree = Tree()
        var tip = tree.appendLeaf(value: 0.5, cover: 1)
        for _ in 0...ForestLimits.depthMax {
            let left = tree.appendLeaf(value: 0.5, cover: 1)
            let right = tree.appendLeaf(value: 0.5, cover: 1)
            tree.split(tip, feature: 0, threshold: 1, left: left, right: right, missingGoesLeft: false)
            tip = right
        }
        #expect(throws: ForestFailure.self) { try handForest([tree]) }
    }

    @Test func onlyProbabilitiesAreFraudModels() throws {
        var ensemble = try handForest().ensemble
        func forest() throws(ForestFailure) -> Forest {
            try Forest(
                kind: .tree, features: ["amount", "night"], thresholds: DecisionThresholds(review: 0.2, decline: 0.5), ensemble: ensemble)
        }
        #expect(try ForestScorer(forest()).score([10, 1]) == 0.2)
        ensemble.trees[0].leafValues[0] = 3
        #expect(throws: ForestFailure.self) { try forest() }
        ensemble.link = .logistic
        #expect(ForestScorer(try forest()).score([300, 0]) == 1 / (1 + Double.exp(-3)))
        ensemble.link = .probit
        #expect(throws: ForestFailure.self) { try forest() }
    }

    /// Trees that ask for more than `x <= threshold`.
    @Test func everyWayToScoreServesAnyTree() throws {
        var ensemble = try handForest().ensemble
        ensemble.inputPrecision = .single
        ensemble.trees[0].flags[1] = [.isCategorical, .missingGoesLeft]
        ensemble.trees[0].threshold[1] = 0
        ensemble.trees[0].categories = [CategorySet(values: [0, 3], isTruncating: true)]
        ensemble.trees[0].categorySet = [0, 0, 0, 0, 0]
        let forest = try Forest(
            kind: .tree, features: ["amount", "night"], thresholds: DecisionThresholds(review: 0.2, decline: 0.5), ensemble: ensemble)
        let engine = ForestScorer(forest)
        let reasons = try ReasonEngine(forest)
        let scratch = reasons.makeScratch()
        var chosen = TopReasons()
        // 220.000001 is 220 as a float; 3.5 is looked up as 3.
        for (row, score) in [([220.000001, 3.5], 0.01), ([220.1, 0], 0.9), ([1, 2], 0.2), ([1, .nan], 0.01)] {
            #expect(engine.score(row) == score)
            #expect(engine.scores(rows: row + row) == [score, score])
            row.withUnsafeBufferPointer { reasons.explain($0, into: &chosen, using: scratch) }
            #expect(abs(reasons.base + scratch.contributions[0] + scratch.contributions[1] - score) < 1e-15)
        }
    }

    @Test func aTrainingRecordIsChecked() throws {
        let day = EventTime.microsPerDay
        func forest(_ record: TrainingRecord) throws -> Forest {
            try handForest().replacing(thresholds: DecisionThresholds(review: 0, decline: 0), training: record)
        }
        var record = TrainingRecord(from: EventTime(micros: 0), until: EventTime(micros: day), rowCount: 2, fraudCount: 1, seed: .max)
        #expect(try forest(record).training == record)
        record.metrics = [.init("auc", .nan)]
        #expect(throws: ForestFailure.self) { try forest(record) }
        record.metrics = [.init("auc", 1), .init("auc", 1)]
        #expect(throws: ForestFailure.self) { try forest(record) }
        record.metrics = []
        record.fraudCount = 3
        #expect(throws: ForestFailure.self) { try forest(record) }
    }
}

extension Double {
    fileprivate static func exp(_ value: Double) -> Double { Glibc.exp(value) }
}
