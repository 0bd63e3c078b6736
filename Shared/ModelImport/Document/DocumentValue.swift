/// A value of a JSON or UBJSON document. Arrays of numbers are packed: they are nearly all of a model.
indirect enum DocumentValue {
    struct Member {
        var name: String
        var value: DocumentValue
    }

    case object([Member])
    case array([DocumentValue])
    case numbers([Double])
    case text(String)
    case number(Double)
    case bool(Bool)
    case null

    /// Objects and arrays around a value; XGBoost's models have under ten. The readers recurse this deep.
    static let depthMax = 64

    /// Two members of the same name are refused: readers differ in which one counts.
    static func object(_ members: [Member], at place: @autoclosure () -> String) throws(ImportFailure) -> DocumentValue {
        var names: Set<String> = []
        for member in members where !names.insert(member.name).inserted {
            throw ImportFailure(.malformed, at: place(), "an object has the key \(member.name.prefix(64)) twice")
        }
        return .object(members)
    }
}

/// A value and its path in the document, for messages.
struct DocumentPlace {
    let value: DocumentValue
    let path: String

    init(_ value: DocumentValue, path: String = "model") {
        self.value = value
        self.path = path
    }

    /// The member of that name; nil where there is none.
    func member(_ name: String) throws(ImportFailure) -> DocumentPlace? {
        guard case .object(let members) = value else { throw fault("an object was to come") }
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        return DocumentPlace(member.value, path: "\(path).\(name)")
    }

    subscript(_ name: String) -> DocumentPlace {
        get throws(ImportFailure) {
            guard let member = try member(name) else { throw fault("\(name) is missing") }
            return member
        }
    }

    var isEmptyOrNull: Bool {
        switch value {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .numbers(let numbers): numbers.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    func text() throws(ImportFailure) -> String {
        guard case .text(let text) = value else { throw fault("a string was to come") }
        return text
    }

    /// Numbers; `true` and `false` count as 1 and 0.
    func numbers() throws(ImportFailure) -> [Double] {
        switch value {
        case .numbers(let numbers): return numbers
        case .array(let elements):
            return try elements.map { element throws(ImportFailure) in
                switch element {
                case .number(let number): return number
                case .bool(let bool): return bool ? 1 : 0
                default: throw fault("an array of numbers was to come")
                }
            }
        default: throw fault("an array of numbers was to come")
        }
    }

    func integers() throws(ImportFailure) -> [Int32] {
        try numbers().map { number throws(ImportFailure) in
            guard let integer = Int32(exactly: number) else { throw fault("\(number) is not an integer of 32 bits") }
            return integer
        }
    }

    func elements() throws(ImportFailure) -> [DocumentPlace] {
        switch value {
        case .array(let elements): elements.enumerated().map { DocumentPlace($1, path: "\(path)[\($0)]") }
        case .numbers(let numbers): numbers.enumerated().map { DocumentPlace(.number($1), path: "\(path)[\($0)]") }
        default: throw fault("an array was to come")
        }
    }

    /// A number, or a string that holds one: XGBoost writes its parameters as strings.
    func integer(in range: ClosedRange<Int>) throws(ImportFailure) -> Int {
        let number: Int? =
            switch value {
            case .number(let number): Int(exactly: number)
            case .text(let text): Int(text)
            default: nil
            }
        guard let number else { throw fault("an integer was to come") }
        guard range.contains(number) else {
            throw ImportFailure(number < range.lowerBound ? .malformed : .tooLarge, at: path, "\(number): \(range) are read")
        }
        return number
    }

    func fault(_ problem: String) -> ImportFailure { ImportFailure(.malformed, at: path, problem) }
}
