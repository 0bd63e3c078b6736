import Contracts
import Foundation
import Intake
import RiskDomain

/// The default schema file of the repository, with lines replaced.
func schemaText(replacing lines: [(String, String)] = []) throws -> String {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../config/card-transactions.yaml")
    var text = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
    for (old, new) in lines {
        precondition(text.contains(old), "the schema file has no \(old)")
        text = text.replacing(old, with: new)
    }
    return text
}

func makeIntake(replacing lines: [(String, String)] = []) throws -> Intake {
    Intake(schema: try IntakeSchema.load(Array(try schemaText(replacing: lines).utf8), file: "schema.yaml"))
}

extension Intake {
    /// The event of a record, or its rejection, with a buffer that already holds something.
    func take(_ message: [UInt8]?, topic: SourceTopic = .transactions, timestampMicros: Int64 = 5) throws -> Result<Event, Rejection> {
        var output: [UInt8] = [1, 2, 3]
        let result =
            if let message {
                message.withUnsafeBytes {
                    normalise(message: $0, topic: topic, partition: 2, offset: 77, timestampMicros: timestampMicros, into: &output)
                }
            } else {
                normalise(message: nil, topic: topic, partition: 2, offset: 77, timestampMicros: timestampMicros, into: &output)
            }
        switch result {
        case .rejected(let rejection):
            precondition(output == [1, 2, 3], "a rejected record changed the output")
            return .failure(rejection)
        case .event(let found):
            let event = try Event(decoding: Array(output[found.bytes]))
            precondition(found.bytes == 3..<output.count && event.encoded == Array(output[found.bytes]))
            precondition(output[found.firstEntity].elementsEqual(event.entities[0].utf8))
            precondition(output[found.id].elementsEqual(event.id.utf8))
            precondition(found.time == event.time && found.topic == topic)
            return .success(event)
        }
    }

    func take(_ message: String, topic: SourceTopic = .transactions, timestampMicros: Int64 = 5) throws -> Result<Event, Rejection> {
        try take(Array(message.utf8), topic: topic, timestampMicros: timestampMicros)
    }
}

/// A good transaction with fields replaced, added, or (nil) left out. Values are JSON text.
func transaction(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
    record(
        [
            ("transaction_id", "\"815100\""), ("time", "\"2018-06-25T00:00:13Z\""), ("amount", "24.78"), ("currency", "\"EUR\""),
            ("customer", "\"1066\""), ("terminal", "\"793\""),
        ], changes)
}

/// The same for an outcome.
func outcome(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
    record(
        [
            ("transaction_id", "\"815100\""), ("transaction_time", "\"2018-06-25T00:00:13Z\""), ("time", "\"2018-07-02T09:00:00Z\""),
            ("customer", "\"1066\""), ("terminal", "\"793\""), ("verdict", "\"fraud\""),
        ], changes)
}

private func record(_ base: [(String, String)], _ changes: KeyValuePairs<String, String?>) -> String {
    var fields = base
    for (name, value) in changes {
        let index = fields.firstIndex { $0.0 == name }
        switch (index, value) {
        case (let index?, let value?): fields[index].1 = value
        case (let index?, nil): fields.remove(at: index)
        case (nil, let value?): fields.append((name, value))
        case (nil, nil): break
        }
    }
    return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
}
