/// Lists every message with its fields and their Swift types, for people who write against them.
package struct ApiListing {
    private let schema: ProtocolSchema

    package init(_ schema: ProtocolSchema) {
        self.schema = schema
    }

    package func text() -> String {
        var text = SourceText()
        for api in schema.apis {
            let flexible = api.flexibleVersions.map { ", flexible from \($0.low)" } ?? ""
            text.add("\(api.name) (\(api.key)), versions \(api.versions.low)...\(api.versions.high)\(flexible)")
            list(api.request, path: api.request.name, versions: api.versions, depth: 1, into: &text)
            list(api.response, path: api.response.name, versions: api.versions, depth: 1, into: &text)
            text.add("")
        }
        return text.content
    }

    private func list(_ structure: StructureSchema, path: String, versions: VersionRange, depth: Int, into text: inout SourceText) {
        let indentation = String(repeating: "    ", count: depth)
        text.add("\(indentation)\(path)")
        for field in structure.fields {
            let range = field.versions == versions ? "" : "  // \(field.versions.low)...\(field.versions.high)"
            text.add("\(indentation)    \(field.name): \(field.swiftType) = \(field.swiftDefault)\(range)")
            if let inner = field.type.innermostStructure {
                list(inner, path: "\(path).\(inner.name)", versions: field.versions, depth: depth + 1, into: &text)
            }
        }
    }
}
