import Hosting
import LocalStack
import ServiceRuntime

/// `assay up`: the local stack, ready to use.
enum UpCommand {
    static let directoryOption = Command.Option("directory", .path, default: ".local", doc: "Where the stack keeps everything")
    private static let keys = [HostKeys.postgresURL, OtherKeys.migrationsDirectory] + FileKeys.all

    static let command = Command(
        "up", abstract: "Starts PostgreSQL, Kafka and the services on this machine.",
        discussion: """
            PostgreSQL is a private cluster unless postgres.url is set. Kafka is the one at KAFKA_BOOTSTRAP_SERVERS, or the Apache Kafka in
            KAFKA_HOME, started for you; without either it is the embedded broker (local-broker). What runs already is left alone.
            """,
        options: [
            .init("replicas", .int(1...64), default: "2", doc: "Replicas of each service"),
            .init("model", .path, doc: "Model that the scorer begins with (model.file); without it, the one of the last time"),
            directoryOption,
            .init("autoscaler", .choice(["on", "off"]), default: "off", doc: "Whether replicas are started and stopped as the load asks"),
        ],
        flags: [.init("no-services", doc: "Starts PostgreSQL and Kafka only")],
        configurationKeys: keys, otherConfigurationKeys: StackKeys.others(than: keys)
    ) { invocation in
        let stack = try Stack(directory: invocation.string("directory"))
        var options = UpOptions(invocation.configuration, in: stack)
        options.replicas = invocation.int("replicas")
        options.model = invocation.optionalString("model") ?? invocation.configuration.optionalString(FileKeys.model)
        options.startsServices = !invocation.flag("no-services")
        options.startsAutoscaler = invocation.string("autoscaler") == "on"
        try await stack.up(options)
        var status = StackStatus()
        status.components = stack.components()
        print(status.componentTable.render())
        print(stack.directions, terminator: "")
    }
}

extension UpOptions {
    init(_ configuration: Configuration, in stack: Stack) {
        schemaFile = configuration.string(FileKeys.schema)
        featuresFile = configuration.string(FileKeys.features)
        migrations = configuration.string(OtherKeys.migrationsDirectory)
        if configuration.source(of: HostKeys.postgresURL) != .defaults {
            let url = configuration.string(HostKeys.postgresURL)
            // A shell that has read stack.env names the private cluster; it is ours all the same.
            let isPrivate = stack.hasPrivatePostgres && (try? stack.privatePostgres().conninfo(database: Stack.database)) == url
            if !isPrivate { postgresURL = url }
        }
    }
}

/// `assay down`: everything stops, data stay.
enum DownCommand {
    static let command = Command(
        "down", abstract: "Stops what the local stack runs; its data stay.", options: [UpCommand.directoryOption]
    ) { invocation in
        try await Stack(directory: invocation.string("directory")).down()
        Narration.line("down; data stay in \(invocation.string("directory"))")
    }
}

/// `assay status`.
enum StatusCommand {
    static let command = Command(
        "status", abstract: "Shows what runs, whether it is ready, and how far behind each stage is.", options: [UpCommand.directoryOption],
        flags: [.init("json", doc: "Prints one JSON object")]
    ) { invocation in
        let status = await (try Stack(directory: invocation.string("directory"))).status()
        print(invocation.flag("json") ? status.json : status.text, terminator: invocation.flag("json") ? "\n" : "")
    }
}
