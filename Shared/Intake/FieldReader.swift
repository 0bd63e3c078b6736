internal import Json
internal import RiskDomain

/// Reads single fields by the schema's rules. Borrowed text stays valid until the parser's next document.
enum FieldReader {
    /// An id or an entity's key: text, or a whole number, whose digits are its text.
    static func key(_ value: JsonValue, _ rule: IntakeSchema.TextRule) throws(Rejection) -> UnsafeRawBufferPointer {
        let text = value.text
        switch value.kind {
        case .string: break
        case .number where isPlainInteger(text): break
        default:
            throw Rejection(
                .wrongType, field: rule.field, detail: "found \(value.kind.phrase); send text or a whole number in plain digits")
        }
        try checkText(text, lengthMax: rule.lengthMax, characters: rule.characters, isEmptyAccepted: false) { rule.field }
        return text
    }

    /// Checks length and characters.
    ///
    /// - Parameter field: Only called for a complaint.
    static func checkText(
        _ text: UnsafeRawBufferPointer, lengthMax: Int, characters: IntakeSchema.Characters, isEmptyAccepted: Bool,
        field: () -> String
    ) throws(Rejection) {
        guard isEmptyAccepted || !text.isEmpty else { throw Rejection(.emptyField, field: field(), detail: "the text is empty") }
        guard text.count <= lengthMax else {
            throw Rejection(.tooLong, field: field(), detail: "the text has \(text.count) bytes, at most \(lengthMax) are accepted")
        }
        var previous: UInt8 = 0
        for byte in text {
            // U+0080...U+009F are C2 80...C2 9F.
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) {
                throw Rejection(.controlCharacter, field: field(), detail: "the text holds a control character")
            }
            if byte >= 0x80, characters == .ascii {
                throw Rejection(.characterNotAllowed, field: field(), detail: "the text holds a character outside ASCII")
            }
            previous = byte
        }
    }

    /// An instant within the schema's range.
    static func time(
        _ value: JsonValue, field: String, _ rule: IntakeSchema.TimeRule, recordTimestampMicros: Int64
    ) throws(Rejection) -> EventTime {
        guard value.kind == .string else {
            throw Rejection(.wrongType, field: field, detail: "found \(value.kind.phrase); send RFC 3339 text such as 2018-06-25T00:00:13Z")
        }
        let time: EventTime
        do throws(EventTime.TextFault) {
            time = try InstantText.read(value.text)
        } catch {
            switch error {
            case .malformed: throw Rejection(.timeMalformed, field: field, detail: "send RFC 3339 text such as 2018-06-25T00:00:13Z")
            case .zoneMissing: throw Rejection(.timeZoneMissing, field: field, detail: "end the time with Z or an offset such as +02:00")
            case .finerThanMicroseconds:
                throw Rejection(.timeTooFine, field: field, detail: "a time has at most six decimals of a second")
            }
        }
        guard rule.earliest <= time, time < rule.latest else {
            throw Rejection(.timeOutOfRange, field: field, detail: "times from \(rule.earliest) and before \(rule.latest) are accepted")
        }
        if let ahead = rule.aheadOfRecordMicrosMax, recordTimestampMicros >= 0 {
            // The time is within years 0 to 9999, so the difference does not overflow.
            guard time.micros - recordTimestampMicros <= ahead else {
                throw Rejection(
                    .timeAheadOfRecord, field: field,
                    detail: "the time is more than \(ahead / EventTime.microsPerSecond) s after the record's own timestamp")
            }
        }
        return time
    }

    /// A currency and its letters in the document.
    static func currency(
        _ value: JsonValue, _ rule: IntakeSchema.CurrencyRule
    ) throws(Rejection) -> (Currency, UnsafeRawBufferPointer) {
        guard value.kind == .string else {
            throw Rejection(.wrongType, field: rule.field, detail: "found \(value.kind.phrase); send text such as EUR")
        }
        guard let currency = Currency(bytes: value.text) else {
            throw Rejection(.unknownCurrency, field: rule.field, detail: "send an ISO 4217 code in capitals, such as EUR")
        }
        if let allowed = rule.allowed, !allowed.contains(currency) {
            throw Rejection(.currencyNotAllowed, field: rule.field, detail: "the schema does not allow \(currency)")
        }
        return (currency, value.text)
    }

    /// An amount in minor units.
    static func amount(_ value: JsonValue, _ currency: Currency, _ rule: IntakeSchema.AmountRule) throws(Rejection) -> Int64 {
        guard value.kind == .number || value.kind == .string else {
            throw Rejection(.wrongType, field: rule.field, detail: "found \(value.kind.phrase); send a number or the text of one")
        }
        let amount: Int64
        do throws(DecimalAmount.Fault) {
            amount = try DecimalAmount.minorUnits(value.text, exponent: currency.exponent)
        } catch {
            switch error {
            case .malformed: throw Rejection(.amountMalformed, field: rule.field, detail: "send a decimal number such as 24.78")
            case .tooManyDecimals:
                throw Rejection(
                    .tooManyDecimals, field: rule.field, detail: "amounts in \(currency) have at most \(currency.exponent) decimals")
            case .overflow: throw Rejection(.amountOverflow, field: rule.field, detail: "the amount is beyond 64 bits of minor units")
            }
        }
        if amount < 0, !rule.acceptsNegative {
            throw Rejection(.negativeAmount, field: rule.field, detail: "the schema does not accept amounts below zero")
        }
        if amount == 0, !rule.acceptsZero {
            throw Rejection(.zeroAmount, field: rule.field, detail: "the schema does not accept amounts of zero")
        }
        guard amount.magnitude <= rule.minorMax.magnitude else {
            throw Rejection(.amountOverflow, field: rule.field, detail: "the schema accepts at most \(rule.minorMax) minor units")
        }
        return amount
    }

    /// A verdict by the schema's word for it.
    static func verdict(_ value: JsonValue, _ schema: IntakeSchema) throws(Rejection) -> Verdict {
        guard value.kind == .string else {
            throw Rejection(.wrongType, field: schema.verdictField, detail: "found \(value.kind.phrase); send one of the schema's words")
        }
        for known in schema.verdicts where known.word.utf8.elementsEqual(value.text) { return known.verdict }
        throw Rejection(
            .unknownVerdict, field: schema.verdictField, detail: "send one of \(schema.verdicts.map(\.word).joined(separator: ", "))")
    }

    /// `-?digits`, and not `-0`, which has another text than the 0 that it equals.
    static func isPlainInteger(_ text: UnsafeRawBufferPointer) -> Bool {
        let digits = text.first == 0x2D ? text.dropFirst() : text[...]
        if digits.isEmpty || (digits.count < text.count && digits.first == 0x30) { return false }
        return digits.allSatisfy { (0x30...0x39).contains($0) }
    }
}
