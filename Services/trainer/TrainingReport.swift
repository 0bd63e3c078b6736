import Evaluation
import Features
import Forest
import Hashing
import RiskDomain
import ServiceRuntime
import Training

/// What a training run tells: for people as tables, for programs as JSON. Equal runs tell the same.
struct TrainingReport {
    var features: FeatureSet
    var plan: TrainingPlan
    var forest: Forest
    /// The model's, then those of the models it is compared with.
    var evaluations: [EvaluationReport]
    var importance: FeatureImportance

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
        return notes
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
        var shares = TextTable(columns: ["feature", "importance"])
        for entry in importance.entries { shares.append([entry.feature, TextNumber.fixed(entry.share, decimals: 3)]) }
        let blocks = [periods.render(), EvaluationReport.table(evaluations), shares.render()]
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
                json.string(forest.contentHash.description)
                json.key("kind")
                json.string(forest.kind.rawValue)
                json.key("featureSet")
                json.string(features.hash.description)
                json.key("featureSetName")
                json.string(features.name)
                json.key("trees")
                json.number(forest.trees.count)
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
            json.key("importance")
            json.array(lines: true) { json in
                for entry in importance.entries {
                    json.element()
                    json.object { json in
                        json.key("feature")
                        json.string(entry.feature)
                        json.key("share")
                        json.number(entry.share)
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
