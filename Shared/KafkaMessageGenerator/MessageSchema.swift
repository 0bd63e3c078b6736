/// The versions in which something exists: 3...12, or from 9 on.
package struct VersionRange: Equatable, Sendable {
    package var low: Int
    package var high: Int

    package init(low: Int, high: Int) {
        self.low = low
        self.high = high
    }

    package func contains(_ version: Int) -> Bool { low <= version && version <= high }
}

/// What a field holds on the wire.
package indirect enum FieldType: Equatable, Sendable {
    case bool, int8, int16, int32, int64, string, bytes, records, uuid
    case structure(StructureSchema)
    case array(FieldType)
}

/// One field of a structure, in its place on the wire.
package struct FieldSchema: Equatable, Sendable {
    package var name: String
    package var type: FieldType
    /// Where it exists, within the versions of its API.
    package var versions: VersionRange
    /// Where it may be null; nil for a field that never is.
    package var nullableVersions: VersionRange?
    /// Its number in the tagged section of a flexible version; nil for an ordinary field.
    package var tag: Int?
    /// As written in the description; nil for the type's own (0, false, empty, null).
    package var defaultText: String?
}

/// A group of fields that becomes one Swift structure.
package struct StructureSchema: Equatable, Sendable {
    package var name: String
    package var fields: [FieldSchema]
}

/// One API: a key and its two messages.
package struct ApiSchema: Equatable, Sendable {
    package var name: String
    package var key: Int
    package var versions: VersionRange
    /// Nil when no version of it is flexible.
    package var flexibleVersions: VersionRange?
    package var request: StructureSchema
    package var response: StructureSchema

    package func isFlexible(_ version: Int) -> Bool { flexibleVersions?.contains(version) ?? false }
}

/// The whole description.
package struct ProtocolSchema: Equatable, Sendable {
    package var apis: [ApiSchema]
    /// APIs that are not offered, by key.
    package var otherNames: [(key: Int, name: String)]

    package static func == (left: ProtocolSchema, right: ProtocolSchema) -> Bool {
        left.apis == right.apis && left.otherNames.elementsEqual(right.otherNames, by: ==)
    }
}

extension FieldType {
    /// The fewest bytes a value of this type takes in `version`.
    package func byteCountMin(version: Int, isFlexible: Bool) -> Int {
        switch self {
        case .bool, .int8: 1
        case .int16: 2
        case .int32: 4
        case .int64: 8
        case .uuid: 16
        case .string: isFlexible ? 1 : 2
        case .bytes, .records, .array: isFlexible ? 1 : 4
        case .structure(let structure):
            structure.fields.reduce(isFlexible ? 1 : 0) { sum, field in
                guard field.tag == nil, field.versions.contains(version) else { return sum }
                return sum + field.type.byteCountMin(version: version, isFlexible: isFlexible)
            }
        }
    }
}
