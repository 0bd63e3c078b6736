import ServiceRuntime
import TrainingJob

let command = Command(
    "assay", abstract: "The command-line tool of Assay: local stack, migrations, data, models, and checks.",
    subcommands: StackCommands.all + DataCommands.all + [TrainerCommand.command("train"), ModelCommands.command] + TruthCommands.all)
await command.main()
