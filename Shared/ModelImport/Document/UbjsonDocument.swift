/// Reads UBJSON (draft 12, the part of it that XGBoost writes) into a ``DocumentValue``.
///
/// Lengths are held against the bytes that are left before anything is reserved.
struct UbjsonDocument {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    static func parse(_ bytes: UnsafeRawBufferPointer) throws(ImportFailure) -> DocumentValue {
        var reader = UbjsonDocument(bytes: bytes)
        let value = try reader.value(of: try reader.byte(), depth: 0)
        guard reader.index == bytes.count else { throw reader.fault("the document goes on behind its end") }
        return value
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func value(of type: UInt8, depth: Int) throws(ImportFailure) -> DocumentValue {
        guard depth <= DocumentValue.depthMax else { throw fault("objects and arrays are nested deeper than \(DocumentValue.depthMax)") }
        switch type {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "S"): return .text(try string(count: try length()))
        case UInt8(ascii: "C"): return .text(try string(count: 1))
        case UInt8(ascii: "T"): return .bool(true)
        case UInt8(ascii: "F"): return .bool(false)
        case UInt8(ascii: "Z"): return .null
        default:
            guard let size = UbjsonDocument.size(type) else { throw fault("no value is of the type \(type)") }
            try need(size)
            defer { index += size }
            return .number(number(type, at: index))
        }
    }

    private mutating func object(depth: Int) throws(ImportFailure) -> DocumentValue {
        let start = index
        let (type, count) = try container()
        if type != nil { throw fault("an object of one type, which XGBoost does not write") }
        var members: [DocumentValue.Member] = []
        while count.map({ members.count < $0 }) ?? (peek() != UInt8(ascii: "}")) {
            let name = try string(count: try length())
            members.append(DocumentValue.Member(name: name, value: try value(of: try byte(), depth: depth)))
        }
        if count == nil { index += 1 }
        return try DocumentValue.object(members, at: "byte \(start)")
    }

    private mutating func array(depth: Int) throws(ImportFailure) -> DocumentValue {
        let (type, count) = try container()
        if let type, let count {
            guard let size = UbjsonDocument.size(type) else { throw fault("an array of the type \(type), which XGBoost does not write") }
            guard count <= (bytes.count - index) / size else { throw fault("an array of \(count) numbers, which are not there") }
            let start = index
            index += count * size
            return .numbers(
                [Double](unsafeUninitializedCapacity: count) { [self] buffer, initializedCount in
                    for element in 0..<count { buffer.initializeElement(at: element, to: number(type, at: start + element * size)) }
                    initializedCount = count
                })
        }
        var elements: [DocumentValue] = []
        while count.map({ elements.count < $0 }) ?? (peek() != UInt8(ascii: "]")) {
            elements.append(try value(of: try byte(), depth: depth))
        }
        if count == nil { index += 1 }
        return .array(elements)
    }

    /// What stands before the elements: `$type#count`, `#count` or nothing.
    private mutating func container() throws(ImportFailure) -> (type: UInt8?, count: Int?) {
        var type: UInt8?
        if peek() == UInt8(ascii: "$") {
            index += 1
            type = try byte()
            guard peek() == UInt8(ascii: "#") else { throw fault("a type without a count") }
        }
        guard peek() == UInt8(ascii: "#") else { return (nil, nil) }
        index += 1
        return (type, try length())
    }

    /// A count: an integer of any type, at most the bytes that are left (each element has at least one; empty typed arrays aside).
    private mutating func length() throws(ImportFailure) -> Int {
        let type = try byte()
        guard "iUIlL".utf8.contains(type), let size = UbjsonDocument.size(type) else { throw fault("a length was to come") }
        try need(size)
        let count = integer(size, at: index, isSigned: type != UInt8(ascii: "U"))
        index += size
        guard count >= 0, count <= bytes.count - index else { throw fault("a length of \(count) with \(bytes.count - index) bytes left") }
        return Int(count)
    }

    private mutating func string(count: Int) throws(ImportFailure) -> String {
        try need(count)
        guard let text = String(validating: bytes[index..<index + count], as: UTF8.self) else { throw fault("a string is not UTF-8") }
        index += count
        return text
    }

    private static func size(_ type: UInt8) -> Int? {
        switch type {
        case UInt8(ascii: "i"), UInt8(ascii: "U"): 1
        case UInt8(ascii: "I"): 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
        default: nil
        }
    }

    /// The number of that type at that byte, which is known to be there. Integers over 2⁵³ are rounded; none of a model's are that large.
    private func number(_ type: UInt8, at place: Int) -> Double {
        switch type {
        case UInt8(ascii: "d"): Double(Float(bitPattern: UInt32(truncatingIfNeeded: integer(4, at: place, isSigned: false))))
        case UInt8(ascii: "D"): Double(bitPattern: UInt64(bitPattern: integer(8, at: place, isSigned: true)))
        case UInt8(ascii: "U"): Double(bytes[place])
        case UInt8(ascii: "i"): Double(Int8(bitPattern: bytes[place]))
        case UInt8(ascii: "I"): Double(integer(2, at: place, isSigned: true))
        case UInt8(ascii: "l"): Double(integer(4, at: place, isSigned: true))
        default: Double(integer(8, at: place, isSigned: true))
        }
    }

    /// A big-endian integer.
    private func integer(_ size: Int, at place: Int, isSigned: Bool) -> Int64 {
        switch size {
        case 1: isSigned ? Int64(Int8(bitPattern: bytes[place])) : Int64(bytes[place])
        case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int16.self)))
        case 4:
            isSigned
                ? Int64(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int32.self)))
                : Int64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        default: Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
        }
    }

    private mutating func byte() throws(ImportFailure) -> UInt8 {
        try need(1)
        defer { index += 1 }
        return bytes[index]
    }

    private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func need(_ count: Int) throws(ImportFailure) {
        guard count <= bytes.count - index else { throw fault("the document ends too early") }
    }

    private func fault(_ problem: String) -> ImportFailure { ImportFailure(.malformed, at: "byte \(index)", problem) }
}
