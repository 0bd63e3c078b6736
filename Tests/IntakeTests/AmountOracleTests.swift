import Contracts
import Foundation
import Intake
import OracleSupport
import RiskDomain
import Testing

private let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }

/// Against Python's decimal: the same minor units, or the same complaint.
@Suite(.enabled(if: python != nil, "python3 is absent: install it to compare with Python's decimal"))
struct AmountOracleTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func amountsAreThoseOfPythonsDecimal(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let intake = try makeIntake(replacing: [
            ("minor_max: 1000000000000", "minor_max: 9223372036854775807"), ("negative: reject", "negative: accept"),
        ])
        let currencies = [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)]
        let cases = (0..<1_000).map { _ in (text: arbitraryAmount(using: &rng), currency: currencies.randomElement(using: &rng)!) }
        let answers = try ask("amounts", cases.map { "\($0.text) \($0.currency.1)" })
        for (item, answer) in zip(cases, answers) {
            let message = transaction(["amount": "\"\(item.text)\"", "currency": "\"\(item.currency.0)\""])
            let found: String
            switch try intake.take(message) {
            case .success(let event):
                guard case .transaction(let minor, _, _) = event.body else { continue }
                found = String(minor)
            case .failure(let rejection):
                switch rejection.reason {
                case .tooManyDecimals: found = "decimals"
                case .amountOverflow: found = "overflow"
                default: found = "-"
                }
            }
            // The schema bounds the magnitude, so the one number beyond it is refused here alone.
            if answer == String(Int64.min) { continue }
            #expect(found == answer, "\(item.text) \(item.currency.0)")
        }
    }

    private func arbitraryAmount(using rng: inout SplitMix64) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            let alphabet = Bool.random(using: &rng) ? "0123456789" : "0009"
            return String((0..<Int.random(in: range, using: &rng)).map { _ in alphabet.randomElement(using: &rng)! })
        }
        var text = Bool.random(using: &rng) ? "" : "-"
        text += Bool.random(using: &rng) ? "0" : "\(Int.random(in: 1...9, using: &rng))" + digits(0...20)
        if Bool.random(using: &rng) { text += "." + digits(0...8) + (Bool.random(using: &rng) ? "" : "000") }
        if Int.random(in: 0..<3, using: &rng) == 0 { text += "e\(Int.random(in: -24...24, using: &rng))" }
        return text
    }
}
/// Lines in, lines out.
private func ask(_ mode: String, _ lines: [String]) throws -> [String] {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Oracles/json_oracle.py")
    let input = Array((lines.joined(separator: "\n") + "\n").utf8)
    let output = try OracleTool.run([try #require(python), script.standardizedFileURL.path, mode], input: input)
    let answers = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    try #require(answers.count == lines.count)
    return answers
}
