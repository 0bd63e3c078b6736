import Hosting
import Kafka
import RiskDomain
import ServiceRuntime
import TransactionFeed

/// `assay produce`: files of transactions become messages of the public topics.
enum ProduceCommand {
    private static let keys = HostKeys.kafka + HostKeys.topics

    static let command = Command(
        "produce", abstract: "Sends transactions of CSV files, and their outcomes when they become known, to Kafka.",
        discussion: """
            Transactions go to the transactions topic, keyed by customer; an outcome goes to the outcomes topic just before the first
            transaction whose time is at or after the outcome's. --from and --until bound the messages' own times, so a run until an instant
            and a run from it send together what one run sends. Topics that are not there are made.
            """,
        options: [
            CommandSupport.csvOption,
            .init("rate", .double(0...100_000_000), default: "0", doc: "Transactions a second; 0 is as fast as possible"),
            .init(
                "outcomes", .choice(FeedPlan.Outcomes.allCases.map(\.rawValue)), default: "frauds",
                doc: "Of which transactions outcomes are sent"),
            CommandSupport.delayOption, CommandSupport.currencyOption,
            .init("limit", .int(0...Int.max), doc: "At most so many transactions"),
            CommandSupport.fromOption, CommandSupport.untilOption,
        ],
        flags: [
            .init("transactions-only", doc: "Sends no outcomes"),
            .init("outcomes-only", doc: "Sends no transactions"),
            .init("drain-outcomes", doc: "Sends outcomes that are due after the last transaction too"),
            CommandSupport.jsonFlag,
        ],
        configurationKeys: keys, otherConfigurationKeys: CommandSupport.otherKeys(than: keys), action: run)

    private static func plan(_ invocation: CommandInvocation) throws -> FeedPlan {
        var plan = FeedPlan()
        plan.outcomes = FeedPlan.Outcomes(rawValue: invocation.string("outcomes")) ?? .frauds
        if invocation.flag("transactions-only") { plan.outcomes = .none }
        plan.sendsTransactions = !invocation.flag("outcomes-only")
        guard plan.sendsTransactions || plan.outcomes != .none else {
            throw OptionFailure(option: "outcomes-only", value: "given", rule: "without --transactions-only and --outcomes none")
        }
        plan.outcomeDelayMicros = CommandSupport.micros(invocation.duration("outcome-delay"))
        plan.from = try CommandSupport.time("from", invocation)
        plan.until = try CommandSupport.time("until", invocation)
        plan.transactionsMax = invocation.optionalInt("limit")
        plan.drainsOutcomes = invocation.flag("drain-outcomes")
        plan.currency = try CommandSupport.currency(invocation).code
        return plan
    }

    private static func run(_ invocation: CommandInvocation) async throws {
        let feed = try MergedFeed(files: invocation.strings("csv"), plan: plan(invocation))
        let rate = invocation.double("rate")
        let kafka = try KafkaConfiguration(invocation.configuration)
        // A slice of a paced load is sent at once; without a pace, waiting a little makes fuller batches.
        var tuning = ["message.max.bytes": "16777216", "queue.buffering.max.kbytes": "65536", "compression.type": "lz4"]
        tuning["linger.ms"] = rate > 0 ? "0" : "5"
        let producer = try KafkaProducer(kafka.setting(tuning.filter { kafka.properties[$0.key] == nil }))
        do {
            let topics = try await PublicTopics(invocation.configuration, kafka: kafka, producer: producer)
            var pump = FeedPump(feed: feed, producer: producer, topics: topics, rate: rate)
            let progress = ProgressBar("produce", total: feed.reader.bytesTotal, unit: "bytes")
            let sent = try await pump.run(progress)
            progress.finish()
            await producer.close()
            report(sent, feed, isJson: invocation.flag("json"))
        } catch {
            await producer.close(flushingWithin: .seconds(1))
            throw error
        }
    }

    private static func report(_ sent: FeedPump.Sent, _ feed: MergedFeed, isJson: Bool) {
        let seconds = sent.elapsed / .seconds(1)
        let rate = seconds > 0 ? Double(sent.transactions) / seconds : 0
        if isJson {
            CommandSupport.printJson([
                "rows_read": .int(feed.reader.rowCount), "transactions": .int(sent.transactions), "outcomes": .int(sent.outcomes),
                "outcomes_not_sent": .int(feed.pendingOutcomeCount), "seconds": .double(seconds), "transactions_per_second": .double(rate),
            ])
            return
        }
        var text =
            "\(TextNumber.grouped(sent.transactions)) transactions and \(TextNumber.grouped(sent.outcomes)) outcomes sent and acknowledged"
        text += " in \(TextNumber.fixed(seconds, decimals: 2)) s: \(TextNumber.grouped(Int(rate))) transactions/s"
        print(text)
        if feed.pendingOutcomeCount > 0 {
            print(
                "\(TextNumber.grouped(feed.pendingOutcomeCount)) outcomes become known after the end and were not sent (--drain-outcomes sends them)"
            )
        }
    }
}
