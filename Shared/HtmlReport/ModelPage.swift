package import Evaluation

/// What the page about a newly trained model shows; all of it is given, nothing is measured here.
package struct ModelPage: Sendable {
    /// One way to tell how much features matter.
    package struct Importance: Sendable {
        /// Such as `Decrease of impurity`.
        package var name: String
        /// One sentence on what it means.
        package var meaning: String
        /// In any order; the greatest are drawn first, and of equal ones those that stand first here.
        package var entries: [(feature: String, value: Double)]

        package init(_ name: String, meaning: String, entries: [(feature: String, value: Double)]) {
            self.name = name
            self.meaning = meaning
            self.entries = entries
        }
    }

    /// A stretch of the data.
    package struct Period: Sendable {
        package var name: String
        /// Such as `2018-07-25`, both inclusive.
        package var firstDay: String
        package var lastDay: String
        package var rowCount: Int
        package var fraudCount: Int

        package init(_ name: String, firstDay: String, lastDay: String, rowCount: Int, fraudCount: Int) {
            self.name = name
            self.firstDay = firstDay
            self.lastDay = lastDay
            self.rowCount = rowCount
            self.fraudCount = fraudCount
        }
    }

    package var title: String
    /// A sentence below the title.
    package var summary: String
    /// Names, hashes, sizes.
    package var facts: [(name: String, value: String)]
    package var parameters: [(name: String, value: String)]
    package var periods: [Period]
    /// The model's own report.
    package var evaluation: EvaluationReport
    /// Rows that ``evaluation`` was made from.
    package var rows: ScoredRows
    /// The rows it learnt from, each as scored by trees that did not see it.
    package var unseen: EvaluationReport?
    /// Other models on the same rows.
    package var compared: [EvaluationReport]
    /// Reports of earlier periods' models; the earliest first.
    package var folds: [EvaluationReport]
    package var importances: [Importance]
    /// The score's and the features' stability from the training to the test period.
    package var stability: [(name: String, index: Double)]
    package var slices: [(name: String, slices: [Slice])]
    package var tree: TreeDrawing?
    package var notes: [String]

    package init(
        title: String, summary: String, facts: [(name: String, value: String)] = [], parameters: [(name: String, value: String)] = [],
        periods: [Period] = [], evaluation: EvaluationReport, rows: ScoredRows, unseen: EvaluationReport? = nil,
        compared: [EvaluationReport] = [],
        folds: [EvaluationReport] = [], importances: [Importance] = [], stability: [(name: String, index: Double)] = [],
        slices: [(name: String, slices: [Slice])] = [], tree: TreeDrawing? = nil, notes: [String] = []
    ) {
        self.title = title
        self.summary = summary
        self.facts = facts
        self.parameters = parameters
        self.periods = periods
        self.evaluation = evaluation
        self.rows = rows
        self.unseen = unseen
        self.compared = compared
        self.folds = folds
        self.importances = importances
        self.stability = stability
        self.slices = slices
        self.tree = tree
        self.notes = notes
    }

    /// The page's bytes; equal values give equal bytes.
    package func render() -> [UInt8] {
        Page.make(title: title) { html in
            writeHead(&html)
            writeRanking(&html)
            writeThresholds(&html)
            writeProbabilities(&html)
            writeReasons(&html)
            writeStability(&html)
            writeComparisons(&html)
            writeData(&html)
            writeWords(&html)
        }
    }

    private func writeHead(_ html: inout Html) {
        html.element("h1", text: title)
        html.element("p", ["class": "quiet"], text: summary)
        html.newline()
        html.element("div", ["class": "tiles"]) { html in
            for figure in [Figure.rocAuc, .averagePrecision, .cardPrecision, .reviewRecall, .reviewPrecision, .costPerThousand] {
                html.element("div", ["class": "tile"]) { html in
                    html.element("span", text: name(of: figure))
                    html.element("b", text: text(of: figure, evaluation.figures[figure]))
                    html.element("span", text: intervalText(figure) ?? "\u{A0}")
                }
            }
        }
        html.newline()
        for note in notes { html.element("p", ["class": "note"], text: note) }
        if !evaluation.intervals.isEmpty {
            html.element(
                "p", ["class": "quiet"],
                text:
                    "Ranges hold 95 % of what other samples of customers would have shown (bootstrap over customers). Alerts are all transactions from the review threshold up."
            )
        }
    }

    func name(of figure: Figure) -> String {
        switch figure {
        case .rocAuc: "ROC AUC"
        case .averagePrecision: "Average precision"
        case .cardPrecision: "Card precision@\(evaluation.cardPrecision.k)"
        case .kolmogorovSmirnov: "KS"
        case .brier: "Brier score"
        case .logLoss: "Log loss"
        case .reviewPrecision: "Precision of alerts"
        case .reviewRecall: "Recall of alerts"
        case .reviewRate: "Alert rate"
        case .declinePrecision: "Precision of declines"
        case .declineRecall: "Recall of declines"
        case .declineRate: "Decline rate"
        case .costPerThousand: "Cost per 1,000"
        }
    }

    func text(of figure: Figure, _ value: Double?) -> String {
        switch figure {
        case .rocAuc, .averagePrecision, .cardPrecision, .kolmogorovSmirnov: FigureText.fixed(value)
        case .brier, .logLoss: FigureText.fixed(value, 5)
        case .reviewPrecision, .reviewRecall, .declinePrecision, .declineRecall: FigureText.percent(value, 1)
        case .reviewRate, .declineRate: FigureText.percent(value)
        case .costPerThousand: FigureText.fixed(value, 1)
        }
    }

    func intervalText(_ figure: Figure) -> String? {
        evaluation.intervals[figure].map { "\(text(of: figure, $0.lower)) – \(text(of: figure, $0.upper))" }
    }
}
