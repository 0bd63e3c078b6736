import Forest
import ModelTools
import ServiceRuntime

/// `assay model verify`: whether fast engines say what the slow one says.
enum VerifyModelCommand {
    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    static let command = Command(
        "verify", abstract: "Proves that every engine scores a model as the slow reference does, to the bit.",
        discussion: """
            Rows are made up so that tests are met at their thresholds and at the next numbers on both sides, with missing values, zeros and \
            infinities; rows of a file are added to them. Exit code 1 when any row differs.
            """,
        options: [
            .init("rows", .int(1...100_000_000), default: "100000", doc: "Rows that are made up"), ModelCommandSupport.csvOption,
            ModelCommandSupport.jsonRowsOption, ModelCommandSupport.seedOption,
            .init("python", default: "python3", doc: "The interpreter that --against-source asks"),
        ],
        flags: [
            ModelCommandSupport.jsonFlag,
            .init(
                "against-source",
                doc:
                    "Also ask the library that the model came from (LightGBM, XGBoost, ONNX Runtime), where it is installed: ours in its arithmetic must be its scores"
            ),
        ], arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let model = try ModelCommandSupport.load(invocation.string("model"))
        var rows = ModelVerification.probes(
            model.ensemble, rowCount: invocation.int("rows"), seed: UInt64(invocation.int("seed")))
        if let given = try ModelCommandSupport.rows(invocation, model) {
            for row in 0..<given.count { rows.append(given.row(row)) }
        }
        let verification = ModelVerification(model, rows: rows)
        let source = invocation.flag("against-source") ? try sourceVerdict(model, rows, python: invocation.string("python")) : nil
        if invocation.flag("json") {
            ReportJson { json in
                json.member("model", "\(model.hash)")
                json.member("rows", verification.rowCount)
                json.member("flawless", verification.isFlawless)
                json.list("engines", verification.verdicts) { json, verdict in
                    json.member("engine", verdict.engine)
                    json.member("wrong", verdict.wrongCount)
                }
                if let source {
                    json.key("source")
                    json.object { json in
                        json.member("library", source.library)
                        json.member("absent", source.absence ?? "")
                        json.member("rows", source.rowCount)
                        json.member("wrong", source.wrongCount)
                        json.member("greatestDifference", source.greatest)
                    }
                }
            }.print()
        } else {
            var table = TextTable(columns: ["engine", "rows", "wrong"])
            for verdict in verification.verdicts {
                table.append([verdict.engine, TextNumber.grouped(verification.rowCount), TextNumber.grouped(verdict.wrongCount)])
            }
            print(table.render(), terminator: "")
            if let source { print(source.text) }
        }
        if let source, source.wrongCount > 0 {
            throw Difference(description: "\(model.path): \(source.text)")
        }
        guard let wrong = verification.verdicts.first(where: { $0.wrongCount > 0 }), let first = wrong.first else { return }
        throw Difference(
            description:
                "\(model.path): engine \(wrong.engine) differs in \(wrong.wrongCount) of \(verification.rowCount) rows; the first is row \(first.row + 1), output \(first.output): \(first.found) instead of \(first.expected); its values: \(rows.row(first.row))"
        )
    }

    /// What the library of a model's origin says.
    private struct SourceVerdict {
        var library: String
        var absence: String?
        var rowCount = 0
        /// Rows with a score farther from ours than rounding explains.
        var wrongCount = 0
        var greatest = 0.0

        var text: String {
            if let absence { return "not compared with the source: \(absence)" }
            return
                "\(library): \(wrongCount) of \(TextNumber.grouped(rowCount)) rows differ by more than rounding, the greatest difference is \(greatest)"
        }
    }

    private static func sourceVerdict(_ model: LoadedModel, _ rows: ModelRows, python: String) throws -> SourceVerdict {
        var finite = ModelRows(featureCount: rows.featureCount)
        for row in 0..<rows.count {
            let values = rows.row(row)
            if !values.contains(where: { $0.isInfinite }) { finite.append(values) }
        }
        var verdict = SourceVerdict(library: SourceLibrary.name(for: model.format) ?? model.format.rawValue)
        let theirs: [Double]
        switch try SourceLibrary.ask(model, finite, python: python) {
        case .absent(let reason):
            verdict.absence = reason
            return verdict
        case .scores(let scores): theirs = scores
        }
        let outputCount = model.ensemble.outputCount
        var asSource = model
        // ONNX Runtime knows nothing of the arithmetic that a model of ours keeps.
        asSource.ensemble.arithmetic = model.ensemble.arithmetic == .portable ? model.ensemble.sourceArithmetic : .portable
        let margins = ModelEngine.chosen(asSource).margins(rows: finite.values, outputCount: outputCount, rowCount: finite.count)
        let tolerance = tolerance(asSource.ensemble.arithmetic)
        verdict.rowCount = finite.count
        for row in 0..<finite.count {
            let ours = asSource.ensemble.scores(of: Array(margins[row * outputCount..<(row + 1) * outputCount]))
            var isWrong = false
            for (output, our) in ours.enumerated() {
                let difference = (our - theirs[row * outputCount + output]).magnitude
                verdict.greatest = max(verdict.greatest, difference)
                if !(difference <= tolerance * max(1, our.magnitude)) { isWrong = true }
            }
            if isWrong { verdict.wrongCount += 1 }
        }
        return verdict
    }

    /// What rounding explains of a difference between scores of at most 1: one unit in the last place of the source's type.
    private static func tolerance(_ arithmetic: TreeEnsemble.Arithmetic) -> Double {
        switch arithmetic {
        case .float64: .ulpOfOne
        case .xgboost, .onnxRuntime, .onnxRuntimeDouble: Double(Float.ulpOfOne)
        // A Sigmoid or a sum of another's; another leaf moves a score far more than that.
        case .portable: 2e-6
        }
    }
}
