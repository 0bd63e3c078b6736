import ServiceRuntime

/// `assay model …`: what a person does with model files.
enum ModelCommands {
    static let command = Command(
        "model", abstract: "Looks into model files, explains, compares, verifies, times, merges, converts and compresses them.",
        subcommands: [
            InspectModelCommand.command, ExplainModelCommand.command, DiffModelCommand.command, VerifyModelCommand.command,
            BenchModelCommand.command, MergeModelsCommand.command, ConvertModelCommand.command,
            CompressModelCommand.command,
        ])
}
