import CardSimulator
import RiskDomain
import Testing

@Suite("Card simulator", .timeLimit(.minutes(10)))
struct CardSimulatorTests {
    @Test("The same seed gives the same bytes, on every machine and in every release")
    func sameSeedSameBytes() throws {
        let bytes = csv(try simulated(SimulatorConfiguration(customerCount: 200, terminalCount: 400, dayCount: 40, seed: 7)))
        #expect(digest(bytes) == 4_482_988_123_033_500_963)
        #expect(bytes == csv(try simulated(SimulatorConfiguration(customerCount: 200, terminalCount: 400, dayCount: 40, seed: 7))))
    }

    @Test("Another seed gives other bytes")
    func anotherSeed() throws {
        let one = try simulated(SimulatorConfiguration(customerCount: 50, terminalCount: 400, dayCount: 5, seed: 1))
        let two = try simulated(SimulatorConfiguration(customerCount: 50, terminalCount: 400, dayCount: 5, seed: 2))
        #expect(csv(one) != csv(two))
    }

    @Test("Rows are in the order of time with ids one apart, within the days asked for")
    func order() throws {
        let configuration = SimulatorConfiguration(
            customerCount: 100, terminalCount: 400, dayCount: 10, firstDay: 20_000, seed: 3, firstTransactionId: 500)
        let rows = try simulated(configuration)
        #expect(rows.first?.id == 500)
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.time <= $1.time && $0.id + 1 == $1.id })
        #expect(rows.allSatisfy { (20_000..<20_010).contains($0.time.day) && $0.time.micros % 1_000_000 == 0 })
        #expect(rows.allSatisfy { (0..<100).contains($0.customer) && (0..<400).contains($0.terminal) && $0.amountMinor >= 0 })
    }

    /// The published set: 1,754,155 transactions, 14,681 frauds (0.84 %), of them 978, 9,099 and 4,604 of the three kinds.
    /// A scaled variant keeps the ratio of terminals to compromised ones by simulating the full plane for fewer days.
    @Test("The published size gives the published volume, amounts and share of fraud")
    func publishedCharacteristics() throws {
        let rows = try simulated(SimulatorConfiguration(dayCount: 61))
        let perDay = Double(rows.count) / 61
        #expect((9_300...9_900).contains(perDay), "transactions a day: \(perDay), published 9,586")
        // 61 days hold the climb to the steady state (28 and 14 days), so the share lies a little under 0.84 %.
        let share = Double(rows.count { $0.isFraud }) / Double(rows.count)
        #expect((0.0060...0.0092).contains(share), "share of fraud: \(share)")
        let meanAmount = rows.reduce(0) { $0 + Double($1.amountMinor) / 100 } / Double(rows.count)
        #expect((52.5...54.8).contains(meanAmount), "mean amount: \(meanAmount), published 53.63")
        let large = Double(rows.count { $0.scenario == .largeAmount }) / Double(rows.count)
        #expect((0.0003...0.0009).contains(large), "share of large amounts: \(large), published 0.00056")
        let meanSecond = rows.reduce(0.0) { $0 + Double($1.time.microsOfDay) / 1e6 } / Double(rows.count)
        #expect(abs(meanSecond - 43_200) < 100)
    }

    @Test("Every amount above 220 is a fraud")
    func largeAmounts() throws {
        let rows = try simulated(SimulatorConfiguration(customerCount: 1_000, dayCount: 30, seed: 11))
        #expect(rows.contains { $0.scenario == .largeAmount })
        #expect(rows.allSatisfy { $0.amountMinor <= 22_000 || $0.isFraud })
        #expect(rows.allSatisfy { $0.scenario != .largeAmount || $0.amountMinor > 22_000 })
    }

    @Test("A compromised terminal's transactions are all frauds, for 28 days or until it is drawn again")
    func compromisedTerminals() throws {
        // Few terminals, so each sees many transactions a day.
        let rows = try simulated(SimulatorConfiguration(customerCount: 2_000, terminalCount: 300, dayCount: 60, seed: 5))
        var cleanDays = Set<[Int32]>()
        var badDays = Set<[Int32]>()
        for row in rows {
            switch row.scenario {
            case .legitimate, .largeAmount: cleanDays.insert([row.terminal, row.time.day])
            case .compromisedTerminal: badDays.insert([row.terminal, row.time.day])
            case .compromisedCustomer: break
            }
        }
        #expect(cleanDays.isDisjoint(with: badDays))
        let firstDay = SimulatorConfiguration().firstDay
        // Two are drawn each day but the last; two drawn on the first day are bad on it.
        #expect(Set(badDays.filter { $0[1] == firstDay }.map { $0[0] }).count <= 2)
        var longest = 0
        for terminal in Int32(0)..<300 {
            var length = 0
            for day in firstDay..<(firstDay + 60) {
                length = badDays.contains([terminal, day]) ? length + 1 : 0
                longest = max(longest, length)
            }
        }
        #expect(longest >= 28)
    }

    @Test("A third of compromised customers' transactions are frauds with five-fold amounts")
    func compromisedCustomers() throws {
        // Three customers, all drawn on the first of fifteen days, none before: a third of the first 14 days, rounded down,
        // plus those of later cohorts, which are the same three.
        let rows = try simulated(SimulatorConfiguration(customerCount: 3, terminalCount: 10_000, dayCount: 2, seed: 21))
        let frauds = rows.filter { $0.scenario == .compromisedCustomer }
        #expect(frauds.count == rows.count / 3)
        #expect(frauds.allSatisfy { $0.amountMinor % 5 == 0 })
    }

    @Test("Customers without a terminal in reach buy nothing")
    func nobodyInReach() throws {
        let rows = try simulated(SimulatorConfiguration(customerCount: 300, terminalCount: 1, dayCount: 10, seed: 2, radius: 1))
        #expect(Set(rows.map(\.customer)).count < 10)
    }

    @Test("One customer and one terminal are enough")
    func smallest() throws {
        let rows = try simulated(SimulatorConfiguration(customerCount: 1, terminalCount: 1, dayCount: 3, radius: 150))
        #expect(rows.allSatisfy { $0.customer == 0 && $0.terminal == 0 })
    }

    @Test(
        "Settings outside their range are refused by name",
        arguments: [
            (SimulatorConfiguration(customerCount: 0), "customers"), (SimulatorConfiguration(terminalCount: -1), "terminals"),
            (SimulatorConfiguration(dayCount: 0), "days"), (SimulatorConfiguration(radius: .nan), "radius"),
            (SimulatorConfiguration(firstTransactionId: -1), "first transaction id"),
        ])
    func refused(configuration: SimulatorConfiguration, field: String) {
        #expect { try CardSimulator(configuration) } throws: { ($0 as? SimulatorConfiguration.Invalid)?.field == field }
    }

    @Test("A row of CSV has the handbook's columns")
    func csvRow() {
        let row = SimulatedTransaction(
            id: 12, time: EventTime(micros: 1_529_884_813_000_000), customer: 3, terminal: 44, amountMinor: 1_205,
            scenario: .compromisedTerminal)
        var output: [UInt8] = []
        row.appendCsv(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "12,2018-06-25T00:00:13Z,3,44,12.05,1,2\n")
    }
}
