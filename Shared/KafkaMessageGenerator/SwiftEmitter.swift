/// Writes the Swift of a protocol description: one file per API and one for the list of APIs.
///
/// The order of everything follows the description, so the same description always gives the same bytes.
package struct SwiftEmitter {
    private static let header = """
        // Generated from messages.txt by generate-kafka-messages; change that file, not this one.
        // swift-format-ignore-file

        """

    private let schema: ProtocolSchema

    package init(_ schema: ProtocolSchema) {
        self.schema = schema
    }

    /// Name and content of every file.
    package func files() -> [(name: String, content: String)] {
        [("ApiKey.swift", apiKeyFile())] + schema.apis.map { ("\($0.name)Messages.swift", messagesFile($0)) }
    }

    private func messagesFile(_ api: ApiSchema) -> String {
        var text = SourceText()
        text.add(Self.header)
        for (message, kind) in [(api.request, "request"), (api.response, "response")] {
            let flexible = api.flexibleVersions.map { "flexible from \($0.low)" } ?? "never flexible"
            text.add("/// `\(api.name)` \(kind), versions \(api.versions.low) to \(api.versions.high), \(flexible).")
            let conformance = kind == "request" ? "WireRequest" : "WireMessage"
            StructureEmitter(structure: message, api: api, versions: api.versions, conformance: conformance).emit(into: &text)
            if kind == "request" { text.add("") }
        }
        return text.content
    }

    private func apiKeyFile() -> String {
        var text = SourceText()
        text.add(Self.header)
        text.add("/// The APIs that are offered, by their number on the wire.")
        text.block("package enum ApiKey: Int16, CaseIterable, Sendable") { text in
            for api in schema.apis { text.add("case \(api.name.firstLowercased) = \(api.key)") }
            text.add("")
            text.add("/// The protocol's own name of it.")
            text.block("package var name: String") { text in
                text.block("switch self", indented: false) { text in
                    for api in schema.apis { text.add("case .\(api.name.firstLowercased): \"\(api.name)\"") }
                }
            }
            text.add("")
            text.add("/// What is offered of it.")
            text.block("package var versions: ClosedRange<Int16>") { text in
                text.block("switch self", indented: false) { text in
                    for api in schema.apis { text.add("case .\(api.name.firstLowercased): \(api.versions.low)...\(api.versions.high)") }
                }
            }
            text.add("")
            text.add("/// The versions with compact lengths and tagged fields; nil when there is none.")
            text.block("package var flexibleVersions: ClosedRange<Int16>?") { text in
                text.block("switch self", indented: false) { text in
                    for api in schema.apis {
                        let range = api.flexibleVersions.map { "\($0.low)...\($0.high)" } ?? "nil"
                        text.add("case .\(api.name.firstLowercased): \(range)")
                    }
                }
            }
            text.add("")
            text.add("/// The name of any API of the protocol, offered or not, for a log line; nil for a number without a name.")
            text.block("package static func name(of number: Int16) -> String?") { text in
                text.add("if let key = ApiKey(rawValue: number) { return key.name }")
                text.block("return switch number", indented: false) { text in
                    for other in schema.otherNames { text.add("case \(other.key): \"\(other.name)\"") }
                    text.add("default: nil")
                }
            }
        }
        text.add("")
        text.add("/// Every message type, for what is said of all of them.")
        text.block("package enum WireMessages") { text in
            for (name, suffix) in [("requests", "Request"), ("responses", "Response")] {
                text.block("package static var \(name): [any WireMessage.Type]", open: "{ [", close: "] }") { text in
                    for api in schema.apis { text.add("\(api.name)\(suffix).self,") }
                }
            }
        }
        return text.content
    }
}

extension String {
    var firstLowercased: String { prefix(1).lowercased() + dropFirst() }
}
