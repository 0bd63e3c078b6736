internal import Checksums
import Glibc

extension PartitionLog {
    /// Appends record batches of magic 2, all or none, with one write.
    ///
    /// - Parameters:
    ///   - records: Whole batches, one after the other. Changed in place: base offset and leader epoch; with log-append-time, or when the
    ///     client's largest timestamp is wrong, also the attributes, that timestamp and the CRC.
    ///   - now: Unix milliseconds.
    /// - Complexity: O(bytes) for the CRC; allocates nothing per batch once warm.
    package func append(_ records: UnsafeMutableRawBufferPointer, leaderEpoch: Int32, now: Int64) -> AppendOutcome {
        do {
            try requireOpen()
            if let seen = try check(UnsafeRawBufferPointer(records), now: now) {
                return .duplicate(baseOffset: seen.firstOffset, lastOffset: seen.lastOffset, appendTimeMillis: appendTime(seen.timestamp))
            }
            try makeRoom(byteCount: records.count, now: now)
            stamp(records, leaderEpoch: leaderEpoch, now: now)
            try write(UnsafeRawBufferPointer(records))
        } catch let rejection as AppendRejection {
            return .rejected(rejection)
        } catch let fault as LogFault {
            return .failed(fault)
        } catch {
            preconditionFailure("append threw \(error)")
        }
        let baseOffset = endOffset
        let active = active
        if active.createdMillis == nil { active.createdMillis = now }
        for header in pending {
            tail.append(offset: header.baseOffset, position: active.byteCount)
            active.add(header, indexIntervalBytes: settings.indexIntervalBytes)
        }
        endOffset = active.nextOffset
        producers.commit(countMax: settings.producerIdCountMax, now: now)
        return .appended(baseOffset: baseOffset, lastOffset: endOffset - 1, appendTimeMillis: appendTime(now))
    }

    private func appendTime(_ millis: Int64) -> Int64 { settings.timestampType == .logAppendTime ? millis : -1 }

    /// Judges all batches before anything is written and lists them, with their offsets, in ``pending``.
    ///
    /// - Returns: Where the batches already are, when one of them was seen before.
    private func check(_ records: UnsafeRawBufferPointer, now: Int64) throws(AppendRejection) -> ProducedBatch? {
        pending.removeAll(keepingCapacity: pending.capacity <= 1024)
        producers.beginStage()
        guard records.count > 0 else { throw .invalidRecord("no record batch") }
        var offset = endOffset
        var position = 0
        while position < records.count {
            let batch = UnsafeRawBufferPointer(rebasing: records[position...])
            var header = try BatchCheck.header(batch, byteCountMax: settings.messageBytesMax)
            guard offset <= Int64.max - Int64(header.recordsCount) else { throw .invalidRecord("the log's offsets are used up") }
            header.baseOffset = offset
            if settings.timestampType == .logAppendTime {
                header.maxTimestamp = now
            } else {
                try checkTimes(header, now: now)
            }
            if header.hasProducerId {
                switch producers.judge(header, offset: offset, timestamp: header.maxTimestamp, now: now) {
                case .new: break
                case .duplicate(let seen): return seen
                case .rejected(let rejection): throw rejection
                }
            }
            pending.append(header)
            offset += Int64(header.recordsCount)
            position += header.sizeInBytes
        }
        guard records.count <= settings.segmentBytesMax else {
            throw .recordListTooLarge(byteCount: records.count, byteCountMax: settings.segmentBytesMax)
        }
        return nil
    }

    /// A time of -1 is none.
    private func checkTimes(_ header: RecordBatchHeader, now: Int64) throws(AppendRejection) {
        if header.maxTimestamp >= 0, header.maxTimestamp - now > settings.timestampAfterMaxMillis {
            throw .invalidTimestamp(
                "\(header.maxTimestamp) is more than message.timestamp.after.max.ms (\(settings.timestampAfterMaxMillis)) after now, \(now)"
            )
        }
        if header.baseTimestamp >= 0, now - header.baseTimestamp > settings.timestampBeforeMaxMillis {
            throw .invalidTimestamp(
                "\(header.baseTimestamp) is more than message.timestamp.before.max.ms (\(settings.timestampBeforeMaxMillis)) before now, "
                    + "\(now)")
        }
    }

    /// Rolls when the batches do not fit into the growing segment, or when it is too old.
    private func makeRoom(byteCount: Int, now: Int64) throws(LogFault) {
        try beginChange()
        let active = active
        if hasTornTail {
            try active.file!.truncate(to: active.byteCount)
            hasTornTail = false
        }
        guard active.byteCount > 0 else { return }
        var largest: Int64 = -1
        for header in pending { largest = max(largest, header.maxTimestamp) }
        let age: Int64 =
            if active.firstTimestamp >= 0 && largest >= 0 {
                largest.subtractingReportingOverflow(active.firstTimestamp).partialValue
            } else { now - (active.createdMillis ?? now) }
        let lastRelative = pending[pending.count - 1].lastOffset - active.baseOffset
        if active.byteCount + Int64(byteCount) > Int64(settings.segmentBytesMax) || age > settings.segmentMillis
            || lastRelative > Int64(Int32.max)
        {
            try roll()
        }
    }

    private func stamp(_ records: UnsafeMutableRawBufferPointer, leaderEpoch: Int32, now: Int64) {
        var position = 0
        for index in pending.indices {
            let header = pending[index]
            let batch = records.baseAddress! + position
            batch.storeBigEndian(header.baseOffset, at: RecordBatchHeader.Field.baseOffset)
            batch.storeBigEndian(leaderEpoch, at: RecordBatchHeader.Field.leaderEpoch)
            // As Apache Kafka does: the log's own time, or a largest timestamp that the client got wrong.
            let sent: Int64 = UnsafeRawPointer(batch).bigEndian(RecordBatchHeader.Field.maxTimestamp)
            if settings.timestampType == .logAppendTime || sent != header.maxTimestamp {
                if settings.timestampType == .logAppendTime {
                    batch.storeBigEndian(
                        header.attributes | RecordBatchHeader.Attribute.logAppendTime, at: RecordBatchHeader.Field.attributes)
                }
                batch.storeBigEndian(header.maxTimestamp, at: RecordBatchHeader.Field.maxTimestamp)
                let checked = UnsafeRawBufferPointer(
                    start: batch + RecordBatchHeader.checkedFrom, count: header.sizeInBytes - RecordBatchHeader.checkedFrom)
                batch.storeBigEndian(Crc32C.of(checked), at: RecordBatchHeader.Field.crc)
            }
            position += header.sizeInBytes
        }
    }

    /// Writes at the growing segment's end, and takes back what was written when not all of it was.
    private func write(_ bytes: UnsafeRawBufferPointer) throws(LogFault) {
        let active = active
        let file = active.file!
        faults.reached(.appendBeforeWrite)
        do throws(LogFault) {
            switch faults.verdict(on: .append(byteCount: bytes.count)) {
            case .proceed: try file.write(bytes, at: active.byteCount)
            case .fail(let code): throw LogFault.failed("write", file.path, errno: code)
            case .short(let count, let code):
                try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<min(max(count, 0), bytes.count)]), at: active.byteCount)
                faults.reached(.appendTornWrite)
                throw LogFault.failed("write", file.path, errno: code)
            }
        } catch {
            do { try file.truncate(to: active.byteCount) } catch { hasTornTail = true }
            throw error
        }
        faults.reached(.appendAfterWrite)
    }
}
