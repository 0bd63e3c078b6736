import Foundation
import Kafka
import KafkaProtocol
import TestSupport
import Testing

/// Brokers whose processes are the tests' own.
@Suite(.timeLimit(.minutes(10))) struct RestartConformanceTests {
    enum End: String, CaseIterable, Sendable { case stop, kill }

    /// What must be the same before and after.
    fileprivate struct Memory: Equatable {
        var clusterId: String
        var topicId: Uuid
        var watermarks: [Int32: [Int64]]
        var committed: [Int32: Int64]
        var limit: String?
        var partitionCount: Int
        var deletedIsGone: Bool
    }

    private func recall(_ bench: Bench, _ deleted: String) async throws -> Memory {
        let raw = try bench.raw()
        defer { raw.close() }
        let metadata = try await raw.metadata(bench.topic)
        let topic = try #require(metadata.topics.first)
        var watermarks: [Int32: [Int64]] = [:]
        for partition in 0..<Int32(3) {
            try await eventually("partition \(partition)") {
                let found = try await raw.fetch(bench.topic, partition, from: 0)
                watermarks[partition] = [found.logStartOffset, found.highWatermark]
                if found.errorCode == ErrorCode.offsetOutOfRange.rawValue {
                    let first = try await raw.listOffset(bench.topic, partition, -2)
                    let last = try await raw.listOffset(bench.topic, partition, -1)
                    watermarks[partition] = [first.offset, last.offset]
                    return first.errorCode == 0 && last.errorCode == 0
                }
                return found.errorCode == ErrorCode.noError.rawValue
            }
        }
        let described = try await raw.ask(
            DescribeConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: bench.topic, configurationKeys: ["max.message.bytes"])
            ]), version: 4)
        let gone = try await raw.metadata(deleted)
        let admin = try bench.admin()
        let committed = try await admin.committedOffsets(
            group: bench.group, topic: bench.topic, partitions: 0..<3, within: .seconds(240))
        await admin.close()
        return Memory(
            clusterId: metadata.clusterId ?? "", topicId: topic.topicId, watermarks: watermarks, committed: committed,
            limit: described.results.first?.configs.first?.value, partitionCount: topic.partitions.count,
            deletedIsGone: gone.topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test(arguments: BrokerUnderTest.ownKinds)
    func nothingAcknowledgedIsForgotten(_ kind: BrokerUnderTest.Kind) async throws {
        let broker = try await BrokerUnderTest.own(kind)
        for end in End.allCases {
            let bench = try Bench(broker, ["reconnect.backoff.max.ms": "200"])
            try await bench.makeTopic(partitionCount: 2, ["max.message.bytes": "500000"])
            let other = try Bench(broker)
            try await other.makeTopic()
            let admin = try bench.admin()
            let producer = try bench.producer()
            for partition in 0..<Int32(2) {
                try await producer.sendAll((0..<30).map { "\($0)" }, to: bench.topic, partition: partition)
            }
            _ = try await admin.deleteRecords(before: [bench.place(7, 1)])
            try await admin.commitOffsets([bench.place(11), bench.place(22, 1)], group: bench.group)
            try await admin.deleteTopics([other.topic])
            var raw = try bench.raw()
            _ = try await raw.ask(
                CreatePartitionsRequest(topics: [.init(name: bench.topic, count: 3)], timeoutMs: 15_000), version: 3)
            try await eventually("the third partition") {
                try await raw.fetch(bench.topic, 2, from: 0).errorCode == ErrorCode.noError.rawValue
            }
            let id = try await raw.newProducerId()
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            func send(_ values: [String], _ sequence: Int32) async throws -> String {
                // Of today: a producer whose last record is a day old may be forgotten at the start.
                let bytes = batch(values, at: now, producerId: id, epoch: 0, sequence: sequence).encoded()
                let answer = try await raw.produce(bytes, to: bench.topic, partition: 2)
                return answer.errorCode == 0 ? "\(answer.baseOffset)" : ErrorCode.name(answer.errorCode)
            }
            #expect(try await send(["a", "b"], 0) == "0")
            #expect(try await send(["c"], 2) == "2")
            let before = try await recall(bench, other.topic)
            #expect(before.watermarks == [0: [0, 30], 1: [7, 30], 2: [0, 3]])
            #expect(before.committed == [0: 11, 1: 22])
            #expect(before.deletedIsGone)
            raw.close()

            // A producer and a member that live through it.
            let member = try GroupConsumer(
                bench.configuration.setting(["fetch.wait.max.ms": "100"]),
                GroupMembership(bench.group, sessionTimeout: .seconds(30), heartbeatInterval: .milliseconds(500), start: .beginning))
            try await member.subscribe(to: [bench.topic])
            try await settle([member]) { member.assignment.count == 3 }
            switch end {
            case .stop: try await broker.stop()
            case .kill: try await broker.kill()
            }
            let ticket = DeliveryTicket()
            for index in 30..<60 { try await producer.send("\(index)", to: bench.topic, ticket: ticket) }
            try await broker.revive()

            #expect(try await recall(bench, other.topic).without(0) == before.without(0), "\(end)")
            raw = try bench.raw()
            // What was sent before is known again, and what comes next is next.
            #expect(try await send(["c"], 2) == "2", "\(end)")
            // Of the batches before the last one, Kafka may remember nothing after a restart, but takes none of them twice.
            #expect(["0", "outOfOrderSequenceNumber"].contains(try await send(["a", "b"], 0)), "\(end)")
            #expect(try await send(["x"], 9) == "outOfOrderSequenceNumber", "\(end)")
            #expect(try await send(["d"], 3) == "3", "\(end)")
            #expect(try await raw.newProducerId() != id)
            try await ticket.delivered()
            let consumer = try bench.consumer()
            #expect(try await consumer.readAll(bench.topic, until: 60).map(\.value) == (0..<60).map { "\($0)" })
            #expect(try await consumer.readAll(bench.topic, 1, from: 7, until: 30).count == 23)
            let last = bench.place(60)
            try await settle([member]) {
                do { try await member.commit([last]) } catch { return false }
                return true
            }
            #expect(
                try await admin.committedOffsets(group: bench.group, topic: bench.topic, partitions: 0..<3) == [0: 60, 1: 22])
            await member.close()
            await consumer.close()
            await producer.close()
            await admin.close()
            raw.close()
        }
        await broker.end()
    }

    @Test(arguments: BrokerUnderTest.ownKinds)
    func aBrokerKilledUnderLoadHasEverythingAcknowledgedOnce(_ kind: BrokerUnderTest.Kind) async throws {
        let broker = try await BrokerUnderTest.own(kind)
        let bench = try Bench(broker, ["reconnect.backoff.max.ms": "200"])
        try await bench.makeTopic(partitionCount: 2)
        let producer = try bench.producer(["linger.ms": "2", "batch.num.messages": "50"])
        let consumer = try bench.consumer()
        let admin = try bench.admin()
        async let first = consumer.openPartition(topic: bench.topic, partition: 0, at: 0).collect(20_000)
        async let second = consumer.openPartition(topic: bench.topic, partition: 1, at: 0).collect(20_000)
        let killed = Task {
            // While records are under way, and again.
            for wanted in kind == .embedded ? [2_000, 6_000, 10_000, 14_000] as [Int64] : [4_000] {
                try await eventually("records") {
                    let high = try? await admin.highWatermarks(of: bench.topic, partitions: [0], within: .seconds(5))
                    return (high?[0] ?? 0) >= wanted
                }
                try await broker.kill()
                try await broker.revive()
            }
        }
        for start in stride(from: 0, to: 40_000, by: 500) {
            let ticket = DeliveryTicket()
            for index in start..<start + 500 {
                try await producer.send("\(index)", to: bench.topic, partition: Int32(index % 2), ticket: ticket)
            }
            try await ticket.delivered()
        }
        try await killed.value
        #expect(try await first.map(\.value) == stride(from: 0, to: 40_000, by: 2).map { "\($0)" })
        #expect(try await second.map(\.value) == stride(from: 1, to: 40_000, by: 2).map { "\($0)" })
        #expect(try await admin.highWatermarks(of: bench.topic, partitions: 0..<2) == [0: 20_000, 1: 20_000])
        await consumer.close()
        await admin.close()
        await producer.close()
        await broker.end()
    }

    @Test(arguments: BrokerUnderTest.ownKinds)
    func whatIsTooOldOrTooMuchIsRemovedWholeSegmentsAtATime(_ kind: BrokerUnderTest.Kind) async throws {
        let broker = try await BrokerUnderTest.own(kind, retentionCheckMillis: 300)
        let sized = try Bench(broker)
        let timed = try Bench(broker)
        try await sized.makeTopic(["retention.bytes": "2097152", "retention.ms": "-1", "segment.bytes": "1048576"])
        try await timed.makeTopic(["retention.ms": "-1", "segment.bytes": "1048576"])
        let admin = try sized.admin()
        let raw = try sized.raw()
        for index in 0..<60 {
            let bytes = batch([String(repeating: "x", count: 100_000)]).encoded()
            #expect(try await raw.produce(bytes, to: sized.topic).baseOffset == Int64(index))
            #expect(try await raw.produce(bytes, to: timed.topic).baseOffset == Int64(index))
        }
        // Ten batches to a segment, and two segments are less than the limit: three stay.
        try await eventually("the oldest to go") { try await admin.watermarks(of: sized.topic, partition: 0).low >= 29 }
        let kept = try await admin.watermarks(of: sized.topic, partition: 0)
        #expect(kept.high == 60)
        #expect(kept.low == 30, "what is within the limit stays")
        let consumer = try sized.consumer()
        #expect(try await consumer.readAll(sized.topic, from: kept.low, until: 60).first?.offset == kept.low)
        let gone = try await consumer.openPartition(topic: sized.topic, partition: 0, at: 0)
        #expect(await gone.firstFailure()?.isOffsetOutOfRange == true)
        await gone.close()

        // Nothing of the other has gone; told of an age that all are past, all of it goes, and the offsets go on.
        #expect(try await admin.watermarks(of: timed.topic, partition: 0) == Watermarks(low: 0, high: 60))
        let altered = try await raw.ask(
            IncrementalAlterConfigsRequest(resources: [
                .init(
                    resourceType: 2, resourceName: timed.topic, configs: [.init(name: "retention.ms", configOperation: 0, value: "60000")])
            ]), version: 1)
        require(try #require(altered.responses.first).errorCode, .noError)
        try await eventually("all to go") {
            try await admin.watermarks(of: timed.topic, partition: 0) == Watermarks(low: 60, high: 60)
        }
        #expect(try await raw.produce(batch(["new"]).encoded(), to: timed.topic).baseOffset == 60)
        await consumer.close()
        await admin.close()
        raw.close()
        await broker.end()
    }
}

extension RestartConformanceTests.Memory {
    /// Without what a partition has got meanwhile.
    fileprivate func without(_ partition: Int32) -> Self {
        var copy = self
        copy.watermarks[partition] = nil
        return copy
    }
}
