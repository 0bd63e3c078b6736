/// Writes one structure: its fields, its initialiser with defaults, its decoder and its encoder, then the structures inside.
struct StructureEmitter {
    let structure: StructureSchema
    let api: ApiSchema
    /// The versions in which this structure exists.
    let versions: VersionRange
    /// The protocol a whole message conforms to; nil for a structure inside.
    var conformance: String?

    private enum Flexibility {
        case never, always
        case byVersion(Int)
    }

    private var flexibility: Flexibility {
        guard let flexible = api.flexibleVersions, flexible.low <= versions.high else { return .never }
        return flexible.low <= versions.low ? .always : .byVersion(flexible.low)
    }

    /// What is passed to the reader and the writer.
    private var flexibleArgument: String {
        switch flexibility {
        case .never: "false"
        case .always: "true"
        case .byVersion: "isFlexible"
        }
    }

    private var plainFields: [FieldSchema] { structure.fields.filter { $0.tag == nil } }
    private var taggedFields: [FieldSchema] { structure.fields.filter { $0.tag != nil }.sorted { ($0.tag ?? 0) < ($1.tag ?? 0) } }

    func emit(into text: inout SourceText) {
        text.block("package struct \(structure.name): \(conformance ?? "Sendable, Equatable")") { text in
            if let conformance { emitIdentity(conformance, into: &text) }
            for field in structure.fields { text.add("package var \(field.name): \(field.swiftType)\(remark(field))") }
            text.add("")
            emitInitialiser(into: &text)
            text.add("")
            emitDecoder(into: &text)
            text.add("")
            emitEncoder(into: &text)
            for field in structure.fields {
                guard let inner = field.type.innermostStructure else { continue }
                text.add("")
                text.add("/// An element of `\(field.name)`.")
                StructureEmitter(structure: inner, api: api, versions: field.versions).emit(into: &text)
            }
        }
    }

    private func emitIdentity(_ conformance: String, into text: inout SourceText) {
        if conformance == "WireRequest" { text.add("package typealias Response = \(api.name)Response") }
        text.add("package static var apiKey: ApiKey { .\(api.name.firstLowercased) }")
        text.add("package static var versions: ClosedRange<Int16> { \(api.versions.low)...\(api.versions.high) }")
        let flexible = api.flexibleVersions.map { "\($0.low)...\($0.high)" } ?? "nil"
        text.add("package static var flexibleVersions: ClosedRange<Int16>? { \(flexible) }")
        text.add("")
    }

    /// Where the field exists, when that is not everywhere.
    private func remark(_ field: FieldSchema) -> String {
        var remarks: [String] = []
        if field.versions != versions {
            remarks.append(
                field.versions.high == versions.high
                    ? "from version \(field.versions.low)" : "versions \(field.versions.low) to \(field.versions.high)")
        }
        if let nullable = field.nullableVersions, nullable != field.versions { remarks.append("null from version \(nullable.low)") }
        if field.tag != nil { remarks.append("tagged") }
        return remarks.isEmpty ? "" : "  // " + remarks.joined(separator: ", ")
    }

    private func emitInitialiser(into text: inout SourceText) {
        text.add("package init(")
        for (index, field) in structure.fields.enumerated() {
            let comma = index == structure.fields.count - 1 ? "" : ","
            text.add("    \(field.name): \(field.swiftType) = \(field.swiftDefault)\(comma)")
        }
        text.block(")") { text in
            for field in structure.fields { text.add("self.\(field.name) = \(field.name)") }
        }
    }

    // MARK: Decoding

    private func emitDecoder(into text: inout SourceText) {
        text.block("package init(from reader: inout WireReader, version: Int16) throws(WireFault)") { text in
            if conformance != nil { text.add("try reader.require(version, in: Self.versions)") }
            text.add("self.init()")
            emitFlexibility(into: &text)
            for field in plainFields {
                conditional(field, into: &text) { $0.add("\(field.name) = \(decoding(field))") }
            }
            switch flexibility {
            case .never: break
            case .always: emitTagDecoder(into: &text)
            case .byVersion: text.block("if isFlexible") { emitTagDecoder(into: &$0) }
            }
        }
    }

