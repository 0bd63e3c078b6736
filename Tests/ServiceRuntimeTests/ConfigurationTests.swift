import Testing
import Yaml

@testable import ServiceRuntime

private let count = ConfigurationKey.int("batch.count.max", in: 1...4_096, default: 512, unit: "records", doc: "Records of a batch")
private let wait = ConfigurationKey.duration("batch.wait", in: .zero...Duration.seconds(60), default: .milliseconds(5), doc: "Longest wait")
private let ratio = ConfigurationKey.double("ratio", in: 0...1, default: 0.5, doc: "A share")
private let level = ConfigurationKey.choice("log.level", of: ["info", "debug"], default: "info", doc: "Level")
private let servers = ConfigurationKey.strings("kafka.bootstrap.servers", default: ["localhost:9092"], doc: "Brokers")
private let password = ConfigurationKey.secret("postgres.password", doc: "Password")
private let enabled = ConfigurationKey.bool("enabled", default: false, doc: "On")
private let model = ConfigurationKey.path("model", isRequired: true, doc: "Model file")
private let keys = [count, wait, ratio, level, servers, password, enabled]

private func load(
    _ keys: [ConfigurationKey] = keys, set: [(String, String)] = [], environment: [String: String] = [:], file: String? = nil,
    other: [ConfigurationKey] = [], files: [String: String] = [:]
) throws -> Configuration {
    struct Missing: Error {}
    var layers = Configuration.Layers()
    layers.commandLine = set.map { (key: $0.0, value: $0.1) }
    layers.environment = environment
    layers.file = try file.map { try YamlDocument.parse($0, file: "assay.yaml") }
    layers.otherKeys = other
    layers.readFile = { path in
        guard let text = files[path] else { throw Missing() }
        return Array(text.utf8)
    }
    return try Configuration(keys: keys, layers: layers)
}

