/// A free attribute of a transaction, borrowed from its message.
package struct AttributeView {
    package enum Value {
        case text(UnsafeRawBufferPointer)
        case integer(Int64)
        case number(Double)
        case flag(Bool)
    }

    package let name: UnsafeRawBufferPointer
    package let value: Value

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        var reader = ProtobufReader(bytes)
        var name = UnsafeRawBufferPointer(start: nil, count: 0)
        var value: Value?
        while let tag = try reader.next() {
            if (2...5).contains(tag.field), value != nil { throw reader.failure(.repeated) }
            switch tag.field {
            case 1: name = try reader.bytes(tag)
            case 2: value = .text(try reader.bytes(tag))
            case 3: value = .integer(try reader.sint64(tag))
            case 4: value = .number(try reader.double(tag))
            case 5: value = .flag(try reader.bool(tag))
            default: try reader.skip(tag)
            }
        }
        guard !name.isEmpty, let value else { throw reader.failure(.missing) }
        self.name = name
        self.value = value
    }
}

/// The attributes of one transaction, read again from its bytes at each iteration.
package struct AttributeViews: Sequence, IteratorProtocol {
    private var reader: ProtobufReader

    /// - Parameter transaction: Body of a Transaction that ``EventView`` has checked.
    init(_ transaction: UnsafeRawBufferPointer) { reader = ProtobufReader(transaction) }

    package mutating func next() -> AttributeView? {
        do throws(ContractFailure) {
            while let tag = try reader.next() {
                if tag.field == 3 { return try AttributeView(decoding: try reader.bytes(tag)) }
                try reader.skip(tag)
            }
            return nil
        } catch {
            preconditionFailure("bytes changed under an EventView: \(error)")
        }
    }
}
