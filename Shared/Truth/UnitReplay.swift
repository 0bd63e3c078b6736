internal import Hashing
internal import Pipeline
internal import Postgres

/// A unit's row in `pipeline.progress`.
struct CommittedUnit {
    var partition: Int32
    var lanes: [UInt8]
    var chain: Hash128
    var accepted: Int64
    var version: [UInt8]?
}

/// Folds one unit's recorded order with the stage's own fold, and compares the rows, digests, lanes and chain that come
/// out with those that the live run committed. Works in chunks of whole messages, so memory stays bounded.
final class UnitReplay<S: Stage> {
    /// Columns of a stage's table, in its `COPY` target's order, by their place in the query; nil for what is measured.
    typealias Columns = [(name: String, field: Int?)]

    let fold: UnitFold<S>
    private let committed: CommittedUnit
    private let columns: [Columns]
    private let inspect: (Batch, inout TruthReport) -> Void
    private var stored: [[StoredRow]]
    private var chunkCount = 0
    private var lastOffset: Int64 = -1
    private var broken = false
    private var digests: [Int32: (records: Int64, sum: Hash128)] = [:]
    private var findingsBefore: Int

    private static var chunkCountMax: Int { 1_024 }

    struct StoredRow {
        var record: String
        var row: CopyRow
    }

    /// - Parameter inspect: Called with each chunk's batch, before it is forgotten.
    init(
        _ stage: S, _ committed: CommittedUnit, genesis: [UInt8]?, columns: [Columns], report: TruthReport,
        inspect: @escaping (Batch, inout TruthReport) -> Void = { _, _ in }
    ) throws(PipelineFailure) {
        self.committed = committed
        self.columns = columns
        self.inspect = inspect
        stored = columns.map { _ in [] }
        findingsBefore = report.findingCount
        let outgoing = stage.identity.outputs.reduce(0) { $0 + $1.partitionCount }
        fold = UnitFold(
            stage: stage, partition: committed.partition, state: try stage.makeState(partition: committed.partition, version: genesis),
            standing: UnitStanding(nextOffset: 0, lanes: LaneTable(outgoingCount: outgoing), version: genesis),
            stepSpanMicros: 3_600_000_000)
        fold.begin(stampMicros: 0, gatedBeforeStep: .min)
    }

    private var name: String { fold.stage.identity.name }

    /// Folds the next record of the order.
    ///
    /// - Parameters:
    ///   - table: Which of the stage's tables holds the record's row, and the row; nil when none does.
    ///   - label: The record's source coordinates, for findings.
    func fold(_ record: InputRecord, label: @autoclosure () -> String, stored row: (table: Int, row: CopyRow)?, report: inout TruthReport) {
        if broken { return }
        if record.offset != lastOffset, chunkCount >= UnitReplay.chunkCountMax { flush(&report) }
        lastOffset = record.offset
        do throws(PipelineFailure) {
            try fold.fold(recorded: record)
        } catch {
            broken = true
            return report.note(name, committed.partition, record: label(), "cannot be folded again: \(error)")
        }
        chunkCount += 1
        if let row { stored[row.table].append(StoredRow(record: label(), row: row.row)) }
    }

    /// Compares what the chunk said with what is stored.
    func flush(_ report: inout TruthReport) {
        guard chunkCount > 0, let batch = fold.takeBatch(withSnapshot: false) else { return }
        chunkCount = 0
        for digest in batch.digests {
            let before = digests[digest.day] ?? (0, .zero)
            digests[digest.day] = (before.records + digest.records, before.sum &+ digest.sum)
        }
        if broken { return }
        inspect(batch, &report)
        for (table, rows) in batch.rows.enumerated() where table < columns.count {
            compare(rows, with: stored[table], columns[table], &report)
            stored[table].removeAll(keepingCapacity: true)
        }
    }

    private func compare(_ rows: CopyBinaryEncoder, with stored: [StoredRow], _ columns: Columns, _ report: inout TruthReport) {
        guard rows.rowCount == stored.count else {
            return report.note(name, committed.partition, "the replay gives \(rows.rowCount) rows where \(stored.count) are stored")
        }
        rows.withUnsafeBytes { bytes in
            var cursor = CopyRow.headerByteCount
            for row in stored {
                cursor += 2
                for column in columns {
                    let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: cursor, as: Int32.self)))
                    cursor += 4
                    let computed = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[cursor..<cursor + length])
                    cursor += max(0, length)
                    guard let field = column.field else { continue }
                    let isEqual = row.row.withField(field) { stored in
                        row.row.isNull(field) ? computed == nil : computed.map { $0.elementsEqual(stored) } ?? false
                    }
                    if isEqual { continue }
                    let kept = row.row.isNull(field) ? nil : Array(row.row.field(field))
                    report.note(
                        name, committed.partition, record: row.record,
                        FieldText.difference(column.name, stored: kept, computed: computed.map { Array($0) }))
                }
            }
        }
    }

    /// Ends the replay and gives the verdict.
    func finish(_ report: inout TruthReport, digests stored: [Int32: StoredDigest]) {
        flush(&report)
        let standing = fold.standing
        if !broken {
            for day in Set(digests.keys).union(stored.keys).sorted() {
                let found = digests[day] ?? (0, .zero)
                let kept = stored[day] ?? StoredDigest(records: 0, sum: "0")
                report.digestCount += 1
                guard found.records != kept.records || found.sum.decimal != kept.sum else { continue }
                report.note(
                    name, committed.partition,
                    "digest of day \(day): stored \(kept.records) records, sum \(kept.sum); recomputed \(found.records), \(found.sum.decimal)"
                )
            }
            var lanes: [UInt8] = []
            standing.lanes.encode(into: &lanes)
            // A unit that has never committed has no lane table yet.
            if lanes != committed.lanes, !(committed.lanes.isEmpty && standing.accepted == 0) {
                report.note(name, committed.partition, "the lanes' next numbers differ from the committed ones")
            }
            if let version = standing.version, let active = committed.version, version != active {
                report.note(name, committed.partition, "version \(active.hex) is committed as active, the replay ends with \(version.hex)")
            }
        }
        if standing.accepted != committed.accepted {
            report.note(
                name, committed.partition, "\(committed.accepted) records are committed as accepted, the tables hold \(standing.accepted)")
        }
        let isEqual = standing.chain == committed.chain && standing.accepted == committed.accepted
        if standing.chain != committed.chain, report.findingCount == findingsBefore {
            report.note(
                name, committed.partition, "the chain differs, though every stored value is as recomputed: order or bytes sent differ")
        }
        report.units.append(
            TruthReport.Unit(
                stage: name, partition: committed.partition, records: standing.accepted, accepted: committed.accepted,
                expected: committed.chain, found: standing.chain,
                verdict: isEqual && report.findingCount == findingsBefore ? .proven : .differs))
    }
}

struct StoredDigest {
    var records: Int64
    /// Decimal digits.
    var sum: String
}

extension Hash128 {
    /// As an unsigned number, the form of `pipeline.digest`.
    package var decimal: String { String(UInt128(high) << 64 | UInt128(low)) }
}

extension [UInt8] {
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
