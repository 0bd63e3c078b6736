import ServiceRuntime

enum TruthCommands {
    static let all: [Command] = []
}
