/// A line of the description that cannot be understood.
package struct SchemaFault: Error, Equatable, CustomStringConvertible {
    package var line: Int
    package var reason: String

    package var description: String { "line \(line): \(reason)" }
}

/// Reads the description of the messages; its form is explained at the head of `messages.txt`.
package struct SchemaParser {
    private struct Line {
        var number: Int
        var depth: Int
        var words: [Substring]
    }

    private var lines: [Line] = []
    private var next = 0

    package static func parse(_ text: String) throws(SchemaFault) -> ProtocolSchema {
        var parser = try SchemaParser(text)
        return try parser.parseAll()
    }

    private init(_ text: String) throws(SchemaFault) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let spaces = line.prefix { $0 == " " }.count
            let content = line.dropFirst(spaces)
            guard !content.isEmpty, content.first != "#" else { continue }
            guard spaces.isMultiple(of: 2) else {
                throw SchemaFault(line: index + 1, reason: "indented by \(spaces) spaces; use two a level")
            }
            lines.append(Line(number: index + 1, depth: spaces / 2, words: content.split(separator: " ")))
        }
    }

    private mutating func parseAll() throws(SchemaFault) -> ProtocolSchema {
        var schema = ProtocolSchema(apis: [], otherNames: [])
        while next < lines.count {
            let line = lines[next]
            switch (line.depth, line.words.first) {
            case (0, "api"): schema.apis.append(try parseApi())
            case (0, "named"):
                guard line.words.count == 3, let key = Int(line.words[1]) else { throw fault("expected: named KEY NAME") }
                schema.otherNames.append((key, String(line.words[2])))
                next += 1
            default: throw fault("expected an api or a name")
            }
        }
        return schema
    }

    private mutating func parseApi() throws(SchemaFault) -> ApiSchema {
        let words = lines[next].words
        guard words.count == 5 || words.count == 7, words[3] == "versions", let key = Int(words[2]),
            let versions = range(words[4], within: nil)
        else { throw fault("expected: api NAME KEY versions LOW-HIGH [flexible FROM+]") }
        var flexible: VersionRange?
        if words.count == 7 {
            guard words[5] == "flexible", let range = range(words[6], within: versions) else { throw fault("expected: flexible FROM+") }
            flexible = range
        }
        let name = String(words[1])
        next += 1
        let request = try parseMessage("request", name: name + "Request", versions: versions)
        let response = try parseMessage("response", name: name + "Response", versions: versions)
        return ApiSchema(name: name, key: key, versions: versions, flexibleVersions: flexible, request: request, response: response)
    }

    private mutating func parseMessage(_ keyword: Substring, name: String, versions: VersionRange) throws(SchemaFault) -> StructureSchema {
        guard next < lines.count, lines[next].depth == 1, lines[next].words == [keyword] else { throw fault("expected: \(keyword)") }
        next += 1
        return StructureSchema(name: name, fields: try parseFields(depth: 2, versions: versions))
    }

    private mutating func parseFields(depth: Int, versions: VersionRange) throws(SchemaFault) -> [FieldSchema] {
        var fields: [FieldSchema] = []
        while next < lines.count, lines[next].depth >= depth {
            guard lines[next].depth == depth else { throw fault("indented too far") }
            fields.append(try parseField(depth: depth, outer: versions))
        }
        return fields
    }

    private mutating func parseField(depth: Int, outer: VersionRange) throws(SchemaFault) -> FieldSchema {
        let words = lines[next].words
        guard words.count >= 2, words[0].last == ":" else { throw fault("expected: name: TYPE") }
        var versions = outer
        var tag: Int?
        var defaultText: String?
        for word in words.dropFirst(2) {
            if word.hasPrefix("tag=") {
                tag = Int(word.dropFirst(4))
            } else if word.hasPrefix("=") {
                defaultText = String(word.dropFirst())
            } else if let range = range(word, within: outer) {
                versions = range
            } else {
                throw fault("\(word) is neither a version range, a tag nor a default")
            }
        }
        var typeText = words[1]
        var nullable: VersionRange?
        if let mark = typeText.firstIndex(of: "?") {
            let suffix = typeText[typeText.index(after: mark)...]
            nullable = suffix.isEmpty ? versions : range(suffix, within: versions)
            guard nullable != nil else { throw fault("\(suffix) is no version range") }
            typeText = typeText[..<mark]
        }
        next += 1
        let type = try parseType(typeText, depth: depth, versions: versions)
        return FieldSchema(
            name: String(words[0].dropLast()), type: type, versions: versions, nullableVersions: nullable, tag: tag,
            defaultText: defaultText)
    }

    private mutating func parseType(_ text: Substring, depth: Int, versions: VersionRange) throws(SchemaFault) -> FieldType {
        if text.first == "[" {
            guard text.last == "]" else { throw fault("\(text) has no closing bracket") }
            return .array(try parseType(text.dropFirst().dropLast(), depth: depth, versions: versions))
        }
        switch text {
        case "bool": return .bool
        case "int8": return .int8
        case "int16": return .int16
        case "int32": return .int32
        case "int64": return .int64
        case "string": return .string
        case "bytes": return .bytes
        case "records": return .records
        case "uuid": return .uuid
        default:
            guard text.first?.isUppercase == true else { throw fault("\(text) is no type") }
            return .structure(StructureSchema(name: String(text), fields: try parseFields(depth: depth + 1, versions: versions)))
        }
    }

    /// `4`, `4-8` or `4+` (to the end of `outer`).
    private func range(_ text: Substring, within outer: VersionRange?) -> VersionRange? {
        if text.last == "+" {
            guard let outer, let low = Int(text.dropLast()), low <= outer.high else { return nil }
            return VersionRange(low: low, high: outer.high)
        }
        let parts = text.split(separator: "-")
        guard let low = parts.first.flatMap({ Int($0) }), let high = parts.last.flatMap({ Int($0) }), low <= high, parts.count <= 2 else {
            return nil
        }
        return VersionRange(low: low, high: high)
    }

    private func fault(_ reason: String) -> SchemaFault {
        SchemaFault(line: next < lines.count ? lines[next].number : (lines.last?.number ?? 0) + 1, reason: reason)
    }
}
