internal import Evaluation

extension ModelPage {
    func writeRanking(_ html: inout Html) {
        html.element("h2", text: "How well it ranks")
        let curve = RankingCurve(scores: rows.scores, isFraud: rows.isFraud)
        let thresholds = [("review", evaluation.review), ("decline", evaluation.decline)]
        html.element("div", ["class": "figures"]) { html in
            if !curve.roc.isEmpty {
                let marks = thresholds.compactMap { name, figures -> LinePlot.Mark? in
                    guard let x = figures.falsePositiveRate, let y = figures.recall else { return nil }
                    return LinePlot.Mark(x: x, y: y, label: name)
                }
                LinePlot(
                    "ROC", x: Axis("Share of legitimate transactions alerted", 0...1), y: Axis("Share of frauds alerted", 0...1),
                    series: [
                        LinePlot.Series("this model, area \(FigureText.fixed(evaluation.rocAuc))", curve.roc, color: 1),
                        LinePlot.Series("chance", [(0, 0), (1, 1)], color: 4, isDashed: true),
                    ], marks: marks
                ).write(to: &html, identifier: "roc")
            }
            if !curve.precisionRecall.isEmpty {
                let marks = thresholds.compactMap { name, figures -> LinePlot.Mark? in
                    guard let x = figures.recall, let y = figures.precision else { return nil }
                    return LinePlot.Mark(x: x, y: y, label: name)
                }
                let prevalence = Double(curve.fraudCount) / Double(curve.rowCount)
                LinePlot(
                    "Precision and recall", x: Axis("Recall: share of frauds alerted", 0...1),
                    y: Axis("Precision: frauds among alerts", 0...1),
                    series: [
                        LinePlot.Series(
                            "this model, average precision \(FigureText.fixed(evaluation.averagePrecision))",
                            [(0, curve.precisionRecall[0].y)] + curve.precisionRecall, shape: .stepsBefore, color: 1),
                        LinePlot.Series(
                            "chance, \(FigureText.percent(prevalence))", [(0, prevalence), (1, prevalence)], color: 4, isDashed: true),
                    ], marks: marks
                ).write(to: &html, identifier: "pr")
            }
        }
        html.element("div", ["class": "pair"]) { html in
            Page.table(
                &html, head: ["figure", "value", "95 % of samples"],
                rows: Figure.allCases.map { figure in
                    [name(of: figure), text(of: figure, evaluation.figures[figure]), intervalText(figure) ?? "-"]
                })
            html.element("div") { html in
                if !evaluation.tops.isEmpty {
                    Page.table(
                        &html, caption: "If the highest scores of the whole test period are checked",
                        head: ["checked", "precision", "recall"],
                        rows: evaluation.tops.map {
                            [FigureText.grouped($0.k), FigureText.percent($0.precision, 1), FigureText.percent($0.recall, 1)]
                        })
                }
                Page.table(
                    &html, caption: "Cards: the \(evaluation.cardPrecision.k) most suspect ones of each day",
                    head: ["day", "compromised", "found", "precision"],
                    rows: evaluation.cardPrecision.days.map { day in
                        [
                            dayText(day.day), FigureText.grouped(day.compromisedCount), FigureText.grouped(day.foundCount),
                            FigureText.fixed(Double(day.foundCount) / Double(evaluation.cardPrecision.k)),
                        ]
                    })
            }
        }
    }

    func writeThresholds(_ html: inout Html) {
        html.element("h2", text: "Thresholds and costs")
        let costs = CostCurve(rows, evaluation.costs)
        let perThousand = rows.count > 0 ? 1_000 / Double(rows.count) : 0
        html.element("div", ["class": "figures"]) { html in
            writeCosts(&html, costs, perThousand)
            writeScores(&html)
        }
        func row(_ name: String, _ figures: ThresholdFigures) -> [String] {
            [
                name, FigureText.short(figures.threshold), FigureText.grouped(figures.alertCount), FigureText.percent(figures.alertRate),
                FigureText.percent(figures.precision, 1), FigureText.percent(figures.recall, 1),
                FigureText.percent(figures.falsePositiveRate),
            ]
        }
        func least(_ name: String, _ threshold: Double) -> [String] {
            guard threshold.isFinite else { return [name, "none", "0", "0.00 %", "-", "0.0 %", "0.00 %"] }
            return row(name, ThresholdFigures(threshold: threshold, scores: rows.scores, isFraud: rows.isFraud))
        }
        Page.table(
            &html, caption: "What alerts from each threshold up achieve",
            head: ["threshold", "score", "alerts", "of all", "precision", "recall", "of the legitimate"],
            rows: [
                row("review", evaluation.review), row("decline", evaluation.decline),
                least("review, least cost here", costs.review), least("decline, least cost here", costs.decline),
            ])
        let prices = evaluation.costs
        func price(_ fixed: Double, _ share: Double) -> String {
            let part = share == 0 ? nil : share == 1 ? "its amount" : "\(FigureText.percent(share, 0)) of its amount"
            guard let part else { return FigureText.short(fixed) }
            return fixed == 0 ? part : "\(FigureText.short(fixed)) and \(part)"
        }
        html.element(
            "p",
            text:
                "An approved fraud costs \(price(prices.missedFraud, prices.missedFraudShare)), a declined legitimate transaction \(price(prices.falseDecline, prices.falseDeclineShare)), a review \(FigureText.short(prices.review)). With the model's thresholds 1,000 transactions cost \(FigureText.fixed(evaluation.figures[.costPerThousand], 1)); without any model \(FigureText.fixed(costs.points[0].costIfReviewed * perThousand, 1)); with the best pair of thresholds for this very period, which nobody knows beforehand, \(FigureText.fixed(costs.least * perThousand, 1))."
        )
    }

