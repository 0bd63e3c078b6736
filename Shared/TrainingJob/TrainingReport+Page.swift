import Evaluation
import Features
import Forest
import Hashing
import HtmlReport
import RiskDomain
import ServiceRuntime
import Training

extension TrainingReport {
    /// The report as a page.
    var page: ModelPage {
        let training = forest.training
        let trees = forest.treeCount == 1 ? "1 tree" : "\(TextNumber.grouped(forest.treeCount)) trees"
        let learnt = "\(TextNumber.grouped(plan.train.count)) transactions from \(dayText(plan.split.firstDay))"
        var page = ModelPage(
            title: "Model \(hash.short)",
            summary:
                "\(evaluation.model): \(trees), learnt from \(learnt), tested on \(TextNumber.grouped(evaluation.rowCount)) transactions with \(TextNumber.grouped(evaluation.fraudCount)) frauds from \(dayText(plan.split.testPeriod.lowerBound.day)) to \(dayText(plan.split.testPeriod.upperBound.day - 1)).",
            evaluation: evaluation, rows: rows)
        page.facts = [
            ("model", hash.description), ("kind", forest.kind.rawValue), ("trees", TextNumber.grouped(forest.treeCount)),
            ("nodes", TextNumber.grouped(forest.nodeCount)), ("greatest depth", "\(forest.depth)"),
            ("features", "\(features.name), \(features.hash)"),
        ]
        page.parameters = [("seed", "\(training?.seed ?? 0)")] + (training?.parameters ?? []).map { ($0.name, $0.value) }
        page.periods = periods
        if let compressionText { page.facts.append(("compressed", compressionText)) }
        page.compared = compared
        page.unseen = unseen
        page.folds = folds
        page.importances = [
            .init(
                "Shapley values",
                meaning:
                    "Mean size of what the feature adds to \(forest.ensemble.link == .logistic ? "the log-odds of fraud" : "a score"), over test rows: what the model uses.",
                entries: measured.entries.map { ($0.feature, $0.shap) }),
            .init(
                "Loss of average precision",
                meaning:
                    "What average precision on test rows loses when the feature's values are dealt out to other rows: what the model needs.",
                entries: measured.entries.map { ($0.feature, $0.loss) }),
            .init(
                "Decrease of impurity",
                meaning:
                    "Share of the decrease of impurity that splits on the feature brought while learning. A hint: it favours features with many values.",
                entries: importance.entries.map { ($0.feature, $0.share) }),
        ]
        page.stability = stability
        page.slices = pageSlices
        page.tree = TreeDrawing(
            forest.treeCount == 1
                ? "The tree, its first levels" : "Tree 1 of \(TextNumber.grouped(forest.treeCount)), its first levels",
            uncalibrated.ensemble.trees[0], features: forest.features, values: uncalibrated.ensemble.trees[0].nodeValues,
            isShowingMissing: plan.set.columns.contains { $0.contains(where: \.isNaN) })
        page.notes = notes
        return page
    }

    private var periods: [ModelPage.Period] {
        var periods = plan.periods.map { period in
            ModelPage.Period(
                period.name, firstDay: dayText(period.days.lowerBound), lastDay: dayText(period.days.upperBound - 1),
                rowCount: period.rowCount, fraudCount: period.fraudCount)
        }
        if var test = periods.last {
            test.name = "test, unknown cards"
            test.rowCount = evaluation.rowCount
            test.fraudCount = evaluation.fraudCount
            periods.append(test)
        }
        return periods
    }

    /// By the amount, by the features asked for, by the three weightiest, and by the weekday.
    private var pageSlices: [(name: String, slices: [Slice])] {
        let threshold = forest.thresholds.review
        var parts = [("By amount", Slice.byValue(rows.amounts, of: rows, reviewAt: threshold))]
        for name in slices + measured.entries.prefix(3).map(\.feature).filter({ !slices.contains($0) }) {
            guard let column = plan.set.features.firstIndex(of: name) else { continue }
            let values = plan.test.map { plan.set.columns[column][$0] }
            // The amount itself is often a feature.
            if values == rows.amounts { continue }
            parts.append(("By \(name)", Slice.byValue(values, of: rows, reviewAt: threshold)))
        }
        // Numbered, so that they come in the week's order.
        let weekdays = ["1 Monday", "2 Tuesday", "3 Wednesday", "4 Thursday", "5 Friday", "6 Saturday", "7 Sunday"]
        let days = Slice.byCategory(rows.times.map { weekdays[$0.isoWeekday - 1] }, of: rows, reviewAt: threshold)
        parts.append(
            (
                "By weekday",
                days.map { day in
                    var day = day
                    day.name.removeFirst(2)
                    return day
                }
            ))
        return parts
    }
}
