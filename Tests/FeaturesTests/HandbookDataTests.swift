import Features
import Foundation
import OracleSupport
import RiskDomain
import Testing

/// The published features of the Fraud Detection Handbook's train week, when its data lie beside the package.
@Suite(.timeLimit(.minutes(10))) struct HandbookDataTests {
    /// `ASSAY_DATA`, or a folder beside the package.
    static let folder =
        ProcessInfo.processInfo.environment["ASSAY_DATA"].map { URL(fileURLWithPath: $0) }
        ?? FeatureSetFileTests.package.deletingLastPathComponent().appendingPathComponent("shared/data")
    static let isThere = FileManager.default.fileExists(atPath: folder.appendingPathComponent("handbook-7d-features-train.csv.gz").path)

    /// Calls `row` with each line's fields, the header excepted.
    private func rows(of file: String, row: ([ArraySlice<UInt8>]) throws -> Void) throws {
        let bytes = try OracleTool.run(["gzip", "-dc", Self.folder.appendingPathComponent(file).path])
        var fields: [ArraySlice<UInt8>] = []
        var start = 0
        var isHeader = true
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") {
            fields.append(bytes[start..<index])
            start = index + 1
            if byte == UInt8(ascii: "\n") {
                if !isHeader { try row(fields) }
                isHeader = false
                fields.removeAll(keepingCapacity: true)
            }
        }
    }

    private func number(_ text: some Collection<UInt8>) -> Int64 { text.reduce(0) { $0 * 10 + Int64($1 - 0x30) } }

    /// A decimal with a fixed number of places, as an integer of the last place.
    private func scaled(_ text: ArraySlice<UInt8>) -> Int64 { number(text.filter { $0 != UInt8(ascii: ".") }) }

    @Test(.enabled(if: isThere, "the handbook's data are not there; name their folder in ASSAY_DATA"))
    func everyPublishedFeatureOfTheTrainWeekIsReproduced() throws {
        let end = try EventTime(rfc3339: Array("2018-08-01T00:00:00Z".utf8))
        var transactions: [OfflineTransaction] = []
        var isFraud: [Bool] = []
        for file in ["handbook-7d-pre.csv.gz", "handbook-7d.csv.gz"] {
            try rows(of: file) { fields in
                let time = try EventTime(rfc3339: fields[1])
                guard time < end else { return }
                transactions.append(
                    OfflineTransaction(
                        id: Array(fields[0]), time: time, amountMinor: scaled(fields[4]), currencyExponent: 2,
                        entities: [Array(fields[2]), Array(fields[3])]))
                isFraud.append(fields[5].first == UInt8(ascii: "1"))
            }
        }
        #expect(transactions.count == 421_657)
        let set = try FeatureSetFileTests.cardFeatures()
        let outcomes = OfflineFeatures.outcomes(of: transactions, delayMicros: 7 * day) { isFraud[$0] }
        let clock = ContinuousClock()
        var matrix = FeatureMatrix(columnCount: 0, rows: [], values: [])
        let taken = clock.measure { matrix = OfflineFeatures(set).matrix(transactions, outcomes: outcomes) }
        #expect(matrix.rows.count == transactions.count)
        var place: [Int64: Int] = [:]
        for (index, transaction) in transactions.enumerated() { place[number(transaction.id)] = index }

        // Means are published with 6 decimals, rates with 8, counts with none.
        let scales = (1..<15).map { column -> Double in
            set.featureNames[column].contains("AVG") ? 1e6 : set.featureNames[column].contains("RISK") ? 1e8 : 1
        }
        var equalCount = 0
        var rowCount = 0
        try rows(of: "handbook-7d-features-train.csv.gz") { fields in
            rowCount += 1
            let row = try #require(place[number(fields[0])])
            var isEqual = true
            for column in 1..<15 {
                let computed = matrix.values[row * 15 + column]
                let published = scaled(fields[column])
                // The publisher's own floating-point sums may fall on the other side of a half: half a unit of the last place, and a breath.
                isEqual = isEqual && abs(computed * scales[column - 1] - Double(published)) <= 0.500_1
            }
            if isEqual { equalCount += 1 }
        }
        #expect(rowCount == 67_240)
        #expect(equalCount == rowCount)
        print("handbook: \(equalCount) of \(rowCount) rows equal; \(taken / transactions.count) a transaction over both passes")
    }
}
