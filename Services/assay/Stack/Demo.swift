import Foundation
import Hosting
import LocalStack
import Postgres
import ServiceRuntime

/// One run of the demo.
struct Demo: Sendable {
    let stack: Stack
    let customers: Int
    let terminals: Int
    let historyDays: Int
    let liveDays: Int
    let rate: Double
    let seed: Int
    let replicas: Int
    let keeps: Bool

    init(_ invocation: CommandInvocation) throws {
        let isSmall = invocation.flag("small")
        customers = invocation.optionalInt("customers") ?? (isSmall ? 200 : 500)
        terminals = invocation.optionalInt("terminals") ?? (isSmall ? 400 : 1_000)
        historyDays = invocation.optionalInt("history-days") ?? (isSmall ? 40 : 45)
        rate = invocation.optionalDouble("rate") ?? (isSmall ? 400 : 2_000)
        liveDays = invocation.int("live-days")
        seed = invocation.int("seed")
        replicas = invocation.int("replicas")
        keeps = invocation.flag("keep")
        stack = try Stack(directory: invocation.string("directory"))
    }

    // MARK: Days

    private static func day(_ number: Int) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        return formatter.string(from: Date(timeIntervalSince1970: Double(number) * 86_400))
    }
    /// Days since 1970-01-01: the live days end where today begins.
    private var liveStart: Int { Int(Date().timeIntervalSince1970) / 86_400 - liveDays }
    private var start: Int { liveStart - historyDays }

    private var csv: String { stack.directory + "/transactions.csv" }
    private var model: String { stack.directory + "/model.onnx" }

    func run() async throws {
        let begun = ContinuousClock.now
        try await clear()
        let live = Demo.day(liveStart)

        Narration.line(
            "1/6  generate: \(customers) customers, \(terminals) terminals, \(historyDays) + \(liveDays) days from \(Demo.day(start))")
        try await tool(
            "generate", "assay",
            [
                "generate", "--customers", "\(customers)", "--terminals", "\(terminals)", "--days", "\(historyDays + liveDays)", "--start",
                Demo.day(start), "--seed", "\(seed)", "--out", csv,
            ])
        let rows = try DemoRows(csv: csv, liveStart: live)
        Narration.line(
            "     \(TextNumber.grouped(rows.history)) transactions of history, \(TextNumber.grouped(rows.live)) live, \(rows.frauds) frauds"
        )

        // Learning ends where the labels of its last day are known before testing begins, and testing before the live days.
        let trainDays = max(7, min(28, historyDays - 28))
        let trainFrom = Demo.day(liveStart - 14 - trainDays)
        Narration.line("2/6  train: a forest on \(trainDays) days from \(trainFrom), tested on the 7 days before \(live)")
        let report = try await tool(
            "train", "assay-trainer",
            [
                "--csv", csv, "--train-from", trainFrom, "--train-days", "\(trainDays)", "--out", model, "--seed", "\(seed)",
                "--review-at", "0.3", "--decline-at", "0.6",
            ])
        for line in report.split(separator: "\n") { Narration.line("     \(line)") }

        Narration.line("3/6  start: PostgreSQL, Kafka and \(replicas) replicas of each service")
        try await stack.up(upOptions)

        Narration.line("4/6  stream the history as fast as it goes")
        let connection = try await PostgresConnection.connect(PostgresConfiguration(stack.record[StackRecord.postgresUrlKey] ?? ""))
        let result: Result<DemoReport, any Error>
        do {
            var sent = try await stream("history", ["--until", live], connection, expected: rows.history, before: .init())
            Narration.line("5/6  stream the live days at \(Int(rate)) transactions a second, then what becomes known of them")
            sent = try await stream(
                "live", ["--from", live, "--rate", "\(rate)", "--drain-outcomes"], connection, expected: rows.live, before: sent)
            Narration.line("6/6  count")
            result = .success(try await DemoReport(connection, sent: sent, liveStart: live))
        } catch { result = .failure(error) }
        await connection.close()
        var table = try result.get()
        table.memory = stack.components().filter { $0.memoryBytes > 0 }.map { ($0.name, $0.memoryBytes) }
        print(table.text(directory: stack.directory, elapsed: begun.duration(to: .now)))
        fflush(nil)
        try table.check()
    }

    private var upOptions: UpOptions {
        var options = UpOptions(schemaFile: "", featuresFile: "", migrations: "")
        func path(_ key: ConfigurationKey) -> String {
            ProcessInfo.processInfo.environment[key.environmentName] ?? key.defaultValue?.text ?? ""
        }
        options.schemaFile = path(FileKeys.schema)
        options.featuresFile = path(FileKeys.features)
        options.migrations = path(OtherKeys.migrationsDirectory)
        options.replicas = replicas
        options.model = model
        // The live days lie in the past by the clock, but are sent as if they were now: only the history keeps in step.
        options.settings[HostKeys.liveWindow.environmentName] = "\(liveDays + 1)d"
        options.settings[HostKeys.stepSpan.environmentName] = "1d"
        // Topics of an earlier demo hold what this one's database does not know.
        options.sharedTopicsPrefix = "assay-demo-\(Int(Date().timeIntervalSince1970))."
        return options
    }

    // MARK: Steps

    /// Stops and removes what a former demo left. Anything else in the folder is refused, since it would be lost.
    private func clear() async throws {
        let files = FileManager.default
        let mark = stack.directory + "/demo"
        let found = try files.contentsOfDirectory(atPath: stack.directory).filter { !["run", "log", "demo"].contains($0) }
        guard found.isEmpty || files.fileExists(atPath: mark) else {
            throw StackFailure(description: "\(stack.directory) holds \(found[0]) and was not made by assay demo; name another --directory")
        }
        try await stack.down(discarding: true) { _ in }
        if stack.hasPrivatePostgres { try stack.privatePostgres().remove() }
        for name in try files.contentsOfDirectory(atPath: stack.directory) where name != "run" {
            try files.removeItem(atPath: "\(stack.directory)/\(name)")
        }
        _ = try ProcessTable(directory: stack.directory)
        guard files.createFile(atPath: mark, contents: nil) else { throw StackFailure(description: "cannot write \(mark)") }
    }

    private func process(_ name: String, _ executable: String, _ arguments: [String]) -> LocalProcess {
        LocalProcess(
            name: "demo-\(name)", executable: "\(Stack.binaries)/\(executable)", arguments: arguments,
            environment: LocalProcess.inheritedEnvironment.merging(stack.record.environment) { _, ours in ours })
    }

    /// Runs one of our programs to its end; what it wrote.
    @discardableResult
    private func tool(_ name: String, _ executable: String, _ arguments: [String]) async throws -> String {
        try stack.table.start(process(name, executable, arguments))
        return try await output(name)
    }

    /// Waits for a program's end, and sees at once when we are asked to stop.
    private func output(_ name: String) async throws -> String {
        var end: (hasEnded: Bool, status: Int32?) = (false, nil)
        while !end.hasEnded {
            try Task.checkCancellation()
            end = await stack.table.waitForExit("demo-\(name)", within: .milliseconds(500))
        }
        return try written(name, status: end.status)
    }

    /// What a program wrote that has ended.
    private func written(_ name: String, status: Int32?) throws -> String {
        let written = stack.table.logTail("demo-\(name)", lineCount: 60)
        guard status == 0 else {
            throw StackFailure(
                description: "\(name) failed with status \(status ?? -1): \(stack.table.logTail("demo-\(name)", lineCount: 5))")
        }
        if let entry = stack.table.entry("demo-\(name)") { stack.table.forget(entry.name, entry.identity) }
        return written
    }

    /// What producers have sent so far.
    struct Sent: Hashable, Sendable {
        var transactions = 0
        var outcomes = 0
        var records: Int { transactions + outcomes }
    }

    /// Sends a part of the file and waits until all that was sent is scored, folded or rejected.
    private func stream(
        _ label: String, _ arguments: [String], _ connection: PostgresConnection, expected: Int, before: Sent
    ) async throws -> Sent {
        try stack.table.start(process(label, "assay", ["produce", "--csv", csv, "--outcome-delay", "7d", "--json"] + arguments))
        let bar = ProgressBar("     \(label)", total: expected, unit: "transactions scored")
        var sent: Sent?
        var last = -1
        var lastChange = ContinuousClock.now
        while true {
            try Task.checkCancellation()
            if sent == nil {
                let end = await stack.table.waitForExit("demo-\(label)", within: .milliseconds(200))
                if end.hasEnded { sent = try Demo.sent(try written(label, status: end.status), after: before) }
            }
            let done = try await connection.query(
                """
                SELECT (SELECT coalesce(sum(accepted), 0)::bigint FROM pipeline.progress WHERE stage = 'score') AS folded,
                       (SELECT count(*) FROM ledger.rejected) AS rejected
                """
            ).single()
            let records = Int(try done.int64("folded") + (try done.int64("rejected")))
            bar.set(to: min(expected, max(0, records - before.records)))
            if let sent, records >= sent.records {
                bar.finish()
                return sent
            }
            if records != last {
                last = records
                lastChange = .now
            } else if lastChange.duration(to: .now) > .seconds(60) {
                bar.finish()
                let status = await stack.status()
                throw StackFailure(
                    description:
                        "nothing moved for 60 s: \(records) of \(sent.map { "\($0.records)" } ?? "?") records are through\n\(status.text)")
            }
            if sent != nil { try await Task.sleep(for: .milliseconds(200)) }
        }
    }

    private static func sent(_ output: String, after before: Sent) throws -> Sent {
        struct Summary: Decodable { var transactions: Int, outcomes: Int }
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("{") }),
            let summary = try? JSONDecoder().decode(Summary.self, from: Data(line.utf8))
        else { throw StackFailure(description: "assay produce printed no summary: \(output)") }
        return Sent(transactions: before.transactions + summary.transactions, outcomes: before.outcomes + summary.outcomes)
    }
}

/// How many rows of the generated file lie before and in the live days.
struct DemoRows: Sendable {
    var history = 0
    var live = 0
    var frauds = 0

    /// - Parameter liveStart: `YYYY-MM-DD`; times in the file begin like this.
    init(csv: String, liveStart: String) throws {
        let bytes = try FileBytes.read(csv, byteCountMax: 1 << 31)
        var lines = bytes.split(separator: 0x0A)[...]
        guard let header = lines.popFirst() else { throw StackFailure(description: "\(csv) is empty") }
        let columns = header.split(separator: 0x2C).map { String(decoding: $0, as: UTF8.self) }
        guard let time = columns.firstIndex(of: "TX_DATETIME"), let fraud = columns.firstIndex(of: "TX_FRAUD") else {
            throw StackFailure(description: "\(csv) has no columns TX_DATETIME and TX_FRAUD")
        }
        let border = Array(liveStart.utf8)
        for line in lines {
            let fields = line.split(separator: 0x2C, omittingEmptySubsequences: false)
            guard fields.count == columns.count else { continue }
            if fields[time].lexicographicallyPrecedes(border) { history += 1 } else { live += 1 }
            if fields[fraud].first == 0x31 { frauds += 1 }
        }
    }
}
