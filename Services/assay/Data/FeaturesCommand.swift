import CsvFiles
import Features
import Hashing
import Hosting
import RiskDomain
import ServiceRuntime

/// `assay features`: the features of a file, by the folds of the streaming path.
enum FeaturesCommand {
    static let featuresOption = Command.Option(
        "features", .path, default: "config/card-features.yaml", doc: "The features, their entities and windows")
    static let outOption = Command.Option("out", .path, isRequired: true, doc: "The file to write; compressed when its name ends in .gz")

    static let command = Command(
        "features", abstract: "Computes the features of CSV files' transactions, the same numbers as the stream's.",
        discussion: """
            Rows before --from are folded as history and not written. Repeated transactions are dropped, as in the stream. Numbers are the
            shortest that read back as the same bits; --round handbook rounds averages to 6 places and risks to 8.
            """,
        options: [
            CommandSupport.csvOption, outOption, featuresOption, CommandSupport.delayOption, CommandSupport.currencyOption,
            CommandSupport.fromOption, CommandSupport.untilOption,
            .init("round", .choice(["none", "handbook"]), default: "none", doc: "How numbers are rounded"),
        ], flags: [CommandSupport.jsonFlag], action: run)

    /// How a column is written.
    private enum Text {
        case whole, shortest
        case fixed(Int)

        init(_ kind: FeatureKind, isRounded: Bool) {
            switch kind {
            case .weekend, .night, .aggregate(.count, _), .aggregate(.fraudCount, _): self = .whole
            case .aggregate(.mean, _): self = isRounded ? .fixed(6) : .shortest
            case .aggregate(.fraudRate, _): self = isRounded ? .fixed(8) : .shortest
            case .amount, .aggregate(.sum, _): self = .shortest
            }
        }
    }

    private static func run(_ invocation: CommandInvocation) async throws {
        let features = try SuiteFiles.features(path: invocation.string("features"))
        try features.checkEntitiesOfCards()
        let from = try CommandSupport.time("from", invocation)
        let history = try OfflineHistory(
            files: invocation.strings("csv"), currencyExponent: CommandSupport.currency(invocation).exponent,
            until: CommandSupport.time("until", invocation))
        let isRounded = invocation.string("round") == "handbook"
        let texts = features.passes.flatMap { $0.features.map { Text($0.kind, isRounded: isRounded) } }
        var writer = try CsvWriter(path: invocation.string("out"), header: ["TRANSACTION_ID"] + features.featureNames)
        let progress = ProgressBar("features", total: history.transactions.count, unit: "rows")
        var rowCount = 0
        var droppedCount = 0
        try OfflineFeatures(features).run(
            history.transactions, outcomes: history.outcomes(delayMicros: CommandSupport.micros(invocation.duration("outcome-delay")))
        ) { index, _, values in
            if index & 4_095 == 0 { progress.set(to: index) }
            let transaction = history.transactions[index]
            if let from, transaction.time < from { return }
            guard !values.isEmpty else {
                droppedCount += 1
                return
            }
            transaction.id.withUnsafeBytes { writer.append($0) }
            for (value, text) in zip(values, texts) {
                switch text {
                case .whole: writer.append(Int64(value))
                case .shortest: writer.append(value)
                case .fixed(let decimals): writer.append(TextNumber.fixed(value, decimals: decimals))
                }
            }
            try writer.endRow()
            rowCount += 1
        }
        try writer.finish()
        progress.set(to: history.transactions.count)
        progress.finish()
        if invocation.flag("json") {
            CommandSupport.printJson([
                "out": .text(invocation.string("out")), "rows_read": .int(history.transactions.count), "rows": .int(rowCount),
                "repeated": .int(droppedCount), "features": .int(features.featureCount), "feature_set": .text("\(features.hash)"),
            ])
        } else {
            var text = "\(TextNumber.grouped(rowCount)) rows of \(features.featureCount) features of feature set \(features.hash.short)"
            if droppedCount > 0 { text += "; \(TextNumber.grouped(droppedCount)) repeated transactions left out" }
            print(text)
        }
    }
}
