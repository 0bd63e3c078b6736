import ServiceRuntime

/// Commands that make, send and score data, and put models in force.
enum DataCommands {
    static let all: [Command] = [
        GenerateCommand.command, ProduceCommand.command, FeaturesCommand.command, ScoreCommand.command, ActivateCommand.command,
    ]
}
