import Evaluation
import Forest
import ModelTools
import ServiceRuntime

/// `assay model diff`: how two models differ.
enum DiffModelCommand {
    static let command = Command(
        "diff", abstract: "Compares two models: what they say of themselves, their trees, and their scores of the same rows.",
        discussion: "Rows are those given, else made up around the first model's thresholds. Exit code 0 whether or not they differ.",
        options: [
            ModelCommandSupport.csvOption, ModelCommandSupport.jsonRowsOption,
            .init("rows", .int(1...10_000_000), default: "10000", doc: "Rows that are made up where none are given"),
            ModelCommandSupport.seedOption,
        ], flags: [ModelCommandSupport.jsonFlag],
        arguments: [.init("first", .path, doc: "A model's file"), .init("second", .path, doc: "The other one's")]
    ) { invocation in
        let first = try ModelCommandSupport.load(invocation.string("first"))
        let second = try ModelCommandSupport.load(invocation.string("second"))
        let isComparable = first.features == second.features
        let given = try ModelCommandSupport.rows(invocation, first)
        let rows =
            given
            ?? ModelVerification.probes(first.ensemble, rowCount: invocation.int("rows"), seed: UInt64(invocation.int("seed")))
        let difference = ModelDifference(first, second, rows: isComparable ? rows : nil)
        if invocation.flag("json") { return json(difference, first, second).print() }
        if difference.properties.isEmpty {
            print("nothing differs in what they say of themselves")
        } else {
            var table = TextTable(columns: ["", first.path, second.path])
            for property in difference.properties { table.append([property.name, property.first, property.second]) }
            print(table.render(), terminator: "")
        }
        print(
            "\n\(TextNumber.grouped(difference.equalTreeCount)) of \(TextNumber.grouped(first.ensemble.trees.count)) and \(TextNumber.grouped(second.ensemble.trees.count)) trees are equal and at the same place"
        )
        guard let found = difference.rows else {
            print(isComparable ? "no rows to compare scores on" : "their features differ, so no row can be scored by both")
            return
        }
        print(
            """

            \(TextNumber.grouped(found.count)) rows\(given == nil ? ", made up" : ""): \(TextNumber.grouped(found.equalCount)) score the same to the bit
            difference of the scores, the second minus the first: mean \(signed(found.meanDifference)); without sign: \
            mean \(FigureText.short(found.meanMagnitude)), median \(FigureText.short(found.median)), 99 % \(FigureText.short(found.high)), \
            greatest \(FigureText.short(found.greatest)) in row \(found.greatestRow + 1)
            """)
        guard !found.decisions.isEmpty else { return }
        var table = TextTable(columns: ["", "approve", "review", "decline"])
        for (word, counts) in zip(["approve", "review", "decline"], found.decisions) {
            table.append([word] + counts.map { TextNumber.grouped($0) })
        }
        print("\ndecisions of the first model down, of the second across\n" + table.render(), terminator: "")
    }

    private static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + FigureText.short(value) }

    private static func json(_ difference: ModelDifference, _ first: LoadedModel, _ second: LoadedModel) -> ReportJson {
        ReportJson { json in
            json.member("first", "\(first.hash)")
            json.member("second", "\(second.hash)")
            json.list("properties", difference.properties) { json, property in
                json.member("name", property.name)
                json.member("first", property.first)
                json.member("second", property.second)
            }
            json.member("equalTrees", difference.equalTreeCount)
            if let rows = difference.rows {
                json.key("rows")
                json.object { json in
                    json.member("count", rows.count)
                    json.member("equal", rows.equalCount)
                    json.member("meanDifference", rows.meanDifference)
                    json.member("meanMagnitude", rows.meanMagnitude)
                    json.member("median", rows.median)
                    json.member("high", rows.high)
                    json.member("greatest", rows.greatest)
                    json.member("greatestRow", rows.greatestRow + 1)
                    json.key("decisions")
                    json.array { json in
                        for counts in rows.decisions {
                            json.element()
                            json.numbers(counts.map(Int32.init))
                        }
                    }
                }
            }
        }
    }
}
