/// Why a record was refused: stored and sent with the record's original bytes.
package struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason's stable word: part of the interface with producers; words are added, never changed.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        // The message
        /// A tombstone: Kafka's null value.
        case nullPayload = "null_payload"
        /// No bytes, or white space only.
        case emptyMessage = "empty_message"
        /// More bytes than a message may have; it was not read.
        case tooLarge = "too_large"
        case tooDeep = "too_deep"
        case malformedJson = "malformed_json"
        case byteOrderMark = "byte_order_mark"
        case invalidUTF8 = "invalid_utf8"
        /// An escape that names half of a surrogate pair.
        case loneSurrogate = "lone_surrogate"
        /// A control character, NUL included, escaped or not.
        case controlCharacter = "control_character"
        case duplicateField = "duplicate_field"
        // Its fields
        case unknownField = "unknown_field"
        case missingField = "missing_field"
        case wrongType = "wrong_type"
        case emptyField = "empty_field"
        /// More bytes than the field may have.
        case tooLong = "too_long"
        /// A character outside the field's set.
        case characterNotAllowed = "character_not_allowed"
        /// More attributes than a transaction may have.
        case tooManyAttributes = "too_many_attributes"
        // Numbers
        /// NaN, an infinity, or a number beyond the range of a double.
        case notFinite = "not_finite"
        /// A whole number beyond 64 bits.
        case integerOverflow = "integer_overflow"
        case amountMalformed = "amount_malformed"
        /// Beyond 64 bits of minor units, or more than the schema's maximum.
        case amountOverflow = "amount_overflow"
        case negativeAmount = "negative_amount"
        case zeroAmount = "zero_amount"
        case tooManyDecimals = "too_many_decimals"
        // Words
        case unknownCurrency = "unknown_currency"
        case currencyNotAllowed = "currency_not_allowed"
        case unknownVerdict = "unknown_verdict"
        // Times
        case timeMalformed = "time_malformed"
        case timeZoneMissing = "time_zone_missing"
        /// Finer than a microsecond.
        case timeTooFine = "time_too_fine"
        case timeOutOfRange = "time_out_of_range"
        /// Later than the record's own timestamp by more than the schema allows.
        case timeAheadOfRecord = "time_ahead_of_record"
        /// An outcome known before its transaction happened.
        case timeBeforeTransaction = "time_before_transaction"
    }

    package var reason: Reason
    /// Path of the field, such as `amount` or `attributes.channel`; empty when the message itself is at fault. Printable, at most
    /// 128 bytes or so, whatever the message holds.
    package var field: String
    /// What was found and what is wanted, for a person. Holds none of the message's values.
    package var detail: String

    package init(_ reason: Reason, field: String = "", detail: String) {
        self.reason = reason
        self.field = field
        self.detail = detail
    }

    package var description: String {
        field.isEmpty ? "\(reason.rawValue): \(detail)" : "\(reason.rawValue) in \(field): \(detail)"
    }
}