private func problems(_ body: () throws -> Configuration) -> [String] {
    do {
        _ = try body()
        return []
    } catch let failure as ConfigurationFailure {
        return failure.problems.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

@Suite struct ConfigurationTests {
    @Test func absentValuesFallBackToDefaults() throws {
        let configuration = try load()
        #expect(configuration.int(count) == 512)
        #expect(configuration.duration(wait) == .milliseconds(5))
        #expect(configuration.double(ratio) == 0.5)
        #expect(configuration.string(level) == "info")
        #expect(configuration.strings(servers) == ["localhost:9092"])
        #expect(configuration.optionalString(password) == nil)
        #expect(configuration.bool(enabled) == false)
        #expect(configuration.source(of: count) == .defaults)
    }

    @Test func theStrongerLayerWins() throws {
        let file = "batch:\n  count.max: 1\nkafka.bootstrap.servers: [a, b]\nratio: 0.25\nenabled: true\n"
        let fromFile = try load(file: file)
        #expect(fromFile.int(count) == 1)
        #expect(fromFile.strings(servers) == ["a", "b"])
        #expect(fromFile.bool(enabled))
        #expect(fromFile.source(of: count) == .file(path: "assay.yaml", line: 2, column: 14))
        let environment = ["ASSAY_BATCH_COUNT_MAX": "2", "ASSAY_KAFKA_BOOTSTRAP_SERVERS": "c, d", "PATH": "/bin"]
        let fromEnvironment = try load(environment: environment, file: file)
        #expect(fromEnvironment.int(count) == 2)
        #expect(fromEnvironment.strings(servers) == ["c", "d"])
        #expect(fromEnvironment.source(of: count) == .environment("ASSAY_BATCH_COUNT_MAX"))
        let fromCommandLine = try load(set: [("batch.count.max", "3"), ("batch.count.max", "4")], environment: environment, file: file)
        #expect(fromCommandLine.int(count) == 4)
        #expect(fromCommandLine.double(ratio) == 0.25)
    }

    @Test(arguments: [
        ("ASSAY_BATCH_COUNT_MAX", "lots", "batch.count.max: must be a whole number from 1 to 4096, got \"lots\""),
        ("ASSAY_BATCH_COUNT_MAX", "0", "batch.count.max: must be a whole number from 1 to 4096, got \"0\""),
        ("ASSAY_BATCH_COUNT_MAX", "", "batch.count.max: must be a whole number from 1 to 4096, got \"\""),
        ("ASSAY_BATCH_WAIT", "5", "batch.wait: must be a duration such as 500ms or 7d of at most 1m, got \"5\""),
        ("ASSAY_BATCH_WAIT", "2h", "batch.wait: must be a duration such as 500ms or 7d of at most 1m, got \"2h\""),
        ("ASSAY_RATIO", "nan", "ratio: must be a number from 0.0 to 1.0, got \"nan\""),
        ("ASSAY_LOG_LEVEL", "loud", "log.level: must be one of info, debug, got \"loud\""),
        ("ASSAY_ENABLED", "yes", "enabled: must be true or false, got \"yes\""),
        ("ASSAY_KAFKA_BOOTSTRAP_SERVERS", "a,,b", "kafka.bootstrap.servers: must be a list, a,b,c, got \"a,,b\""),
    ])
    func aMistypedValueIsNamedWithItsRuleAndSource(variable: String, value: String, expected: String) {
        #expect(problems { try load(environment: [variable: value]) } == ["\(expected) (environment \(variable))"])
    }

    @Test func allProblemsAreReportedAtOnce() {
        let found = problems {
            try load(
                keys + [model], set: [("ration", "1")], environment: ["ASSAY_ENABLED": "1", "ASSAY_BATCH_CUONT_MAX": "2"],
                file: "batch: {wait: soon}\nlog.levl: info\nother: 1\nratio: [1]\n")
        }
        #expect(
            found == [
                "batch.wait: must be a duration such as 500ms or 7d of at most 1m, got \"soon\" (assay.yaml:1:15)",
                "log.levl: unknown key; did you mean log.level? (assay.yaml:2:11)",
                "other: unknown key; --help lists the keys (assay.yaml:3:8)",
                "ratio: must be a number from 0.0 to 1.0, got a list (assay.yaml:4:8)",
                "enabled: must be true or false, got \"1\" (environment ASSAY_ENABLED)",
                "ASSAY_BATCH_CUONT_MAX: unknown variable; did you mean ASSAY_BATCH_COUNT_MAX? (environment)",
                "ration: unknown key; did you mean ratio? (command line)",
                "model: is required: Model file; set ASSAY_MODEL or --set model=…",
            ])
    }

    @Test func keysOfOtherExecutablesMayStandInSharedPlaces() throws {
        let other = ConfigurationKey.int("batch.count.min", in: 0...9, doc: "Another's")
        let text = "batch.count.min: 1\n"
        #expect(problems { try load(file: text) }.count == 1)
        #expect(problems { try load(environment: ["ASSAY_BATCH_COUNT_MIN": "1"], file: text, other: [other]) } == [])
        #expect(problems { try load(environment: ["ASSAY_SOMETHING_ELSE_ENTIRELY": "1"]) } == [])
    }

    @Test func aSecretIsNeverShown() throws {
        let configuration = try load(environment: ["ASSAY_POSTGRES_PASSWORD": "hunter2"])
        #expect(configuration.string(password) == "hunter2")
        let table = configuration.table.render()
        #expect(!table.contains("hunter2"))
        #expect(table.contains("***"))
        #expect(!configuration.problem(password, rule: "was refused").description.contains("hunter2"))
        let complaint = problems { try load(file: "postgres.password: [hunter2]\n") }
        #expect(complaint.count == 1)
        #expect(!complaint[0].contains("hunter2"))
    }

    @Test func aSecretMayComeFromAFile() throws {
        let configuration = try load(environment: ["ASSAY_POSTGRES_PASSWORD_FILE": "/run/pw"], files: ["/run/pw": "hunter2\n"])
        #expect(configuration.string(password) == "hunter2")
        #expect(configuration.source(of: password) == .secretFile(variable: "ASSAY_POSTGRES_PASSWORD_FILE", path: "/run/pw"))
        #expect(
            problems { try load(environment: ["ASSAY_POSTGRES_PASSWORD_FILE": "/run/no"]) }[0].hasPrefix(
                "postgres.password: cannot be read"))
        #expect(
            problems { try load(environment: ["ASSAY_POSTGRES_PASSWORD_FILE": "/run/pw"], files: ["/run/pw": "\n"]) }
                == ["postgres.password: must not be empty (file /run/pw named by ASSAY_POSTGRES_PASSWORD_FILE)"])
        let both = ["ASSAY_POSTGRES_PASSWORD_FILE": "/run/pw", "ASSAY_POSTGRES_PASSWORD": "x"]
        #expect(problems { try load(environment: both, files: ["/run/pw": "y"]) }[0].contains("given twice"))
    }

    @Test func theSameKeyTwiceInAFileIsRefused() {
        #expect(
            problems { try load(file: "ratio: 1\nbatch: {wait: 1s}\nbatch.wait: 2s\n") }
                == ["batch.wait: is already given on line 2 (assay.yaml:3:13)"])
    }
}
