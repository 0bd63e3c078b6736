import FrameServer
import Testing

@testable import KafkaBroker
@testable import KafkaProtocol

struct VersionTests {
    @Test func everyOfferedVersionOfEveryRequestGetsAnAnswerOfItsVersion() throws {
        let directory = TemporaryDirectory()
        let bench = try Bench(directory)
        try bench.create("present")
        for request in Self.defaults { try ask(request, bench) }
        #expect(Self.defaults.count == WireMessages.requests.count)
    }

    private static let defaults: [any WireRequest] = [
        ProduceRequest(acks: 1), FetchRequest(), ListOffsetsRequest(), MetadataRequest(), OffsetCommitRequest(), OffsetFetchRequest(),
        FindCoordinatorRequest(), JoinGroupRequest(), HeartbeatRequest(), LeaveGroupRequest(), SyncGroupRequest(), DescribeGroupsRequest(),
        ListGroupsRequest(), SaslHandshakeRequest(), ApiVersionsRequest(), CreateTopicsRequest(), DeleteTopicsRequest(),
        DeleteRecordsRequest(), InitProducerIdRequest(), OffsetForLeaderEpochRequest(), DescribeConfigsRequest(), CreatePartitionsRequest(),
        DeleteGroupsRequest(), IncrementalAlterConfigsRequest(), DescribeClusterRequest(),
    ]

    private func ask<Request: WireRequest>(_ request: Request, _ bench: Bench) throws {
        for version in Request.versions {
            let connection = bench.connect()
            bench.send(request, version: version, on: connection)
            _ = try bench.response(Request.Response.self, version: version, on: connection)
        }
    }

    @Test func anUnknownVersionOfApiVersionsIsAnsweredInVersion0WithWhatIsOffered() throws {
        let bench = try Bench(TemporaryDirectory())
        bench.send([0, 18, 0, 99, 0, 0, 0, 7, 0xFF, 0xFF])
        let response = try bench.response(ApiVersionsResponse.self, version: 0).response
        #expect(response.errorCode == ErrorCode.unsupportedVersion.rawValue)
        #expect(response.apiKeys.contains { $0.apiKey == 0 && $0.minVersion == 0 })
        #expect(!response.apiKeys.contains { $0.apiKey == ApiKey.saslHandshake.rawValue })
    }

    @Test(
        arguments: [
            [0, 1, 0, 99, 0, 0, 0, 7, 0xFF, 0xFF],  // Fetch of a version that is not offered
            [0, 24, 0, 0, 0, 0, 0, 7, 0xFF, 0xFF],  // an API that is not offered
            [0x7F, 0, 0, 0, 0, 0, 0, 7, 0xFF, 0xFF],  // no API
            [0, 3], [],  // no header
        ] as [[UInt8]])
    func whatIsNotOfferedClosesTheConnection(_ frame: [UInt8]) throws {
        let bench = try Bench(TemporaryDirectory())
        bench.send(frame)
        #expect(bench.events() == [.closed])
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func randomAndSpoiledFramesNeverTrap(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let directory = TemporaryDirectory()
        let bench = try Bench(directory) { $0.createsTopicsAutomatically = seed % 2 == 0 }
        try bench.create("t", partitions: 2)
        var samples: [[UInt8]] = [
            Bench.produceRequest("t", Bench.batch(["a", "b"])).frame(version: 9, correlationId: 1, clientId: "c").bytes,
            Bench.fetchRequest("t", from: 0).frame(version: 12, correlationId: 1, clientId: "c").bytes,
            MetadataRequest(topics: [.init(name: "t")]).frame(version: 12, correlationId: 1, clientId: "c").bytes,
            JoinGroupRequest(
                groupId: "g", sessionTimeoutMs: 10_000, protocolType: "consumer", protocols: [.init(name: "range", metadata: [1, 2])]
            ).frame(version: 5, correlationId: 1, clientId: "c").bytes,
            OffsetCommitRequest(groupId: "g", topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: 4)])])
                .frame(version: 8, correlationId: 1, clientId: "c").bytes,
            CreateTopicsRequest(topics: [.init(name: "u", numPartitions: 1, replicationFactor: 1)])
                .frame(version: 7, correlationId: 1, clientId: "c").bytes,
        ]
        for api in ApiKey.allCases {
            for version in api.versions {
                samples.append([0, UInt8(api.rawValue), 0, UInt8(version), 0, 0, 0, 1, 0, 1, 0x63] + [UInt8](repeating: 0, count: 40))
            }
        }
        for round in 0..<3_000 {
            var frame = samples[Int(generator.next() % UInt64(samples.count))]
            for _ in 0..<(1 + generator.next() % 6) where !frame.isEmpty {
                let place = Int(generator.next() % UInt64(frame.count))
                switch generator.next() % 4 {
                case 0: frame[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: frame.removeLast(Int(generator.next() % UInt64(frame.count)))
                case 2:
                    frame.insert(
                        contentsOf: (0..<(generator.next() % 9)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, at: place)
                default: frame[place] ^= 1 << (generator.next() % 8)
                }
            }
            let connection = bench.connect()
            bench.send(frame, on: connection)
            if round % 3 == 0 { bench.node.closed(connection) }
            if round % 50 == 0 { bench.pass(20) }
            bench.transport.events.removeAll()
        }
        #expect(try bench.ask(ApiVersionsRequest(clientSoftwareName: "a", clientSoftwareVersion: "1"), on: bench.connect()).errorCode == 0)
    }
}

/// Source: Steele, Lea and Flood, 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
