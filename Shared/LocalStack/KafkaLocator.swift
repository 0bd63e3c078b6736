/// Where the local stack's Kafka comes from.
package enum KafkaSource: Hashable, Sendable {
    /// A cluster that runs already; not ours to start or stop.
    case running(bootstrapServers: String)
    /// The embedded broker: the path of `local-broker`.
    case embedded(executable: String)
    /// A control script with `start DIR --port P`, `status DIR` and `stop DIR`.
    case controlScript(path: String)
    /// An Apache Kafka distribution: its folder, with `bin/kafka-server-start.sh`.
    case distribution(home: String)
}

/// Finds a Kafka, in this order: `KAFKA_BOOTSTRAP_SERVERS`, `KAFKA_HOME`, the embedded broker.
package enum KafkaLocator {
    /// The embedded broker's program, built beside the others.
    package static let embeddedName = "local-broker"

    /// - Parameters:
    ///   - environment: Our own, as a dictionary.
    ///   - binaries: The folder of our programs.
    package static func locate(environment: [String: String], binaries: String) throws(LocalStackFault) -> KafkaSource {
        if let servers = environment["KAFKA_BOOTSTRAP_SERVERS"], !servers.isEmpty { return .running(bootstrapServers: servers) }
        if let home = environment["KAFKA_HOME"], !home.isEmpty {
            let home = LocalFile.absolute(home)
            if let source = source(in: home) { return source }
            throw LocalStackFault(
                operation: "find", subject: "Kafka", reason: "KAFKA_HOME is \(home), which has neither bin/kafka-server-start.sh nor kafka",
                remedy: "point it at the folder of an Apache Kafka distribution, or unset it to use the embedded broker")
        }
        let executable = "\(LocalFile.absolute(binaries))/\(embeddedName)"
        if LocalFile.isExecutable(executable) { return .embedded(executable: executable) }
        throw LocalStackFault(
            operation: "find", subject: "Kafka", reason: "there is no \(executable)",
            remedy: """
                run `make build`, which builds the embedded broker; or use another Kafka:
                  1. KAFKA_BOOTSTRAP_SERVERS=host:port names a cluster that runs
                  2. KAFKA_HOME names the folder of an Apache Kafka distribution (kafka.apache.org/downloads), started and stopped for you
                """)
    }

    private static func source(in folder: String) -> KafkaSource? {
        if LocalFile.isExecutable(folder + "/kafka") { return .controlScript(path: folder + "/kafka") }
        if LocalFile.isExecutable(folder + "/bin/kafka-server-start.sh") { return .distribution(home: folder) }
        return nil
    }

    /// - Throws: When there is no Java to run a Kafka of our own with.
    static func requireJava(environment: [String: String]) throws(LocalStackFault) {
        if let home = environment["JAVA_HOME"], !home.isEmpty {
            if LocalFile.isExecutable(home + "/bin/java") { return }
            throw LocalStackFault(
                operation: "find", subject: "Java", reason: "JAVA_HOME is \(home), which has no bin/java", remedy: "correct or unset it")
        }
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        if folders.contains(where: { LocalFile.isExecutable($0 + "/java") }) { return }
        throw LocalStackFault(
            operation: "find", subject: "Java", reason: "Kafka needs a Java 17 runtime and there is no java in PATH",
            remedy: "install Debian's package openjdk-17-jre-headless")
    }
}