    private func emitTagDecoder(into text: inout SourceText) {
        guard !taggedFields.isEmpty else {
            text.add("try reader.skipTaggedFields()")
            return
        }
        text.block("for _ in 0..<(try reader.readTagCount())") { text in
            text.add("let tag = try reader.readTag()")
            text.block("switch tag.number", indented: false) { text in
                for field in taggedFields {
                    let condition = condition(field, within: api.flexibleVersions ?? versions).map { " where \($0)" } ?? ""
                    text.add("case \(field.tag ?? 0)\(condition): \(field.name) = \(decoding(field))")
                }
                text.add("default: break")
            }
            text.add("try reader.finish(tag)")
        }
    }

    private func decoding(_ field: FieldSchema) -> String {
        switch field.type {
        case .string, .array:
            let plain = decoding(field.type, in: field.versions)
            guard let nullable = field.nullableVersions else { return "try " + plain }
            let null = decoding(field.type, in: field.versions, isNullable: true)
            if nullable == field.versions { return "try " + null }
            return "try version >= \(nullable.low) ? \(null) : \(plain)"
        default: return "try " + decoding(field.type, in: field.versions)
        }
    }

    private func decoding(_ type: FieldType, in versions: VersionRange, isNullable: Bool = false) -> String {
        let null = isNullable ? "Nullable" : ""
        switch type {
        case .bool: return "reader.readBool()"
        case .int8: return "reader.readInt8()"
        case .int16: return "reader.readInt16()"
        case .int32: return "reader.readInt32()"
        case .int64: return "reader.readInt64()"
        case .uuid: return "reader.readUuid()"
        case .string: return "reader.read\(null)String(\(flexibleArgument))"
        case .bytes: return "reader.readBytes(\(flexibleArgument))"
        case .records: return "reader.readRecords(\(flexibleArgument))"
        case .structure(let inner): return "\(inner.name)(from: &reader, version: version)"
        case .array(let element):
            let smallest =
                (versions.low...versions.high).map { element.byteCountMin(version: $0, isFlexible: api.isFlexible($0)) }.min() ?? 1
            let body = "{ (reader) throws(WireFault) in try \(decoding(element, in: versions)) }"
            return "reader.read\(null)Array(\(flexibleArgument), byteCountMin: \(max(smallest, 1))) \(body)"
        }
    }

    // MARK: Encoding

    private func emitEncoder(into text: inout SourceText) {
        text.block("package func encode(into writer: inout WireWriter, version: Int16)") { text in
            if conformance != nil { text.add("precondition(Self.versions.contains(version), \"no such version of \(structure.name)\")") }
            emitFlexibility(into: &text)
            for field in plainFields { conditional(field, into: &text) { encode(field, into: &$0) } }
            switch flexibility {
            case .never: break
            case .always: emitTagEncoder(into: &text)
            case .byVersion: text.block("if isFlexible") { emitTagEncoder(into: &$0) }
            }
        }
    }

    private func emitTagEncoder(into text: inout SourceText) {
        guard !taggedFields.isEmpty else {
            text.add("writer.writeUnsignedVarint(0)")
            return
        }
        for field in taggedFields {
            let exists = condition(field, within: api.flexibleVersions ?? versions).map { "\($0) && " } ?? ""
            text.add("let has\(field.name.firstUppercased) = \(exists)\(field.isNotDefault)")
        }
        text.add("writer.writeUnsignedVarint(\(taggedFields.map { "(has\($0.name.firstUppercased) ? 1 : 0)" }.joined(separator: " + ")))")
        for field in taggedFields {
            text.block("if has\(field.name.firstUppercased)") { text in
                text.add("let start = writer.beginTag(\(field.tag ?? 0))")
                encode(field, into: &text)
                text.add("writer.endTag(start)")
            }
        }
    }

