package import Hashing
package import RiskDomain

/// What records of the public topics must look like, read from a schema file (`config/card-transactions.yaml` documents
/// every key).
package struct IntakeSchema: Sendable {
    /// Which characters a text may have.
    package enum Characters: Hashable, Sendable {
        /// U+0020...U+007E.
        case ascii
        /// Anything but control characters (U+0000...U+001F, U+007F...U+009F).
        case unicode
    }

    /// A short text: an id or an entity's key.
    package struct TextRule: Hashable, Sendable {
        package var field: String
        /// In bytes of UTF-8.
        package var lengthMax: Int
        package var characters: Characters
    }

    package struct Entity: Hashable, Sendable {
        package var name: String
        package var text: TextRule
    }

    package struct TimeRule: Hashable, Sendable {
        package var field: String
        package var earliest: EventTime
        /// Exclusive.
        package var latest: EventTime
        /// How far a time may lie after the Kafka record's own; nil when that is not checked.
        package var aheadOfRecordMicrosMax: Int64?
    }

    package struct AmountRule: Hashable, Sendable {
        package var field: String
        /// Largest magnitude, in minor units.
        package var minorMax: Int64
        package var acceptsZero: Bool
        package var acceptsNegative: Bool
    }

    package struct CurrencyRule: Hashable, Sendable {
        package var field: String
        /// Of a transaction that names none; nil when it must.
        package var fallback: Currency?
        /// Nil for any of ISO 4217.
        package var allowed: [Currency]?
    }

    package enum AttributeType: String, Hashable, Sendable, CaseIterable {
        case text, integer, number, flag
    }

    package struct AttributesRule: Hashable, Sendable {
        package var field: String
        package var keepsAdditional: Bool
        package var countMax: Int
        /// In bytes of UTF-8.
        package var nameLengthMax: Int
        /// In bytes of UTF-8.
        package var textLengthMax: Int
        /// Sorted by name's bytes.
        package var declared: [Declared]

        package struct Declared: Hashable, Sendable {
            package var name: String
            package var type: AttributeType
        }
    }

    package struct VerdictWord: Hashable, Sendable {
        package var word: String
        package var verdict: Verdict
    }

    package var name: String
    /// SHA-256 of the file.
    package var contentHash: ContentHash
    package var byteCountMax: Int
    package var depthMax: Int
    package var id: TextRule
    package var time: TimeRule
    /// In the order of the feature passes: one at least, ``EventView/entityCountMax`` at most.
    package var entities: [Entity]
    package var amount: AmountRule
    package var currency: CurrencyRule
    /// Nil when transactions have no free attributes.
    package var attributes: AttributesRule?
    package var transactionTimeField: String
    package var verdictField: String
    package var verdicts: [VerdictWord]
}
