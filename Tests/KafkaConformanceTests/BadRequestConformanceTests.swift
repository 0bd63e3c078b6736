import Checksums
import Kafka
import KafkaProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct BadRequestConformanceTests {
    @Test(arguments: BrokerUnderTest.all)
    func batchesThatAreWrongAreRefusedAndLeaveNoTrace(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let good = batch(["a", "b"]).encoded()
        func refused(_ bytes: [UInt8], _ code: ErrorCode, _ what: Comment, version: Int16 = 9) async throws {
            require(try await raw.produce(bytes, to: bench.topic, version: version).errorCode, code, what)
        }
        func changed(_ position: Int, _ change: (UInt8) -> UInt8) -> [UInt8] {
            var bytes = good
            bytes[position] = change(bytes[position])
            return bytes
        }
        /// With the CRC made right again.
        func sealed(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            let crc = bytes[RecordBatch.crcStart...].withUnsafeBytes { Crc32C.of($0) }
            bytes.replaceSubrange(RecordBatch.crcPosition..<RecordBatch.crcStart, with: withUnsafeBytes(of: crc.bigEndian, Array.init))
            return bytes
        }
        try await refused(changed(RecordBatch.crcPosition) { $0 ^ 1 }, .corruptMessage, "wrong CRC")
        try await refused(changed(good.count - 1) { $0 ^ 1 }, .corruptMessage, "changed record")
        try await refused(changed(RecordBatch.magicPosition) { _ in 1 }, .invalidRecord, "magic 1")
        try await refused(good + good, .invalidRecord, "two batches")
        try await refused(sealed(changed(60) { _ in 3 }), .invalidRecord, "more records said than there are")
        try await refused(sealed(changed(26) { _ in 5 }), .invalidRecord, "another last offset than the count says")
        try await refused(sealed(changed(22) { $0 | 0x20 }), .invalidRecord, "a control batch")
        require(try await raw.produce(good, to: bench.topic, partition: 4).errorCode, .unknownTopicOrPartition)
        require(try await raw.produce(good, to: bench.topic + "-not").errorCode, .unknownTopicOrPartition)
        let large = batch([String(repeating: "x", count: 1_100_000)]).encoded()
        try await refused(large, .messageTooLarge, "over max.message.bytes")
        for acks in [2, -2] as [Int16] {
            require(try await raw.produce(good, to: bench.topic, acks: acks).errorCode, .invalidRequiredAcks)
        }
        let after = try await raw.fetch(bench.topic, from: 0)
        #expect(after.highWatermark == 0)
        #expect(try await raw.produce(good, to: bench.topic).baseOffset == 0)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func whatWasSentWithoutWishForAnAnswerGetsNone(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let order = ProduceRequest(
            acks: 0, timeoutMs: 1_000,
            topicData: [.init(name: bench.topic, partitionData: [.init(index: 0, records: .bytes(batch(["quiet"]).encoded()))])])
        try await raw.tell(order, version: 9)
        // The next answer is the next request's.
        #expect(try await raw.metadata(bench.topic).topics.first?.name == bench.topic)
        try await eventually("the record") { try await raw.fetch(bench.topic, from: 0).highWatermark == 1 }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func requestsSentTogetherAreAnsweredInOrder(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        var bytes: [UInt8] = []
        for index in 0..<50 {
            let order = ProduceRequest(
                acks: -1, timeoutMs: 10_000,
                topicData: [.init(name: bench.topic, partitionData: [.init(index: 0, records: .bytes(batch(["\(index)"]).encoded()))])])
            bytes += framed(order.frame(version: 9, correlationId: Int32(1_000 + index), clientId: nil).bytes)
        }
        for index in 0..<50 {
            let answer = try #require(try await raw.exchange(index == 0 ? bytes : []))
            let (id, response) = try answer.withUnsafeBytes { try ProduceResponse.decodeResponse($0, version: 9) }
            #expect(id == Int32(1_000 + index))
            #expect(response.responses.first?.partitionResponses.first?.baseOffset == Int64(index))
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func theVersionsAreListedToWhoeverAsksInWhateverVersion(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        var offered: [Int16: ClosedRange<Int16>] = [:]
        for version in ApiVersionsRequest.versions {
            let answer = try await raw.ask(
                ApiVersionsRequest(clientSoftwareName: "conformance", clientSoftwareVersion: "1.0"), version: version)
            require(answer.errorCode, .noError)
            for api in answer.apiKeys { offered[api.apiKey] = api.minVersion...api.maxVersion }
        }
        // What today's clients and those of three years ago have in common with both.
        for type in WireMessages.requests where type.apiKey != .saslHandshake {
            let range = try #require(offered[type.apiKey.rawValue], "\(type.apiKey)")
            #expect(range.lowerBound <= type.versions.upperBound && range.upperBound >= type.versions.lowerBound, "\(type.apiKey)")
        }
        // librdkafka up to 2.8 compresses nothing for a broker that does not list Produce from version 0, offered or not.
        #expect(offered[ApiKey.produce.rawValue]?.lowerBound == 0)
        // KIP-511: an unknown version is answered in version 0, so that the client can try again.
        let odd = ApiVersionsRequest.frameOfVersion(999, correlationId: 77) + [0]  // no tagged fields
        let answer = try #require(try await raw.exchange(framed(odd)))
        let (id, response) = try answer.withUnsafeBytes { try ApiVersionsResponse.decodeResponse($0, version: 0) }
        #expect(id == 77)
        require(response.errorCode, .unsupportedVersion)
        #expect(response.apiKeys.contains { $0.apiKey == ApiKey.apiVersions.rawValue })
        #expect(try await raw.ask(ApiVersionsRequest(clientSoftwareName: "c", clientSoftwareVersion: "1"), version: 3).errorCode == 0)
        // A name that is none (KIP-511 allows letters, digits, dots and dashes).
        let named = try await raw.ask(ApiVersionsRequest(clientSoftwareName: "no good!", clientSoftwareVersion: "1"), version: 3)
        require(named.errorCode, .invalidRequest)
        raw.close()
    }

    /// Each makes bytes that end the connection they come on, and nothing else.
    private static let deadly: [(String, [UInt8])] = [
        ("a web browser", Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)),
        ("a frame of 2 GB", [0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 1]),
        ("a frame of 105 MB", withUnsafeBytes(of: UInt32(105_000_000).bigEndian, Array.init) + [0, 3, 0, 1]),
        ("a negative length", [0xff, 0xff, 0xff, 0xff, 0, 3, 0, 1]),
        ("an unknown API", framed([0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff])),
        ("a negative API", framed([0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff])),
        ("an unknown version", framed([0, 3, 0x7f, 0, 0, 0, 0, 1, 0xff, 0xff])),
        ("a version of long ago", framed([0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff])),
        ("a frame without a header", framed([0, 3])),
        ("an empty frame", framed([])),
        ("a request cut short", framed([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 9, 0, 4, 0x61])),
        ("a count that nothing follows", framed([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff])),
        ("a text of negative length", framed([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 1, 0x80, 0])),
    ]

    @Test(arguments: BrokerUnderTest.all, deadly.indices)
    func bytesThatAreNoRequestEndTheirConnectionOnly(_ broker: BrokerUnderTest, _ index: Int) async throws {
        let bench = try Bench(broker)
        let (what, bytes) = Self.deadly[index]
        let bystander = try bench.raw()
        _ = try await bystander.ask(ApiVersionsRequest(), version: 0)
        let raw = try bench.raw()
        #expect(try await raw.exchange(bytes) == nil, "\(what)")
        raw.close()
        #expect(try await bystander.ask(ApiVersionsRequest(), version: 0).errorCode == 0)
        bystander.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func halfAFrameIsWaitedForAndForgottenWhenItsSenderGoes(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let whole = framed(ApiVersionsRequest.frameOfVersion(0, correlationId: 5))
        let other = try bench.raw()
        try await other.send(Array(whole.prefix(9)))
        other.close()
        let slow = try bench.raw()
        let answer = try #require(try await slow.exchangeSingly(whole))
        #expect(answer.prefix(6) == [0, 0, 0, 5, 0, 0])
        slow.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func whoWantsToAuthenticateWhereNobodyMustIsToldSo(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        for version in SaslHandshakeRequest.versions {
            require(try await raw.ask(SaslHandshakeRequest(mechanism: "PLAIN"), version: version).errorCode, .illegalSaslState)
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func ourClientSeesTheSameErrors(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["max.message.bytes": "2000"])
        let producer = try bench.producer()
        try await producer.sendAll(["a"], to: bench.topic)
        let partition = await #expect(throws: KafkaFailure.self) { try await producer.sendAll(["a"], to: bench.topic, partition: 9) }
        #expect(partition?.isUnknownTopicOrPartition == true)
        let large = await #expect(throws: KafkaFailure.self) {
            try await producer.sendAll([(0..<3_000).map { "\($0 &* 2_654_435_761 % 1_000_003)" }.joined()], to: bench.topic)
        }
        #expect(large?.name == "MSG_SIZE_TOO_LARGE")
        let admin = try bench.admin()
        let unknown = await #expect(throws: KafkaFailure.self) { try await admin.topic(bench.topic + "-not") }
        #expect(unknown?.isUnknownTopicOrPartition == true)
        await admin.close()
        await producer.close()
    }
}

extension ApiVersionsRequest {
    /// A header alone, of a version that may not exist.
    static func frameOfVersion(_ version: Int16, correlationId: Int32) -> [UInt8] {
        var writer = WireWriter()
        RequestHeader(apiKey: ApiKey.apiVersions.rawValue, apiVersion: version, correlationId: correlationId, clientId: nil).encode(
            into: &writer)
        return writer.bytes
    }
}
