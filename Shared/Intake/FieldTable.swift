internal import Json

/// What a field of a record is for.
struct FieldRole: Hashable {
    let slot: Int

    static let id = FieldRole(slot: 0)
    static let time = FieldRole(slot: 1)
    static let amount = FieldRole(slot: 2)
    static let currency = FieldRole(slot: 3)
    static let attributes = FieldRole(slot: 4)
    static let transactionTime = FieldRole(slot: 5)
    static let verdict = FieldRole(slot: 6)
    static func entity(_ index: Int) -> FieldRole { FieldRole(slot: 8 + index) }

    /// Eight entities follow the eight slots above.
    static let slotCount = 16
}

/// The values of one record by role, kept in place.
struct FieldValues {
    private var slots = [16 of JsonValue?](repeating: nil)

    subscript(role: FieldRole) -> JsonValue? {
        get { slots[role.slot] }
        set { slots[role.slot] = newValue }
    }
}

/// The names of one record's fields.
struct FieldTable {
    private struct Field {
        let role: FieldRole
        let start: Int
        let count: Int
    }

    /// All names, one after the other, so that looking one up touches one array and counts no references.
    private var names: [UInt8] = []
    private var fields: [Field] = []

    init(transactionsOf schema: IntakeSchema) {
        addCommon(schema)
        add(.amount, schema.amount.field)
        add(.currency, schema.currency.field)
        if let attributes = schema.attributes { add(.attributes, attributes.field) }
    }

    init(outcomesOf schema: IntakeSchema) {
        addCommon(schema)
        add(.transactionTime, schema.transactionTimeField)
        add(.verdict, schema.verdictField)
    }

    private mutating func addCommon(_ schema: IntakeSchema) {
        add(.id, schema.id.field)
        add(.time, schema.time.field)
        for (index, entity) in schema.entities.enumerated() { add(.entity(index), entity.text.field) }
    }

    private mutating func add(_ role: FieldRole, _ name: String) {
        fields.append(Field(role: role, start: names.count, count: name.utf8.count))
        names += name.utf8
    }

    /// Sorts the members of a record by role. A member that has none is refused, and so is anything but an object.
    func find(in root: JsonValue) throws(Rejection) -> FieldValues {
        guard root.kind == .object else {
            throw Rejection(.wrongType, detail: "the message is \(root.kind.phrase); send one JSON object")
        }
        var values = FieldValues()
        for member in root.members {
            guard let role = role(of: member.name) else {
                throw Rejection(
                    .unknownField, field: FieldPath.printable(member.name), detail: "the schema has no such field; known: \(known)")
            }
            values[role] = member.value
        }
        return values
    }

    func required(_ role: FieldRole, _ values: FieldValues) throws(Rejection) -> JsonValue {
        guard let value = values[role] else { throw missing(role) }
        return value
    }

    func missing(_ role: FieldRole) -> Rejection {
        Rejection(.missingField, field: name(of: role), detail: "the field is required")
    }

    private func role(of name: UnsafeRawBufferPointer) -> FieldRole? {
        names.withUnsafeBytes { names in
            fields.withUnsafeBufferPointer { fields in
                for field in fields where field.count == name.count {
                    var index = 0
                    while index < name.count, names[field.start + index] == name[index] { index += 1 }
                    if index == name.count { return field.role }
                }
                return nil
            }
        }
    }

    private func name(of role: FieldRole) -> String {
        guard let field = fields.first(where: { $0.role == role }) else { return "" }
        return String(decoding: names[field.start..<(field.start + field.count)], as: UTF8.self)
    }

    private var known: String { fields.map { name(of: $0.role) }.joined(separator: ", ") }
}

/// Names of fields, as far as a message chose them, made fit for logs and tables.
enum FieldPath {
    /// At most 64 characters, control characters replaced.
    static func printable(_ name: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: name.prefix(256), as: UTF8.self).unicodeScalars
        var result = String.UnicodeScalarView()
        for scalar in text.prefix(64) {
            result.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : scalar)
        }
        if text.count > 64 { result.append("…") }
        return String(result)
    }
}

extension JsonValue.Kind {
    /// For complaints.
    var phrase: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "text"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        }
    }
}

extension Rejection {
    /// A message that is not the JSON it should be.
    init(_ failure: JsonFailure, lastKey: UnsafeRawBufferPointer?, schema: IntakeSchema) {
        let reason: Reason =
            switch failure.fault {
            case .empty: .emptyMessage
            case .tooLarge, .noMemory: .tooLarge
            case .tooDeep: .tooDeep
            case .invalidUTF8: .invalidUTF8
            case .controlCharacter: .controlCharacter
            case .duplicateKey: .duplicateField
            case .loneSurrogate: .loneSurrogate
            case .notFinite: .notFinite
            case .byteOrderMark: .byteOrderMark
            case .malformed: .malformedJson
            }
        // The key read last is the failing field only where the walk stopped at a value or a key.
        let namesField = [.duplicateKey, .notFinite, .tooDeep].contains(failure.fault)
        self.init(
            reason, field: namesField ? lastKey.map(FieldPath.printable) ?? "" : "",
            detail: "\(failure.fault.rawValue), noticed at byte \(failure.offset)")
    }
}
