internal import RiskDomain

/// What is simulated. The defaults are the handbook's published data set: about 1.75 million transactions, 0.84 % fraud.
package struct SimulatorConfiguration: Hashable, Sendable {
    /// Cardholders, 1 ... 10,000,000.
    package var customerCount: Int
    /// Payment terminals, 1 ... 10,000,000.
    package var terminalCount: Int
    /// Days simulated, 1 ... 36,525.
    package var dayCount: Int
    /// First day, as days since 1970-01-01 (UTC).
    package var firstDay: Int32
    /// All that is drawn follows from this number and the ones above.
    package var seed: UInt64
    /// How far a customer goes for a terminal, in units of a plane 100 × 100; above 0, at most 150.
    package var radius: Double
    /// Identifier of the first transaction; the next ones count up.
    package var firstTransactionId: Int64

    package init(
        customerCount: Int = 5_000, terminalCount: Int = 10_000, dayCount: Int = 183,
        firstDay: Int32 = Int32(EventTime.days(year: 2018, month: 4, day: 1)), seed: UInt64 = 0, radius: Double = 5,
        firstTransactionId: Int64 = 0
    ) {
        self.customerCount = customerCount
        self.terminalCount = terminalCount
        self.dayCount = dayCount
        self.firstDay = firstDay
        self.seed = seed
        self.radius = radius
        self.firstTransactionId = firstTransactionId
    }

    /// A setting outside its range.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package var field: String
        package var value: String
        package var rule: String

        package var description: String { "simulator: \(field) is \(value), must be \(rule)" }
    }

    func checked() throws(Invalid) -> SimulatorConfiguration {
        func check(_ field: String, _ value: Int64, _ range: ClosedRange<Int64>) throws(Invalid) {
            guard range.contains(value) else {
                throw Invalid(field: field, value: "\(value)", rule: "\(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("customers", Int64(customerCount), 1...10_000_000)
        try check("terminals", Int64(terminalCount), 1...10_000_000)
        try check("days", Int64(dayCount), 1...36_525)
        // Years 1871 to 2243: any instant then fits EventTime and PostgreSQL's timestamptz with room to spare.
        try check("first day", Int64(firstDay), -36_525...100_000)
        try check("first transaction id", firstTransactionId, 0...(Int64.max / 2))
        guard radius > 0, radius <= 150 else {
            throw Invalid(field: "radius", value: "\(radius)", rule: "above 0, at most 150")
        }
        return self
    }
}
