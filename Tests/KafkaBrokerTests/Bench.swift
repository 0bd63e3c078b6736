import Glibc
import Testing

@testable import FrameServer
@testable import KafkaBroker
@testable import KafkaProtocol

/// A node without sockets and clock: frames in, frames out.
final class Bench {
    /// Takes what the node answers; reads file ranges as the server would send them.
    final class Transport: ResponseTransport {
        enum Event: Equatable {
            case response([UInt8], delayMillis: Int64)
            case skipped
            case closed
        }
        var events: [ConnectionId: [Event]] = [:]

        func respond(_ id: ConnectionId, copying bytes: UnsafeRawBufferPointer, after delayMillis: Int64, then fate: ConnectionFate) -> Bool
        {
            events[id, default: []].append(.response(Array(bytes), delayMillis: delayMillis))
            return true
        }

        func respond(_ id: ConnectionId, _ chunks: [ResponseChunk], after delayMillis: Int64, then fate: ConnectionFate) -> Bool {
            var bytes: [UInt8] = []
            for chunk in chunks {
                switch chunk {
                case .bytes(let part): bytes += part
                case .file(let descriptor, let position, let byteCount, _):
                    var part = [UInt8](repeating: 0, count: byteCount)
                    let count = pread(descriptor, &part, byteCount, off_t(position))
                    precondition(count == byteCount, "the file is shorter than the response says")
                    bytes += part
                }
            }
            events[id, default: []].append(.response(bytes, delayMillis: delayMillis))
            return true
        }

        func skip(_ id: ConnectionId) -> Bool {
            events[id, default: []].append(.skipped)
            return true
        }

        func close(_ id: ConnectionId, isReset: Bool) { events[id, default: []].append(.closed) }
    }

    let transport = Transport()
    let node: BrokerNode
    var tick: Int64 = 1_000
    private var serial: UInt64 = 0
    private var correlationId: Int32 = 0
    /// The connection of requests that name none.
    private(set) var connection = ConnectionId(slot: 0, serial: 0)

    init(_ directory: TemporaryDirectory, _ change: (inout BrokerSettings) -> Void = { _ in }) throws {
        var settings = BrokerSettings(dataDirectory: directory.path)
        settings.advertisedHost = "broker.example"
        change(&settings)
        node = try BrokerNode(
            settings: settings, directory: DataDirectory(path: directory.path), tick: tick, wallClock: { 1_700_000_000_000 })
        node.server = transport
        node.recover()
        connection = connect()
    }

    func connect() -> ConnectionId {
        serial += 1
        let id = ConnectionId(slot: Int32(serial), serial: serial)
        node.opened(id, peer: "127.0.0.1:4\(serial)")
        return id
    }

