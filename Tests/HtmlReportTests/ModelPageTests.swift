import Evaluation
import Forest
import HtmlReport
import RiskDomain
import Testing
import Training

@Suite struct ModelPageTests {
    private func rows(_ seed: UInt64, _ count: Int, fraudShare: Double) -> ScoredRows {
        var random = SplitMix64(seed: seed)
        var scores: [Double] = []
        var labels: [Bool] = []
        for _ in 0..<count {
            let isFraud = random.nextUnit() < fraudShare
            labels.append(isFraud)
            scores.append(isFraud ? random.nextUnit() : random.nextUnit() * random.nextUnit() * random.nextUnit())
        }
        return ScoredRows(
            scores: scores, isFraud: labels, times: scores.indices.map { EventTime(micros: Int64($0) * 60_000_000) },
            customers: scores.indices.map { Int64($0 % 37) }, amounts: scores.map { $0 * 100 })
    }

    private func tree() -> DecisionTree {
        var tree = DecisionTree(
            feature: [0, 1, -1, -1, -1], threshold: [0.5, 3, 0, 0, 0], left: [1, 3, 0, 1, 2], right: [2, 4, -1, -1, -1],
            flags: [.missingGoesLeft, [.isCategorical], [], [], []], cover: [10, 6, 4, 5, 1], categorySet: [0, 0, 0, 0, 0],
            categories: [CategorySet(values: [1, 2, 3, 4, 5, 6], isTruncating: true)], leafValues: [0.1, 0.2, 0.9])
        tree.threshold[1] = 0
        return tree
    }

    private func page(_ rows: ScoredRows, title: String = "A model") async -> ModelPage {
        let thresholds = DecisionThresholds(review: 0.4, decline: 0.8)
        var report = EvaluationReport(model: "forest <1>", rows, thresholds: thresholds, k: 3)
        await report.addIntervals(rows, CustomerBootstrap(replicateCount: 20))
        return ModelPage(
            title: title, summary: "Fitted & tested.", facts: [("hash", String(repeating: "ab", count: 32))],
            parameters: [("trees", "100")],
            periods: [.init("train", firstDay: "2018-07-25", lastDay: "2018-07-31", rowCount: 10, fraudCount: 1)], evaluation: report,
            rows: rows, compared: [report], folds: [report, report],
            importances: [.init("Decrease of impurity", meaning: "m", entries: [("a<b", 0.75), ("c", 0.25)])],
            stability: [("score", 0.01), ("c", 0.3)],
            slices: [("amount", Slice.byValue(rows.amounts, of: rows, reviewAt: 0.4))],
            tree: TreeDrawing("Tree 1", tree(), features: ["a<b", "c"], values: [0.3, 0.2, 0.9, 0.1, 0.2]), notes: ["a note"])
    }

    @Test(arguments: [(400, 0.1), (400, 0.0), (60, 1.0), (1, 0.0), (5, 0.5)] as [(Int, Double)])
    func thePageIsWellFormedWhateverTheRows(count: Int, fraudShare: Double) async {
        let bytes = await page(rows(UInt64(count), count, fraudShare: fraudShare)).render()
        let markup = Markup(bytes)
        #expect(markup.problem == nil)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains("nan") && !text.contains("inf\"") && !text.contains("infinity"))
    }

    @Test func thePageNeedsNothingElse() async {
        let markup = Markup(await page(rows(1, 300, fraudShare: 0.2)).render())
        #expect(!markup.elements.contains { ["script", "link", "img", "iframe", "object", "image", "use"].contains($0.name) })
        for element in markup.elements {
            #expect(!element.attributes.contains("src=") && !element.attributes.contains("href="), "\(element)")
            let addresses = element.attributes.split(separator: " ").filter { $0.contains("://") }
            // The names of the two languages are no addresses to fetch.
            #expect(addresses.allSatisfy { $0.hasPrefix("xmlns=\"http://www.w3.org/") }, "\(addresses)")
        }
    }

    @Test func equalModelsGiveEqualPages() async {
        let rows = rows(2, 300, fraudShare: 0.1)
        #expect(await page(rows).render() == page(rows).render())
    }

    @Test func namesFromFilesAreShownAndNotObeyed() async {
        let hostile = "<script>alert(1)</script>&\"\u{0}\u{1B}"
        let bytes = await page(rows(3, 100, fraudShare: 0.2), title: hostile).render()
        #expect(Markup(bytes).problem == nil)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains("<script") && text.contains("&lt;script&gt;") && !text.contains("\u{0}") && !text.contains("\u{1B}"))
    }

    @Test func everyPlotAndTableIsThere() async {
        let bytes = await page(rows(4, 500, fraudShare: 0.1)).render()
        let text = String(decoding: bytes, as: UTF8.self)
        for words in [
            "ROC", "Precision and recall", "Calibration", "Cost against threshold", "Scores by class", "Decrease of impurity", "Tree 1",
            "steady", "moved", "mean ± deviation", "Beside other models", "a note", "95 % of samples", "c not in {1, 2, 3, 4, …}",
            "a&lt;b ≤ 0.5 or missing",
        ] {
            #expect(text.contains(words), "\(words)")
        }
        #expect(Markup(bytes).elements.count { $0.name == "figure" } == 7)
    }

    /// A curve of a hundred thousand points must not become a page of megabytes.
    @Test func longCurvesStaySmall() async {
        let bytes = await page(rows(5, 20_000, fraudShare: 0.5)).render()
        #expect(bytes.count < 200_000)
    }
}