    private func encode(_ field: FieldSchema, into text: inout SourceText) {
        let name = field.name
        guard let nullable = field.nullableVersions, field.type != .records else { return encode(field.type, of: name, into: &text) }
        let isAlwaysNullable = nullable == field.versions
        switch field.type {
        case .array(let element):
            let count = isAlwaysNullable ? "\(name)?.count" : "\(name)?.count ?? (version >= \(nullable.low) ? nil : 0)"
            text.add("writer.writeNullableCount(\(count), \(flexibleArgument))")
            text.block("for element in \(name) ?? []") { encode(element, of: "element", into: &$0) }
        default:
            let value = isAlwaysNullable ? name : "\(name) ?? (version >= \(nullable.low) ? nil : \"\")"
            text.add("writer.writeNullableString(\(value), \(flexibleArgument))")
        }
    }

    private func encode(_ type: FieldType, of value: String, into text: inout SourceText) {
        switch type {
        case .bool: text.add("writer.write(\(value))")
        case .int8, .int16, .int32, .int64, .uuid: text.add("writer.write(\(value))")
        case .string: text.add("writer.writeString(\(value), \(flexibleArgument))")
        case .bytes: text.add("writer.writeBytes(\(value), \(flexibleArgument))")
        case .records: text.add("writer.writeRecords(\(value), \(flexibleArgument))")
        case .structure: text.add("\(value).encode(into: &writer, version: version)")
        case .array(let element):
            text.add("writer.writeCount(\(value).count, \(flexibleArgument))")
            text.block("for element in \(value)") { encode(element, of: "element", into: &$0) }
        }
    }

    // MARK: Versions

    private func emitFlexibility(into text: inout SourceText) {
        if case .byVersion(let low) = flexibility { text.add("let isFlexible = version >= \(low)") }
    }

    private func condition(_ field: FieldSchema, within outer: VersionRange) -> String? {
        var parts: [String] = []
        if field.versions.low > outer.low { parts.append("version >= \(field.versions.low)") }
        if field.versions.high < outer.high { parts.append("version <= \(field.versions.high)") }
        return parts.isEmpty ? nil : parts.joined(separator: " && ")
    }

    private func conditional(_ field: FieldSchema, into text: inout SourceText, _ body: (inout SourceText) -> Void) {
        if let condition = condition(field, within: versions) {
            text.block("if \(condition)", body)
        } else {
            body(&text)
        }
    }
}

extension FieldType {
    var swiftType: String {
        switch self {
        case .bool: "Bool"
        case .int8: "Int8"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .string: "String"
        case .bytes: "[UInt8]"
        case .records: "WireRecords"
        case .uuid: "Uuid"
        case .structure(let inner): inner.name
        case .array(let element): "[\(element.swiftType)]"
        }
    }

    /// The structure of the field or of its elements.
    var innermostStructure: StructureSchema? {
        switch self {
        case .structure(let inner): inner
        case .array(let element): element.innermostStructure
        default: nil
        }
    }
}

extension FieldSchema {
    /// The type with its optionality; records say null themselves.
    var swiftType: String { type.swiftType + (nullableVersions != nil && type != .records ? "?" : "") }

    var swiftDefault: String {
        if let defaultText { return defaultText }
        if type == .records { return ".null" }
        if nullableVersions != nil { return "nil" }
        switch type {
        case .bool: return "false"
        case .int8, .int16, .int32, .int64: return "0"
        case .string: return "\"\""
        case .bytes, .array: return "[]"
        case .records: return ".null"
        case .uuid: return ".zero"
        case .structure(let inner): return "\(inner.name)()"
        }
    }

    /// The claim that the field differs from its default, so that its tag is written.
    var isNotDefault: String {
        if case .array = type, nullableVersions == nil { return "!\(name).isEmpty" }
        return "\(name) != \(swiftDefault)"
    }
}

extension String {
    var firstUppercased: String { prefix(1).uppercased() + dropFirst() }
}
