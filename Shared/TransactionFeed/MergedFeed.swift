package import RiskDomain

/// A message of a public topic.
package struct FeedMessage: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case transaction, outcome }

    package var kind = Kind.transaction
    /// When it happened or became known.
    package var time = EventTime(micros: 0)
    /// The customer.
    package var key: [UInt8] = []
    /// JSON.
    package var value: [UInt8] = []

    package init() {}
}

/// What of a file becomes a message.
package struct FeedPlan: Hashable, Sendable {
    package enum Outcomes: String, Hashable, Sendable, CaseIterable { case frauds, all, none }

    /// Of which transactions an outcome is sent.
    package var outcomes = Outcomes.frauds
    /// How long after its transaction an outcome becomes known, in microseconds; not negative.
    package var outcomeDelayMicros: Int64 = 7 * EventTime.microsPerDay
    package var sendsTransactions = true
    /// Only messages of this time and later.
    package var from: EventTime?
    /// Only messages before this time.
    package var until: EventTime?
    /// At most so many transactions; with transactions left out, it counts those read in their place.
    package var transactionsMax: Int?
    /// Whether outcomes that are due after the last transaction are sent behind it.
    package var drainsOutcomes = false
    /// ISO 4217 code that goes into each transaction.
    package var currency = "EUR"

    package init() {}
}

/// Transactions and their outcomes as one stream in order of time: an outcome comes just before the first transaction whose time
/// is at or after its own.
///
/// `from` and `until` bound messages, not rows: the outcome of an earlier transaction that becomes known within the bounds is
/// sent. So a run until an instant and a run from it send together what one run would.
package final class MergedFeed {
    private enum Phase { case reading, holding, draining, done }

    package let reader: TransactionReader
    private let plan: FeedPlan
    private let currency: [UInt8]
    private var queue = OutcomeQueue()
    private var phase = Phase.reading
    private var transactionsTaken = 0

    /// Outcomes of transactions read that were not sent: due after the end.
    package var pendingOutcomeCount: Int { queue.count }

    /// - Throws: like ``TransactionReader``.
    package init(files: [String], plan: FeedPlan) throws {
        precondition(plan.outcomeDelayMicros >= 0, "an outcome follows its transaction")
        self.plan = plan
        currency = Array(plan.currency.utf8)
        reader = try TransactionReader(files: files, needsLabels: plan.outcomes != .none)
    }

    /// Fills `message` with the next one; false at the end. Allocates nothing once warm.
    package func next(into message: inout FeedMessage) throws -> Bool {
        while true {
            switch phase {
            case .reading:
                let isFull = plan.transactionsMax.map { transactionsTaken >= $0 } ?? false
                if !isFull, try reader.next() {
                    phase = .holding
                } else {
                    phase = plan.drainsOutcomes ? .draining : .done
                }
            case .holding:
                // A row is read and waits for the outcomes that come before it.
                if let due = queue.nextDue, due <= reader.time, isBeforeEnd(due) {
                    if takeOutcome(into: &message) { return true }
                    continue
                }
                guard isBeforeEnd(reader.time) else {
                    phase = plan.drainsOutcomes ? .draining : .done
                    continue
                }
                phase = .reading
                if plan.outcomes == .all || (plan.outcomes == .frauds && reader.isFraud) { hold() }
                if let from = plan.from, reader.time < from { continue }
                transactionsTaken += 1
                guard plan.sendsTransactions else { continue }
                message.kind = .transaction
                message.time = reader.time
                message.key.removeAll(keepingCapacity: true)
                message.key.append(contentsOf: reader.customer)
                message.value.removeAll(keepingCapacity: true)
                MessageText.transaction(reader, currency: currency, into: &message.value)
                return true
            case .draining:
                guard let due = queue.nextDue, isBeforeEnd(due) else {
                    phase = .done
                    continue
                }
                if takeOutcome(into: &message) { return true }
            case .done: return false
            }
        }
    }

    private func isBeforeEnd(_ time: EventTime) -> Bool { plan.until.map { time < $0 } ?? true }

    private func hold() {
        let known = EventTime(micros: reader.time.micros + plan.outcomeDelayMicros)
        queue.append(due: known, key: reader.customer) { MessageText.outcome(reader, known: known, into: &$0) }
    }

    /// Takes the first waiting outcome; false when it became known before the bounds, where an earlier run sent it.
    private func takeOutcome(into message: inout FeedMessage) -> Bool {
        message.time = queue.removeFirst(key: &message.key, value: &message.value)
        message.kind = .outcome
        if let from = plan.from, message.time < from { return false }
        return true
    }
}
