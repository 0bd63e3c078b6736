internal import Forest

/// A LabelEncoder: keys to values, and what all other keys become.
struct LabelMap: Hashable, Sendable {
    enum Keys: Hashable, Sendable {
        case integers([Int64])
        case texts([String])
        case floats([Float])

        var count: Int {
            switch self {
            case .integers(let keys): keys.count
            case .texts(let keys): keys.count
            case .floats(let keys): keys.count
            }
        }
    }

    var keys: Keys
    var values: Keys
    /// One element, of the values' kind.
    var other: Keys

    init(_ attributes: inout NodeAttributes) throws(ForestFailure) {
        let place = attributes.place
        let otherText = try attributes.string("default_string") ?? "_Unused"
        let otherInteger = try attributes.int("default_int64") ?? -1
        let otherFloat = try attributes.float("default_float") ?? 0
        let classes = try attributes.strings("classes_strings")
        if !classes.isEmpty { throw ForestFailure(at: "\(place).classes_strings", "version 1 of the operator, which is not supported") }
        func one(_ prefix: String) throws(ForestFailure) -> Keys? {
            let texts = try attributes.strings("\(prefix)_strings")
            let integers = try attributes.ints("\(prefix)_int64s")
            let floats = try attributes.floats("\(prefix)_floats")
            guard [texts.isEmpty, integers.isEmpty, floats.isEmpty].count(where: { !$0 }) == 1 else { return nil }
            return !texts.isEmpty ? .texts(texts) : !integers.isEmpty ? .integers(integers) : .floats(floats)
        }
        guard let keys = try one("keys"), let values = try one("values"), keys.count == values.count else {
            throw ForestFailure(at: "\(place).keys_int64s", "keys and values must be one list each, of the same length")
        }
        self.keys = keys
        self.values = values
        switch values {
        case .texts: other = .texts([otherText])
        case .integers: other = .integers([otherInteger])
        case .floats: other = .floats([otherFloat])
        }
    }

    /// Index of an element's key; nil for one that is none.
    func places(of tensor: PipelineTensor, at place: String) throws(ForestFailure) -> [Int?] { try keys.places(of: tensor, at: place) }
}

extension LabelMap.Keys {
    func places(of tensor: PipelineTensor, at place: String) throws(ForestFailure) -> [Int?] {
        switch (self, tensor.elements) {
        case (.integers(let keys), .integers(let values)):
            let places = Dictionary(zip(keys, 0...)) { first, _ in first }
            return values.map { places[$0] }
        case (.texts(let keys), .texts(let values)):
            let places = Dictionary(zip(keys, 0...)) { first, _ in first }
            return values.map { places[$0] }
        case (.floats(let keys), .floats(let values)):
            let places = Dictionary(zip(keys, 0...)) { first, _ in first }
            let missing = keys.firstIndex { $0.isNaN }
            return values.map { $0.isNaN ? missing : places[$0] }
        case (.integers(let keys), .floats(let values)):
            let places = Dictionary(zip(keys, 0...)) { first, _ in first }
            return values.map { Int64(exactly: $0.rounded(.towardZero)).flatMap { places[$0] } }
        case (.integers(let keys), .doubles(let values)):
            let places = Dictionary(zip(keys, 0...)) { first, _ in first }
            return values.map { Int64(exactly: $0.rounded(.towardZero)).flatMap { places[$0] } }
        default: throw ForestFailure(at: place, "keys of another type than its input")
        }
    }
}
