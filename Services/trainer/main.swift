import ServiceRuntime
import TrainingJob

await TrainerCommand.command("assay-trainer").main()
