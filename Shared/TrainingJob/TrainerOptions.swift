import Evaluation
import Forest
import Hosting
import RiskDomain
import ServiceRuntime
import Training

/// What is typed, as values that fit together.
struct TrainerOptions: Sendable {
    static let declared: [Command.Option] = dataOptions + growthOptions + outcomeOptions

    private static let dataOptions: [Command.Option] = [
        .init("csv", .path, isRepeated: true, doc: "Labelled transactions, plain or .gz; repeat in order of time"),
        .init("features", .path, doc: "The features file (features.file)"),
        .init(
            "outcome-delay", .duration(.zero...Duration.seconds(86_400 * 3_650)), default: "7d",
            doc: "How long after its transaction a fraud of a CSV file becomes known"),
        .init(
            "protocol", .choice(["handbook", "prequential"]), default: "handbook",
            doc: "How rows are parted; handbook: a test day leaves out the cards already known as compromised; "
                + "prequential: the same, in --folds earlier periods too"),
        .init("folds", .int(2...100), doc: "Periods of the prequential protocol, the last one's model is kept (default 4)"),
        .init("train-from", doc: "First day to learn from, such as 2018-07-25; without it the last days whose labels are known"),
        .init("train-days", .int(1...3_650), default: "7", doc: "Days to learn from"),
        .init("delay-days", .int(0...3_650), default: "7", doc: "Days between learning and testing, in which labels become known"),
        .init("test-days", .int(1...3_650), default: "7", doc: "Days to test on"),
    ]

    private static let outcomeOptions: [Command.Option] = [
        .init("seed", .int(0...Int.max), default: "0", doc: "Seed of all that is random"),
        .init(
            "thresholds", .choice(["rates", "cost"]), default: "rates",
            doc: "How thresholds are chosen, on scores by trees that did not see the row (a single tree's: on its own rows); "
                + "rates: by --alert-rate and --decline-precision; cost: by the costs below"
        ),
        .init("alert-rate", .double(0...1), default: "0.01", doc: "Share of the transactions that is reviewed or declined, at most"),
        .init("alerts-per-day", .int(0...1_000_000_000), doc: "Alerts that can be checked in a day, in place of --alert-rate"),
        .init("decline-precision", .double(0...1), default: "0.95", doc: "Share of fraud among the declined, at least"),
        .init("review-at", .double(0...1), doc: "Scores from here are reviewed; stronger than --thresholds"),
        .init("decline-at", .double(0...1), doc: "Scores from here are declined; stronger than --thresholds"),
        .init("cost-missed", .double(0...1e12), default: "0", doc: "What an approved fraud costs beside the share of its amount"),
        .init("cost-missed-share", .double(0...1_000), default: "1", doc: "Share of an approved fraud's amount that is lost"),
        .init("cost-declined", .double(0...1e12), default: "5", doc: "What a declined legitimate transaction costs"),
        .init("cost-declined-share", .double(0...1_000), default: "0", doc: "Share of its amount that is lost with it"),
        .init("cost-review", .double(0...1e12), default: "3", doc: "What a review costs"),
        .init("cards", .int(1...1_000_000), default: "100", doc: "Cards that can be checked in a day: k of card precision"),
        .init("replicates", .int(0...100_000), default: "500", doc: "Bootstrap samples of customers for intervals; 0 for none"),
        .init(
            "slice", isRepeated: true,
            doc: "Feature by whose values the report is broken down, beside the amount, the weekday and the three weightiest"),
        .init(
            "reasons", .path,
            doc: "The file that puts reasons into words and becomes part of the model; without it NAME-reasons.yaml beside "
                + "NAME-features.yaml, or else the features' names"),
        .init("out", .path, doc: "Where the model goes; the page goes beside it, ending in .html"),
        .init(
            "report", .path, isRepeated: true,
            doc: "Where the report goes: a name that ends in .html gets the page, any other the JSON; may be given for each"),
    ]
    static let declaredFlags: [Command.Flag] = [
        .init("from-postgres", doc: "Read transactions and outcomes from ledger.event_log at postgres.url in place of CSV files"),
        .init(
            "compare", doc: "Set the baselines beside the model: logistic regression, a Gini tree and an information-gain tree of depth 2"),
        .init("json", doc: "Print the report as JSON"),
        .init("quiet", doc: "No progress"),
    ]

