import Glibc
import Hosting
import Postgres
import ServiceRuntime

let ownKeys = HostKeys.postgres + [FileKeys.features]
/// Settings of other executables that may stand in the same file and environment.
let otherKeys =
    HostKeys.all + FileKeys.all + [
        OtherKeys.migrationsDirectory, AutoscalerKeys.interval, AutoscalerKeys.lagTarget, AutoscalerKeys.replicasMin,
        AutoscalerKeys.replicasMax, AutoscalerKeys.cooldownUp, AutoscalerKeys.cooldownDown, AutoscalerKeys.driver, AutoscalerKeys.directory,
    ]
let command = Command(
    "assay-trainer", abstract: "Fits a decision tree or a random forest to labelled history, evaluates it, and writes the model file.",
    discussion: "Features are computed by the streaming engine as they were at each transaction's time. "
        + "Exit code 0; 1 for a failure, told in one line; 64 for a mistake on the command line.",
    options: TrainerOptions.declared, flags: TrainerOptions.declaredFlags, configurationKeys: ownKeys,
    otherConfigurationKeys: otherKeys.filter { !ownKeys.contains($0) }
) { invocation in
    let options: TrainerOptions
    do {
        options = try TrainerOptions(invocation)
    } catch {
        Command.Surroundings.process.writeError("\(invocation.path): \(error); see \(invocation.path) --help\n")
        exit(64)  // EX_USAGE, as the parser's own
    }
    let output = ProgressBar.Output.standardError
    try await TrainerRun(
        options: options, postgres: PostgresConfiguration(invocation.configuration, applicationName: "assay-trainer"),
        progress: output.isTerminal ? output : .none
    ).run()
}
await command.main()
