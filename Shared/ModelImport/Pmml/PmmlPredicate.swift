internal import Forest

/// When a node of a PMML tree is taken: true, false or unknown.
indirect enum PmmlPredicate: Equatable {
    /// What is asked of one value. Numeric: `x <= threshold`.
    enum Test: Equatable {
        case atMost(Double)
        case isIn(Set<Double>)

        var isOrdered: Bool {
            if case .atMost = self { true } else { false }
        }

        func holds(_ value: Double) -> Bool {
            switch self {
            case .atMost(let threshold): value <= threshold
            case .isIn(let values): values.contains(value)
            }
        }
    }

    case always(Bool)
    case missing(PmmlFields.Field)
    case test(PmmlFields.Field, Test)
    case not(PmmlPredicate)
    case all(ArraySlice<PmmlPredicate>)
    case any(ArraySlice<PmmlPredicate>)
    /// The first that is not unknown.
    case surrogate(ArraySlice<PmmlPredicate>)

    /// Parts of one predicate, and values of one set: what follows walks them recursively, and again and again.
    static let partCountMax = 256
    static let valueCountMax = 65_536

    static let names: Set<String> = ["True", "False", "SimplePredicate", "SimpleSetPredicate", "CompoundPredicate"]

    init(_ element: XmlElement, _ fields: PmmlFields) throws(ImportFailure) {
        var partCount = 0
        try self.init(element, fields, depth: 0, &partCount)
    }

    /// - Parameter depth: Compound predicates around it; reading recurses.
    private init(_ element: XmlElement, _ fields: PmmlFields, depth: Int, _ partCount: inout Int) throws(ImportFailure) {
        partCount += 1
        guard partCount <= PmmlPredicate.partCountMax else {
            throw ImportFailure(.tooLarge, at: element.place, "a predicate of more than \(PmmlPredicate.partCountMax) parts")
        }
        switch element.name {
        case "True": self = .always(true)
        case "False": self = .always(false)
        case "SimplePredicate": self = try PmmlPredicate.simple(element, fields)
        case "SimpleSetPredicate": self = try PmmlPredicate.set(element, fields)
        case "CompoundPredicate":
            guard depth < 32 else { throw ImportFailure(.tooLarge, at: element.place, "predicates are nested deeper than 32") }
            var parts: [PmmlPredicate] = []
            for part in element.children where PmmlPredicate.names.contains(part.name) {
                parts.append(try PmmlPredicate(part, fields, depth: depth + 1, &partCount))
            }
            switch try element.required("booleanOperator") {
            case "and": self = .all(parts[...])
            case "or": self = .any(parts[...])
            case "surrogate": self = .surrogate(parts[...])
            case let name: throw element.unsupported("booleanOperator \(name)")
            }
        case let name: throw element.unsupported("\(name): it is no predicate that is read")
        }
    }

    private static func simple(_ element: XmlElement, _ fields: PmmlFields) throws(ImportFailure) -> PmmlPredicate {
        let field = try fields.field(element.required("field"), at: element)
        let operation = try element.required("operator")
        if operation == "isMissing" { return .missing(field) }
        if operation == "isNotMissing" { return .not(.missing(field)) }
        let isEquality = operation == "equal" || operation == "notEqual"
        let value = try fields.code(element.required("value"), of: field, at: element, isBound: !isEquality)
        if operation == "equal" { return .test(field, .isIn([value])) }
        if operation == "notEqual" { return .not(.test(field, .isIn([value]))) }
        guard !field.isText else { throw element.unsupported("operator \(operation): an order of words") }
        func atMost(isStrict: Bool) -> PmmlPredicate { .test(field, .atMost(fields.threshold(value, of: field, isStrict: isStrict))) }
        switch operation {
        case "lessOrEqual": return atMost(isStrict: false)
        case "lessThan": return atMost(isStrict: true)
        case "greaterThan": return .not(atMost(isStrict: false))
        case "greaterOrEqual": return .not(atMost(isStrict: true))
        default: throw element.unsupported("operator \(operation)")
        }
    }

    private static func set(_ element: XmlElement, _ fields: PmmlFields) throws(ImportFailure) -> PmmlPredicate {
        let field = try fields.field(element.required("field"), at: element)
        guard let array = element.first("Array") else { throw element.fault("Array is missing") }
        var values: Set<Double> = []
        for word in try words(array) { values.insert(try fields.code(word, of: field, at: element)) }
        guard values.count <= valueCountMax else { throw ImportFailure(.tooLarge, at: element.place, "a set of \(values.count) values") }
        switch try element.required("booleanOperator") {
        case "isIn": return .test(field, .isIn(values))
        case "isNotIn": return .not(.test(field, .isIn(values)))
        case let name: throw element.unsupported("booleanOperator \(name)")
        }
    }

    /// Words between white space; one with white space stands in quotation marks, which a backslash keeps from ending it.
    private static func words(_ array: XmlElement) throws(ImportFailure) -> [String] {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        var isEscaped = false
        for character in array.text.unicodeScalars {
            if isEscaped {
                if character != "\"" && character != "\\" { word?.unicodeScalars.append("\\") }
                word?.unicodeScalars.append(character)
                isEscaped = false
            } else if isQuoted && character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                if isQuoted {
                    words.append(word ?? "")
                    word = nil
                } else {
                    word = word ?? ""
                }
                isQuoted.toggle()
            } else if !isQuoted && character.properties.isWhitespace {
                if let word { words.append(word) }
                word = nil
            } else {
                word = word ?? ""
                word?.unicodeScalars.append(character)
            }
        }
        guard !isQuoted else { throw array.fault("a quotation mark is not closed") }
        if let word { words.append(word) }
        return words
    }
}
