internal import CLibrdkafka

/// Headers of messages to be produced: one flat buffer, to be filled, sent and reused.
package struct OutgoingHeaders: Sendable {
    private struct Entry {
        var name: Range<Int>
        /// nil is a null value.
        var value: Range<Int>?
    }
    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    package init() {}

    /// A name to a text, in the order given.
    package init(_ pairs: KeyValuePairs<String, String>) {
        for (name, value) in pairs { append(name, value.utf8) }
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// - Parameter value: nil makes a header with a null value.
    package mutating func append(_ name: String, _ value: UnsafeRawBufferPointer?) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        if let value = unsafe value { unsafe bytes.append(contentsOf: value) }
        entries.append(Entry(name: start..<middle, value: unsafe value == nil ? nil : middle..<bytes.count))
    }

    package mutating func append(_ name: String, _ value: some Collection<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        bytes.append(contentsOf: value)
        entries.append(Entry(name: start..<middle, value: middle..<bytes.count))
    }

    /// A 64-bit integer as eight bytes, most significant first.
    package mutating func append(_ name: String, bigEndian value: Int64) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe append(name, $0) }
    }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    /// A list that the producer call takes over, or nil when there are none.
    func makeList() -> OpaquePointer? {
        if entries.isEmpty { return nil }
        guard let list = unsafe rd_kafka_headers_new(entries.count) else { preconditionFailure("rd_kafka_headers_new gave nothing") }
        unsafe bytes.withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress ?? UnsafeRawPointer(list)  // not read: every range is empty then
            for entry in entries {
                let name = unsafe (base + entry.name.lowerBound).assumingMemoryBound(to: CChar.self)
                let value = unsafe entry.value.map { unsafe base + $0.lowerBound }
                let code = unsafe rd_kafka_header_add(list, name, entry.name.count, value, entry.value?.count ?? 0)
                precondition(code == RD_KAFKA_RESP_ERR_NO_ERROR, "rd_kafka_header_add refuses read-only lists only, and this is new")
            }
        }
        return unsafe list
    }
}
