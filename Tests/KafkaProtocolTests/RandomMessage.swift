import KafkaMessageGenerator

/// A small generator with a seed, the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// The slow, obvious encoder: walks the description itself and writes random content, byte by byte.
struct RandomMessage {
    var version: Int
    var api: ApiSchema
    var random: SplitMix64
    /// Adds fields with numbers nobody knows to every tagged section.
    var addsUnknownTags = false
    private(set) var bytes: [UInt8] = []

    init(api: ApiSchema, version: Int, seed: UInt64, addsUnknownTags: Bool = false) {
        self.api = api
        self.version = version
        self.addsUnknownTags = addsUnknownTags
        random = SplitMix64(seed: seed)
    }

    private var isFlexible: Bool { api.isFlexible(version) }

    mutating func write(_ structure: StructureSchema) {
        for field in structure.fields where field.tag == nil && field.versions.contains(version) { write(field) }
        guard isFlexible else { return }
        let tagged = structure.fields.filter { $0.tag != nil && $0.versions.contains(version) && Bool.random(using: &random) }
        writeVarint(tagged.count + (addsUnknownTags ? 2 : 0))
        for field in tagged.sorted(by: { $0.tag! < $1.tag! }) {
            writeVarint(field.tag!)
            let start = bytes.count
            writeNotDefault(field.type)
            let value = Array(bytes[start...])
            bytes.removeSubrange(start...)
            writeVarint(value.count)
            bytes += value
        }
        if addsUnknownTags {
            for number in [77, 300_000] {
                writeVarint(number)
                let byteCount = Int.random(in: 0...200, using: &random)
                writeVarint(byteCount)
                bytes += (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
            }
        }
    }

    private mutating func write(_ field: FieldSchema) {
        if field.nullableVersions?.contains(version) == true, Int.random(in: 0..<4, using: &random) == 0 {
            switch (isFlexible, field.type) {
            case (true, _): bytes.append(0)
            case (false, .string): bytes += [0xff, 0xff]
            case (false, _): bytes += [0xff, 0xff, 0xff, 0xff]
            }
        } else {
            write(field.type)
        }
    }

    /// Random numbers are never all a default; lists get an element, booleans are true.
    private mutating func writeNotDefault(_ type: FieldType) {
        switch type {
        case .bool: bytes.append(1)
        case .array(let element):
            writeCount(1)
            write(element)
        default: write(type)
        }
    }

    private mutating func write(_ type: FieldType) {
        switch type {
        case .bool: bytes.append(UInt8.random(in: 0...1, using: &random))
        case .int8: writeRandom(1)
        case .int16: writeRandom(2)
        case .int32: writeRandom(4)
        case .int64: writeRandom(8)
        case .uuid: writeRandom(16)
        case .string:
            let text = String((0..<[0, 1, 7, 130].randomElement(using: &random)!).map { _ in "abcéß€𝄞 \0".randomElement(using: &random)! })
                .utf8
            if isFlexible { writeVarint(text.count + 1) } else { bytes += [UInt8(text.count >> 8), UInt8(text.count & 0xff)] }
            bytes += text
        case .bytes, .records:
            let byteCount = [0, 5, 200].randomElement(using: &random)!
            writeCount(byteCount)
            writeRandom(byteCount)
        case .structure(let structure): write(structure)
        case .array(let element):
            let count = Int.random(in: 0...2, using: &random)
            writeCount(count)
            for _ in 0..<count { write(element) }
        }
    }

    private mutating func writeRandom(_ byteCount: Int) {
        for _ in 0..<byteCount { bytes.append(UInt8.random(in: .min ... .max, using: &random)) }
    }

    private mutating func writeCount(_ count: Int) {
        if isFlexible { writeVarint(count + 1) } else { for shift in [24, 16, 8, 0] { bytes.append(UInt8(count >> shift & 0xff)) } }
    }

    private mutating func writeVarint(_ value: Int) {
        if value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            writeVarint(value >> 7)
        } else {
            bytes.append(UInt8(value))
        }
    }
}
