import Kafka
import RiskDomain
import ServiceRuntime
import TransactionFeed

/// Moves a feed's messages into Kafka at a pace, with bounded memory, and knows that each was acknowledged.
struct FeedPump: ~Copyable {
    /// What was sent, and how long it took until the last acknowledgement.
    struct Sent {
        var transactions = 0
        var outcomes = 0
        var elapsed = Duration.zero
    }

    /// Messages of a ticket, and tickets that may be open: no more than a quarter of a million messages are unacknowledged.
    private static let messagesPerTicket = 4_096
    private static let openTicketsMax = 64

    private let feed: MergedFeed
    private let producer: KafkaProducer
    private let topics: PublicTopics
    private let pace: PaceSchedule
    private var message = FeedMessage()
    private var ticket = DeliveryTicket()
    private var messagesOfTicket = 0
    private var open: [DeliveryTicket] = []

    init(feed: MergedFeed, producer: KafkaProducer, topics: PublicTopics, rate: Double) {
        self.feed = feed
        self.producer = producer
        self.topics = topics
        pace = PaceSchedule(rate: rate)
    }

    /// Sends all of the feed and awaits every acknowledgement.
    mutating func run(_ progress: ProgressBar) async throws -> Sent {
        var sent = Sent()
        let clock = ContinuousClock()
        let start = clock.now
        var due = 1
        while try feed.next(into: &message) {
            // Outcomes ride along: the pace is that of transactions.
            if message.kind == .transaction, pace.rate > 0, sent.transactions >= due {
                var elapsed = start.duration(to: clock.now)
                due = pace.due(at: elapsed)
                progress.set(to: feed.reader.bytesRead)
                while sent.transactions >= due {
                    try await clock.sleep(until: start + pace.wake(after: sent.transactions, now: elapsed), tolerance: .zero)
                    elapsed = start.duration(to: clock.now)
                    due = pace.due(at: elapsed)
                }
            }
            while case .queueFull = try send() { try await producer.awaitRoom() }
            if message.kind == .transaction { sent.transactions += 1 } else { sent.outcomes += 1 }
            messagesOfTicket += 1
            if messagesOfTicket == FeedPump.messagesPerTicket {
                progress.set(to: feed.reader.bytesRead)
                try await turnTicket()
            }
        }
        open.append(ticket)
        for ticket in open { try await ticket.delivered() }
        progress.set(to: feed.reader.bytesRead)
        sent.elapsed = start.duration(to: clock.now)
        return sent
    }

    private func send() throws -> KafkaProducer.Admission {
        let target = message.kind == .transaction ? topics.transactions : topics.outcomes
        return try message.key.withUnsafeBytes { key in
            try message.value.withUnsafeBytes { value in
                try producer.produce(
                    to: target.topic, partition: Murmur2.partition(key: key, count: target.partitionCount), key: key, value: value,
                    ticket: ticket)
            }
        }
    }

    private mutating func turnTicket() async throws {
        open.append(ticket)
        ticket = DeliveryTicket()
        messagesOfTicket = 0
        while let first = open.first, first.unacknowledgedCount == 0 || open.count > FeedPump.openTicketsMax {
            try await first.delivered()
            open.removeFirst()
        }
    }
}
