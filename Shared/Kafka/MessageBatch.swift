internal import CLibrdkafka

/// Messages of one partition in offset order (or of several, each in its order, for a group's member), owned until ``clear()`` or the end of the batch.
///
/// Their bytes stay in librdkafka's fetch buffers: nothing is copied and nothing is allocated once the batch is warm.
@safe package struct MessageBatch: ~Copyable {
    @safe private struct Slot {
        /// Owns the message.
        var event: OpaquePointer
        var message: UnsafePointer<rd_kafka_message_t>
    }
    private var slots: [Slot] = []
    /// Kept alive while there are messages.
    private var client: Client?
    /// Keys and values together.
    package private(set) var byteCount = 0
    /// With `enable.partition.eof`: the partition's end was met after these messages; the next offset to be written.
    package internal(set) var endOffset: Int64?

    package init() {}

    deinit {
        for slot in slots { unsafe rd_kafka_event_destroy(slot.event) }
        client?.releaseBatch()
    }

    package var count: Int { slots.count }
    package var isEmpty: Bool { slots.isEmpty }

    /// Gives the messages back. Views of them are dead from here on.
    package mutating func clear() {
        for slot in slots { unsafe rd_kafka_event_destroy(slot.event) }
        slots.removeAll(keepingCapacity: true)
        byteCount = 0
        endOffset = nil
        client?.releaseBatch()
        client = nil
    }

    /// A view that is valid until the batch is cleared, drained into again, or gone.
    package subscript(index: Int) -> Message { unsafe Message(slots[index].message) }

    /// Takes over an event of one message. Call inside a lease of `client`.
    mutating func append(_ event: OpaquePointer, _ message: UnsafePointer<rd_kafka_message_t>, of client: Client) {
        if self.client == nil {
            client.holdBatch()
            self.client = client
        }
        unsafe slots.append(Slot(event: event, message: message))
        unsafe byteCount += message.pointee.len + message.pointee.key_len
    }
}

/// A borrowed view of one consumed message.
@safe package struct Message {
    private let raw: UnsafePointer<rd_kafka_message_t>
    init(_ raw: UnsafePointer<rd_kafka_message_t>) { unsafe self.raw = raw }

    package enum TimestampType: Sendable { case notAvailable, createTime, logAppendTime }

    package var offset: Int64 { unsafe raw.pointee.offset }
    package var partition: Int32 { unsafe raw.pointee.partition }
    /// Made from C at each call; a ``PartitionReader`` knows its own.
    package var topic: String { unsafe raw.pointee.rkt.map { unsafe String(cString: rd_kafka_topic_name($0)) } ?? "" }

    /// The value; nil for a null one (a tombstone), which is not an empty one.
    package var payload: UnsafeRawBufferPointer? {
        guard let start = unsafe raw.pointee.payload else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: raw.pointee.len)
    }

    package var key: UnsafeRawBufferPointer? {
        guard let start = unsafe raw.pointee.key else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: raw.pointee.key_len)
    }

    /// Milliseconds since 1970, -1 when there is none.
    package var timestampMillis: Int64 { unsafe rd_kafka_message_timestamp(raw, nil) }

    package var timestampType: TimestampType {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        unsafe _ = rd_kafka_message_timestamp(raw, &type)
        return switch type {
        case RD_KAFKA_TIMESTAMP_CREATE_TIME: .createTime
        case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME: .logAppendTime
        default: .notAvailable
        }
    }

    package var headerCount: Int { unsafe headers.map { unsafe rd_kafka_header_cnt($0) } ?? 0 }

    /// The value of the last header of that name; nil if there is none or its value is null (``hasHeader(_:)`` tells which).
    package func header(_ name: String) -> UnsafeRawBufferPointer? {
        guard let headers = unsafe headers else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        guard unsafe rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let value = unsafe value else {
            return nil
        }
        return unsafe UnsafeRawBufferPointer(start: value, count: size)
    }

    package func hasHeader(_ name: String) -> Bool {
        guard let headers = unsafe headers else { return false }
        var value: UnsafeRawPointer?
        var size = 0
        return unsafe rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Every header in order: name and value, nil for a null value.
    package func forEachHeader(_ body: (_ name: String, _ value: UnsafeRawBufferPointer?) -> Void) {
        guard let headers = unsafe headers else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while unsafe rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let text = unsafe name {
            unsafe body(String(cString: text), value.map { unsafe UnsafeRawBufferPointer(start: $0, count: size) })
            index += 1
        }
    }

    /// Parsed by librdkafka at the first question and kept with the message.
    private var headers: OpaquePointer? {
        var headers: OpaquePointer?
        return unsafe rd_kafka_message_headers(raw, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nil
    }
}
