import Foundation
import Hosting
import Kafka
import LocalStack
import Postgres
import ServiceRuntime

/// A look at a stack: processes, and how far behind each stage is.
struct StackStatus: Sendable {
    struct Component: Hashable, Sendable {
        var name: String
        var address: String
        var process: Int32?
        var state: String
        var memoryBytes: Int

        var isRunning: Bool { process != nil }
    }

    struct Stage: Hashable, Sendable {
        var name: String
        var topic: String
        var partitions: Int
        /// Partitions whose lease holds now.
        var held: Int
        var accepted: Int64
        /// Records of the input that are not committed yet; nil when Kafka does not answer.
        var lag: Int64?
    }

    struct Incident: Hashable, Sendable {
        var kind: String
        var stage: String
        var count: Int64
        var last: String
    }

    var components: [Component] = []
    var stages: [Stage] = []
    /// Of the last day.
    var incidents: [Incident] = []
    /// What could not be looked at.
    var problems: [String] = []
}

extension Stack {
    /// Where things are and how they do; never fails, but says what it could not see.
    func status() async -> StackStatus {
        var status = StackStatus()
        status.components = components()
        let record = record
        let isStopped = status.components.contains { $0.name == "postgres" && $0.state == "stopped" }
        guard let url = record[StackRecord.postgresUrlKey], !isStopped else { return status }
        do {
            var configuration = PostgresConfiguration(url)
            configuration.applicationName = "assay-status"
            configuration.statementTimeoutMillis = 10_000
            let connection = try await PostgresConnection.connect(configuration)
            do {
                let offsets = try await stages(connection, &status)
                status.incidents = try await incidents(connection)
                await connection.close()
                await lags(offsets, record, &status)
            } catch {
                await connection.close()
                throw error
            }
        } catch { status.problems.append("\(error)") }
        return status
    }

    func components() -> [StackStatus.Component] {
        var all: [StackStatus.Component] = []
        if hasPrivatePostgres, let postgres = try? privatePostgres() {
            let process = Stack.postmaster(in: directory + "/postgres/data")
            let isRunning = postgres.status == .running
            let memory = process.map {
                Stack.residentBytes(of: $0) + Stack.children(of: $0).reduce(0) { $0 + Stack.anonymousBytes(of: $1) }
            }
            all.append(
                .init(
                    name: "postgres", address: "127.0.0.1:\(postgres.port)", process: isRunning ? process ?? 0 : nil,
                    state: isRunning ? "running" : "stopped", memoryBytes: isRunning ? memory ?? 0 : 0))
        } else if record[StackRecord.postgresUrlKey] != nil {
            all.append(.init(name: "postgres", address: "elsewhere", process: nil, state: "not ours", memoryBytes: 0))
        }
        let order = [LocalKafka.processName] + Stack.services.map(\.name) + [Stack.autoscaler]
        func rank(_ name: String) -> Int { order.firstIndex { name == $0 || name.hasPrefix($0 + "-") } ?? order.count }
        let entries = table.entries().sorted { (rank($0.name), $0.name) < (rank($1.name), $1.name) }
        if table.entry(LocalKafka.processName) == nil, let servers = record[StackRecord.bootstrapServersKey] {
            let isOurs = ["broker", "kafka"].contains { FileManager.default.fileExists(atPath: "\(directory)/\($0)") }
            all.append(.init(name: "kafka", address: servers, process: nil, state: isOurs ? "stopped" : "not ours", memoryBytes: 0))
        }
        for entry in entries {
            let state: String
            if !entry.isRunning {
                state = "not running"
            } else if entry.name == LocalKafka.processName {
                state = "running"
            } else {
                state = Readiness(address: entry.note).word
            }
            let number = entry.identity.number
            all.append(
                .init(
                    name: entry.name, address: entry.note, process: entry.isRunning ? number : nil, state: state,
                    memoryBytes: entry.isRunning ? Stack.residentBytes(of: number) : 0))
        }
        return all
    }

    /// The first line of `postmaster.pid` is the process.
    private static func postmaster(in data: String) -> Int32? {
        guard let bytes = try? FileBytes.read(data + "/postmaster.pid", byteCountMax: 4_096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// Memory that a process shares with nobody.
    private static func anonymousBytes(of number: Int32) -> Int {
        guard let bytes = try? FileBytes.read("/proc/\(number)/status", byteCountMax: 65_536) else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("RssAnon:") {
            return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1_024
        }
        return 0
    }

    private typealias Offsets = [(stage: Int, topic: String, partition: Int32, next: Int64)]

    private func stages(_ connection: PostgresConnection, _ status: inout StackStatus) async throws -> Offsets {
        var offsets: Offsets = []
        let rows = try await connection.query(
            """
            SELECT stage, topic, partition, next_offset, accepted,
                   coalesce(lease IS NOT NULL AND deadline > clock_timestamp(), false) AS is_held
            FROM pipeline.progress ORDER BY stage, partition
            """)
        for row in rows {
            let name = try row.text("stage")
            if status.stages.last?.name != name {
                status.stages.append(.init(name: name, topic: try row.text("topic"), partitions: 0, held: 0, accepted: 0, lag: nil))
            }
            let last = status.stages.count - 1
            status.stages[last].partitions += 1
            if try row.bool("is_held") { status.stages[last].held += 1 }
            status.stages[last].accepted += try row.int64("accepted")
            offsets.append((last, try row.text("topic"), try row.int32("partition"), try row.int64("next_offset")))
        }
        return offsets
    }

    private func incidents(_ connection: PostgresConnection) async throws -> [StackStatus.Incident] {
        var incidents: [StackStatus.Incident] = []
        let rows = try await connection.query(
            """
            SELECT kind, stage, count(*) AS count, (array_agg(detail ORDER BY at DESC))[1] AS last
            FROM pipeline.incident WHERE at > clock_timestamp() - interval '1 day' GROUP BY kind, stage ORDER BY kind, stage
            """)
        for row in rows {
            incidents.append(
                .init(kind: try row.text("kind"), stage: try row.text("stage"), count: try row.int64("count"), last: try row.text("last")))
        }
        return incidents
    }

    private func lags(_ offsets: Offsets, _ record: StackRecord, _ status: inout StackStatus) async {
        guard !offsets.isEmpty, let servers = record[StackRecord.bootstrapServersKey] else { return }
        do {
            let admin = try KafkaAdmin(KafkaConfiguration(bootstrapServers: servers))
            do {
                for (index, stage) in status.stages.enumerated() {
                    let own = offsets.filter { $0.stage == index }
                    let highs = try await admin.highWatermarks(of: stage.topic, partitions: own.map(\.partition), within: .seconds(5))
                    status.stages[index].lag = own.reduce(0) { $0 + max(0, (highs[$1.partition] ?? $1.next) - $1.next) }
                }
                await admin.close()
            } catch {
                await admin.close()
                throw error
            }
        } catch { status.problems.append("\(error)") }
    }
}
