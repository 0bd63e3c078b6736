import Evaluation
import Forest
import Hashing
import ModelTools
import ServiceRuntime
import Training

/// `assay model compress`: a forest made smaller.
enum CompressModelCommand {
    static let command = Command(
        "compress", abstract: "Makes a trained forest smaller, and tells what that does to its scores.",
        discussion: """
            Splits whose sides are equal go, which changes no score. --thresholds gives thresholds other values that part the given rows alike. \
            --error-growth drops the trees that help least, as long as the mean squared error on the rows grows by no more than that share; give \
            it rows that the model was not trained on.
            """,
        options: [
            ModelCommandSupport.outOption,
            .init("csv", .path, isRequired: true, doc: "Rows: a CSV file, plain or gzip, with a column for each feature"),
            .init("rows", .int(1...10_000_000), default: "100000", doc: "Rows of the CSV file that are read, from its beginning"),
            .init("label", doc: "The column that says whether a row was fraud, 0 or 1; with --error-growth"),
            .init(
                "thresholds", .choice(ForestCompression.Thresholds.allCases.map(word)), default: "kept",
                doc: "kept; shortest-decimal: the fewest digits that part the rows alike; float32: numbers that 32 bits hold"),
            .init("error-growth", .double(0...1), doc: "How much the mean squared error may grow, as a share of what it is: 0.01 for 1 %"),
        ],
        flags: [ModelCommandSupport.jsonFlag, .init("keep-equal-splits", doc: "Keeps splits whose sides are equal")],
        arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let growth = invocation.optionalDouble("error-growth")
        let label = invocation.optionalString("label")
        guard growth == nil || label != nil else {
            throw CommandUsageFailure(path: invocation.path, problem: "--error-growth needs --label, the column with the labels")
        }
        guard let thresholds = ForestCompression.Thresholds.allCases.first(where: { word($0) == invocation.string("thresholds") }) else {
            preconditionFailure("the parser only lets the declared words through")
        }
        let model = try ModelCommandSupport.load(invocation.string("model"))
        let path = invocation.string("csv")
        let rows = try ModelRows(csv: path, features: model.features, rowCountMax: invocation.int("rows"))
        let labels = try label.map { try ModelRows.labels(csv: path, column: $0, rowCountMax: invocation.int("rows")) }
        let compression = try ModelCompression(
            model, rows: rows, isFraud: labels,
            ForestCompression(isMerging: !invocation.flag("keep-equal-splits"), thresholds: thresholds, errorGrowthMax: growth))
        let bytes = ModelFormats.write(compression.forest)
        try FileBytes.write(bytes, to: invocation.string("out"))
        let report = compression.report
        if invocation.flag("json") {
            ReportJson { json in
                json.member("out", invocation.string("out"))
                json.member("sha256", "\(ContentHash(of: bytes))")
                json.member("bytesBefore", model.byteCount)
                json.member("bytesAfter", bytes.count)
                json.member("treesBefore", report.treesBefore)
                json.member("treesAfter", report.treesAfter)
                json.member("nodesBefore", report.nodesBefore)
                json.member("nodesAfter", report.nodesAfter)
                json.member("thresholdsChanged", report.thresholdsChanged)
                json.member("rows", rows.count)
                json.member("scoreChangeMean", report.scoreChangeMean)
                json.member("scoreChangeGreatest", report.scoreChangeMax)
                json.member("errorBefore", labels == nil ? .nan : report.errorBefore)
                json.member("errorAfter", labels == nil ? .nan : report.errorAfter)
            }.print()
            return
        }
        var table = TextTable(columns: ["", "before", "after"])
        table.append(["trees", TextNumber.grouped(report.treesBefore), TextNumber.grouped(report.treesAfter)])
        table.append(["nodes", TextNumber.grouped(report.nodesBefore), TextNumber.grouped(report.nodesAfter)])
        table.append(["bytes", TextNumber.grouped(model.byteCount), TextNumber.grouped(bytes.count)])
        if labels != nil {
            table.append(["mean squared error", FigureText.short(report.errorBefore), FigureText.short(report.errorAfter)])
        }
        print(table.render(), terminator: "")
        print(
            """

            \(TextNumber.grouped(report.thresholdsChanged)) thresholds have another value; on \(TextNumber.grouped(rows.count)) rows scores moved by \
            \(FigureText.short(report.scoreChangeMean)) on average and \(FigureText.short(report.scoreChangeMax)) at most
            \(invocation.string("out")): sha256 \(ContentHash(of: bytes))
            """)
    }

    private static func word(_ thresholds: ForestCompression.Thresholds) -> String {
        switch thresholds {
        case .kept: "kept"
        case .shortestDecimal: "shortest-decimal"
        case .float32: "float32"
        }
    }
}