    /// Hands over a frame as it is.
    func send(_ bytes: [UInt8], on connection: ConnectionId? = nil) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { node.frame(connection ?? self.connection, $0, tick: tick) }
    }

    func send(_ request: some WireRequest, version: Int16, clientId: String? = "test", on connection: ConnectionId? = nil) {
        correlationId += 1
        send(request.frame(version: version, correlationId: correlationId, clientId: clientId).bytes, on: connection)
    }

    func pass(_ millis: Int64) {
        tick += millis
        _ = node.timer(tick: tick)
    }

    /// Takes what the connection was answered.
    func events(_ connection: ConnectionId? = nil) -> [Transport.Event] {
        transport.events.removeValue(forKey: connection ?? self.connection) ?? []
    }

    /// Takes the connection's one response.
    func response<Response: WireMessage>(
        _: Response.Type, version: Int16, on connection: ConnectionId? = nil, at location: SourceLocation = #_sourceLocation
    ) throws -> (response: Response, frame: [UInt8]) {
        let events = events(connection)
        guard case .response(let bytes, _)? = events.first, events.count == 1 else {
            Issue.record("not one response: \(events)", sourceLocation: location)
            throw NoResponse()
        }
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        #expect(length == bytes.count - 4, sourceLocation: location)
        let frame = Array(bytes.dropFirst(4))
        return (try frame.withUnsafeBytes { try Response.decodeResponse($0, version: version).response }, frame)
    }

    struct NoResponse: Error {}

    func ask<Request: WireRequest>(
        _ request: Request, version: Int16? = nil, on connection: ConnectionId? = nil, at location: SourceLocation = #_sourceLocation
    ) throws -> Request.Response {
        let version = version ?? Request.versions.upperBound
        send(request, version: version, on: connection)
        return try response(Request.Response.self, version: version, on: connection, at: location).response
    }

    // MARK: Common requests

    @discardableResult
    func create(_ topic: String, partitions: Int32 = 1, config: [String: String] = [:]) throws -> CreateTopicsResponse.Topic {
        let response = try ask(
            CreateTopicsRequest(
                topics: [
                    .init(
                        name: topic, numPartitions: partitions, replicationFactor: 1,
                        configs: config.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) })
                ]))
        return response.topics[0]
    }

    static func batch(_ values: [String], producerId: Int64 = -1, epoch: Int16 = -1, sequence: Int32 = -1) -> [UInt8] {
        RecordBatch(
            firstTimestamp: 1_700_000_000_000, producerId: producerId, producerEpoch: epoch, baseSequence: sequence,
            records: values.map { .init(value: Array($0.utf8)) }
        ).encoded()
    }

    static func produceRequest(_ topic: String, acks: Int16 = -1, _ batch: [UInt8]) -> ProduceRequest {
        produceRequest(topic, 0, acks: acks, batch)
    }

    static func produceRequest(_ topic: String, _ partition: Int32, acks: Int16 = -1, _ batch: [UInt8]) -> ProduceRequest {
        ProduceRequest(
            acks: acks, timeoutMs: 1_000,
            topicData: [.init(name: topic, partitionData: [.init(index: partition, records: .bytes(batch))])])
    }

    func produce(
        _ topic: String, acks: Int16 = -1, _ batch: [UInt8], at location: SourceLocation = #_sourceLocation
    ) throws -> ProduceResponse.Topic.Partition {
        try produce(topic, 0, acks: acks, batch, at: location)
    }

    func produce(
        _ topic: String, _ partition: Int32, acks: Int16 = -1, _ batch: [UInt8], at location: SourceLocation = #_sourceLocation
    ) throws -> ProduceResponse.Topic.Partition {
        try ask(Self.produceRequest(topic, partition, acks: acks, batch), at: location).responses[0].partitionResponses[0]
    }

    static func fetchRequest(
        _ topic: String, _ partition: Int32 = 0, from offset: Int64, minBytes: Int32 = 1, maxWait: Int32 = 0, maxBytes: Int32 = 1 << 20,
        partitionMaxBytes: Int32 = 1 << 20
    ) -> FetchRequest {
        FetchRequest(
            maxWaitMs: maxWait, minBytes: minBytes, maxBytes: maxBytes,
            topics: [
                .init(topic: topic, partitions: [.init(partition: partition, fetchOffset: offset, partitionMaxBytes: partitionMaxBytes)])
            ])
    }

    /// The values of a partition's records from an offset on, and the answer that held them.
    func values(_ request: FetchRequest, on connection: ConnectionId? = nil) throws -> (
        values: [String], answer: FetchResponse.Topic.Partition
    ) {
        send(request, version: 12, on: connection)
        return try fetched(on: connection)
    }

    func fetched(on connection: ConnectionId? = nil, at location: SourceLocation = #_sourceLocation) throws -> (
        values: [String], answer: FetchResponse.Topic.Partition
    ) {
        let (response, frame) = try response(FetchResponse.self, version: 12, on: connection, at: location)
        let answer = response.responses[0].partitions[0]
        guard case .frame(let range) = answer.records else { return ([], answer) }
        let batches = try RecordBatch.decode(Array(frame[range]))
        return (batches.flatMap { $0.records.map { String(decoding: $0.value ?? [], as: UTF8.self) } }, answer)
    }
}
