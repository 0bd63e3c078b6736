internal import Contracts
internal import Pipeline
internal import RiskDomain

/// The queries that give a stage's records in the order in which its units accepted them, and what each field is.
enum RecordedOrder {
    /// Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01.
    static let epochShiftMicros: Int64 = 946_684_800_000_000

    /// Columns of a `COPY` target such as `ledger.rejected (topic, reason)`.
    static func columnNames(of target: String) -> [String] {
        guard let open = target.firstIndex(of: "("), let close = target.lastIndex(of: ")") else { return [] }
        return target[target.index(after: open)..<close].split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// A target's columns by their place among a query's fields, except those that are measured.
    static func columns(of target: String, in fields: [String]) -> [(name: String, field: Int?)] {
        columnNames(of: target).map { name in (name, name == "latency_micros" ? nil : fields.firstIndex(of: name)) }
    }

    // MARK: Ingest

    static let ingestFields = [
        "topic", "source_partition", "source_offset", "source_time", "event_time", "transaction_id", "entities", "amount_minor", "currency",
        "verdict", "transaction_time", "event", "reason", "field", "detail", "original",
    ]

    /// Events and rejections of a topic by partition and offset.
    static func ingest(_ topic: SourceTopic) -> String {
        """
        SELECT \(ingestFields.prefix(12).joined(separator: ", ")), NULL::text, NULL::text, NULL::text, NULL::bytea
        FROM ledger.event_log WHERE topic = \(topic.rawValue)
        UNION ALL
        SELECT topic, source_partition, source_offset, source_time, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, reason, field, detail,
               original
        FROM ledger.rejected WHERE topic = \(topic.rawValue)
        ORDER BY 2, 3
        """
    }

    // MARK: Passes and scorer

    static let scoredFields = [
        "event_time", "topic", "source_partition", "source_offset", "source_time", "transaction_id", "entities", "amount_minor", "currency",
        "pass_partitions", "pass_offsets", "pass_slots", "marker", "features", "score", "decision", "reason_features",
        "reason_contributions", "reason_words", "model", "feature_set",
    ]
    static let passFields = [
        "topic", "source_partition", "source_offset", "pass_partitions", "pass_offsets", "pass_slots", "marker", "features", "feature_set",
    ]

    /// Scores and markers together, each once.
    static let said = """
        (SELECT event_time, 0::smallint AS topic, source_partition, source_offset, source_time, transaction_id, entities, amount_minor,
                currency, pass_partitions, pass_offsets, pass_slots, marker, features, score, decision, reason_features,
                reason_contributions, reason_words, model, feature_set, 1::smallint AS is_score FROM scoring.score
         UNION ALL
         SELECT event_time, topic, source_partition, source_offset, source_time, transaction_id, entities, NULL, NULL,
                pass_partitions, pass_offsets, pass_slots, marker, NULL, NULL, NULL, NULL, NULL, NULL, NULL, feature_set, 0 FROM scoring.marker)
        """

    /// The fields given, then whether the record was scored, then its event, in the order of a pass (from 0; after the last
    /// one, the scorer).
    static func scored(_ fields: [String], pass: Int) -> String {
        let place = pass + 1
        return """
            SELECT \(fields.map { "r.\($0)" }.joined(separator: ", ")), r.is_score, e.event
            FROM \(said) AS r
            LEFT JOIN ledger.event_log AS e
              ON e.topic = r.topic AND e.source_partition = r.source_partition AND e.source_offset = r.source_offset
            ORDER BY r.pass_partitions[\(place)], r.pass_offsets[\(place)], r.pass_slots[\(place)]
            """
    }
}

/// A row of ``RecordedOrder/scored(_:pass:)`` by name.
struct ScoredFields {
    let topic: Int
    let partition: Int
    let offset: Int
    let passPartitions: Int
    let passOffsets: Int
    let passSlots: Int
    let marker: Int
    let features: Int
    let featureSet: Int
    let isScore: Int
    let event: Int

    init(_ names: [String]) {
        func place(_ name: String) -> Int {
            guard let place = names.firstIndex(of: name) else { preconditionFailure("the query has no field \(name)") }
            return place
        }
        topic = place("topic")
        partition = place("source_partition")
        offset = place("source_offset")
        passPartitions = place("pass_partitions")
        passOffsets = place("pass_offsets")
        passSlots = place("pass_slots")
        marker = place("marker")
        features = place("features")
        featureSet = place("feature_set")
        isScore = names.count
        event = names.count + 1
    }

    func source(_ row: CopyRow) -> SourceCoordinates {
        SourceCoordinates(
            topic: SourceTopic(rawValue: UInt8(truncatingIfNeeded: row.integer(topic))) ?? .transactions,
            partition: Int32(truncatingIfNeeded: row.integer(partition)), offset: row.integer(offset))
    }

    func coordinates(_ row: CopyRow, _ pass: Int) -> PassCoordinates {
        PassCoordinates(
            partition: row.int32(passPartitions, pass), offset: row.int64(passOffsets, pass), slot: row.int32(passSlots, pass))
    }

    func marker(_ row: CopyRow) -> Marker { Marker(rawValue: UInt8(truncatingIfNeeded: row.integer(marker))) ?? .none }

    /// Appends the feature record that a stage read: event, the passes before it, their values and marker.
    func encode(_ row: CopyRow, passCount: Int, valueCount: Int, marker: Marker, into output: inout [UInt8]) {
        var passes = PassList()
        for pass in 0..<passCount { passes.append(coordinates(row, pass)) }
        let values = (0..<min(valueCount, row.elementCount(features))).map { row.double(features, $0) }
        values.withUnsafeBufferPointer { values in
            row.withField(event) { event in
                row.withField(featureSet) { hash in
                    FeatureRecordEncoder.encode(
                        event: event, passes: passes, values: values, marker: marker, featureSet: hash, into: &output)
                }
            }
        }
    }
}

extension SourceCoordinates {
    var label: String { "\(topic == .transactions ? "transactions" : "outcomes")/\(partition)/\(offset)" }
}
