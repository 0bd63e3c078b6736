internal import Json
package import Postgres

/// The order-free digest of every stage and day: equal for two runs that said the same, however their lanes met.
package struct DigestList: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var stage: String
        /// ISO 8601.
        package var day: String
        package var records: Int64
        /// Decimal digits of a number below 2¹²⁸.
        package var digest: String
    }

    /// By stage and day.
    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries.sorted { ($0.stage, $0.day) < ($1.stage, $1.day) } }

    /// What a database holds.
    ///
    /// - Parameter stage: One stage only; nil for all.
    package static func read(_ connection: PostgresConnection, stage: String?) async throws -> DigestList {
        let rows = try await connection.query(
            """
            SELECT stage, to_char(day, 'YYYY-MM-DD') AS day, records::bigint AS records, digest::text AS digest
            FROM analytics.digest WHERE $1::text IS NULL OR stage = $1 ORDER BY stage, day
            """, [.optional(stage)])
        var entries: [Entry] = []
        for row in rows {
            entries.append(
                Entry(
                    stage: try row.text("stage"), day: try row.text("day"), records: try row.int64("records"),
                    digest: try row.text("digest")))
        }
        return DigestList(entries: entries)
    }

    // MARK: Comparing

    /// A stage and day on which two runs differ; nil where one of them has nothing.
    package struct Difference: Sendable, Hashable {
        package var stage: String
        package var day: String
        package var own: Entry?
        package var other: Entry?
    }

    package func differences(from other: DigestList) -> [Difference] {
        struct Key: Hashable {
            var stage: String
            var day: String
        }
        let mine = Dictionary(entries.map { (Key(stage: $0.stage, day: $0.day), $0) }) { first, _ in first }
        let theirs = Dictionary(other.entries.map { (Key(stage: $0.stage, day: $0.day), $0) }) { first, _ in first }
        return Set(mine.keys).union(theirs.keys).sorted { ($0.stage, $0.day) < ($1.stage, $1.day) }.compactMap { key in
            let (own, other) = (mine[key], theirs[key])
            return own == other ? nil : Difference(stage: key.stage, day: key.day, own: own, other: other)
        }
    }

    // MARK: JSON

    /// `{"digests":[{"stage":…,"day":…,"records":…,"digest":"…"},…]}` with a line for each entry.
    package var json: [UInt8] {
        var output: [UInt8] = []
        JsonText.raw(#"{"digests":["#, into: &output)
        for (index, entry) in entries.enumerated() {
            JsonText.raw(index == 0 ? "\n" : ",\n", into: &output)
            JsonText.raw(#"{"stage":"#, into: &output)
            JsonText.string(entry.stage, into: &output)
            JsonText.raw(#","day":"#, into: &output)
            JsonText.string(entry.day, into: &output)
            JsonText.raw(#","records":"#, into: &output)
            JsonText.integer(entry.records, into: &output)
            JsonText.raw(#","digest":"#, into: &output)
            JsonText.string(entry.digest, into: &output)
            JsonText.raw("}", into: &output)
        }
        JsonText.raw("\n]}\n", into: &output)
        return output
    }

    /// Reads what ``json`` wrote.
    package init(json: [UInt8]) throws(TruthFailure) {
        let parser = JsonParser(limits: JsonLimits(byteCountMax: 64 << 20, depthMax: 8))
        let parsed = json.withUnsafeBytes { bytes in Result { () throws(JsonFailure) in try DigestList.entries(parser.parse(bytes)) } }
        guard case .success(let found) = parsed, let entries = found else {
            throw .impossible("not a list of digests; make one with 'assay digest --json'")
        }
        self.init(entries: entries)
    }

    private static func entries(_ root: JsonValue) -> [Entry]? {
        guard let list = root.member("digests"), list.kind == .array else { return nil }
        var entries: [Entry] = []
        for element in list.elements {
            func text(_ name: StaticString) -> String? { element.member(name).map { String(decoding: $0.text, as: UTF8.self) } }
            guard let stage = text("stage"), let day = text("day"), let records = text("records").flatMap(Int64.init),
                let digest = text("digest")
            else { return nil }
            entries.append(Entry(stage: stage, day: day, records: records, digest: digest))
        }
        return entries
    }
}
