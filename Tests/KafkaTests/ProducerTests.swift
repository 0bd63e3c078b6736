import CLibrdkafka
import Kafka
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct ProducerTests {
    let mock: MockCluster
    init() throws { mock = try MockCluster() }

    @Test func aTicketIsDeliveredWhenAllItsMessagesAre() async throws {
        mock.createTopic("t", partitions: 4)
        let producer = try KafkaProducer(mock.configuration())
        let ticket = DeliveryTicket()
        for index in 0..<1_000 { try await producer.send("\(index)", to: "t", partition: Int32(index % 4), ticket: ticket) }
        try await ticket.delivered()
        #expect(ticket.unacknowledgedCount == 0)
        try await ticket.delivered()
        try await DeliveryTicket().delivered()
        await producer.close()
        await producer.close()
    }

    @Test func ticketsAreIndependentOfEachOther() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let tickets = (0..<20).map { _ in DeliveryTicket() }
        for index in 0..<2_000 { try await producer.send("v", to: "t", ticket: tickets[index % 20]) }
        for ticket in tickets { try await ticket.delivered() }
        await producer.close()
    }

    @Test func retriableBrokerErrorsDoNotReachTheTicket() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration(["retry.backoff.ms": "10"]))
        mock.push(
            .produce,
            [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT])
        try await producer.sendAll(["a", "b", "c"], to: "t")
        let consumer = try KafkaConsumer(mock.configuration())
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: KafkaOffset.beginning)
        #expect(try await reader.collect(3).map(\.value) == ["a", "b", "c"])
        await consumer.close()
        await producer.close()
    }

    @Test func aPermanentBrokerErrorFailsTheTicket() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        mock.push(.produce, [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
        let failure = await #expect(throws: KafkaFailure.self) { try await producer.sendAll(["a"], to: "t") }
        #expect(failure?.code == 29)
        #expect(failure?.remedy == .recreateClient)
        await producer.close()
    }

    @Test func aFullQueueIsAnAnswerAndRoomIsSignalled() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration(["queue.buffering.max.messages": "10"]))
        let ticket = DeliveryTicket()
        var fullCount = 0
        let value: [UInt8] = [1, 2, 3]
        for _ in 0..<500 {
            while true {
                let outcome = try value.withUnsafeBytes { try producer.produce(to: "t", partition: 0, key: nil, value: $0, ticket: ticket) }
                if case .queued = outcome { break }
                fullCount += 1
                try await producer.awaitRoom()
            }
        }
        try await ticket.delivered()
        #expect(fullCount > 0)
        await producer.close()
    }

    @Test func purgeFailsWhatIsNotSent() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration(["linger.ms": "60000"]))
        let ticket = DeliveryTicket()
        try await producer.send("v", to: "t", ticket: ticket)
        let expired = await #expect(throws: KafkaFailure.self) {
            mock.setBroker(isUp: false)
            try await producer.flush(within: .milliseconds(50))
        }
        #expect(expired?.isTimedOut == true)
        try await producer.purge()
        let failure = await #expect(throws: KafkaFailure.self) { try await ticket.delivered() }
        #expect([-151, -152].contains(failure?.code))
        await producer.close(flushingWithin: .milliseconds(10))
    }

    @Test func closingFailsWhatCannotBeSentAndLaterCalls() async throws {
        mock.createTopic("t")
        mock.setBroker(isUp: false)
        let producer = try KafkaProducer(mock.configuration())
        let ticket = DeliveryTicket()
        try await producer.send("v", to: "t", ticket: ticket)
        await producer.close(flushingWithin: .milliseconds(20))
        await #expect(throws: KafkaFailure.self) { try await ticket.delivered() }
        let failure = await #expect(throws: KafkaFailure.self) { try await producer.send("v", to: "t", ticket: ticket) }
        #expect(failure?.isClosed == true)
    }

    @Test func awaitingIsCancelledWithItsTask() async throws {
        mock.createTopic("t")
        mock.setBroker(isUp: false)
        let producer = try KafkaProducer(mock.configuration())
        let ticket = DeliveryTicket()
        try await producer.send("v", to: "t", ticket: ticket)
        let waiting = Task { () async -> KafkaFailure? in
            do throws(KafkaFailure) { try await ticket.delivered() } catch { return error }
            return nil
        }
        waiting.cancel()
        #expect(await waiting.value?.isCancelled == true)
        let roomless = Task { () async -> KafkaFailure? in
            do throws(KafkaFailure) { try await producer.awaitRoom() } catch { return error }
            return nil
        }
        roomless.cancel()
        #expect(await roomless.value?.isCancelled == true)
        await producer.close(flushingWithin: .milliseconds(10))
    }

    @Test func aMessageTooLargeIsRefusedAtOnce() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration(["message.max.bytes": "2000"]))
        let ticket = DeliveryTicket()
        let failure = await #expect(throws: KafkaFailure.self) {
            try await producer.send(String(repeating: "x", count: 10_000), to: "t", ticket: ticket)
        }
        #expect(failure?.code == 10)
        #expect(ticket.unacknowledgedCount == 0)
        await producer.close()
    }

    @Test func faultsAndStatisticsReachTheHooks() async throws {
        mock.createTopic("t")
        let (events, sink) = AsyncStream.makeStream(of: KafkaStatistics.self, bufferingPolicy: .bufferingNewest(1))
        let faulted = Wakeup()
        let hooks = KafkaHooks(fault: { _ in faulted.raise() }, statistics: { sink.yield($0) })
        let producer = try KafkaProducer(mock.configuration(["statistics.interval.ms": "20"]), hooks: hooks)
        try await producer.sendAll(["a", "b"], to: "t")
        for await statistics in events where statistics.transmittedMessageCount == 2 {
            #expect(statistics.brokers.map(\.isUp) == [true])
            #expect(statistics.queuedMessageCountMax == 100_000)
            break
        }
        #expect(producer.statistics != nil)
        mock.setBroker(isUp: false)
        // A client without anything to send lets a lost connection rest; one message makes it try again, and fail.
        let unsent = DeliveryTicket()
        try await producer.send("c", to: "t", ticket: unsent)
        for await _ in faulted.signals { break }
        #expect(producer.faultCount > 0)
        await producer.close(flushingWithin: .milliseconds(10))
    }
}
