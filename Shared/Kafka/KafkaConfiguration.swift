internal import CLibrdkafka

/// What every client is made from: the brokers and any of librdkafka's properties by name (`security.protocol`, `sasl.*`, `ssl.*`,
/// `linger.ms`, …), checked for name and value when it is built.
///
/// Properties on which the suite's guarantees rest (`enable.idempotence`, `acks`, `auto.offset.reset`, …) are refused here: the
/// clients set them. Names: https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
package struct KafkaConfiguration: Sendable, Hashable, CustomStringConvertible {
    package let properties: [String: String]

    /// - Throws: a failure whose message names the property that is unknown, reserved, or has an impossible value.
    package init(_ properties: [String: String]) throws(KafkaFailure) {
        for name in properties.keys.sorted() where Self.reserved.contains(name) {
            throw .invalid("configure", "property \"\(name)\" is set by the client itself; remove it")
        }
        guard properties["bootstrap.servers"]?.isEmpty == false || properties["test.mock.num.brokers"] != nil else {
            throw .invalid("configure", "property \"bootstrap.servers\" is missing; give host:port,…")
        }
        self.properties = properties
        _ = try PropertyHandle(self, [])
    }

    /// - Parameter bootstrapServers: `host:port`, several separated by commas.
    package init(bootstrapServers: String, _ properties: [String: String] = [:]) throws(KafkaFailure) {
        try self.init(properties.merging(["bootstrap.servers": bootstrapServers]) { _, servers in servers })
    }

    /// The same with further properties, which win.
    package func setting(_ more: [String: String]) throws(KafkaFailure) -> KafkaConfiguration {
        try KafkaConfiguration(properties.merging(more) { _, new in new })
    }

    /// `name=value` in the names' order, secrets masked.
    package var description: String {
        properties.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.isSecret($0.key) ? "***" : $0.value)" }.joined(separator: " ")
    }

    /// Whether a property's value must never be shown.
    static func isSecret(_ name: String) -> Bool {
        ["password", "secret", "key.pem", "token", "oauthbearer.config", "jaas"].contains { name.contains($0) }
    }

    private static let reserved: Set<String> = [
        "enable.idempotence", "acks", "request.required.acks", "transactional.id", "partitioner", "enable.auto.commit",
        "auto.commit.enable",
        "enable.auto.offset.store", "auto.offset.reset", "delivery.report.only.error", "log.queue", "group.instance.id",
    ]
}

extension KafkaConfiguration: CustomReflectable {
    /// `dump` and `reflecting:` show what ``description`` shows.
    package var customMirror: Mirror { Mirror(self, children: ["properties": description]) }
}

/// Owns an `rd_kafka_conf_t` until a client takes it over.
@safe struct PropertyHandle: ~Copyable {
    private let raw: OpaquePointer

    /// - Parameter fixed: what the client insists on; set last, so that it wins.
    init(_ configuration: KafkaConfiguration, _ fixed: [(String, String)]) throws(KafkaFailure) {
        guard let raw = unsafe rd_kafka_conf_new() else { preconditionFailure("rd_kafka_conf_new gave nothing") }
        unsafe self.raw = raw
        for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) { try set(name, value) }
        for (name, value) in fixed { try set(name, value) }
    }

    deinit { unsafe rd_kafka_conf_destroy(raw) }

    private func set(_ name: String, _ value: String) throws(KafkaFailure) {
        var text = [CChar](repeating: 0, count: 512)
        let outcome = unsafe rd_kafka_conf_set(raw, name, value, &text, text.count)
        guard outcome != RD_KAFKA_CONF_OK else { return }
        let reason = KafkaConfiguration.isSecret(name) ? "the value is not acceptable" : cText(text)
        throw .invalid("configure", "property \"\(name)\": \(reason)")
    }

    /// Starts a client; its callbacks find `hooks` as the client's opaque, which must outlive it.
    consuming func start(
        _ type: rd_kafka_type_t, hooks: UnsafeMutableRawPointer, isMember: Bool, operation: String
    ) throws(KafkaFailure) -> ClientHandle {
        unsafe rd_kafka_conf_set_opaque(raw, hooks)
        unsafe rd_kafka_conf_set_log_cb(raw, logLine)
        if isMember { unsafe rd_kafka_conf_set_rebalance_cb(raw, rebalance) }
        unsafe rd_kafka_conf_set_events(raw, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS)
        var text = [CChar](repeating: 0, count: 512)
        guard let client = unsafe rd_kafka_new(type, raw, &text, text.count) else {
            let failure = KafkaFailure(rd_kafka_last_error(), operation: operation, message: cText(text))
            _ = consume self  // still ours
            throw failure
        }
        discard self  // the client owns it now
        return unsafe ClientHandle(adopting: client)
    }
}

/// Owns an `rd_kafka_t`. Destroying blocks until librdkafka's threads have ended: done on the client's service thread.
@safe struct ClientHandle: ~Copyable, Sendable {
    /// librdkafka's calls are thread-safe, and destroying waits for the thread that owns this value.
    nonisolated(unsafe) let raw: OpaquePointer
    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe rd_kafka_destroy(raw) }

    /// The same without leaving the group.
    consuming func destroyWithoutLeaving() {
        unsafe rd_kafka_destroy_flags(raw, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
        discard self
    }
}

/// The text of a C buffer up to its NUL.
func cText(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// librdkafka's log callback: any of its threads.
private func logLine(_ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?) {
    guard let client = unsafe client, let opaque = unsafe rd_kafka_opaque(client), let facility = unsafe facility,
        let text = unsafe text
    else { return }
    let state = unsafe Unmanaged<ClientState>.fromOpaque(opaque).takeUnretainedValue()
    state.hooks.log(KafkaLogLevel(rawValue: level) ?? .debug, unsafe String(cString: facility), unsafe String(cString: text))
}
