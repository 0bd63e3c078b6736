import Kafka
import Testing

@Suite struct KafkaConfigurationTests {
    @Test(arguments: [
        (["linger.mss": "5"], "linger.mss"), (["linger.ms": "lots"], "linger.ms"), (["enable.idempotence": "false"], "enable.idempotence"),
        (["auto.offset.reset": "earliest"], "auto.offset.reset"), (["security.protocol": "tls"], "security.protocol"),
    ])
    func aWrongPropertyIsRefusedByName(properties: [String: String], name: String) throws {
        let failure = #expect(throws: KafkaFailure.self) { try KafkaConfiguration(bootstrapServers: "localhost:1", properties) }
        #expect(failure?.message.contains("\"\(name)\"") == true)
        #expect(failure?.operation == "configure")
    }

    @Test func bootstrapServersAreRequired() {
        let failure = #expect(throws: KafkaFailure.self) { try KafkaConfiguration(["linger.ms": "1"]) }
        #expect(failure?.message.contains("bootstrap.servers") == true)
    }

    @Test func secretsAreNeverShown() throws {
        let secrets = [
            "sasl.password": "hunter2", "ssl.key.password": "hunter2", "sasl.username": "assay", "security.protocol": "sasl_ssl",
        ]
        let configuration = try KafkaConfiguration(bootstrapServers: "localhost:1", secrets)
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] { #expect(!text.contains("hunter2")) }
        #expect("\(configuration)".contains("sasl.username=assay"))
    }

    @Test func aBadSecretIsRefusedWithoutItsValue() {
        let failure = #expect(throws: KafkaFailure.self) {
            try KafkaProducer(KafkaConfiguration(bootstrapServers: "localhost:1", ["ssl.key.pem": "hunter2", "security.protocol": "ssl"]))
        }
        #expect(failure.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func failuresSayWhatToDo() {
        #expect(KafkaFailure(code: -184, operation: "produce").isQueueFull)
        #expect(KafkaFailure(code: -184, operation: "produce").remedy == .retry)
        #expect(KafkaFailure(code: 19, operation: "produce").remedy == .retry)
        #expect(KafkaFailure(code: -150, operation: "produce").remedy == .recreateClient)
        #expect(KafkaFailure(code: 12_345, operation: "produce").remedy == .recreateClient)
        #expect("\(KafkaFailure(code: 1, operation: "fetch t/0"))".contains("OFFSET_OUT_OF_RANGE"))
    }
}
