internal import Checksums

/// A batch of records in the format's version 2, uncompressed: for tools and tests that speak to a broker themselves.
///
/// The broker itself keeps batches as the bytes they are. Layout of the 61 bytes before the records: base offset 8, length 4 (of all after
/// it), leader epoch 4, magic 1, CRC-32C 4 (of all after it), attributes 2, last offset delta 4, first and largest timestamp 8 + 8,
/// producer id 8, producer epoch 2, first sequence 4, record count 4.
package struct RecordBatch: Equatable, Sendable {
    package struct Header: Equatable, Sendable {
        package var key: String
        package var value: [UInt8]?

        package init(key: String, value: [UInt8]?) {
            self.key = key
            self.value = value
        }
    }

    package struct Record: Equatable, Sendable {
        /// Milliseconds after the batch's first timestamp.
        package var timestampDelta: Int64
        package var key: [UInt8]?
        package var value: [UInt8]?
        package var headers: [Header]

        package init(timestampDelta: Int64 = 0, key: [UInt8]? = nil, value: [UInt8]?, headers: [Header] = []) {
            self.timestampDelta = timestampDelta
            self.key = key
            self.value = value
            self.headers = headers
        }
    }

    /// Where the magic byte lies in a batch.
    package static let magicPosition = 16
    /// Where the CRC lies, and where the bytes begin that it covers.
    package static let crcPosition = 17
    package static let crcStart = 21
    package static let headerByteCount = 61

    package var baseOffset: Int64
    package var leaderEpoch: Int32
    /// Bits 0–2 compression, 3 the broker's own timestamps, 4 transactional, 5 control.
    package var attributes: Int16
    /// Milliseconds since 1970.
    package var firstTimestamp: Int64
    package var maxTimestamp: Int64
    package var producerId: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var records: [Record]

    package init(
        baseOffset: Int64 = 0, leaderEpoch: Int32 = -1, attributes: Int16 = 0, firstTimestamp: Int64, maxTimestamp: Int64? = nil,
        producerId: Int64 = -1, producerEpoch: Int16 = -1, baseSequence: Int32 = -1, records: [Record]
    ) {
        self.baseOffset = baseOffset
        self.leaderEpoch = leaderEpoch
        self.attributes = attributes
        self.firstTimestamp = firstTimestamp
        self.maxTimestamp = maxTimestamp ?? firstTimestamp + (records.map(\.timestampDelta).max() ?? 0)
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.records = records
    }

    // MARK: Encoding

    package func encoded() -> [UInt8] {
        var covered = WireWriter()
        covered.write(attributes)
        covered.write(Int32(records.count - 1))
        covered.write(firstTimestamp)
        covered.write(maxTimestamp)
        covered.write(producerId)
        covered.write(producerEpoch)
        covered.write(baseSequence)
        covered.write(Int32(records.count))
        for (index, record) in records.enumerated() {
            let body = Self.encoded(record, offsetDelta: index)
            covered.writeVarlong(Int64(body.count))
            covered.bytes.append(contentsOf: body)
        }
        var batch = WireWriter()
        batch.write(baseOffset)
        batch.write(Int32(covered.bytes.count + Self.crcStart - 12))
        batch.write(leaderEpoch)
        batch.write(Int8(2))
        batch.write(Int32(bitPattern: covered.bytes.withUnsafeBytes { Crc32C.of($0) }))
        return batch.bytes + covered.bytes
    }

    private static func encoded(_ record: Record, offsetDelta: Int) -> [UInt8] {
        var body = WireWriter()
        body.write(Int8(0))
        body.writeVarlong(record.timestampDelta)
        body.writeVarlong(Int64(offsetDelta))
        write(record.key, into: &body)
        write(record.value, into: &body)
        body.writeVarlong(Int64(record.headers.count))
        for header in record.headers {
            write(Array(header.key.utf8), into: &body)
            write(header.value, into: &body)
        }
        return body.bytes
    }

    private static func write(_ bytes: [UInt8]?, into body: inout WireWriter) {
        body.writeVarlong(Int64(bytes?.count ?? -1))
        if let bytes { body.bytes.append(contentsOf: bytes) }
    }

    // MARK: Decoding

    /// Reads the batches that lie one after another in `bytes`; a last one that is cut off, as fetches may give, is left out.
    package static func decode(_ bytes: [UInt8]) throws(RecordBatchFault) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        var start = 0
        while bytes.count - start >= headerByteCount {
            let length = bytes[(start + 8)..<(start + 12)].reduce(0) { $0 << 8 | Int($1) }
            guard length >= headerByteCount - 12, length <= Int(Int32.max) else { throw .invalidLength(length) }
            let end = start + 12 + length
            guard end <= bytes.count else { break }
            batches.append(try decodeOne(Array(bytes[start..<end])))
            start = end
        }
        return batches
    }

    private static func decodeOne(_ bytes: [UInt8]) throws(RecordBatchFault) -> RecordBatch {
        guard bytes[magicPosition] == 2 else { throw .unsupportedMagic(bytes[magicPosition]) }
        let stored = bytes[crcPosition..<crcStart].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let computed = bytes.withUnsafeBytes { Crc32C.of(UnsafeRawBufferPointer(rebasing: $0[crcStart...])) }
        guard stored == computed else { throw .checksumMismatch(stored: stored, computed: computed) }
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireFault) in
                var reader = WireReader(raw)
                return try parse(&reader)
            }
        }
        do { return try result.get() } catch { throw .malformed(error) }
    }

    private static func parse(_ reader: inout WireReader) throws(WireFault) -> RecordBatch {
        var batch = RecordBatch(firstTimestamp: 0, records: [])
        batch.baseOffset = try reader.readInt64()
        _ = try reader.readInt32()
        batch.leaderEpoch = try reader.readInt32()
        _ = try reader.readInt8()
        _ = try reader.readInt32()
        batch.attributes = try reader.readInt16()
        _ = try reader.readInt32()
        batch.firstTimestamp = try reader.readInt64()
        batch.maxTimestamp = try reader.readInt64()
        batch.producerId = try reader.readInt64()
        batch.producerEpoch = try reader.readInt16()
        batch.baseSequence = try reader.readInt32()
        // A record takes seven bytes: its length, attributes, three deltas and lengths, and two counts.
        batch.records = try reader.readArray(false, byteCountMin: 7) { (reader) throws(WireFault) in try readRecord(&reader) }
        try reader.requireEnd()
        return batch
    }

    private static func readRecord(_ reader: inout WireReader) throws(WireFault) -> Record {
        _ = try reader.readVarlong()
        _ = try reader.readInt8()
        var record = Record(timestampDelta: try reader.readVarlong(), value: nil)
        _ = try reader.readVarlong()
        record.key = try readBytes(&reader)
        record.value = try readBytes(&reader)
        let count = try reader.readVarlong()
        guard 0...Int64(reader.remaining / 2) ~= count else {
            throw WireFault(.countTooLarge(Int(truncatingIfNeeded: count)), at: reader.position)
        }
        for _ in 0..<count {
            guard let key = try readBytes(&reader) else { throw WireFault(.invalidLength(-1), at: reader.position) }
            record.headers.append(Header(key: String(decoding: key, as: UTF8.self), value: try readBytes(&reader)))
        }
        return record
    }

    private static func readBytes(_ reader: inout WireReader) throws(WireFault) -> [UInt8]? {
        let length = try reader.readVarlong()
        guard length != -1 else { return nil }
        guard 0...Int64(reader.remaining) ~= length else {
            throw WireFault(.invalidLength(Int(truncatingIfNeeded: length)), at: reader.position)
        }
        return try reader.readBytes(count: Int(length))
    }
}

/// Why bytes are not uncompressed record batches of version 2.
package enum RecordBatchFault: Error, Equatable {
    case invalidLength(Int)
    case unsupportedMagic(UInt8)
    case checksumMismatch(stored: UInt32, computed: UInt32)
    case malformed(WireFault)
}
