/// Why a training set cannot be used.
package struct TrainingFailure: Error, Hashable, CustomStringConvertible {
    /// What is at fault, such as `column TX_AMOUNT, row 17`.
    package var place: String
    /// What was found and what is allowed.
    package var problem: String

    package init(at place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    package var description: String { "training set: \(place): \(problem)" }
}
