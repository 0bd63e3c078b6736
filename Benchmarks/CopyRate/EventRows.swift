import Contracts
import Postgres
import RiskDomain

/// Rows of `ledger.event_log` as ingest writes them: card transactions in order of time, the same from run to run.
struct EventRows {
    static let columns = """
        event_time, topic, source_partition, source_offset, source_time, transaction_id, entities, amount_minor, currency, verdict, \
        transaction_time, event
        """

    let count: Int
    let dayCount: Int
    /// 2018-06-18.
    let firstDay = EventTime(micros: 1_529_280_000_000_000)

    /// Lays rows out, encoding each event anew: what a commit of the pipeline costs on our side. `event` is room that is used again.
    func encode(_ range: Range<Int>, event: inout [UInt8], into rows: inout CopyBinaryEncoder) {
        for index in range {
            let draw = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
            let time = EventTime(micros: firstDay.micros + Int64(index) * (Int64(dayCount) * EventTime.microsPerDay / Int64(count)))
            let amount = Int64(draw >> 48) + 100
            let source = SourceCoordinates(topic: .transactions, partition: Int32(index & 3), offset: Int64(index >> 2))
            let id = Digits(UInt64(725_000 + index))
            let customer = Digits(draw >> 20 & 0xFFF)
            let terminal = Digits(draw >> 36 & 0x1FFF)
            event.removeAll(keepingCapacity: true)
            id.withBytes { _ = EventEncoder.begin(id: $0, time: time, source: source, sourceTimestampMicros: time.micros, into: &event) }
            customer.withBytes { _ = EventEncoder.entity($0, into: &event) }
            terminal.withBytes { _ = EventEncoder.entity($0, into: &event) }
            let mark = EventRows.currency.withUTF8Buffer {
                EventEncoder.beginTransaction(amountMinor: amount, currency: UnsafeRawBufferPointer($0), into: &event)
            }
            EventEncoder.endTransaction(mark, in: &event)

            rows.beginRow(fieldCount: 12)
            rows.timestamp(unixMicros: time.micros)
            rows.int16(Int16(source.topic.rawValue))
            rows.int32(source.partition)
            rows.int64(source.offset)
            rows.timestamp(unixMicros: time.micros)
            id.withBytes { rows.text($0) }
            customer.withBytes { customer in
                terminal.withBytes { terminal in rows.texts(count: 2) { $0 == 0 ? customer : terminal } }
            }
            rows.int64(amount)
            rows.text(EventRows.currency)
            rows.null()
            rows.null()
            event.withUnsafeBytes { rows.bytea($0) }
        }
    }

    private static let currency: StaticString = "EUR"
}

/// A number in decimal, without a heap allocation.
struct Digits {
    private var storage: (UInt64, UInt64, UInt64) = (0, 0, 0)
    private var start = 24

    init(_ value: UInt64) {
        var rest = value
        var position = 24
        withUnsafeMutableBytes(of: &storage) { bytes in
            repeat {
                position -= 1
                bytes[position] = 0x30 + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
        }
        start = position
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: storage) { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }
}
