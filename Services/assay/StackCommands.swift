import ServiceRuntime

enum StackCommands {
    static let all: [Command] = []
}
