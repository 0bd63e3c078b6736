/// Why no model was trained, in one line that says what to do about it.
struct TrainerFault: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
