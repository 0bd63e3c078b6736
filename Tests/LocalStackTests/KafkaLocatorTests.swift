import Glibc
import LocalStack
import Testing

@Suite("Finding Kafka", .timeLimit(.minutes(10)))
struct KafkaLocatorTests {
    let folder = TemporaryFolder()

    @Test("A cluster that runs comes first")
    func running() throws {
        let source = try KafkaLocator.locate(
            environment: ["KAFKA_BOOTSTRAP_SERVERS": "b:9092", "KAFKA_HOME": "/nowhere"], binaries: folder.path)
        #expect(source == .running(bootstrapServers: "b:9092"))
    }

    @Test("KAFKA_HOME may hold a control script or a distribution, and nothing else")
    func home() throws {
        #expect { try KafkaLocator.locate(environment: ["KAFKA_HOME": folder.path], binaries: folder.path) } throws: {
            "\($0)".contains("KAFKA_HOME is \(folder.path)")
        }
        mkdir(folder.path + "/bin", 0o755)
        _ = folder.script("bin/kafka-server-start.sh", "exit 1")
        #expect(
            try KafkaLocator.locate(environment: ["KAFKA_HOME": folder.path], binaries: "/") == .distribution(home: folder.path))
        let script = folder.script("kafka", "exit 1")
        #expect(try KafkaLocator.locate(environment: ["KAFKA_HOME": folder.path], binaries: "/") == .controlScript(path: script))
    }

    @Test("Without any, the embedded broker is taken; where it was not built, the ways to a Kafka are said")
    func embedded() throws {
        #expect { try KafkaLocator.locate(environment: [:], binaries: folder.path) } throws: {
            "\($0)".contains("make build") && "\($0)".contains("KAFKA_BOOTSTRAP_SERVERS=") && "\($0)".contains("KAFKA_HOME")
        }
        let executable = folder.script("local-broker", "exit 1")
        #expect(try KafkaLocator.locate(environment: ["KAFKA_HOME": ""], binaries: folder.path) == .embedded(executable: executable))
    }

    @Test("Without Java, Debian's package is named")
    func java() async throws {
        let script = folder.script("kafka", "exit 1")
        let kafka = LocalKafka(
            source: .controlScript(path: script), table: try ProcessTable(directory: folder.path + "/.local"),
            environment: ["PATH": folder.path])
        await #expect { try await kafka.start() } throws: { "\($0)".contains("openjdk-17-jre-headless") }
    }

    @Test("A control script's broker is found, kept, and stopped by its own number")
    func controlScript() async throws {
        _ = folder.script("java", "exit 0")
        // Stands in for a broker: a sleeping process whose number `status` tells.
        let script = folder.script(
            "kafka",
            """
            case $1 in
            start) mkdir -p "$2/1"; sleep 300 >/dev/null 2>&1 & echo $! >"$2/1/pid"; echo "127.0.0.1:$4";;
            status) echo "node 1 running $(cat "$2/1/pid") somewhere";;
            esac
            """)
        let table = try ProcessTable(directory: folder.path + "/.local")
        let kafka = LocalKafka(
            source: .controlScript(path: script), table: table, environment: ["PATH": folder.path + ":/usr/bin:/bin"])
        let servers = try await kafka.start()
        #expect(servers.hasPrefix("127.0.0.1:"))
        #expect(try await kafka.start() == servers)
        #expect(table.entry("kafka")?.isRunning == true)
        #expect(try await kafka.stop() == .ended)
        #expect(try await kafka.stop() == .notRunning)
    }

    @Test("An embedded broker that fails to start is told with its last lines")
    func embeddedFailure() async throws {
        let executable = folder.script("local-broker", "echo 'local-broker: the port is taken' >&2; exit 1")
        let kafka = LocalKafka(
            source: .embedded(executable: executable), table: try ProcessTable(directory: folder.path + "/.local"),
            environment: ["PATH": "/usr/bin:/bin"])
        await #expect { try await kafka.start() } throws: { "\($0)".contains("the port is taken") }
    }

    @Test("A broker that fails to start is told with its last lines")
    func failure() async throws {
        _ = folder.script("java", "exit 0")
        let script = folder.script("kafka", "cat /dev/null; echo 'disk is full'; exit 3")
        let kafka = LocalKafka(
            source: .controlScript(path: script), table: try ProcessTable(directory: folder.path + "/.local"),
            environment: ["PATH": folder.path + ":/usr/bin:/bin"])
        await #expect { try await kafka.start() } throws: { "\($0)".contains("disk is full") }
    }
}

@Suite("Record of the stack")
struct StackRecordTests {
    @Test("What is saved is read again, quotes included")
    func roundTrip() throws {
        let folder = TemporaryFolder()
        var record = StackRecord()
        record["ASSAY_POSTGRES_URL"] = "host='/tmp/it''s' user=a"
        record["EMPTY"] = ""
        record["GONE"] = "x"
        record["GONE"] = nil
        try record.save(to: folder.path + "/stack.env")
        #expect(StackRecord(path: folder.path + "/stack.env") == record)
        #expect(StackRecord(path: folder.path + "/none") == StackRecord())
        #expect(record.environment["EMPTY"] == "")
    }

    @Test("Free ports are adjacent, and a port in use is not one")
    func ports() throws {
        let port = try LoopbackPort.free(adjacent: 2)
        #expect(try LoopbackPort.free(preferring: port) == port || port > 0)
        #expect(!LoopbackPort.answers(port))
    }
}
