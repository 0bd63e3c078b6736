import ServiceRuntime

/// Commands that prove what the suite said.
enum TruthCommands {
    static let all: [Command] = [VerifyCommand.command, DigestCommand.command]
}

/// A result that is not a failure of the command itself, told in one line, with exit code 1.
struct TruthComplaint: Error, CustomStringConvertible {
    var description: String
}
