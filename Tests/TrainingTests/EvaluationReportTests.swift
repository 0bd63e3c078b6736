import Evaluation
import Forest
import RiskDomain
import Testing
import Training

@Suite struct EvaluationReportTests {
    @Test func theReportIsATableAndJson() throws {
        var leaf = Tree()
        let root = leaf.appendLeaf(value: 0.5, cover: 4)
        let left = leaf.appendLeaf(value: 0, cover: 2)
        let right = leaf.appendLeaf(value: 1, cover: 2)
        leaf.split(root, feature: 0, threshold: 2, left: left, right: right, missingGoesLeft: false)
        let forest = try Forest(kind: .tree, features: ["f0"], thresholds: DecisionThresholds(review: 0.25, decline: 1), trees: [leaf])
        let set = try trainingSet([[1, 2, 3, 4]], [false, false, true, false])
        let report = EvaluationReport(model: "tree", forest: forest, on: set, rows: [0, 1, 2, 3], k: 1)
        #expect(
            report.text == """
                model  rows  frauds  ROC AUC  avg. prec.         card prec.@1  review  precision  recall  decline  precision  recall
                -----  ----  ------  -------  ----------  -------------------  ------  ---------  ------  -------  ---------  ------
                tree      4       1    0.833       0.500  1.000 (0.000-1.000)   0.250      0.500   1.000    1.000      0.500   1.000

                """)
        #expect(String(decoding: report.json, as: UTF8.self).contains("\"averagePrecision\": 0.5,"))
        #expect(report.metrics.contains(.init("test.roc_auc", 2.5 / 3)))
    }
}
