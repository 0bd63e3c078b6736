import CardSimulator
import CsvFiles
import RiskDomain
import ServiceRuntime

/// `assay generate`: simulated card transactions with three kinds of fraud, from a seed.
enum GenerateCommand {
    private static let defaults = SimulatorConfiguration()

    static let command = Command(
        "generate", abstract: "Writes simulated card transactions with three kinds of fraud as CSV.",
        discussion: "The rules are those of the Fraud Detection Handbook's simulator; the same options give the same file.",
        options: [
            .init("out", .path, isRequired: true, doc: "The file to write; compressed when its name ends in .gz"),
            .init("customers", .int(1...10_000_000), default: "\(defaults.customerCount)", doc: "Cardholders"),
            .init("terminals", .int(1...10_000_000), default: "\(defaults.terminalCount)", doc: "Payment terminals"),
            .init("days", .int(1...36_525), default: "\(defaults.dayCount)", doc: "Days"),
            .init("start", default: "2018-04-01", doc: "First day, UTC"),
            .init("seed", .int(0...Int.max), default: "0", doc: "All that is drawn follows from it"),
            .init("radius", .double(0.001...150), default: "5", doc: "How far a customer goes for a terminal, on a plane 100 × 100"),
            .init("first-id", .int(0...Int.max / 2), default: "0", doc: "Id of the first transaction"),
        ], flags: [CommandSupport.jsonFlag], action: run)

    private static func run(_ invocation: CommandInvocation) async throws {
        guard let start = try CommandSupport.time("start", invocation), start.microsOfDay == 0 else {
            throw OptionFailure(option: "start", value: invocation.string("start"), rule: "a date such as 2018-04-01")
        }
        let dayCount = invocation.int("days")
        var simulator = try CardSimulator(
            SimulatorConfiguration(
                customerCount: invocation.int("customers"), terminalCount: invocation.int("terminals"), dayCount: dayCount,
                firstDay: start.day, seed: UInt64(invocation.int("seed")), radius: invocation.double("radius"),
                firstTransactionId: Int64(invocation.int("first-id"))))
        let header = SimulatedTransaction.csvHeader.split(whereSeparator: { $0 == "," || $0.isNewline }).map(String.init)
        var writer = try CsvWriter(path: invocation.string("out"), header: header)
        let progress = ProgressBar("generate", total: dayCount, unit: "days")
        var day: [SimulatedTransaction] = []
        var line: [UInt8] = []
        var rowCount = 0
        var counts = [Int](repeating: 0, count: FraudScenario.allCases.count)
        while simulator.nextDay(into: &day) {
            for transaction in day {
                line.removeAll(keepingCapacity: true)
                transaction.appendCsv(to: &line)
                try append(line, to: &writer)
                counts[Int(transaction.scenario.rawValue)] += 1
            }
            rowCount += day.count
            progress.advance()
        }
        try writer.finish()
        progress.finish()
        let frauds = rowCount - counts[0]
        if invocation.flag("json") {
            CommandSupport.printJson([
                "out": .text(invocation.string("out")), "rows": .int(rowCount), "frauds": .int(frauds), "large_amount": .int(counts[1]),
                "compromised_terminal": .int(counts[2]), "compromised_customer": .int(counts[3]),
            ])
        } else {
            var text = "\(TextNumber.grouped(rowCount)) transactions, \(TextNumber.grouped(frauds)) frauds: "
            text += "\(TextNumber.grouped(counts[1])) large amounts, \(TextNumber.grouped(counts[2])) at compromised terminals, "
            text += "\(TextNumber.grouped(counts[3])) of compromised customers"
            print(text)
        }
    }

    /// Appends a line of plain fields, its end included.
    private static func append(_ line: [UInt8], to writer: inout CsvWriter) throws {
        try line.withUnsafeBytes { bytes in
            var start = 0
            for index in bytes.indices where bytes[index] == 0x2C || bytes[index] == 0x0A {
                writer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                start = index + 1
            }
            try writer.endRow()
        }
    }
}
