import Evaluation
import Forest
import ModelTools
import ServiceRuntime

/// `assay model bench`: how long a row takes.
enum BenchModelCommand {
    static let command = Command(
        "bench", abstract: "Times a model on one thread, by the rows scored at once.",
        discussion: "Rows are those of --csv, else made up around the model's thresholds. Times are of warm caches.",
        options: [
            .init(
                "batch", .int(1...10_000_000), isRepeated: true, doc: "Rows scored at once; may be repeated (default 1, 32, 1000, 100000)"),
            .init("rows", .int(1...10_000_000), default: "100000", doc: "Rows that are made up, or read"),
            .init("time", .duration(.milliseconds(1)...Duration.seconds(3_600)), default: "1s", doc: "Time for each line"),
            ModelCommandSupport.csvOption, ModelCommandSupport.jsonRowsOption, ModelCommandSupport.seedOption,
        ],
        flags: [
            ModelCommandSupport.jsonFlag,
            .init("all-engines", doc: "Every engine, the slow reference too, not only the one that services use"),
        ], arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let model = try ModelCommandSupport.load(invocation.string("model"))
        let wanted = invocation.int("rows")
        var rows: ModelRows
        if let given = try ModelCommandSupport.rows(invocation, model, rowCountMax: wanted) {
            rows = given
        } else {
            var probes = ProbeRows(model.ensemble, seed: UInt64(invocation.int("seed")))
            rows = ModelRows(featureCount: model.features.count, values: probes.ordinary(count: wanted))
        }
        guard rows.count > 0 else { throw ModelToolFailure("there are no rows to score") }
        let batches = invocation.strings("batch").compactMap { Int($0) }
        let bench = ModelBench(
            model, rows: rows, batchCounts: batches.isEmpty ? [1, 32, 1_000, 100_000] : batches, budget: invocation.duration("time"),
            engines: invocation.flag("all-engines") ? ModelEngine.fast(model) + [ModelEngine.reference(model)] : nil)
        if invocation.flag("json") {
            ReportJson { json in
                json.member("model", "\(model.hash)")
                json.list("lines", bench.lines) { json, line in
                    json.member("engine", line.engine)
                    json.member("batch", line.batchCount)
                    json.member("nanosecondsMedian", line.median)
                    json.member("nanosecondsHigh", line.high)
                    json.member("nanosecondsLeast", line.least)
                    json.member("batches", line.batches)
                }
            }.print()
            return
        }
        var table = TextTable(columns: ["engine", "rows at once", "ns a row, median", "99 %", "least", "rows a second"])
        for line in bench.lines {
            table.append([
                line.engine, TextNumber.grouped(line.batchCount), FigureText.short(line.median), FigureText.short(line.high),
                FigureText.short(line.least), TextNumber.grouped(Int(1e9 / max(line.median, 1e-3))),
            ])
        }
        print(table.render(), terminator: "")
    }
}
