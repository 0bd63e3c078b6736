/// Why no model was trained, in one line that says what to do about it.
struct TrainerFault: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A mistake on the command line that only shows when its options are seen together: exit code 64.
struct TrainerUsage: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
