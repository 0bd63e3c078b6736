import Evaluation
import Forest
import Hosting
import ModelTools
import RiskDomain
import ServiceRuntime

/// `assay model explain`: why a row scores what it scores.
enum ExplainModelCommand {
    static let command = Command(
        "explain", abstract: "Scores rows and tells what each feature added.",
        discussion: """
            The base, where nothing is known of a row, and the contributions sum to the margin, before the model's link. With \
            --method interventional the base is the mean margin of the rows of --background, and contributions answer "compared with these".
            """,
        options: [
            ModelCommandSupport.csvOption, ModelCommandSupport.jsonRowsOption,
            .init("rows", .int(1...1_000_000), default: "10", doc: "Rows of the CSV file to explain, from its beginning"),
            .init(
                "method", .choice(ModelExplanation.Method.allCases.map(\.rawValue)), default: "shap",
                doc: """
                    shap: Shapley values, as services give reasons by; path: the cheap attribution along the way through the trees; \
                    interventional: Shapley values against --background
                    """),
            .init("background", .path, doc: "A CSV file of the rows that --method interventional compares with, such as the train week's"),
            .init(
                "background-rows", .int(1...1_000_000), default: "1000", doc: "Rows of the background that are read, from its beginning"),
            .init("reasons", .path, doc: "The file that puts reasons into words; without it the model's own words"),
            .init("output", .int(0...1_000_000), default: "0", doc: "The output explained, of a model with several"),
        ], flags: [ModelCommandSupport.jsonFlag], arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        guard let method = ModelExplanation.Method(rawValue: invocation.string("method")) else {
            preconditionFailure("the parser only lets the declared methods through")
        }
        let backgroundPath = invocation.optionalString("background")
        guard (method == .interventional) == (backgroundPath != nil) else {
            throw CommandUsageFailure(
                path: invocation.path, problem: "--method interventional and --background go together")
        }
        let model = try ModelCommandSupport.load(invocation.string("model"))
        guard let rows = try ModelCommandSupport.rows(invocation, model, rowCountMax: invocation.int("rows")) else {
            throw CommandUsageFailure(path: invocation.path, problem: "name the rows: --row JSON or --csv FILE")
        }
        var words: ReasonWords?
        if let path = invocation.optionalString("reasons") {
            words = try SuiteFiles.reasons(path: path).words(for: model.features)
        }
        let background = try backgroundPath.map {
            try ModelRows(csv: $0, features: model.features, rowCountMax: invocation.int("background-rows"))
        }
        let explainer = try ModelExplainer(
            model, output: invocation.int("output"), method: method, background: background, words: words)
        let explanations = (0..<rows.count).map { explainer.explain(rows.row($0)) }
        if invocation.flag("json") {
            ReportJson { json in
                json.member("model", "\(model.hash)")
                json.list("rows", explanations) { json, explanation in
                    json.key("scores")
                    json.numbers(explanation.scores)
                    json.member("margin", explanation.margin)
                    json.member("base", explanation.base)
                    if let decision = explanation.decision { json.member("decision", "\(decision.word)") }
                    json.list("reasons", explanation.reasons) { json, reason in
                        json.member("code", reason.code)
                        json.member("text", reason.text)
                        json.member("contribution", reason.contribution)
                    }
                    json.list("features", explanation.parts) { json, part in
                        json.member("name", part.feature)
                        json.member("value", part.value)
                        json.member("contribution", part.contribution)
                    }
                }
            }.print()
            return
        }
        for (index, explanation) in explanations.enumerated() {
            let scores = explanation.scores.map { "\($0)" }.joined(separator: ", ")
            let decision = explanation.decision.map { ": \($0.word)" } ?? ""
            print("row \(index + 1): score \(scores)\(decision)")
            if !explanation.reasons.isEmpty { print("reasons: \(explanation.reasons.map(\.text).joined(separator: ", "))") }
            var table = TextTable(columns: ["feature", "value", "contribution"])
            table.append(["base", "", FigureText.fixed(explanation.base, 6)])
            for part in explanation.parts where part.contribution != 0 {
                table.append([part.feature, ModelCommandSupport.number(part.value), FigureText.fixed(part.contribution, 6)])
            }
            table.append(["margin", "", FigureText.fixed(explanation.margin, 6)])
            print(table.render())
        }
    }
}
