import Evaluation
import Features
import Forest
import Hashing
import HtmlReport
import RiskDomain
import ServiceRuntime
import Training

/// What a training run tells: for people as tables, for programs as JSON. Equal runs tell the same.
struct TrainingReport {
    var features: FeatureSet
    var plan: TrainingPlan
    var forest: Forest
    /// The same trees with shares of fraud in their leaves.
    var uncalibrated: Forest
    /// SHA-256 of the model's file.
    var hash: ContentHash
    /// The test rows as the model scores them.
    var rows: ScoredRows
    var evaluation: EvaluationReport
    /// The rows it learnt from, each as scored by trees that did not see it; nil where there are none.
    var unseen: EvaluationReport?
    /// Other models on the test rows.
    var compared: [EvaluationReport]
    /// By fold, the earliest first; empty for one fold.
    var folds: [EvaluationReport]
    var importance: FeatureImportance
    var measured: MeasuredImportance
    var trainScores: TrainScores
    /// What was made smaller; nil without.
    var compression: ForestCompression.Report?
    /// Features by which the page is broken down, beside its own choice.
    var slices: [String]
    /// Of the run, beside those on the data.
    var remarks: [String]

    /// How the model scores rows it learnt from.
    struct TrainScores: Sendable {
        var scores: [Double]
        /// Whether each was scored only by trees that did not see it.
        var isUnseen: Bool
    }

    private var evaluations: [EvaluationReport] { [evaluation] + compared }

    /// How far the score and each feature have moved from the training to the test rows, the farthest first behind the score.
    var stability: [(name: String, index: Double)] {
        var features: [(name: String, index: Double)] = []
        for (name, column) in zip(plan.set.features, plan.set.columns) {
            let index = StabilityIndex(earlier: plan.train.map { column[$0] }, later: plan.test.map { column[$0] })
            if let value = index.value { features.append((name, value)) }
        }
        features.sort { ($1.index, $0.name) < ($0.index, $1.name) }
        // A model knows the rows it learnt from too well: only scores of trees that did not see them can be compared with later ones.
        guard trainScores.isUnseen, let score = StabilityIndex(earlier: trainScores.scores, later: rows.scores).value else {
            return features
        }
        return [("score", score)] + features
    }

    /// Remarks a person should know of.
    var notes: [String] {
        var notes: [String] = []
        let (available, wanted) = plan.historyDays
        if available < wanted {
            notes.append(
                "features reach \(wanted) days back, but the data begin \(available) days before training: counts of the first days are too small"
            )
        }
        if plan.repeatedCount > 0 {
            notes.append("\(TextNumber.grouped(plan.repeatedCount)) transactions have the id of an earlier one and were left out")
        }
        return notes + remarks
    }

    /// `100 trees of 9,000 nodes became 91 of 8,000, 0 thresholds changed; …`; nil without compression.
    var compressionText: String? {
        compression.map { report in
            func grouped(_ number: Int) -> String { TextNumber.grouped(number) }
            return "\(grouped(report.treesBefore)) trees of \(grouped(report.nodesBefore)) nodes became \(grouped(report.treesAfter)) of "
                + "\(grouped(report.nodesAfter)), \(grouped(report.thresholdsChanged)) thresholds changed; scores of the train rows moved by "
                + "\(FigureText.short(report.scoreChangeMean)) on average, \(FigureText.short(report.scoreChangeMax)) at most, their mean squared error "
                + "from \(FigureText.fixed(report.errorBefore, 6)) to \(FigureText.fixed(report.errorAfter, 6))"
        }
    }

