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
        ], flags: [ModelCommandSupport.jsonFlag], arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let model = try ModelCommandSupport.load(invocation.string("model"))
        var rows = ModelVerification.probes(
            model.ensemble, rowCount: invocation.int("rows"), seed: UInt64(invocation.int("seed")))
        if let given = try ModelCommandSupport.rows(invocation, model) {
            for row in 0..<given.count { rows.append(given.row(row)) }
        }
        let verification = ModelVerification(model, rows: rows)
        if invocation.flag("json") {
            ReportJson { json in
                json.member("model", "\(model.hash)")
                json.member("rows", verification.rowCount)
                json.member("flawless", verification.isFlawless)
                json.list("engines", verification.verdicts) { json, verdict in
                    json.member("engine", verdict.engine)
                    json.member("wrong", verdict.wrongCount)
                }
            }.print()
        } else {
            var table = TextTable(columns: ["engine", "rows", "wrong"])
            for verdict in verification.verdicts {
                table.append([verdict.engine, TextNumber.grouped(verification.rowCount), TextNumber.grouped(verdict.wrongCount)])
            }
            print(table.render(), terminator: "")
        }
        guard let wrong = verification.verdicts.first(where: { $0.wrongCount > 0 }), let first = wrong.first else { return }
        throw Difference(
            description:
                "\(model.path): engine \(wrong.engine) differs in \(wrong.wrongCount) of \(verification.rowCount) rows; the first is row \(first.row + 1), output \(first.output): \(first.found) instead of \(first.expected); its values: \(rows.row(first.row))"
        )
    }
}