    var csvPaths: [String]
    var isFromPostgres: Bool
    var featuresPath: String
    var outcomeDelayMicros: Int64
    /// First day, days since 1970-01-01; nil for the last ones possible.
    var trainFrom: Int32?
    var trainDays: Int32
    var delayDays: Int32
    var testDays: Int32
    /// What is known of it without the features file; see ``recipe(for:)``.
    var recipe: ModelRecipe
    /// Features by name, and which way the score may go with them.
    var monotone: [(feature: String, direction: Monotonicity)]
    var categorical: [String]
    /// The part of the forest to grow; nil for the whole.
    var shard: TrainingShard?
    /// Models grown with `--shard`, to be put together in place of growing the forest.
    var partPaths: [String]
    /// The command, for usage errors found later.
    var command: String
    var reviewAt: Double?
    var declineAt: Double?
    var isComparing: Bool
    var isJson: Bool
    var isQuiet: Bool
    var reasonsPath: String?
    var modelPath: String?
    /// Where the report goes as JSON, and where as a page.
    var jsonPaths: [String]
    var pagePaths: [String]
    /// 1 for the handbook's protocol.
    var foldCount: Int
    var isCostChoosing: Bool
    var alertsPerDay: Int?
    var costs: OutcomeCosts
    var cardCount: Int
    var replicateCount: Int
    var slices: [String]

    /// - Throws: `CommandUsageFailure` where options contradict each other.
    init(_ invocation: CommandInvocation) throws(CommandUsageFailure) {
        func usage(_ problem: String) -> CommandUsageFailure { CommandUsageFailure(path: invocation.path, problem: problem) }
        csvPaths = invocation.strings("csv")
        isFromPostgres = invocation.flag("from-postgres")
        guard csvPaths.isEmpty == isFromPostgres else { throw usage("name the data: either --csv FILE or --from-postgres") }
        featuresPath = invocation.optionalString("features") ?? invocation.configuration.string(FileKeys.features)
        trainDays = Int32(invocation.int("train-days"))
        delayDays = Int32(invocation.int("delay-days"))
        testDays = Int32(invocation.int("test-days"))
        let (seconds, attoseconds) = invocation.duration("outcome-delay").components
        outcomeDelayMicros = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        guard isFromPostgres || outcomeDelayMicros <= Int64(delayDays) * EventTime.microsPerDay else {
            throw usage(
                "--outcome-delay is longer than --delay-days \(delayDays): the last labels would not be known when the model begins its work"
            )
        }
        trainFrom = try invocation.optionalString("train-from").map { text throws(CommandUsageFailure) in
            guard text.utf8.count == 10, let time = try? EventTime(rfc3339: Array("\(text)T00:00:00Z".utf8)) else {
                throw usage("--train-from must be a day such as 2018-07-25, got \"\(text.prefix(40))\"")
            }
            return time.day
        }
        command = invocation.path
        recipe = try TrainerOptions.recipe(invocation)
        (monotone, categorical) = try TrainerOptions.features(invocation)
        (shard, partPaths) = try TrainerOptions.parts(invocation, recipe)
        reviewAt = invocation.optionalDouble("review-at")
        declineAt = invocation.optionalDouble("decline-at")
        if let reviewAt, let declineAt, reviewAt > declineAt { throw usage("--review-at is greater than --decline-at") }
        isComparing = invocation.flag("compare")
        isJson = invocation.flag("json")
        reasonsPath = invocation.optionalString("reasons")
        modelPath = invocation.optionalString("out")
        isQuiet = invocation.flag("quiet")
        let reports = invocation.strings("report")
        pagePaths = reports.filter { $0.hasSuffix(".html") }
        jsonPaths = reports.filter { !$0.hasSuffix(".html") }
        if reports.isEmpty, let modelPath { pagePaths = [TrainerOptions.pagePath(beside: modelPath)] }
        foldCount = 1
        if invocation.string("protocol") == "prequential" {
            foldCount = invocation.optionalInt("folds") ?? 4
        } else if invocation.optionalInt("folds") != nil {
            throw usage("--folds is for --protocol prequential")
        }
        if foldCount > 1, shard != nil { throw usage("--shard goes with --protocol handbook") }
        if foldCount > 1, !partPaths.isEmpty { throw usage("--part goes with --protocol handbook") }
        isCostChoosing = invocation.string("thresholds") == "cost"
        alertsPerDay = invocation.optionalInt("alerts-per-day")
        if isCostChoosing, alertsPerDay != nil { throw usage("--alerts-per-day is for --thresholds rates") }
        costs = OutcomeCosts(
            missedFraud: invocation.double("cost-missed"), missedFraudShare: invocation.double("cost-missed-share"),
            falseDecline: invocation.double("cost-declined"), falseDeclineShare: invocation.double("cost-declined-share"),
            review: invocation.double("cost-review"))
        cardCount = invocation.int("cards")
        replicateCount = invocation.int("replicates")
        slices = invocation.strings("slice")
    }

    /// `card.model.onnx` gives `card.model.html`.
    private static func pagePath(beside model: String) -> String {
        let name = model.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let stem = name.lastIndex(of: ".").map { model.dropLast(name[$0...].count) } ?? model[...]
        return (stem.isEmpty || stem.hasSuffix("/") ? model[...] : stem) + ".html"
    }
}
