import Foundation
import ServiceRuntime
import Synchronization

/// What the services of a test logged.
final class Journal: Sendable {
    struct Line: Sendable {
        /// Role and replica, such as `ingest/a`.
        var label: String
        var level: String
        var message: String
        var metadata: [String: String]
    }

    private let lines = Mutex<[Line]>([])

    var all: [Line] { lines.withLock { $0 } }

    func logger(_ label: String) -> Logger {
        let sink = LogSink(format: .json) { [self] bytes in
            guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return }
            let metadata = (object["metadata"] as? [String: Any] ?? [:]).mapValues { "\($0)" }
            func text(_ key: String) -> String { object[key] as? String ?? "" }
            let line = Line(label: text("label"), level: text("level"), message: text("message"), metadata: metadata)
            lines.withLock { $0.append(line) }
        }
        return Logger(label: label, sink: sink, level: .info)
    }

    /// Lines with this message, of this replica or of all.
    func lines(_ message: String, of label: String? = nil) -> [Line] {
        all.filter { $0.message == message && (label == nil || $0.label == label) }
    }

    /// The last warnings and errors, for a test that has failed.
    var complaints: String {
        all.filter { $0.level == "warning" || $0.level == "error" }.suffix(25)
            .map {
                "\($0.label) \($0.message) \($0.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
            }
            .joined(separator: "\n")
    }
}
