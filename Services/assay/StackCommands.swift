import ServiceRuntime

/// Commands around the local stack and the database's schema.
enum StackCommands {
    static let all: [Command] = [
        UpCommand.command, DownCommand.command, StatusCommand.command, MigrateCommand.command, HealthcheckCommand.command,
        DemoCommand.command,
    ]
}
