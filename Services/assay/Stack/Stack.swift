import Foundation
import LocalStack
import ServiceRuntime

/// A stack on this machine: what runs, and the folder that holds everything it writes.
///
/// `<directory>/postgres` and `<directory>/kafka` hold the data, `log/` what the processes wrote, `run/` which they are, and
/// `stack.env` how to reach it all.
struct Stack: Sendable {
    /// A service that runs in replicas.
    struct Service: Hashable, Sendable {
        /// Replicas are called `name-1`, `name-2` and so on, in the process table and in leases.
        var name: String
        var executable: String { "assay-\(name)" }
    }

    /// In the order in which they start.
    static let services = [Service(name: "ingest"), Service(name: "feature-extractor"), Service(name: "scorer")]
    static let autoscaler = "autoscaler"
    static let database = "assay"

    let directory: String
    let table: ProcessTable

    init(directory: String) throws {
        table = try ProcessTable(directory: directory)
        self.directory = table.directory
    }

    var recordPath: String { directory + "/stack.env" }
    var record: StackRecord { StackRecord(path: recordPath) }

    /// The folder of our own executable, where the services' are too.
    static var binaries: String {
        var path = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }

    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    // MARK: PostgreSQL

    private var postgresDirectory: String { directory + "/postgres" }

    var hasPrivatePostgres: Bool { FileManager.default.fileExists(atPath: postgresDirectory) }

    /// The private cluster; settles where its files go, and makes their folder.
    func privatePostgres() throws(PrivatePostgres.Failure) -> PrivatePostgres {
        var options = PrivatePostgres.Options()
        options.sharedBuffersMiB = 256
        options.walSizeMaxMiB = 4_096
        options.settings = ["synchronous_commit = on", "max_parallel_workers_per_gather = 1"]
        return try PrivatePostgres(directory: postgresDirectory, options: options)
    }

    // MARK: Replicas

    /// Replicas that are recorded, running or not, by number.
    func replicas(of service: Service) -> [(number: Int, entry: ProcessTable.Entry)] {
        let prefix = service.name + "-"
        return table.entries().compactMap { entry in
            guard entry.name.hasPrefix(prefix), let number = Int(entry.name.dropFirst(prefix.count)) else { return nil }
            return (number, entry)
        }.sorted { $0.number < $1.number }
    }

    /// What `/readyz` says of a running process.
    enum Readiness: Hashable, Sendable {
        case ready
        case waiting(String)
        case silent

        init(address: String) {
            guard let answer = try? HttpProbe(address: address, path: "/readyz").get(limitMillis: 1_000) else {
                self = .silent
                return
            }
            self = answer.status == 200 ? .ready : .waiting(Readiness.reason(inBody: answer.body))
        }

        /// `{"status":"unavailable","reasons":{"scorer":"starting"}}` gives `starting`.
        private static func reason(inBody body: String) -> String {
            struct Body: Decodable { var reasons: [String: String] }
            let reasons = try? JSONDecoder().decode(Body.self, from: Data(body.utf8)).reasons
            return reasons?.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ") ?? body
        }

        var word: String {
            switch self {
            case .ready: "ready"
            case .waiting(let reason): "not ready: " + reason
            case .silent: "no answer"
            }
        }
    }

    /// Resident memory in bytes; 0 when the process is gone. Source: proc(5), `statm`.
    static func residentBytes(of number: Int32) -> Int {
        guard let bytes = try? FileBytes.read("/proc/\(number)/statm", byteCountMax: 4_096) else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Processes that a process has started and that still run.
    static func children(of parent: Int32) -> [Int32] {
        guard let bytes = try? FileBytes.read("/proc/\(parent)/task/\(parent)/children", byteCountMax: 65_536) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }
}

/// Why the stack is not as it was asked to be.
struct StackFailure: Error, CustomStringConvertible {
    var description: String
}