    private func writeCosts(_ html: inout Html, _ costs: CostCurve, _ perThousand: Double) {
        let ceiling = max(costs.points[0].costIfReviewed * perThousand * 1.4, 1e-9)
        let points = costs.points.filter { $0.threshold.isFinite }
        var verticals = [(evaluation.review.threshold, "review"), (evaluation.decline.threshold, "decline")]
        if costs.review.isFinite { verticals.append((costs.review, "least cost")) }
        func line(_ cost: (CostCurve.Point) -> Double) -> [(x: Double, y: Double)] {
            // Costs leap far out of the picture where thousands of alerts begin; the clip cuts the line, this its endless rest.
            points.map { ($0.threshold, min(cost($0) * perThousand, ceiling * 3)) }
        }
        LinePlot(
            "Cost against threshold, per 1,000 transactions", x: Axis("Threshold: alerts from this score up", 0...1),
            y: Axis("Cost", 0...ceiling),
            series: [
                LinePlot.Series("alerts are reviewed", line(\.costIfReviewed), color: 1),
                LinePlot.Series("alerts are declined", line(\.costIfDeclined), color: 2, isDashed: true),
                LinePlot.Series(
                    "no alerts",
                    [(0, costs.points[0].costIfReviewed * perThousand), (1, costs.points[0].costIfReviewed * perThousand)], color: 4,
                    isDashed: true),
            ], verticals: verticals
        ).write(to: &html, identifier: "cost")
    }

    /// Shares of each class by score, on a logarithmic scale: frauds are few and most scores are near 0.
    private func writeScores(_ html: inout Html) {
        let binCount = 25
        var counts = [[Int]](repeating: [Int](repeating: 0, count: binCount), count: 2)
        for (score, isFraud) in zip(rows.scores, rows.isFraud) {
            counts[isFraud ? 1 : 0][min(max(Int(score * Double(binCount)), 0), binCount - 1)] += 1
        }
        let totals = counts.map { max(1, $0.reduce(0, +)) }
        let least = 1 / Double(totals.max()!)
        let bottom = min(least / 2, 0.1)
        func steps(_ place: Int) -> [(x: Double, y: Double)] {
            var points: [(x: Double, y: Double)] = [(0, bottom)]
            for (bin, count) in counts[place].enumerated() {
                let share = max(bottom, Double(count) / Double(totals[place]))
                points.append((Double(bin) / Double(binCount), share))
                points.append((Double(bin + 1) / Double(binCount), share))
            }
            return points + [(1, bottom)]
        }
        LinePlot(
            "Scores by class", x: Axis("Score", 0...1), y: Axis("Share of the class, logarithmic", bottom...1, scale: .logarithmic),
            series: [
                LinePlot.Series("legitimate", steps(0), color: 1, isFilled: true),
                LinePlot.Series("fraud", steps(1), color: 2, isFilled: true),
            ], verticals: [(evaluation.review.threshold, "review"), (evaluation.decline.threshold, "decline")]
        ).write(to: &html, identifier: "scores")
    }

    func writeProbabilities(_ html: inout Html) {
        html.element("h2", text: "Scores as probabilities")
        let uniform = CalibrationCurve(scores: rows.scores, isFraud: rows.isFraud, binning: .uniform)
        html.element("div", ["class": "figures"]) { html in
            LinePlot(
                "Calibration", x: Axis("Mean score", 0...1), y: Axis("Share of fraud", 0...1),
                series: [
                    LinePlot.Series("perfect", [(0, 0), (1, 1)], color: 4, isDashed: true),
                    LinePlot.Series("", uniform.bins.map { ($0.meanScore, $0.fraudShare) }, color: 1),
                    LinePlot.Series(
                        "scores in tenths, with 95 % intervals", uniform.bins.map { ($0.meanScore, $0.fraudShare) }, shape: .points,
                        color: 1, whiskers: uniform.bins.map(\.shareInterval)),
                ]
            ).write(to: &html, identifier: "calibration")
            html.element("div") { html in
                Page.table(
                    &html, caption: "Scores in tenths", head: ["scores to", "rows", "frauds", "mean score", "fraud"],
                    rows: uniform.bins.map { bin in
                        [
                            FigureText.short(bin.through), FigureText.grouped(bin.rowCount), FigureText.grouped(bin.fraudCount),
                            FigureText.fixed(bin.meanScore, 4), FigureText.fixed(bin.fraudShare, 4),
                        ]
                    })
                html.element(
                    "p", ["class": "quiet"],
                    text:
                        "Expected calibration error \(FigureText.fixed(uniform.expectedError, 5)), Brier score \(FigureText.fixed(evaluation.figures[.brier], 5)), log loss \(FigureText.fixed(evaluation.figures[.logLoss], 5))."
                )
            }
        }
    }
}
