import Features
import Hashing
import Hosting
import Postgres
import ServiceRuntime
import Stages
import Truth

/// `assay verify`: replays the recorded order from PostgreSQL alone.
enum VerifyCommand {
    private static let keys = HostKeys.postgres + HostKeys.topics + [FileKeys.schema, FileKeys.features]

    static let command = Command(
        "verify", abstract: "Replay the recorded order from PostgreSQL alone and prove that the live run said what it should.",
        discussion: """
            Rebuilds what every unit of every stage said from the event log and the scores, in the order in which it accepted its records, and \
            compares chains, lanes, rows, digests and counts with what was committed. Needs the schema and features files that the services run, \
            and nothing of Kafka. Exit code 1 when anything differs, or when the pipeline is not drained, so that not all could be replayed.
            """,
        flags: [.init("json", doc: "Print the report as JSON"), .init("quiet", doc: "No progress bar")],
        configurationKeys: keys, otherConfigurationKeys: CommandSupport.otherKeys(than: keys)
    ) { invocation in
        let configuration = invocation.configuration
        let verification = Verification(
            topics: TopicPlan(configuration), featureSet: try SuiteFiles.features(configuration),
            schema: try SuiteFiles.schema(configuration))
        let connection = try await TruthConnection.open(configuration)
        // Every event is replayed once by ingest, once by each pass and once by the scorer.
        let stageCount = try SuiteFiles.features(configuration).passes.count + 2
        let counts = try await connection.query(
            "SELECT (SELECT count(*) FROM ledger.event_log) AS events, (SELECT count(*) FROM ledger.rejected) AS rejected")
        let total = Int(try counts.single().int64("events")) * stageCount + Int(try counts.single().int64("rejected"))
        let bar = ProgressBar(
            "Replaying", total: total, unit: "records", output: invocation.flag("quiet") || invocation.flag("json") ? .none : .standardError
        )
        let report = try await verification.run(on: connection) { bar.set(to: $0) }
        bar.finish()
        await connection.close()
        print(invocation.flag("json") ? json(report) : text(report), terminator: "")
        guard report.isConsistent else {
            throw TruthComplaint(
                description:
                    "\(report.findingCount) things differ from what was committed; the first: \(report.findings.first?.description ?? "a chain")"
            )
        }
        guard report.isDrained else {
            throw TruthComplaint(
                description: """
                    nothing differs, but the pipeline is not drained: \(report.eventCount) events, \(report.scoreCount + report.markerCount) of them \
                    scored or marked; wait until the stages have caught up and verify again
                    """)
        }
    }

    private static func text(_ report: TruthReport) -> String {
        var table = TextTable(columns: ["stage", "partition", "records", "accepted", "chain committed", "chain replayed", "verdict"])
        for unit in report.units {
            table.append([
                unit.stage, "\(unit.partition)", TextNumber.grouped(Int(unit.records)), TextNumber.grouped(Int(unit.accepted)),
                short(unit.expected), unit.verdict == .lagging ? "-" : short(unit.found), unit.verdict.rawValue,
            ])
        }
        var text = table.render()
        text += """

            events \(TextNumber.grouped(Int(report.eventCount))), rejected \(TextNumber.grouped(Int(report.rejectedCount))), \
            scored \(TextNumber.grouped(Int(report.scoreCount))), marked \(TextNumber.grouped(Int(report.markerCount))); \
            \(TextNumber.grouped(report.digestCount)) digests recomputed

            """
        for finding in report.findings { text += "\(finding)\n" }
        if report.findingCount > report.findings.count { text += "... and \(report.findingCount - report.findings.count) more\n" }
        if report.isConsistent {
            text += report.isDrained ? "Everything is as committed.\n" : "Everything that could be replayed is as committed.\n"
        }
        return text
    }

    private static func short(_ hash: Hash128) -> String { String(hex(hash).prefix(12)) }

    private static func hex(_ hash: Hash128) -> String {
        hash.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func json(_ report: TruthReport) -> String {
        var bytes: [UInt8] = []
        bytes.append(utf8: #"{"consistent":\#(report.isConsistent),"drained":\#(report.isDrained),"events":\#(report.eventCount),"#)
        bytes.append(utf8: #""rejected":\#(report.rejectedCount),"scored":\#(report.scoreCount),"marked":\#(report.markerCount),"#)
        bytes.append(utf8: #""digests":\#(report.digestCount),"units":["#)
        for (index, unit) in report.units.enumerated() {
            bytes.append(utf8: index == 0 ? #"{"stage":"# : #",{"stage":"#)
            bytes.append(jsonString: unit.stage)
            bytes.append(utf8: #","partition":\#(unit.partition),"records":\#(unit.records),"accepted":\#(unit.accepted),"#)
            bytes.append(utf8: #""expected":"\#(hex(unit.expected))","found":"\#(hex(unit.found))","verdict":"#)
            bytes.append(jsonString: unit.verdict.rawValue)
            bytes.append(utf8: "}")
        }
        bytes.append(utf8: #"],"findingCount":\#(report.findingCount),"findings":["#)
        for (index, finding) in report.findings.enumerated() {
            if index > 0 { bytes.append(utf8: ",") }
            bytes.append(jsonString: "\(finding)")
        }
        bytes.append(utf8: "]}\n")
        return String(decoding: bytes, as: UTF8.self)
    }
}

enum TruthConnection {
    /// A connection for reads that take minutes.
    static func open(_ configuration: Configuration) async throws -> PostgresConnection {
        var postgres = PostgresConfiguration(configuration, applicationName: "assay-truth")
        postgres.statementTimeoutMillis = nil
        return try await PostgresConnection.connect(postgres)
    }
}
