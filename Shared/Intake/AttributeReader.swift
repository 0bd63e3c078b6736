internal import Contracts
internal import Json

/// Reads the free attributes of one transaction after another.
///
/// They are kept sorted by the bytes of their names, so that the same attributes in another order are the same event. A null
/// is as good as absent.
final class AttributeReader {
    private let rule: IntakeSchema.AttributesRule
    /// Borrowed from the parser; kept only to save its memory.
    private var read: [(name: UnsafeRawBufferPointer, value: AttributeView.Value)] = []

    init(rule: IntakeSchema.AttributesRule) {
        self.rule = rule
        read.reserveCapacity(rule.countMax)
    }

    func clear() { read.removeAll(keepingCapacity: true) }

    func read(_ value: JsonValue) throws(Rejection) {
        clear()
        if value.kind == .null { return }
        guard value.kind == .object else {
            throw Rejection(.wrongType, field: rule.field, detail: "found \(value.kind.phrase); send an object")
        }
        for member in value.members {
            guard member.value.kind != .null else { continue }
            guard read.count < rule.countMax else {
                throw Rejection(.tooManyAttributes, field: rule.field, detail: "at most \(rule.countMax) attributes are accepted")
            }
            try FieldReader.checkText(member.name, lengthMax: rule.nameLengthMax, characters: .unicode, isEmptyAccepted: false) {
                path(member.name)
            }
            insert(member.name, try attribute(member))
        }
    }

    func encode(into output: inout [UInt8]) {
        for attribute in read { EventEncoder.attribute(name: attribute.name, value: attribute.value, into: &output) }
    }

    private func path(_ name: UnsafeRawBufferPointer) -> String { "\(rule.field).\(FieldPath.printable(name))" }

    /// Insertion sort: names are few, and the standard sort may allocate.
    private func insert(_ name: UnsafeRawBufferPointer, _ value: AttributeView.Value) {
        read.append((name, value))
        var index = read.count - 1
        while index > 0, AttributeReader.precedes(name, read[index - 1].name) {
            read.swapAt(index, index - 1)
            index -= 1
        }
    }

    private static func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<min(left.count, right.count) where left[index] != right[index] { return left[index] < right[index] }
        return left.count < right.count
    }

    private func declaredType(_ name: UnsafeRawBufferPointer) -> IntakeSchema.AttributeType? {
        for declared in rule.declared where declared.name.utf8.elementsEqual(name) { return declared.type }
        return nil
    }

    private func attribute(_ member: JsonValue.Member) throws(Rejection) -> AttributeView.Value {
        let type = declaredType(member.name)
        if type == nil, !rule.keepsAdditional {
            throw Rejection(.unknownField, field: path(member.name), detail: "the schema declares no such attribute")
        }
        switch (member.value.kind, type) {
        case (.string, nil), (.string, .text):
            try FieldReader.checkText(member.value.text, lengthMax: rule.textLengthMax, characters: .unicode, isEmptyAccepted: true) {
                path(member.name)
            }
            return .text(member.value.text)
        case (.bool, nil), (.bool, .flag): return .flag(member.value.isTrue)
        case (.number, .number): return .number(try number(member))
        case (.number, nil) where !isWhole(member.value.text): return .number(try number(member))
        case (.number, nil), (.number, .integer): return .integer(try integer(member))
        default:
            throw Rejection(
                .wrongType, field: path(member.name),
                detail: "found \(member.value.kind.phrase), want \(type.map(\.rawValue) ?? "text, a number or a flag")")
        }
    }

    /// Written without point and exponent.
    private func isWhole(_ text: UnsafeRawBufferPointer) -> Bool { text.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) } }

    private func integer(_ member: JsonValue.Member) throws(Rejection) -> Int64 {
        guard isWhole(member.value.text) else {
            throw Rejection(.wrongType, field: path(member.name), detail: "found a number with a point or an exponent, want integer")
        }
        do throws(DecimalAmount.Fault) {
            return try DecimalAmount.minorUnits(member.value.text, exponent: 0)
        } catch {
            throw Rejection(.integerOverflow, field: path(member.name), detail: "the whole number is beyond 64 bits")
        }
    }

    private func number(_ member: JsonValue.Member) throws(Rejection) -> Double {
        guard let number = JsonText.readDouble(member.value.text), number.isFinite else {
            throw Rejection(.notFinite, field: path(member.name), detail: "the number is beyond the range of a double")
        }
        return number
    }
}
