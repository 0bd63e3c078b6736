internal import CLibpq

/// The parameters of one statement, as libpq wants them; reused from statement to statement.
struct ParameterBuffer {
    private var bytes: [UInt8] = []
    private var offsets: [Int] = []
    private var lengths: [CInt] = []
    private var formats: [CInt] = []
    private(set) var types: [Oid] = []

    init() { bytes.reserveCapacity(1_024) }

    mutating func encode(_ values: [PostgresValue]) {
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        types.removeAll(keepingCapacity: true)
        while formats.count < values.count { formats.append(1) }
        for value in values {
            let start = bytes.count
            offsets.append(start)
            lengths.append(value.appendWire(to: &bytes) ? CInt(bytes.count - start) : -1)
            types.append(value.oid)
        }
    }

    /// Pointers that hold for the call only: `(count, values, lengths, formats)`.
    func withPointers<R>(
        _ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> R
    ) -> R {
        unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: offsets.count + 1) { pointers in
            unsafe bytes.withUnsafeBytes { raw in
                for index in offsets.indices {
                    // A NULL is a null pointer, so an empty value needs one that is not: `bytes` has capacity, hence a base address.
                    let start = lengths[index] < 0 ? nil : unsafe raw.baseAddress.map { unsafe $0 + offsets[index] }
                    unsafe pointers.initializeElement(at: index, to: start?.assumingMemoryBound(to: CChar.self))
                }
                return unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(
                            CInt(offsets.count), pointers.baseAddress.map { unsafe UnsafePointer($0) }, lengths.baseAddress,
                            formats.baseAddress)
                    }
                }
            }
        }
    }
}
