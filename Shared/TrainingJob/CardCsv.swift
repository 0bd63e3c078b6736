import CsvFiles
import Features
import RiskDomain
import ServiceRuntime

/// Card transactions from CSV files with the columns of the Fraud Detection Handbook.
///
/// `TRANSACTION_ID, TX_DATETIME` (RFC 3339 with a zone)`, TX_AMOUNT` (major units, at most two decimals)`, TX_FRAUD` (0 or 1), and a column
/// for each entity: `CUSTOMER_ID` for `customer`, `TERMINAL_ID` for `terminal`. Other columns are not read, whatever they tell.
struct CardCsv {
    /// Decimals of `TX_AMOUNT`.
    static let currencyExponent = 2

    var features: FeatureSet
    /// How long after its transaction a fraud becomes known, microseconds.
    var outcomeDelayMicros: Int64
    var progress: ProgressBar.Output

    /// Reads the files one after the other.
    ///
    /// - Throws: `CsvFailure`, or ``TrainerFault`` that names file and line.
    func read(_ paths: [String]) throws -> LabelledHistory {
        var history = LabelledHistory()
        var isFraud: [Bool] = []
        for path in paths {
            let reader = try CsvReader(path: path)
            let bar = ProgressBar(
                "Reading \(path.split(separator: "/").last ?? "")", total: reader.bytesTotal, unit: "bytes", output: progress)
            try read(reader, into: &history, &isFraud) { bar.set(to: reader.bytesRead) }
            bar.finish()
        }
        history.outcomes = OfflineFeatures.outcomes(of: history.transactions, delayMicros: outcomeDelayMicros) { isFraud[$0] }
        return history
    }

    private func read(_ reader: CsvReader, into history: inout LabelledHistory, _ isFraud: inout [Bool], progress: () -> Void) throws {
        let id = try reader.column("TRANSACTION_ID")
        let time = try reader.column("TX_DATETIME")
        let amount = try reader.column("TX_AMOUNT")
        let fraud = try reader.column("TX_FRAUD")
        let entities = try features.entities.map { try reader.column($0.uppercased() + "_ID") }
        var last = history.transactions.last?.time
        var rowCount = 0
        while try reader.next() {
            let place = "\(reader.path):\(reader.line)"
            guard let instant = try? EventTime(rfc3339: reader[time]) else {
                let text = String(decoding: reader[time].prefix(40), as: UTF8.self)
                throw TrainerFault("\(place): TX_DATETIME must be an instant with a zone such as 2018-06-25T00:00:13Z, found \"\(text)\"")
            }
            if let last, instant < last {
                throw TrainerFault("\(place): \(instant) comes after \(last); give rows and files in order of time")
            }
            last = instant
            guard let minor = CardCsv.minorUnits(reader[amount]) else {
                let text = String(decoding: reader[amount].prefix(40), as: UTF8.self)
                throw TrainerFault("\(place): TX_AMOUNT must be a number with at most two decimals, found \"\(text)\"")
            }
            let label = try reader.int(fraud)
            guard label == 0 || label == 1 else { throw TrainerFault("\(place): TX_FRAUD must be 0 or 1, found \(label)") }
            isFraud.append(label == 1)
            history.transactions.append(
                OfflineTransaction(
                    id: Array(reader[id]), time: instant, amountMinor: minor, currencyExponent: CardCsv.currencyExponent,
                    entities: entities.map { Array(reader[$0]) }))
            rowCount += 1
            if rowCount % 4_096 == 0 { progress() }
        }
        progress()
    }

    /// `24.78` as 2478, exactly; nil when it is no such number, has a third decimal other than 0, or is too great.
    static func minorUnits(_ text: UnsafeRawBufferPointer) -> Int64? {
        var value: Int64 = 0
        var digitCount = 0
        var decimalCount: Int?
        let isNegative = text.first == 0x2D
        for byte in text.dropFirst(isNegative ? 1 : 0) {
            if byte == 0x2E, decimalCount == nil, digitCount > 0 {
                decimalCount = 0
                continue
            }
            guard case 0x30...0x39 = byte else { return nil }
            digitCount += 1
            if let count = decimalCount {
                decimalCount = count + 1
                if count >= currencyExponent {
                    if byte != 0x30 { return nil }
                    continue
                }
            }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = tenfold.addingReportingOverflow(Int64(byte - 0x30))
            if overflow || overflow2 { return nil }
            value = sum
        }
        guard digitCount > 0, decimalCount != 0 else { return nil }
        for _ in min(decimalCount ?? 0, currencyExponent)..<currencyExponent {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = tenfold
        }
        return isNegative ? -value : value
    }
}
