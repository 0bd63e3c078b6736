import CsvFiles
import Features
import Forest
import Hashing
import Hosting
import RiskDomain
import ServiceRuntime
import Stages

/// `assay score`: what the scorer would have said of a file's transactions.
enum ScoreCommand {
    static let command = Command(
        "score", abstract: "Scores CSV files' transactions with a model, the same bits as the stream's.",
        discussion: """
            Rows before --from are folded as history and not written. Columns: TRANSACTION_ID, SCORE, DECISION (approve, review, decline) and
            REASONS: at most four codes of reasons with what each added to the model's margin, CODE=VALUE with semicolons between.
            """,
        options: [
            .init("model", .path, isRequired: true, doc: "The model's file"),
            CommandSupport.csvOption, FeaturesCommand.outOption, FeaturesCommand.featuresOption, CommandSupport.delayOption,
            CommandSupport.currencyOption, CommandSupport.fromOption, CommandSupport.untilOption,
        ], flags: [CommandSupport.jsonFlag], action: run)

    private static func run(_ invocation: CommandInvocation) async throws {
        let features = try SuiteFiles.features(path: invocation.string("features"))
        try features.checkEntitiesOfCards()
        let model = try ModelFile(path: invocation.string("model"), fitting: features)
        let scoring = try ScoringModel(forest: model.forest, hash: model.hash)
        let scratch = scoring.reasons.makeScratch()
        var chosen = TopReasons()
        let from = try CommandSupport.time("from", invocation)
        let history = try OfflineHistory(
            files: invocation.strings("csv"), currencyExponent: CommandSupport.currency(invocation).exponent,
            until: CommandSupport.time("until", invocation))
        var writer = try CsvWriter(path: invocation.string("out"), header: ["TRANSACTION_ID", "SCORE", "DECISION", "REASONS"])
        let progress = ProgressBar("score", total: history.transactions.count, unit: "rows")
        var counts: [Decision: (all: Int, frauds: Int)] = [:]
        var reasons = ""
        try OfflineFeatures(features).run(
            history.transactions, outcomes: history.outcomes(delayMicros: CommandSupport.micros(invocation.duration("outcome-delay")))
        ) { index, _, values in
            if index & 4_095 == 0 { progress.set(to: index) }
            let transaction = history.transactions[index]
            if values.isEmpty { return }
            if let from, transaction.time < from { return }
            scoring.reasons.explain(values, into: &chosen, using: scratch)
            let score = scoring.engine.score(values)
            let decision = model.forest.thresholds.decision(for: score)
            reasons.removeAll(keepingCapacity: true)
            for reason in chosen {
                if !reasons.isEmpty { reasons += ";" }
                reasons += "\(model.forest.words.code(of: reason))=\(reason.contribution)"
            }
            transaction.id.withUnsafeBytes { writer.append($0) }
            writer.append(score)
            writer.append("\(decision.word)")
            writer.append(reasons)
            try writer.endRow()
            counts[decision, default: (0, 0)].all += 1
            if history.isFraud[index] { counts[decision, default: (0, 0)].frauds += 1 }
        }
        try writer.finish()
        progress.set(to: history.transactions.count)
        progress.finish()
        report(invocation, model, counts)
    }

    private static func report(_ invocation: CommandInvocation, _ model: ModelFile, _ counts: [Decision: (all: Int, frauds: Int)]) {
        func count(_ decision: Decision) -> (all: Int, frauds: Int) { counts[decision] ?? (0, 0) }
        if invocation.flag("json") {
            CommandSupport.printJson([
                "out": .text(invocation.string("out")), "model": .text("\(model.hash)"),
                "rows": .int(Decision.allCases.reduce(0) { $0 + count($1).all }), "approve": .int(count(.approve).all),
                "review": .int(count(.review).all), "decline": .int(count(.decline).all), "approve_frauds": .int(count(.approve).frauds),
                "review_frauds": .int(count(.review).frauds), "decline_frauds": .int(count(.decline).frauds),
            ])
            return
        }
        var table = TextTable(columns: ["decision", "transactions", "frauds among them"])
        for decision in Decision.allCases {
            table.append(["\(decision.word)", TextNumber.grouped(count(decision).all), TextNumber.grouped(count(decision).frauds)])
        }
        print(table.render(), terminator: "")
    }
}
