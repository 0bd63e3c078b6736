import Kafka
import RiskDomain
import StageHarness
import Stages
import TestSupport
import Testing

/// A message to send.
struct Outgoing: Sendable {
    var topic: String
    var partition: Int32
    /// nil: a message without a value.
    var value: [UInt8]?
}

/// A message as a consumer of the topic gets it.
struct Received: Sendable {
    var partition: Int32
    var offset: Int64
    var value: [UInt8]?
    /// The header `assay-lane`: stage, partition and number.
    var lane: String?
}

extension LiveSuite {
    /// Sends and waits until the broker has all of it; messages of one partition keep their order.
    func send(_ messages: some Sequence<Outgoing>) async throws {
        let ticket = DeliveryTicket()
        for message in messages {
            while true {
                let admission: KafkaProducer.Admission
                if let value = message.value {
                    admission = try value.withUnsafeBytes {
                        try producer.produce(to: message.topic, partition: message.partition, key: nil, value: $0, ticket: ticket)
                    }
                } else {
                    admission = try producer.produce(to: message.topic, partition: message.partition, key: nil, value: nil, ticket: ticket)
                }
                if case .queued = admission { break }
                try await producer.awaitRoom()
            }
        }
        try await ticket.delivered()
    }

    /// Everything on a topic now, partition after partition, in order.
    func messages(on topic: String) async throws -> [Received] {
        let count = try #require(topicList.first { $0.name == topic }?.partitions)
        let ends = try await admin.highWatermarks(of: topic, partitions: 0..<Int32(count))
        let consumer = try KafkaConsumer(kafka)
        var received: [Received] = []
        for partition in 0..<Int32(count) {
            let end = ends[partition] ?? 0
            var next: Int64 = 0
            if end == 0 { continue }
            let reader = try await consumer.openPartition(topic: topic, partition: partition, at: 0)
            var batch = MessageBatch()
            drain: for await _ in reader.wakeup.signals {
                while try reader.drain(into: &batch, countMax: 1_024) > 0 {
                    for index in 0..<batch.count {
                        let message = batch[index]
                        let lane = message.header("assay-lane").map { String(decoding: $0, as: UTF8.self) }
                        received.append(
                            Received(partition: partition, offset: message.offset, value: message.payload.map { Array($0) }, lane: lane))
                        next = message.offset + 1
                    }
                    if next >= end { break drain }
                }
            }
            await reader.close()
        }
        await consumer.close()
        return received
    }

    /// Every number of every lane of a public topic must be there; one that is there twice must say the same twice.
    ///
    /// - Returns: The messages, each number once.
    func expectWholeLanes(_ messages: [Received]) throws -> [Received] {
        var seen: [String: [UInt8]?] = [:]
        var numbers: [String: [Int]] = [:]
        var once: [Received] = []
        for message in messages {
            let header = try #require(message.lane, "a message without a lane at \(message.partition)/\(message.offset)")
            // A lane leads from a stage's input partition to a partition of this topic.
            let parts = header.split(separator: "/")
            let lane = "\(parts[0])/\(parts[1]) to \(message.partition)"
            if let before = seen["\(lane): \(parts[2])"] {
                let isSame = before == message.value
                #expect(isSame, "lane \(lane) says two things as number \(parts[2])")
                continue
            }
            seen["\(lane): \(parts[2])"] = message.value
            once.append(message)
            numbers[lane, default: []].append(try #require(Int(parts[2])))
        }
        for (lane, numbers) in numbers {
            let isWhole = numbers == Array(0..<numbers.count)
            #expect(isWhole, "lane \(lane)")
        }
        return once
    }
}

/// Some of a card traffic, as messages of the public topics.
struct Load {
    var transactions: [CardTraffic.Message]
    var outcomes: [CardTraffic.Message]

    init(_ traffic: CardTraffic) {
        transactions = traffic.transactions
        outcomes = traffic.outcomes
    }

    /// What happened before the instant, and the rest.
    func split(atMicros instant: Int64) -> (Load, Load) {
        func part(_ isWanted: (CardTraffic.Message) -> Bool) -> Load {
            var load = self
            load.transactions = transactions.filter(isWanted)
            load.outcomes = outcomes.filter(isWanted)
            return load
        }
        return (part { $0.timestampMicros < instant }, part { $0.timestampMicros >= instant })
    }

    /// Records that are no transactions at all.
    var rubbishCount: Int { transactions.count { $0.transaction == nil } }
    var eventCount: Int { transactions.count - rubbishCount + outcomes.count }
}

extension LiveSuite {
    /// - Returns: By source coordinates, the place of each transaction in ``CardTraffic/offline``, if nothing was sent before.
    @discardableResult
    func send(_ load: Load) async throws -> [SourceCoordinates: Int] {
        var next: [Int32: Int64] = [:]
        var places: [SourceCoordinates: Int] = [:]
        for message in load.transactions {
            let offset = next[message.partition, default: 0]
            next[message.partition] = offset + 1
            guard let place = message.transaction else { continue }
            places[SourceCoordinates(topic: .transactions, partition: message.partition, offset: offset)] = place
        }
        try await send(load.transactions.map { Outgoing(topic: topics.transactions, partition: $0.partition, value: $0.value) })
        try await send(load.outcomes.map { Outgoing(topic: topics.outcomes, partition: $0.partition, value: $0.value) })
        return places
    }

    func traffic(seed: UInt64, count: Int, days: Int = 12) -> CardTraffic {
        CardTraffic(
            seed: seed, count: count, days: days, transactionsPartitions: topics.transactionsPartitions,
            outcomesPartitions: topics.outcomesPartitions)
    }
}
