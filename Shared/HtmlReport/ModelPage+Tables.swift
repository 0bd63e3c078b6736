internal import Evaluation
internal import RiskDomain

extension ModelPage {
    func writeReasons(_ html: inout Html) {
        guard !importances.isEmpty || tree != nil else { return }
        html.element("h2", text: "What it looks at")
        html.element("div", ["class": "figures"]) { html in
            for importance in importances {
                html.element("div") { html in
                    BarPlot(
                        importance.name,
                        bars: importance.entries.sorted { $0.value > $1.value }.prefix(20).map {
                            BarPlot.Bar($0.feature, $0.value, text: FigureText.fixed($0.value, 4))
                        }
                    ).write(to: &html)
                    html.element("p", ["class": "quiet"], text: importance.meaning)
                }
            }
            tree?.write(to: &html)
        }
    }

    func writeStability(_ html: inout Html) {
        if !stability.isEmpty {
            html.element("h2", text: "What has moved since training")
            html.element(
                "p", ["class": "quiet"],
                text: "Population stability index from the training to the test period: below 0.1 steady, above 0.25 moved.")
            Page.table(
                &html, head: ["", "index", ""],
                rows: stability.map { name, index in
                    [name, FigureText.fixed(index, 4), index >= 0.25 ? "moved" : index >= 0.1 ? "look" : "steady"]
                })
        }
        guard !slices.isEmpty else { return }
        html.element("h2", text: "Where it is strong and weak")
        for (name, parts) in slices {
            Page.table(
                &html, caption: name,
                head: ["", "rows", "frauds", "share", "mean score", "ROC AUC", "avg. prec.", "alerts", "precision", "recall"],
                rows: parts.map { part in
                    [
                        part.name, FigureText.grouped(part.rowCount), FigureText.grouped(part.fraudCount),
                        FigureText.percent(part.fraudShare), FigureText.fixed(part.meanScore, 4), FigureText.fixed(part.rocAuc),
                        FigureText.fixed(part.averagePrecision), FigureText.percent(part.review.alertRate),
                        FigureText.percent(part.review.precision, 1), FigureText.percent(part.review.recall, 1),
                    ]
                })
        }
    }

    func writeComparisons(_ html: inout Html) {
        if let unseen {
            html.element("h2", text: "On the rows it learnt from")
            html.element(
                "p", ["class": "quiet"],
                text:
                    "Each row scored only by trees that did not see it: an estimate without test rows. Test rows are usually harder: cards already known as compromised, the easy ones, are left out of them, and the world moves."
            )
            Page.table(
                &html, head: comparisonHead(""), rows: [comparisonRow("test rows", evaluation), comparisonRow(unseen.model, unseen)])
        }
        if !compared.isEmpty {
            html.element("h2", text: "Beside other models")
            Page.table(&html, head: comparisonHead("model"), rows: ([evaluation] + compared).map { comparisonRow($0.model, $0) })
        }
        guard !folds.isEmpty else { return }
        html.element("h2", text: "The same recipe in earlier periods")
        var rows = folds.map { comparisonRow(dayText($0.period.lowerBound.day), $0) }
        rows.append(
            ["mean ± deviation", "", ""]
                + [Figure.rocAuc, .averagePrecision, .cardPrecision, .brier].map { figure in
                    let values = folds.compactMap { $0.figures[figure] }
                    guard values.count > 1 else { return "-" }
                    let mean = values.reduce(0, +) / Double(values.count)
                    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
                    return "\(text(of: figure, mean)) ± \(text(of: figure, deviation))"
                })
        Page.table(&html, head: comparisonHead("tested from"), rows: rows)
    }

    private func comparisonHead(_ first: String) -> [String] {
        [first, "rows", "frauds"] + [Figure.rocAuc, .averagePrecision, .cardPrecision, .brier].map { name(of: $0) }
    }

    private func comparisonRow(_ name: String, _ report: EvaluationReport) -> [String] {
        [name, FigureText.grouped(report.rowCount), FigureText.grouped(report.fraudCount)]
            + [Figure.rocAuc, .averagePrecision, .cardPrecision, .brier].map { text(of: $0, report.figures[$0]) }
    }

    func writeData(_ html: inout Html) {
        html.element("h2", text: "What it is and what it learnt from")
        if !periods.isEmpty {
            Page.table(
                &html, head: ["period", "first day", "last day", "rows", "frauds", "share"],
                rows: periods.map { period in
                    [
                        period.name, period.firstDay, period.lastDay, FigureText.grouped(period.rowCount),
                        FigureText.grouped(period.fraudCount),
                        FigureText.percent(period.rowCount > 0 ? Double(period.fraudCount) / Double(period.rowCount) : nil),
                    ]
                })
        }
        html.element("div", ["class": "pair"]) { html in
            Page.facts(&html, caption: "Model", facts)
            if !parameters.isEmpty { Page.facts(&html, caption: "Parameters", parameters) }
        }
    }

    func writeWords(_ html: inout Html) {
        html.element("h2", text: "What the words mean")
        html.element("dl") { html in
            for (word, meaning) in ModelPage.words {
                html.element("div") { html in
                    html.element("dt", text: word)
                    html.element("dd", text: meaning)
                }
            }
        }
    }

    private static let words = [
        ("ROC AUC", "The chance that a fraud scores above a legitimate transaction; 0.5 is chance, 1 is perfect."),
        ("Average precision", "Precision averaged over the frauds in the order in which falling scores find them."),
        (
            "Card precision@k",
            "Share of really compromised cards among the k most suspect ones of a day, mean of the days; a card found leaves the days after it."
        ),
        ("KS", "The greatest distance between the distributions of the scores of frauds and of the rest."),
        ("Precision, recall", "Frauds among the alerts; alerted ones among the frauds."),
        ("Brier score, log loss", "How far scores are from the truth when taken for probabilities; less is better."),
        ("Stability index", "How far a distribution has moved between two periods; the sum over its bins of (b − a) ln(b / a)."),
    ]

    func dayText(_ day: Int32) -> String { String(EventTime(micros: Int64(day) * EventTime.microsPerDay).description.prefix(10)) }
}
