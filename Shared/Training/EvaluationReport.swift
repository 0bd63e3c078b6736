package import Forest
package import RiskDomain

/// How well a model does on rows it has not seen.
package struct EvaluationReport: Hashable, Sendable {
    /// What the report calls the model.
    package var model: String
    package var period: Range<EventTime>
    package var rowCount: Int
    package var fraudCount: Int
    /// nil where one of the classes does not occur.
    package var rocAuc: Double?
    /// nil without frauds.
    package var averagePrecision: Double?
    package var cardPrecision: CardPrecision
    /// Figures at the thresholds `review`, then `decline`.
    package var review: ThresholdFigures
    package var decline: ThresholdFigures

    /// - Parameters:
    ///   - rows: Indexes into the set, at least one.
    ///   - k: Cards that can be checked in a day.
    package init(model: String, forest: Forest, on set: TrainingSet, rows: [Int], k: Int = 100) {
        precondition(!rows.isEmpty, "nothing to evaluate on")
        let scores = set.scores(of: rows, by: FlatEngine(forest))
        let isFraud = rows.map { set.isFraud[$0] }
        let times = rows.map { set.times[$0] }
        self.model = model
        period = times.min()!..<EventTime(micros: times.max()!.micros + 1)
        rowCount = rows.count
        fraudCount = isFraud.count { $0 }
        rocAuc = RankingMetrics.rocAuc(scores: scores, isFraud: isFraud)
        averagePrecision = RankingMetrics.averagePrecision(scores: scores, isFraud: isFraud)
        cardPrecision = CardPrecision(k: k, scores: scores, isFraud: isFraud, times: times, customers: rows.map { set.customers[$0] })
        review = ThresholdFigures(threshold: forest.thresholds.review, scores: scores, isFraud: isFraud)
        decline = ThresholdFigures(threshold: forest.thresholds.decline, scores: scores, isFraud: isFraud)
    }

    /// The figures for the model file's training record.
    package var metrics: [TrainingRecord.Metric] {
        let figures: [(String, Double?)] = [
            ("test.rows", Double(rowCount)), ("test.frauds", Double(fraudCount)), ("test.roc_auc", rocAuc),
            ("test.average_precision", averagePrecision), ("test.card_precision_at_\(cardPrecision.k)", cardPrecision.mean),
            ("test.review.precision", review.precision), ("test.review.recall", review.recall),
            ("test.decline.precision", decline.precision), ("test.decline.recall", decline.recall),
        ]
        return figures.compactMap { name, value in value.map { TrainingRecord.Metric(name, $0) } }
    }

    /// Several reports side by side as a plain table, one model a line, for a terminal.
    package static func table(_ reports: [EvaluationReport]) -> String {
        let k = reports.first?.cardPrecision.k ?? 100
        let head = [
            "model", "rows", "frauds", "ROC AUC", "avg. prec.", "card prec.@\(k)", "review", "precision", "recall", "decline", "precision",
            "recall",
        ]
        let lines = reports.map { report in
            [
                report.model, String(report.rowCount), String(report.fraudCount), figure(report.rocAuc), figure(report.averagePrecision),
                cardFigure(report.cardPrecision), figure(report.review.threshold), figure(report.review.precision),
                figure(report.review.recall), figure(report.decline.threshold), figure(report.decline.precision),
                figure(report.decline.recall),
            ]
        }
        let widths = head.indices.map { column in ([head] + lines).map { $0[column].count }.max()! }
        func line(_ cells: [String]) -> String {
            cells.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - cells[column].count)
                return column == 0 ? cells[column] + padding : padding + cells[column]
            }.joined(separator: "  ")
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return ([line(head), rule] + lines.map(line)).joined(separator: "\n") + "\n"
    }

    package var text: String { EvaluationReport.table([self]) }

    /// The report as a JSON object; absent figures are null.
    package func write(to json: inout JsonText) {
        json.object(lines: true) { json in
            json.key("model")
            json.string(model)
            json.key("from")
            json.string(period.lowerBound.description)
            json.key("until")
            json.string(period.upperBound.description)
            json.key("rows")
            json.number(rowCount)
            json.key("frauds")
            json.number(fraudCount)
            json.key("rocAuc")
            json.optional(rocAuc)
            json.key("averagePrecision")
            json.optional(averagePrecision)
            json.key("cardPrecision")
            json.object { json in
                json.key("k")
                json.number(cardPrecision.k)
                json.key("mean")
                json.optional(cardPrecision.mean)
                json.key("meanLeast")
                json.optional(cardPrecision.meanRange?.lowerBound)
                json.key("meanGreatest")
                json.optional(cardPrecision.meanRange?.upperBound)
                json.key("days")
                json.array { json in
                    for day in cardPrecision.days {
                        json.element()
                        json.object { json in
                            json.key("day")
                            json.string(String(EventTime(micros: Int64(day.day) * EventTime.microsPerDay).description.prefix(10)))
                            json.key("found")
                            json.number(day.foundCount)
                            json.key("compromised")
                            json.number(day.compromisedCount)
                        }
                    }
                }
            }
            for (name, figures) in [("review", review), ("decline", decline)] {
                json.key(name)
                figures.write(to: &json)
            }
        }
    }

    /// ``write(to:)`` as a file's bytes.
    package var json: [UInt8] {
        var json = JsonText()
        write(to: &json)
        json.newline()
        return json.bytes
    }

    /// The mean, and behind it the range that ties leave open, where they leave one.
    private static func cardFigure(_ precision: CardPrecision) -> String {
        guard let range = precision.meanRange, range.lowerBound < range.upperBound else { return figure(precision.mean) }
        return "\(figure(precision.mean)) (\(figure(range.lowerBound))-\(figure(range.upperBound)))"
    }

    /// Three decimals, rounded half away from zero; `-` for none.
    private static func figure(_ value: Double?) -> String {
        guard let value else { return "-" }
        let thousandths = Int((value * 1_000).rounded())
        let decimals = String(thousandths % 1_000)
        return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - decimals.count) + decimals
    }
}

extension ThresholdFigures {
    fileprivate func write(to json: inout JsonText) {
        json.object { json in
            json.key("threshold")
            json.number(threshold)
            json.key("alerts")
            json.number(alertCount)
            json.key("caught")
            json.number(caughtCount)
            json.key("precision")
            json.optional(precision)
            json.key("recall")
            json.optional(recall)
            json.key("alertRate")
            json.optional(alertRate)
        }
    }
}

extension JsonText {
    fileprivate mutating func optional(_ value: Double?) {
        if let value { number(value) } else { null() }
    }
}
