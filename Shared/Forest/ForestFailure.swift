/// Why a forest cannot be used: where the fault lies and what is wrong there.
package struct ForestFailure: Error, Hashable, CustomStringConvertible {
    /// The part of the model at fault, such as `trees[3].threshold[17]`; `file` for the whole.
    package var place: String
    /// What was found, what is allowed, in one sentence.
    package var problem: String

    package init(at place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    package var description: String {
        "model file: \(place): \(problem); load an ONNX model written by the trainer, or one whose operators are read"
    }
}
