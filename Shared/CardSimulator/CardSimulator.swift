internal import RiskDomain

/// Card transactions with three kinds of fraud, day by day, from one seed.
///
/// The rules are those that the Fraud Detection Handbook publishes (Le Borgne, Siblini, Lebichot, Bontempi, 2022, chapter 3,
/// "Transaction data simulator"); the code and the random numbers are our own, so the rows differ and the distributions agree.
///
/// - Customers and terminals lie anywhere on a plane 100 × 100. A customer has a mean amount in [5, 100), a deviation of half
///   of it, a mean number of transactions a day in [0, 4), and the terminals within the radius. One without any buys nothing.
/// - A day's transactions are a Poisson count; each falls at a normal time of day (noon ± 20,000 s, dropped outside the day),
///   at a terminal drawn evenly, for a normal amount (one below zero is drawn again, evenly up to twice the mean).
/// - Frauds: amounts above 220; two terminals a day for 28 days; three customers a day for 14 days, of whose transactions,
///   taken together, a third (rounded down) is multiplied by five. Later kinds override earlier ones. On the last day
///   nobody new is compromised, as in the publication.
///
/// Every customer's day has a random stream of its own. So a day costs memory for itself alone, and the fortnight of three
/// compromised customers, of which the third must be known in advance, is simply generated twice.
package struct CardSimulator: Sendable {
    /// Streams are kept apart by what they are for.
    private enum Purpose: UInt64 {
        case customers = 1
        case terminals, activity, terminalFraud, customerFraud
    }

    /// What sets a customer's behaviour.
    struct CustomerProfile: Hashable, Sendable {
        var meanAmount: Double
        /// e^−(mean transactions a day).
        var negativeExponential: Double
    }

    /// A fraud planned for a customer's transaction of some day, by its place among the customer's own that day.
    private struct PlannedFraud: Hashable, Comparable {
        var customer: Int32
        var ordinal: Int32

        static func < (lhs: PlannedFraud, rhs: PlannedFraud) -> Bool {
            (lhs.customer, lhs.ordinal) < (rhs.customer, rhs.ordinal)
        }
    }

    /// A transaction before the day is put in order.
    private struct Draft {
        var second: Int32
        var customer: Int32
        var ordinal: Int32
        var terminal: Int32
        var amountMinor: Int64
        var scenario: FraudScenario
    }

    package let configuration: SimulatorConfiguration
    /// Days already given out.
    package private(set) var daysDone = 0
    private var nextId: Int64
    private let profiles: [CustomerProfile]
    private let reach: TerminalMap
    /// The day, counted from the first one, from which each terminal is clean again.
    private var terminalCleanFrom: [Int32]
    /// Planned frauds of today and the thirteen days after, by day modulo fourteen.
    private var planned: [[PlannedFraud]]
    private var drafts: [Draft] = []

    private static let terminalFraudDays = 28
    private static let customerFraudDays = 14
    private static let secondsPerDay = 86_400.0

    package init(_ configuration: SimulatorConfiguration) throws(SimulatorConfiguration.Invalid) {
        self.configuration = try configuration.checked()
        nextId = configuration.firstTransactionId
        var random = SplitMix64(seed: configuration.seed, purpose: Purpose.customers.rawValue)
        var profiles: [CustomerProfile] = []
        var places: [(x: Double, y: Double)] = []
        for _ in 0..<configuration.customerCount {
            places.append((random.uniform(0, 100), random.uniform(0, 100)))
            let meanAmount = random.uniform(5, 100)
            profiles.append(
                CustomerProfile(meanAmount: meanAmount, negativeExponential: exactNegativeExponential(random.uniform(0, 4))))
        }
        self.profiles = profiles
        random = SplitMix64(seed: configuration.seed, purpose: Purpose.terminals.rawValue)
        let terminals = (0..<configuration.terminalCount).map { _ in (x: random.uniform(0, 100), y: random.uniform(0, 100)) }
        reach = TerminalMap(customers: places, terminals: terminals, radius: configuration.radius)
        terminalCleanFrom = Array(repeating: 0, count: configuration.terminalCount)
        planned = Array(repeating: [], count: CardSimulator.customerFraudDays)
    }

    /// Replaces `transactions` by the next day's, in order of time; false, and nothing in it, when all days are done.
    package mutating func nextDay(into transactions: inout [SimulatedTransaction]) -> Bool {
        transactions.removeAll(keepingCapacity: true)
        guard daysDone < configuration.dayCount else { return false }
        let day = daysDone
        if day < configuration.dayCount - 1 { compromise(on: day) }
        let slot = day % CardSimulator.customerFraudDays
        planned[slot].sort()
        drafts.removeAll(keepingCapacity: true)
        var next = 0
        for customer in 0..<configuration.customerCount {
            let start = drafts.count
            appendActivity(of: customer, on: day, to: &drafts)
            while next < planned[slot].count, planned[slot][next].customer == Int32(customer) {
                let position = start + Int(planned[slot][next].ordinal)
                drafts[position].amountMinor *= 5
                drafts[position].scenario = .compromisedCustomer
                next += 1
            }
        }
        planned[slot].removeAll(keepingCapacity: true)
        drafts.sort { ($0.second, $0.customer, $0.ordinal) < ($1.second, $1.customer, $1.ordinal) }
        let midnight = (Int64(configuration.firstDay) + Int64(day)) * EventTime.microsPerDay
        for draft in drafts {
            let time = EventTime(micros: midnight + Int64(draft.second) * EventTime.microsPerSecond)
            transactions.append(
                SimulatedTransaction(
                    id: nextId, time: time, customer: draft.customer, terminal: draft.terminal, amountMinor: draft.amountMinor,
                    scenario: draft.scenario))
            nextId += 1
        }
        daysDone += 1
        return true
    }

    /// Draws the day's two terminals and three customers.
    private mutating func compromise(on day: Int) {
        var random = SplitMix64(seed: configuration.seed, purpose: Purpose.terminalFraud.rawValue, UInt64(day))
        for terminal in random.sample(2, below: configuration.terminalCount) {
            terminalCleanFrom[terminal] = Int32(day + CardSimulator.terminalFraudDays)
        }
        random = SplitMix64(seed: configuration.seed, purpose: Purpose.customerFraud.rawValue, UInt64(day))
        var candidates: [(day: Int, fraud: PlannedFraud)] = []
        let customers = random.sample(3, below: configuration.customerCount)
        for later in day..<min(day + CardSimulator.customerFraudDays, configuration.dayCount) {
            for customer in customers {
                drafts.removeAll(keepingCapacity: true)
                appendActivity(of: customer, on: later, to: &drafts)
                for draft in drafts { candidates.append((later, PlannedFraud(customer: Int32(customer), ordinal: draft.ordinal))) }
            }
        }
        for chosen in random.sample(candidates.count / 3, below: candidates.count) {
            planned[candidates[chosen].day % CardSimulator.customerFraudDays].append(candidates[chosen].fraud)
        }
    }

    /// Appends one customer's transactions of a day, in the order drawn, with the first two kinds of fraud marked.
    private func appendActivity(of customer: Int, on day: Int, to drafts: inout [Draft]) {
        let terminals = reach.terminals(of: customer)
        if terminals.isEmpty { return }
        let profile = profiles[customer]
        var random = SplitMix64(seed: configuration.seed, purpose: Purpose.activity.rawValue, UInt64(customer), UInt64(day))
        var ordinal: Int32 = 0
        for _ in 0..<random.poisson(negativeExponential: profile.negativeExponential) {
            let instant = random.normal(mean: CardSimulator.secondsPerDay / 2, deviation: 20_000)
            guard instant >= 1, instant < CardSimulator.secondsPerDay else { continue }
            var amount = random.normal(mean: profile.meanAmount, deviation: profile.meanAmount / 2)
            if amount < 0 { amount = random.uniform(0, 2 * profile.meanAmount) }
            let terminal = terminals[terminals.startIndex + random.next(below: terminals.count)]
            let amountMinor = Int64(amount * 100 + 0.5)
            let scenario: FraudScenario =
                Int32(day) < terminalCleanFrom[Int(terminal)] ? .compromisedTerminal : amountMinor > 22_000 ? .largeAmount : .legitimate
            drafts.append(
                Draft(
                    second: Int32(instant), customer: Int32(customer), ordinal: ordinal, terminal: terminal,
                    amountMinor: amountMinor, scenario: scenario))
            ordinal += 1
        }
    }
}
