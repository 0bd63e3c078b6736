import FrameServer
import Glibc
import Testing

@testable import KafkaBroker
@testable import KafkaProtocol

/// The whole broker over sockets.
@Suite(.timeLimit(.minutes(10)))
struct LoopbackTests {
    let directory = TemporaryDirectory()

    /// One blocking connection.
    private final class Client {
        let descriptor: CInt

        init(port: UInt16) throws {
            descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            guard code == 0 else { throw Refused() }
        }

        deinit { close(descriptor) }
        struct Refused: Error {}

        func send(_ request: some WireRequest, version: Int16) {
            let frame = request.frame(version: version, correlationId: 1, clientId: "loopback").bytes
            let length = UInt32(frame.count)
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * $0)) } + frame
            var sent = 0
            while sent < bytes.count { sent += bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, $0.count - sent) } }
        }

        /// Nil when the connection ends.
        func receive(_ byteCount: Int) -> [UInt8]? {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while bytes.count < byteCount {
                let count = read(descriptor, &chunk, min(chunk.count, byteCount - bytes.count))
                if count <= 0 { return nil }
                bytes += chunk[..<count]
            }
            return bytes
        }

        func ask<Request: WireRequest>(_ request: Request, version: Int16) throws -> (response: Request.Response, frame: [UInt8]) {
            send(request, version: version)
            guard let head = receive(4), let frame = receive(head.reduce(0) { $0 << 8 | Int($1) }) else { throw Refused() }
            return (try frame.withUnsafeBytes { try Request.Response.decodeResponse($0, version: version).response }, frame)
        }
    }

    private func settings(_ flush: FlushPolicy) -> BrokerSettings {
        var settings = BrokerSettings(dataDirectory: directory.path)
        settings.listenPort = 0
        settings.flush = flush
        settings.createsTopicsAutomatically = true
        return settings
    }

    @Test(arguments: [FlushPolicy.never, .every, .interval(millis: 5)])
    func recordsGoInAndOutAndOutliveAStop(_ flush: FlushPolicy) throws {
        for round in 0..<2 {
            let broker = try LocalBroker.start(settings(flush))
            defer { broker.stop() }
            #expect(broker.isReady)
            let client = try Client(port: broker.address.port)
            _ = try client.ask(MetadataRequest(topics: [.init(name: "t")]), version: 12)
            for index in 0..<20 {
                let answer = try client.ask(Bench.produceRequest("t", Bench.batch(["\(round) \(index)"])), version: 9).response
                #expect(answer.responses[0].partitionResponses[0].baseOffset == Int64(20 * round + index))
            }
            let (fetched, frame) = try client.ask(Bench.fetchRequest("t", from: 0), version: 12)
            guard case .frame(let range) = fetched.responses[0].partitions[0].records else { throw Client.Refused() }
            let values = try RecordBatch.decode(Array(frame[range])).flatMap {
                $0.records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
            }
            #expect(values == (0...round).flatMap { round in (0..<20).map { "\(round) \($0)" } })
            let metrics = try #require(broker.metrics())
            #expect(metrics.recordsAppended == 20)
            #expect(metrics.requests["Produce"] == 20)
            #expect(metrics.server.connectionsOpen == 1)
            if flush == .every { #expect(metrics.flushes == 20) }
        }
    }

    @Test func aStopAnswersWhoWaits() throws {
        let broker = try LocalBroker.start(settings(.never))
        let client = try Client(port: broker.address.port)
        _ = try client.ask(MetadataRequest(topics: [.init(name: "t")]), version: 12)
        client.send(Bench.fetchRequest("t", from: 0, maxWait: 60_000), version: 12)
        while broker.metrics()?.waitingFetches != 1 {}
        broker.stop()
        #expect(client.receive(4) != nil)
        broker.stop()
        #expect(!broker.isReady)
    }

    @Test func aSecondBrokerOnTheDirectoryOrThePortIsRefused() throws {
        let broker = try LocalBroker.start(settings(.never))
        defer { broker.stop() }
        #expect(throws: DiskFailure.self) { try LocalBroker.start(settings(.never)) }
        let other = TemporaryDirectory()
        var taken = settings(.never)
        taken.dataDirectory = other.path
        taken.listenPort = broker.address.port
        #expect(throws: ServerFault.self) { try LocalBroker.start(taken) }
    }

    @Test func faultsAreSetWhileItRuns() throws {
        let broker = try LocalBroker.start(settings(.never))
        defer { broker.stop() }
        try broker.setFaults(json: Array("{\"rules\":[{\"kind\":\"disconnect-before\",\"api\":\"ListGroups\"}]}".utf8))
        let client = try Client(port: broker.address.port)
        #expect(throws: Client.Refused.self) { try client.ask(ListGroupsRequest(), version: 4) }
        #expect(broker.metrics()?.injectedFaults == ["disconnect-before": 1])
    }
}
