/// A version of what a stage runs, such as a model, as `model.artifact` keeps it.
package struct Artifact: Sendable {
    /// SHA-256 of ``content``, thirty-two bytes.
    package var hash: [UInt8]
    package var kind: String
    /// What it was called where it was made.
    package var name: String
    package var content: [UInt8]
    /// Names of the feature vector's places, in order; nil where there are none.
    package var features: [String]?
    /// Codes of a model's reasons, in order; nil for anything else.
    package var reasonCodes: [String]?
    /// Each reason's texts, the same number for every one, one behind the other.
    package var reasonTexts: [String]?

    package init(
        hash: [UInt8], kind: String, name: String, content: [UInt8], features: [String]?, reasonCodes: [String]? = nil,
        reasonTexts: [String]? = nil
    ) {
        self.hash = hash
        self.kind = kind
        self.name = name
        self.content = content
        self.features = features
        self.reasonCodes = reasonCodes
        self.reasonTexts = reasonTexts
    }
}
