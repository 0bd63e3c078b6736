/// Why a model of another library cannot be taken over: where in the file, what is wrong there.
package struct ImportFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The bytes are not what the format says.
        case malformed
        /// The format allows it, we do not: ``problem`` starts with the attribute's or element's name.
        case unsupported
        /// More than ``ImportLimits`` allow.
        case tooLarge
    }

    package var kind: Kind
    /// The part of the file at fault, such as `Tree=3 threshold[17]` or `line 12`.
    package var place: String
    package var problem: String

    package init(_ kind: Kind, at place: String, _ problem: String) {
        self.kind = kind
        self.place = place
        self.problem = problem
    }

    package var description: String {
        let remedy =
            switch kind {
            case .malformed: "save the model again with the library that made it"
            case .unsupported: "train without it, or convert the model to ONNX"
            case .tooLarge: "raise the import limits or make the model smaller"
            }
        return "model import: \(place): \(problem); \(remedy)"
    }
}
