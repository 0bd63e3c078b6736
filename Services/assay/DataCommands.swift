import ServiceRuntime

enum DataCommands {
    static let all: [Command] = []
}
