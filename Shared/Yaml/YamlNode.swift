/// A value of a YAML document, with the place where it starts. Immutable; read it with the typed readers of `YamlNode+Readers.swift`.
package struct YamlNode: Sendable {
    package enum Content: Sendable {
        /// In the file's order; keys are unique.
        case mapping([Entry])
        case sequence([YamlNode])
        case scalar(Scalar)
    }

    /// One `key: value` of a mapping.
    package struct Entry: Sendable {
        package var key: String
        /// Where the key starts, from 1.
        package var line: Int
        package var column: Int
        package var value: YamlNode
    }

    /// A scalar as it was written; nothing is guessed from its looks.
    package struct Scalar: Hashable, Sendable {
        package var text: String
        /// Written in quotes or as a block (`|`, `>`), so it can only be text.
        package var isQuoted: Bool

        /// A plain `null`, `~` or nothing at all.
        package var isNull: Bool { !isQuoted && ["", "~", "null", "Null", "NULL"].contains(text) }
    }

    package var content: Content
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int
    /// The way from the root, such as `features[2].window`; empty for the root.
    package var path: String
}

/// A YAML file's one document.
package struct YamlDocument: Sendable {
    package var file: String
    package var root: YamlNode
}
