internal import Checksums

/// Small files beside the segments: a few integers, or the producers, with a CRC-32C at the end.
///
/// Layout, little-endian: name of the kind as u64, values as i64 each, CRC-32C of all before it as u32.
struct Checkpoint {
    enum Kind: UInt64 {
        case logStartOffset = 0x3154_5241_5453_474c
        case recoveryPoint = 0x3154_4e49_4f50_4352
        case cleanShutdown = 0x314e_4145_4c43_4753
        case producers = 0x3153_5245_4355_4450
    }

    private(set) var bytes: [UInt8] = []

    init(_ kind: Kind) { append(Int64(bitPattern: kind.rawValue)) }

    init(_ kind: Kind, _ values: [Int64]) {
        self.init(kind)
        for value in values { append(value) }
    }

    mutating func append(_ value: Int64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The whole file.
    consuming func sealed() -> [UInt8] {
        let crc = bytes.withUnsafeBytes { Crc32C.of($0) }
        withUnsafeBytes(of: crc.littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The values of a file; nil when it is not of this kind, torn or damaged.
    static func values(_ kind: Kind, of file: [UInt8]) -> [Int64]? {
        guard file.count >= 12, (file.count - 12) % 8 == 0 else { return nil }
        return file.withUnsafeBytes { bytes in
            let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
            let crc = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: body.count, as: UInt32.self))
            guard Crc32C.of(body) == crc, UInt64(littleEndian: body.loadUnaligned(as: UInt64.self)) == kind.rawValue else { return nil }
            return stride(from: 8, to: body.count, by: 8).map {
                Int64(littleEndian: body.loadUnaligned(fromByteOffset: $0, as: Int64.self))
            }
        }
    }
}

/// The producers as of an offset, as a file.
enum ProducerSnapshot {
    static func encode(_ table: ProducerTable) -> [UInt8] {
        var file = Checkpoint(.producers)
        for (id, entry) in table.entries.sorted(by: { $0.key < $1.key }) {
            file.append(id)
            file.append(Int64(entry.epoch))
            file.append(entry.lastActivityMillis ?? .min)
            file.append(Int64(entry.batchCount))
            for index in 0..<entry.batchCount {
                let batch = entry.batch(index)
                file.append(Int64(batch.firstSequence))
                file.append(Int64(batch.lastSequence))
                file.append(batch.firstOffset)
                file.append(batch.lastOffset)
                file.append(batch.timestamp)
            }
        }
        return file.sealed()
    }

    /// nil when the file is damaged.
    static func decode(_ file: [UInt8]) -> ProducerTable? {
        guard let values = Checkpoint.values(.producers, of: file) else { return nil }
        var table = ProducerTable()
        var position = 0
        while position < values.count {
            guard values.count - position >= 4, let epoch = Int16(exactly: values[position + 1]),
                0...ProducerEntry.batchCountMax ~= Int(values[position + 3]),
                values.count - position >= 4 + 5 * Int(values[position + 3])
            else { return nil }
            let id = values[position]
            let active = values[position + 2]
            var entry = ProducerEntry(epoch: epoch, lastActivityMillis: active == .min ? nil : active)
            let batchCount = Int(values[position + 3])
            position += 4
            for _ in 0..<batchCount {
                guard let first = Int32(exactly: values[position]), let last = Int32(exactly: values[position + 1]) else { return nil }
                entry.add(
                    ProducedBatch(
                        firstSequence: first, lastSequence: last, firstOffset: values[position + 2], lastOffset: values[position + 3],
                        timestamp: values[position + 4]), epoch: epoch)
                position += 5
            }
            table.restore(id, entry)
        }
        return table
    }
}
