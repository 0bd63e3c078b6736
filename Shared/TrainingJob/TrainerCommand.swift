import Glibc
internal import Hosting
internal import Postgres
package import ServiceRuntime

/// The trainer as a command: `assay-trainer`, and `assay train`.
package enum TrainerCommand {
    /// - Parameter write: Where the report's text goes.
    package static func command(
        _ name: String, write: @escaping @Sendable (String) -> Void = { print($0, terminator: "") }
    ) -> Command {
        let ownKeys = HostKeys.postgres + [FileKeys.features]
        let otherKeys =
            HostKeys.all + FileKeys.all + [
                OtherKeys.migrationsDirectory, AutoscalerKeys.interval, AutoscalerKeys.lagTarget, AutoscalerKeys.replicasMin,
                AutoscalerKeys.replicasMax, AutoscalerKeys.cooldownUp, AutoscalerKeys.cooldownDown, AutoscalerKeys.driver,
                AutoscalerKeys.directory,
            ]
        return Command(
            name, abstract: "Fits a decision tree or a random forest to labelled history, evaluates it, and writes the model and a report.",
            discussion: "Features are computed by the streaming engine as they were at each transaction's time. "
                + "Progress goes to standard error. Exit code 0; 1 for a failure, told in one line; 64 for a mistake on the command line.",
            options: TrainerOptions.declared, flags: TrainerOptions.declaredFlags, configurationKeys: ownKeys,
            otherConfigurationKeys: otherKeys.filter { !ownKeys.contains($0) }
        ) { invocation in
            let options = try TrainerOptions(invocation)
            let run = TrainerRun(
                options: options, postgres: PostgresConfiguration(invocation.configuration, applicationName: "assay-trainer"),
                progress: options.isQuiet ? .none : .standardError)
            write(try await run.run())
        }
    }
}
