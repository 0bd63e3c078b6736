import CardSimulator
import RiskDomain

/// All days of a configuration.
func simulated(_ configuration: SimulatorConfiguration) throws -> [SimulatedTransaction] {
    var simulator = try CardSimulator(configuration)
    var all: [SimulatedTransaction] = []
    var day: [SimulatedTransaction] = []
    while simulator.nextDay(into: &day) { all += day }
    return all
}

/// The rows as CSV.
func csv(_ transactions: [SimulatedTransaction]) -> [UInt8] {
    var output = Array(SimulatedTransaction.csvHeader.utf8)
    for transaction in transactions { transaction.appendCsv(to: &output) }
    return output
}

/// FNV-1a, 64 bits: enough to see that one byte changed.
func digest(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
