/// What became of an append.
package enum AppendOutcome: Hashable, Sendable {
    /// `appendTimeMillis` is -1 unless the log stamps its own time.
    case appended(baseOffset: Int64, lastOffset: Int64, appendTimeMillis: Int64)
    /// One of the producer's last five batches; where it already is.
    case duplicate(baseOffset: Int64, lastOffset: Int64, appendTimeMillis: Int64)
    /// The batches are at fault; nothing was written.
    case rejected(AppendRejection)
    /// The disk is at fault; nothing was written.
    case failed(LogFault)
}

/// Why batches were refused.
package enum AppendRejection: Error, Hashable, Sendable {
    case corruptMessage(String)
    case unsupportedFormat(magic: Int8)
    case unsupportedCompression(codec: Int)
    case messageTooLarge(byteCount: Int, byteCountMax: Int)
    case recordListTooLarge(byteCount: Int, byteCountMax: Int)
    case invalidRecord(String)
    case invalidTimestamp(String)
    case outOfOrderSequence(producerId: Int64, expected: Int32, found: Int32)
    case invalidProducerEpoch(producerId: Int64, current: Int16, found: Int16)
    case transactional

    /// The protocol's error code.
    package var kafkaErrorCode: Int16 {
        switch self {
        case .corruptMessage: 2
        case .messageTooLarge: 10
        case .recordListTooLarge: 18
        case .invalidTimestamp: 32
        case .outOfOrderSequence: 45
        case .invalidProducerEpoch: 47
        case .transactional: 48
        case .unsupportedCompression: 76
        case .unsupportedFormat, .invalidRecord: 87
        }
    }
}

extension AppendRejection: CustomStringConvertible {
    package var description: String {
        switch self {
        case .corruptMessage(let what): "corrupt batch: \(what)"
        case .unsupportedFormat(let magic): "record format \(magic) is not supported; send record batches of magic 2"
        case .unsupportedCompression(let codec): "compression codec \(codec) is unknown; use none, gzip, snappy, lz4 or zstd"
        case .messageTooLarge(let count, let most): "a batch of \(count) bytes is larger than max.message.bytes (\(most))"
        case .recordListTooLarge(let count, let most): "batches of \(count) bytes are larger than segment.bytes (\(most))"
        case .invalidRecord(let what): "invalid record batch: \(what)"
        case .invalidTimestamp(let what): "invalid timestamp: \(what)"
        case .outOfOrderSequence(let id, let expected, let found): "producer \(id): sequence \(found) where \(expected) was expected"
        case .invalidProducerEpoch(let id, let current, let found): "producer \(id): epoch \(found) is below the current one (\(current))"
        case .transactional: "transactional batches are not offered"
        }
    }
}
