internal import Glibc

/// A single-node Kafka of the local stack: started on loopback, kept under `<directory>/broker` (the embedded one) or
/// `<directory>/kafka` (Apache's), stopped cleanly.
package struct LocalKafka: Sendable {
    package let source: KafkaSource
    package let table: ProcessTable
    /// The environment that its programs run in.
    private let environment: [String: String]

    /// The name under which the table knows the broker.
    package static let processName = "kafka"

    package init(source: KafkaSource, table: ProcessTable, environment: [String: String]) {
        self.source = source
        self.table = table
        self.environment = environment
    }

    /// The two kinds keep apart: neither can read the other's files.
    private var folder: String {
        if case .embedded = source { table.directory + "/broker" } else { table.directory + "/kafka" }
    }

    /// Starts it unless it runs, and returns when it takes connections.
    ///
    /// - Parameter preferredPort: Taken when it is free, so that an address stays the same from one start to the next.
    /// - Returns: The bootstrap servers.
    package func start(preferredPort: UInt16? = nil) async throws(LocalStackFault) -> String {
        if case .running(let servers) = source { return servers }
        if let entry = table.entry(LocalKafka.processName), entry.isRunning { return entry.note }
        try LocalFile.makeFolder(folder)
        // A client port, and after it the controller's or that of health and metrics.
        let port = try LoopbackPort.free(adjacent: 2, preferring: preferredPort)
        let servers = "127.0.0.1:\(port)"
        switch source {
        case .running: break
        case .embedded(let executable): try await start(embedded: executable, port: port, servers: servers)
        case .controlScript(let path):
            try KafkaLocator.requireJava(environment: environment)
            try await start(script: path, port: port, servers: servers)
        case .distribution(let home):
            try KafkaLocator.requireJava(environment: environment)
            try await start(distribution: home, port: port, servers: servers)
        }
        return servers
    }

    /// Stops what ``start(preferredPort:)`` started; a cluster that was there before is left alone.
    @discardableResult
    package func stop() async throws(LocalStackFault) -> ProcessTable.StopOutcome {
        if case .running = source { return .notRunning }
        // A broker ends by itself on SIGTERM, however it was started; flushing its logs may take a while.
        return try await table.stop(LocalKafka.processName, grace: .seconds(30))
    }

    // MARK: Embedded

    private func start(embedded executable: String, port: UInt16, servers: String) async throws(LocalStackFault) {
        try table.start(
            LocalProcess(
                name: LocalKafka.processName, executable: executable,
                // As in a distribution started here: what a stack was sent stays until its folder goes.
                arguments: [
                    "--data", folder, "--listen", servers, "--http", "127.0.0.1:\(port + 1)", "--topic-default", "retention.ms=-1",
                ],
                environment: environment, note: servers))
        try await awaitConnections(port: port, every: .milliseconds(20), attempts: 1_500)
    }

    // MARK: Control script

    private func start(script: String, port: UInt16, servers: String) async throws(LocalStackFault) {
        try forgetDeadNodes()
        try await run("kafka-start", script, ["start", folder, "--port", "\(port)"], within: .seconds(90))
        let status = try await run("kafka-status", script, ["status", folder], within: .seconds(10))
        // One line a node: `node 1 running <process id> <address>`.
        for line in status.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count >= 4, words[2] == "running", let number = Int32(words[3]), let identity = ProcessIdentity(number: number) {
                try table.adopt(LocalKafka.processName, identity, note: servers)
                return
            }
        }
        throw LocalStackFault(
            operation: "start", subject: "kafka", reason: "the script \(script) says that no node runs",
            remedy: "see \(table.logPath("kafka-start"))")
    }

    /// The script trusts a bare process number; one of a broker that is gone may be another process's by now.
    private func forgetDeadNodes() throws(LocalStackFault) {
        if table.entry(LocalKafka.processName)?.isRunning == true { return }
        for node in LocalFile.names(in: folder) where node.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
            let path = "\(folder)/\(node)/pid"
            guard let text = LocalFile.text(path), let number = Int32(text.split(separator: "\n").first ?? "") else { continue }
            // A broker that we lost sight of still names its folder on its command line.
            let commandLine = LocalFile.text("/proc/\(number)/cmdline") ?? ""
            if commandLine.contains("\(folder)/\(node)/") {
                throw LocalStackFault(
                    operation: "start", subject: "kafka", reason: "process \(number) runs on \(folder) and was not recorded",
                    remedy: "end it, then try again")
            }
            unlink(path)
        }
    }

    // MARK: Apache Kafka distribution

    private func start(distribution home: String, port: UInt16, servers: String) async throws(LocalStackFault) {
        let properties = folder + "/server.properties"
        try LocalFile.write(serverProperties(port: port), to: properties)
        if LocalFile.size(folder + "/data/meta.properties") == nil {
            let words = try await run("kafka-storage", home + "/bin/kafka-storage.sh", ["random-uuid"], within: .seconds(60))
            guard let cluster = words.split(separator: "\n").last(where: { $0.utf8.count == 22 }) else {
                throw table.ended("kafka-storage", reason: "printed no cluster id")
            }
            try await run(
                "kafka-storage", home + "/bin/kafka-storage.sh", ["format", "--ignore-formatted", "-t", String(cluster), "-c", properties],
                within: .seconds(60))
        }
        var environment = environment
        environment["LOG_DIR"] = folder + "/log"
        if environment["KAFKA_HEAP_OPTS"] == nil { environment["KAFKA_HEAP_OPTS"] = "-Xms512m -Xmx512m" }
        try table.start(
            LocalProcess(
                name: LocalKafka.processName, executable: home + "/bin/kafka-server-start.sh", arguments: [properties],
                environment: environment, note: servers))
        try await awaitConnections(port: port, every: .milliseconds(200), attempts: 300)
    }

    /// A broker tells nobody when it is ready but by taking connections: try now and again, and see at once if it ends.
    private func awaitConnections(port: UInt16, every interval: Duration, attempts: Int) async throws(LocalStackFault) {
        for _ in 0..<attempts {
            if LoopbackPort.answers(port) { return }
            if await table.waitForExit(LocalKafka.processName, within: interval).hasEnded {
                throw table.ended(LocalKafka.processName, reason: "ended while starting")
            }
        }
        try await table.stop(LocalKafka.processName)
        throw table.ended(LocalKafka.processName, reason: "took no connection within \(interval * attempts)")
    }

    /// One node that is broker and controller. Topics are made by the suite, never by a misspelt name, and nothing expires.
    private func serverProperties(port: UInt16) -> String {
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:\(port + 1)
        controller.listener.names=CONTROLLER
        listeners=PLAINTEXT://127.0.0.1:\(port),CONTROLLER://127.0.0.1:\(port + 1)
        advertised.listeners=PLAINTEXT://127.0.0.1:\(port)
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
        log.dirs=\(folder)/data
        auto.create.topics.enable=false
        default.replication.factor=1
        min.insync.replicas=1
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=8
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        group.initial.rebalance.delay.ms=0
        log.retention.ms=-1

        """
    }

    /// Runs a program to its end; what it wrote.
    @discardableResult
    private func run(_ name: String, _ program: String, _ arguments: [String], within limit: Duration) async throws(LocalStackFault)
        -> String
    {
        unlink(table.logPath(name))
        let process = LocalProcess(name: name, executable: program, arguments: arguments, environment: environment)
        let identity = try table.start(process)
        let end = await table.waitForExit(name, within: limit)
        guard end.hasEnded else {
            try await table.stop(name)
            throw table.ended(name, reason: "did not end within \(limit)")
        }
        table.forget(name, identity)
        guard end.status == 0 else { throw table.ended(name, reason: "failed with status \(end.status.map(String.init) ?? "unknown")") }
        return LocalFile.text(table.logPath(name)) ?? ""
    }
}