    var text: String {
        var periods = TextTable(columns: ["period", "first day", "last day", "rows", "frauds", "share"])
        func append(_ name: String, _ days: Range<Int32>, _ rows: Int, _ frauds: Int) {
            let share = rows > 0 ? TextNumber.fixed(100 * Double(frauds) / Double(rows), decimals: 2) + " %" : "-"
            periods.append(
                [name, dayText(days.lowerBound), dayText(days.upperBound - 1), TextNumber.grouped(rows), TextNumber.grouped(frauds), share])
        }
        let learnt = (plan.train.count, plan.set.fraudCount(of: plan.train))
        for period in plan.periods {
            append(period.name, period.days, period.rowCount, period.fraudCount)
            if period.name == "train", learnt != (period.rowCount, period.fraudCount) {
                append("train, known in time", period.days, learnt.0, learnt.1)
            }
        }
        if let test = plan.periods.last {
            append("test, unknown cards", test.days, plan.test.count, plan.set.fraudCount(of: plan.test))
        }
        var intervals = TextTable(columns: ["figure", "value", "95 % of samples"])
        for figure in Figure.allCases {
            guard let value = evaluation.figures[figure], let interval = evaluation.intervals[figure] else { continue }
            intervals.append([
                figure.words, FigureText.short(value), "\(FigureText.short(interval.lower)) - \(FigureText.short(interval.upper))",
            ])
        }
        var shares = TextTable(columns: ["feature", "impurity", "SHAP", "permutation"])
        for entry in importance.entries {
            let measured = measured[entry.feature]
            shares.append([
                entry.feature, TextNumber.fixed(entry.share, decimals: 3), TextNumber.fixed(measured?.shap ?? 0, decimals: 5),
                TextNumber.fixed(measured?.loss ?? 0, decimals: 4),
            ])
        }
        var blocks = [periods.render(), EvaluationReport.table(evaluations + (unseen.map { [$0] } ?? []))]
        if !folds.isEmpty {
            blocks.append(
                EvaluationReport.table(
                    folds.map { fold in
                        var fold = fold
                        fold.model = "tested from \(dayText(fold.period.lowerBound.day))"
                        return fold
                    }))
        }
        if !evaluation.intervals.isEmpty { blocks.append(intervals.render()) }
        blocks.append(shares.render())
        if let compressionText { blocks.append("compressed: \(compressionText)\n") }
        return blocks.joined(separator: "\n") + notes.map { "\nnote: \($0)\n" }.joined()
    }

    var json: [UInt8] {
        var json = JsonText()
        json.object(lines: true) { json in
            json.key("periods")
            json.array(lines: true) { json in
                for period in plan.periods {
                    json.element()
                    json.object { json in
                        json.key("name")
                        json.string(period.name)
                        json.key("firstDay")
                        json.string(dayText(period.days.lowerBound))
                        json.key("lastDay")
                        json.string(dayText(period.days.upperBound - 1))
                        json.key("rows")
                        json.number(period.rowCount)
                        json.key("frauds")
                        json.number(period.fraudCount)
                    }
                }
            }
            json.key("repeated")
            json.number(plan.repeatedCount)
            json.key("model")
            json.object { json in
                json.key("hash")
                json.string(hash.description)
                json.key("kind")
                json.string(forest.kind.rawValue)
                json.key("featureSet")
                json.string(features.hash.description)
                json.key("featureSetName")
                json.string(features.name)
                json.key("trees")
                json.number(forest.treeCount)
                json.key("nodes")
                json.number(forest.nodeCount)
                json.key("depth")
                json.number(forest.depth)
                json.key("reviewAt")
                json.number(forest.thresholds.review)
                json.key("declineAt")
                json.number(forest.thresholds.decline)
            }
            json.key("evaluations")
            json.array(lines: true) { json in
                for evaluation in evaluations {
                    json.element()
                    evaluation.write(to: &json)
                }
            }
            if let unseen {
                json.key("trainRowsUnseen")
                unseen.write(to: &json)
            }
            if let compression {
                json.key("compression")
                json.object { json in
                    for (name, value) in [
                        ("treesBefore", compression.treesBefore), ("treesAfter", compression.treesAfter),
                        ("nodesBefore", compression.nodesBefore), ("nodesAfter", compression.nodesAfter),
                        ("thresholdsChanged", compression.thresholdsChanged),
                    ] {
                        json.key(name)
                        json.number(value)
                    }
                    for (name, value) in [
                        ("scoreChangeMean", compression.scoreChangeMean), ("scoreChangeMax", compression.scoreChangeMax),
                        ("errorBefore", compression.errorBefore), ("errorAfter", compression.errorAfter),
                    ] {
                        json.key(name)
                        json.number(value)
                    }
                }
            }
            if !folds.isEmpty {
                json.key("folds")
                json.array(lines: true) { json in
                    for fold in folds {
                        json.element()
                        fold.write(to: &json)
                    }
                }
            }
            json.key("stability")
            json.array(lines: true) { json in
                for (name, index) in stability {
                    json.element()
                    json.object { json in
                        json.key("name")
                        json.string(name)
                        json.key("index")
                        json.number(index)
                    }
                }
            }
            json.key("importance")
            json.array(lines: true) { json in
                for entry in importance.entries {
                    json.element()
                    json.object { json in
                        json.key("feature")
                        json.string(entry.feature)
                        json.key("share")
                        json.number(entry.share)
                        if let measured = measured[entry.feature] {
                            json.key("meanAbsoluteShap")
                            json.number(measured.shap)
                            json.key("averagePrecisionLoss")
                            json.number(measured.loss)
                            json.key("averagePrecisionLossDeviation")
                            json.number(measured.deviation)
                        }
                    }
                }
            }
            json.key("notes")
            json.array { json in
                for note in notes {
                    json.element()
                    json.string(note)
                }
            }
        }
        json.newline()
        return json.bytes
    }
}
