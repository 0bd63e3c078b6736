package import RiskDomain

/// Why a simulated transaction is fraudulent.
package enum FraudScenario: UInt8, Hashable, Sendable, CaseIterable {
    case legitimate = 0
    /// The amount is above 220.
    case largeAmount = 1
    /// The terminal is compromised: all its transactions of 28 days.
    case compromisedTerminal = 2
    /// The customer's card data leaked: a third of the transactions of 14 days, the amount five-fold.
    case compromisedCustomer = 3
}

/// One simulated payment.
package struct SimulatedTransaction: Hashable, Sendable {
    /// Increases by one in the order of time.
    package var id: Int64
    /// Whole seconds.
    package var time: EventTime
    package var customer: Int32
    package var terminal: Int32
    /// Hundredths of the currency's unit, never negative.
    package var amountMinor: Int64
    package var scenario: FraudScenario

    package var isFraud: Bool { scenario != .legitimate }

    package init(id: Int64, time: EventTime, customer: Int32, terminal: Int32, amountMinor: Int64, scenario: FraudScenario) {
        self.id = id
        self.time = time
        self.customer = customer
        self.terminal = terminal
        self.amountMinor = amountMinor
        self.scenario = scenario
    }

    /// The handbook's column names, with the line's end.
    package static let csvHeader = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n"

    /// Appends one line of CSV, with its end; time as RFC 3339 in UTC, amount with two decimals. Allocates nothing once warm.
    package func appendCsv(to output: inout [UInt8]) {
        let (year, month, dayOfMonth) = time.civil
        let second = time.microsOfDay / EventTime.microsPerSecond
        appendDecimal(id, to: &output)
        output.append(0x2C)
        appendDecimal(year, width: 4, to: &output)
        output.append(0x2D)
        appendDecimal(month, width: 2, to: &output)
        output.append(0x2D)
        appendDecimal(dayOfMonth, width: 2, to: &output)
        output.append(0x54)
        appendDecimal(second / 3_600, width: 2, to: &output)
        output.append(0x3A)
        appendDecimal(second / 60 % 60, width: 2, to: &output)
        output.append(0x3A)
        appendDecimal(second % 60, width: 2, to: &output)
        output.append(0x5A)
        output.append(0x2C)
        appendDecimal(Int64(customer), to: &output)
        output.append(0x2C)
        appendDecimal(Int64(terminal), to: &output)
        output.append(0x2C)
        appendDecimal(amountMinor / 100, to: &output)
        output.append(0x2E)
        appendDecimal(amountMinor % 100, width: 2, to: &output)
        output.append(0x2C)
        output.append(isFraud ? 0x31 : 0x30)
        output.append(0x2C)
        output.append(0x30 + scenario.rawValue)
        output.append(0x0A)
    }
}

/// Appends a number that is not negative, filled with zeros on the left up to `width` digits.
private func appendDecimal(_ value: Int64, width: Int = 1, to output: inout [UInt8]) {
    var rest = UInt64(value)
    var digitCount = 0
    let start = output.count
    while rest > 0 || digitCount < width {
        output.append(0x30 + UInt8(rest % 10))
        rest /= 10
        digitCount += 1
    }
    output[start...].reverse()
}
