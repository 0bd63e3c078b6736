internal import Checksums

/// Judges one record batch of a client by itself: its form, not its place in the log.
enum BatchCheck {
    /// The header of the batch at the front of the bytes, its largest timestamp as its records have it when they are not compressed.
    ///
    /// - Parameter bytes: The batch and whatever follows it.
    static func header(_ bytes: UnsafeRawBufferPointer, byteCountMax: Int) throws(AppendRejection) -> RecordBatchHeader {
        let start = bytes.baseAddress!
        // The older formats have their magic at the same place but may be shorter.
        if bytes.count > RecordBatchHeader.Field.magic {
            let magic: Int8 = start.bigEndian(RecordBatchHeader.Field.magic)
            guard magic == 2 else { throw .unsupportedFormat(magic: magic) }
        }
        guard bytes.count >= RecordBatchHeader.byteCount else {
            throw .corruptMessage("\(bytes.count) bytes are left where a batch header needs \(RecordBatchHeader.byteCount)")
        }
        var header = RecordBatchHeader(at: start)
        guard header.sizeInBytes >= RecordBatchHeader.byteCount, header.sizeInBytes <= bytes.count else {
            throw .corruptMessage("batch length \(header.batchLength) does not fit the \(bytes.count) bytes left")
        }
        guard header.sizeInBytes <= byteCountMax else {
            throw .messageTooLarge(byteCount: header.sizeInBytes, byteCountMax: byteCountMax)
        }
        let batch = UnsafeRawBufferPointer(rebasing: bytes[..<header.sizeInBytes])
        guard Crc32C.of(UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.checkedFrom...])) == header.crc else {
            throw .corruptMessage("the CRC does not fit the bytes")
        }
        guard header.attributes & RecordBatchHeader.Attribute.control == 0 else {
            throw .invalidRecord("only brokers write control batches")
        }
        guard header.attributes & RecordBatchHeader.Attribute.transactional == 0 else { throw .transactional }
        guard header.codec <= 4 else { throw .unsupportedCompression(codec: header.codec) }
        guard !header.isLogAppendTime else { throw .invalidTimestamp("a producer must not set the type log-append-time") }
        guard header.recordsCount > 0, header.lastOffsetDelta >= 0, header.recordsCount == header.lastOffsetDelta &+ 1 else {
            throw .invalidRecord("\(header.recordsCount) records with a last offset delta of \(header.lastOffsetDelta)")
        }
        if header.hasProducerId {
            guard header.baseSequence >= 0, header.producerEpoch >= 0 else {
                throw .invalidRecord(
                    "producer \(header.producerId) with epoch \(header.producerEpoch) and sequence \(header.baseSequence)")
            }
        }
        // About 10 ns a record, a tenth of what writing it costs, and lookups by time may trust the header. Folded batches are left to their readers.
        if header.codec == 0 {
            let records = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.byteCount...])
            guard let largest = RecordWalk.largestTimestampDelta(of: header.recordsCount, in: records) else {
                throw .invalidRecord("the records do not fill the batch")
            }
            header.maxTimestamp = header.baseTimestamp &+ largest
        }
        return header
    }
}
