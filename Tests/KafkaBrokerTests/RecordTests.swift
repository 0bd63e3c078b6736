import FrameServer
import Testing

@testable import KafkaBroker
@testable import KafkaProtocol
@testable import RecordLog

struct RecordTests {
    let directory = TemporaryDirectory()

    @Test func whatIsProducedIsFetchedInOrder() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        let first = try bench.produce("t", Bench.batch(["a", "b"]))
        let second = try bench.produce("t", Bench.batch(["c"]))
        #expect((first.errorCode, first.baseOffset, first.logStartOffset) == (0, 0, 0))
        #expect(second.baseOffset == 2)
        let (values, answer) = try bench.values(Bench.fetchRequest("t", from: 0))
        #expect(values == ["a", "b", "c"])
        #expect((answer.highWatermark, answer.lastStableOffset, answer.logStartOffset) == (3, 3, 0))
    }

    @Test func topicIdsAreFetchedAndUnknownOnesRefused() throws {
        let bench = try Bench(directory)
        let id = try bench.create("t").topicId
        _ = try bench.produce("t", Bench.batch(["a"]))
        func ask(_ id: Uuid) throws -> FetchResponse.Topic {
            try bench.ask(
                FetchRequest(topics: [.init(topicId: id, partitions: [.init(partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000)])])
            ).responses[0]
        }
        #expect(try ask(id).partitions[0].records.byteCount ?? 0 > 0)
        #expect(try ask(Uuid(high: 1, low: 2)).partitions[0].errorCode == ErrorCode.unknownTopicId.rawValue)
    }

    @Test func aFetchWaitsForRecords() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        let waiter = bench.connect()
        bench.send(Bench.fetchRequest("t", from: 0, maxWait: 500), version: 12, on: waiter)
        #expect(bench.events(waiter).isEmpty)
        _ = try bench.produce("t", Bench.batch(["a"]))
        #expect(try bench.fetched(on: waiter).values == ["a"])
        #expect(bench.node.waitingFetches.count == 0)
    }

    @Test func aFetchThatWaitsInVainIsAnsweredAtItsDeadline() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        bench.send(Bench.fetchRequest("t", from: 0, maxWait: 500), version: 12)
        #expect(bench.node.timer(tick: bench.tick) == bench.tick + 500)
        bench.pass(499)
        #expect(bench.events().isEmpty)
        bench.pass(1)
        #expect(try bench.fetched().values.isEmpty)
    }

    @Test func aFetchWaitsForAsManyBytesAsItWants() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        let batch = Bench.batch(["a"])
        let waiter = bench.connect()
        bench.send(Bench.fetchRequest("t", from: 0, minBytes: Int32(2 * batch.count), maxWait: 500), version: 12, on: waiter)
        _ = try bench.produce("t", batch)
        #expect(bench.events(waiter).isEmpty)
        _ = try bench.produce("t", Bench.batch(["b"]))
        #expect(try bench.fetched(on: waiter).values == ["a", "b"])
    }

    @Test func aClosedConnectionWaitsNoMore() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        let waiter = bench.connect()
        bench.send(Bench.fetchRequest("t", from: 0, maxWait: 500), version: 12, on: waiter)
        bench.node.closed(waiter)
        _ = try bench.produce("t", Bench.batch(["a"]))
        #expect(bench.events(waiter).isEmpty)
    }

    @Test func deletingATopicAnswersWhoWaitsForIt() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        let waiter = bench.connect()
        bench.send(Bench.fetchRequest("t", from: 0, maxWait: 500), version: 12, on: waiter)
        _ = try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")]))
        #expect(try bench.fetched(on: waiter).answer.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func theFirstBatchIsGivenEvenWhenItIsLargerThanAllowed() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        _ = try bench.produce("t", Bench.batch([String(repeating: "x", count: 500)]))
        _ = try bench.produce("t", Bench.batch(["second"]))
        #expect(try bench.values(Bench.fetchRequest("t", from: 0, maxBytes: 10, partitionMaxBytes: 10)).values.count == 1)
    }

    @Test func offsetsOutOfRangeAreErrors() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        _ = try bench.produce("t", Bench.batch(["a"]))
        #expect(try bench.values(Bench.fetchRequest("t", from: 2)).answer.errorCode == ErrorCode.offsetOutOfRange.rawValue)
        #expect(try bench.values(Bench.fetchRequest("t", from: 1)).answer.errorCode == 0)
        #expect(try bench.values(Bench.fetchRequest("t", 5, from: 0)).answer.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func fetchSessionsAreDeclined() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        var request = Bench.fetchRequest("t", from: 0)
        request.sessionEpoch = 0
        #expect(try bench.ask(request, version: 12).sessionId == 0)
        request.sessionId = 9
        request.sessionEpoch = 1
        #expect(try bench.ask(request, version: 12).errorCode == ErrorCode.fetchSessionIdNotFound.rawValue)
    }

    @Test func badProducesAreRefusedByPartition() throws {
        let bench = try Bench(directory)
        try bench.create("t", config: ["max.message.bytes": "200"])
        try bench.create("two", config: ["min.insync.replicas": "2"])
        let batch = Bench.batch(["a"])
        #expect(try bench.produce("none", batch).errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try bench.produce("t", acks: 2, batch).errorCode == ErrorCode.invalidRequiredAcks.rawValue)
        #expect(
            try bench.produce("t", Bench.batch([String(repeating: "x", count: 300)])).errorCode == ErrorCode.messageTooLarge.rawValue)
        #expect(try bench.produce("two", batch).errorCode == ErrorCode.notEnoughReplicas.rawValue)
        #expect(try bench.produce("two", acks: 1, batch).errorCode == 0)
        var spoiled = batch
        spoiled[spoiled.count - 1] ^= 1
        #expect(try bench.produce("t", spoiled).errorCode == ErrorCode.corruptMessage.rawValue)
        #expect(try bench.produce("t", batch).baseOffset == 0)
    }

    @Test func withoutAcknowledgementsAnErrorClosesTheConnection() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        bench.send(Bench.produceRequest("t", acks: 0, Bench.batch(["a"])), version: 9)
        #expect(bench.events() == [.skipped])
        bench.send(Bench.produceRequest("none", acks: 0, Bench.batch(["a"])), version: 9)
        #expect(bench.events() == [.closed])
    }

    @Test func aBatchSentAgainIsWrittenOnceEvenAfterARestart() throws {
        do {
            let bench = try Bench(directory)
            try bench.create("t")
            let batch = Bench.batch(["a", "b"], producerId: 7, epoch: 0, sequence: 0)
            #expect(try bench.produce("t", batch).baseOffset == 0)
            #expect(try bench.produce("t", batch).baseOffset == 0)
            #expect(bench.node.counters.duplicateBatches == 1)
            #expect(try bench.produce("t", Bench.batch(["x"], producerId: 7, epoch: 0, sequence: 9)).errorCode == 45)
        }
        let bench = try Bench(directory)
        #expect(try bench.produce("t", Bench.batch(["a", "b"], producerId: 7, epoch: 0, sequence: 0)).baseOffset == 0)
        #expect(try bench.values(Bench.fetchRequest("t", from: 0)).values == ["a", "b"])
    }

    @Test func offsetsAreListedByPlaceAndByTime() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        _ = try bench.produce("t", Bench.batch(["a", "b"]))
        func offset(_ timestamp: Int64) throws -> ListOffsetsResponse.Topic.Partition {
            try bench.ask(
                ListOffsetsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, timestamp: timestamp)])])
            ).topics[0].partitions[0]
        }
        #expect(try offset(-1).offset == 2)
        #expect(try offset(-2).offset == 0)
        #expect(try offset(-3).timestamp == 1_700_000_000_000)
        #expect(try offset(1_700_000_000_000).offset == 0)
        #expect(try offset(1_700_000_000_001).offset == -1)
        #expect(try offset(-9).errorCode != 0)
    }

    @Test func recordsAreDeletedUpToAnOffset() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        _ = try bench.produce("t", Bench.batch(["a"]))
        _ = try bench.produce("t", Bench.batch(["b"]))
        func delete(_ offset: Int64) throws -> DeleteRecordsResponse.Topic.Partition {
            try bench.ask(DeleteRecordsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, offset: offset)])]))
                .topics[0].partitions[0]
        }
        #expect(try delete(1).lowWatermark == 1)
        #expect(try delete(5).errorCode == ErrorCode.offsetOutOfRange.rawValue)
        #expect(try bench.values(Bench.fetchRequest("t", from: 0)).answer.errorCode == ErrorCode.offsetOutOfRange.rawValue)
        #expect(try delete(-1).lowWatermark == 2)
    }

    @Test func anAcknowledgementWaitsForItsFlushWhenAskedTo() throws {
        let bench = try Bench(directory) { $0.flush = .every }
        var works: [[FlushWork]] = []
        bench.node.flusher.perform = { works.append($0) }
        try bench.create("t", partitions: 3)
        let others = [bench.connect(), bench.connect()]
        bench.send(Bench.produceRequest("t", 0, Bench.batch(["a"])), version: 9)
        bench.send(Bench.produceRequest("t", 1, Bench.batch(["b"])), version: 9, on: others[0])
        bench.send(Bench.produceRequest("t", 2, Bench.batch(["c"])), version: 9, on: others[1])
        #expect(works.count == 1)
        #expect(bench.events().isEmpty)
        bench.node.flusher.completed([nil], micros: 5)
        #expect(try bench.response(ProduceResponse.self, version: 9).response.responses[0].partitionResponses[0].errorCode == 0)
        // The two that came meanwhile share a flush; one log's fails.
        #expect(works.count == 2 && works[1].count == 2)
        #expect(bench.events(others[0]).isEmpty)
        bench.node.flusher.completed([nil, .io(operation: "fdatasync", path: "x", errno: 5)], micros: 5)
        #expect(
            try bench.response(ProduceResponse.self, version: 9, on: others[0]).response.responses[0].partitionResponses[0].errorCode == 0)
        #expect(
            try bench.response(ProduceResponse.self, version: 9, on: others[1]).response.responses[0].partitionResponses[0].errorCode == 56)
        bench.send(Bench.produceRequest("t", 2, Bench.batch(["d"])), version: 9)
        #expect(try bench.response(ProduceResponse.self, version: 9).response.responses[0].partitionResponses[0].errorCode == 56)
    }

    @Test func aClosedSegmentIsFlushedInTheBackgroundWhateverThePolicy() throws {
        let bench = try Bench(directory)
        var works: [[FlushWork]] = []
        bench.node.flusher.perform = { works.append($0) }
        try bench.create("t", config: ["segment.bytes": "1024"])
        let batch = Bench.batch([String(repeating: "x", count: 600)])
        #expect(try bench.produce("t", batch).errorCode == 0)
        #expect(works.isEmpty)
        #expect(try bench.produce("t", batch).errorCode == 0, "the answer waits for nothing")
        #expect(works.count == 1)
        try works[0][0].perform()
        bench.node.flusher.completed([nil], micros: 5)
        #expect(try bench.produce("t", Bench.batch(["y"])).errorCode == 0)
        #expect(works.count == 1)
    }
}
