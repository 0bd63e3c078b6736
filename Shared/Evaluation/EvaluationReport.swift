package import Forest
package import RiskDomain

/// How well a model does on rows it has not seen.
package struct EvaluationReport: Hashable, Sendable {
    /// What the report calls the model.
    package var model: String
    package var period: Range<EventTime>
    package var rowCount: Int
    package var fraudCount: Int
    package var figures: Figures
    /// By bootstrap over customers; empty until ``addIntervals(_:)``.
    package var intervals: [Figure: CustomerBootstrap.Interval] = [:]
    package var cardPrecision: CardPrecision
    /// Figures at the thresholds `review`, then `decline`.
    package var review: ThresholdFigures
    package var decline: ThresholdFigures
    /// Of bins with about equally many rows.
    package var calibration: CalibrationCurve
    /// Precision and recall when the k greatest scores are checked.
    package var tops: [Top]
    package var costs: OutcomeCosts

    package struct Top: Hashable, Sendable {
        package var k: Int
        package var precision: Double?
        package var recall: Double?
    }

    /// nil where one of the classes does not occur.
    package var rocAuc: Double? { figures[.rocAuc] }
    /// nil without frauds.
    package var averagePrecision: Double? { figures[.averagePrecision] }

    /// - Parameters:
    ///   - rows: At least one.
    ///   - k: Cards that can be checked in a day.
    package init(
        model: String, _ rows: ScoredRows, thresholds: DecisionThresholds, k: Int = 100, costs: OutcomeCosts = OutcomeCosts()
    ) {
        guard let period = rows.period else { preconditionFailure("nothing to evaluate on") }
        self.model = model
        self.period = period
        self.costs = costs
        rowCount = rows.count
        fraudCount = rows.fraudCount
        let weighted = WeightedFigures(rows, thresholds: thresholds, k: k, costs: costs)
        figures = weighted.figures(weights: [Int](repeating: 1, count: weighted.customerCount))
        cardPrecision = CardPrecision(k: k, rows)
        // The same figure, summed day by day; the two can differ in the last bit, and a report should not.
        figures[.cardPrecision] = cardPrecision.mean
        review = ThresholdFigures(threshold: thresholds.review, scores: rows.scores, isFraud: rows.isFraud)
        decline = ThresholdFigures(threshold: thresholds.decline, scores: rows.scores, isFraud: rows.isFraud)
        calibration = CalibrationCurve(scores: rows.scores, isFraud: rows.isFraud, binning: .quantile)
        tops = [10, 50, 100, 500, 1_000].filter { $0 <= rows.count }.map { k in
            let top = RankingMetrics.top(k, scores: rows.scores, isFraud: rows.isFraud)
            return Top(k: k, precision: top.precision, recall: top.recall)
        }
    }

    /// Confidence intervals for ``figures``; the rows must be those the report was made from.
    package mutating func addIntervals(
        _ rows: ScoredRows, _ bootstrap: CustomerBootstrap, taskCount: Int = 4, progress: (@Sendable () -> Void)? = nil
    ) async {
        intervals = await bootstrap.intervals(
            rows, thresholds: DecisionThresholds(review: review.threshold, decline: decline.threshold), k: cardPrecision.k, costs: costs,
            taskCount: taskCount, progress: progress)
    }

    /// The figures for the model file's training record.
    package var metrics: [TrainingRecord.Metric] {
        let figures: [(String, Double?)] = [
            ("test.rows", Double(rowCount)), ("test.frauds", Double(fraudCount)), ("test.roc_auc", rocAuc),
            ("test.average_precision", averagePrecision), ("test.card_precision_at_\(cardPrecision.k)", cardPrecision.mean),
            ("test.ks", figures[.kolmogorovSmirnov]), ("test.brier", figures[.brier]), ("test.log_loss", figures[.logLoss]),
            ("test.review.precision", review.precision), ("test.review.recall", review.recall),
            ("test.decline.precision", decline.precision), ("test.decline.recall", decline.recall),
        ]
        return figures.compactMap { name, value in value.map { TrainingRecord.Metric(name, $0) } }
    }

    /// The figures of rows that trees did not see though the model learnt from them, for the training record.
    package var unseenMetrics: [TrainingRecord.Metric] {
        let figures: [(String, Double?)] = [
            ("unseen.rows", Double(rowCount)), ("unseen.roc_auc", rocAuc), ("unseen.average_precision", averagePrecision),
            ("unseen.brier", self.figures[.brier]),
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
            json.key("kolmogorovSmirnov")
            json.optional(figures[.kolmogorovSmirnov])
            json.key("brier")
            json.optional(figures[.brier])
            json.key("logLoss")
            json.optional(figures[.logLoss])
            json.key("expectedCalibrationError")
            json.optional(calibration.expectedError)
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
            json.key("top")
            json.array { json in
                for top in tops {
                    json.element()
                    json.object { json in
                        json.key("k")
                        json.number(top.k)
                        json.key("precision")
                        json.optional(top.precision)
                        json.key("recall")
                        json.optional(top.recall)
                    }
                }
            }
            json.key("calibration")
            json.array { json in
                for bin in calibration.bins {
                    json.element()
                    json.object { json in
                        json.key("rows")
                        json.number(bin.rowCount)
                        json.key("frauds")
                        json.number(bin.fraudCount)
                        json.key("meanScore")
                        json.number(bin.meanScore)
                    }
                }
            }
            json.key("costPerThousand")
            json.optional(figures[.costPerThousand])
            if !intervals.isEmpty {
                json.key("intervals")
                json.object(lines: true) { json in
                    for figure in Figure.allCases {
                        guard let interval = intervals[figure] else { continue }
                        json.key(figure.rawValue)
                        json.numbers([interval.lower, interval.upper])
                    }
                }
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

    private static func figure(_ value: Double?) -> String { FigureText.fixed(value) }
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
    mutating func optional(_ value: Double?) {
        if let value { number(value) } else { null() }
    }
}
