import Foundation

/// A Kafka for the tests that want one: the one at `KAFKA_BOOTSTRAP_SERVERS`, else the embedded broker, as a process of its own,
/// started once per test process and ended with it, however it ends.
///
/// Use as `@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"))`.
package enum KafkaForTests {
    /// Why a test that needs Kafka does not run.
    package static var absence: String { BrokerUnderTest.embeddedAbsence + ", or set KAFKA_BOOTSTRAP_SERVERS" }

    /// Starts nothing.
    package static var isAvailable: Bool { given != nil || BrokerUnderTest.hasEmbedded }

    /// `host:port` of a Kafka that answers; started at the first call. nil if there is none or it would not start.
    package static var bootstrapServers: String? { given ?? BrokerUnderTest.embedded?.bootstrapServers }

    static var given: String? {
        ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"].flatMap { $0.isEmpty ? nil : $0 }
    }
}
