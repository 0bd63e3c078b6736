internal import CsvFiles
package import RiskDomain

/// Reads labelled card transactions from CSV files with the handbook's columns, one file after the other, in order of time.
///
/// Columns by name: `TRANSACTION_ID`, `TX_DATETIME` (RFC 3339; without a zone it is UTC, as in the handbook's own files),
/// `CUSTOMER_ID`, `TERMINAL_ID`, `TX_AMOUNT` (decimal text, passed on as it stands), and `TX_FRAUD` (0 or 1), which may be absent.
/// Others are ignored. Files stream: memory does not grow with them, and nothing is allocated per row.
///
/// ```swift
/// let reader = try TransactionReader(files: ["june.csv", "july.csv.gz"])
/// while try reader.next() { total += reader.amount.count }
/// ```
package final class TransactionReader {
    /// Where the columns are in the current file.
    private struct Columns {
        var id: Int
        var time: Int
        var customer: Int
        var terminal: Int
        var amount: Int
        var fraud: Int?

        init(_ csv: CsvReader) throws(CsvFailure) {
            id = try csv.column("TRANSACTION_ID")
            time = try csv.column("TX_DATETIME")
            customer = try csv.column("CUSTOMER_ID")
            terminal = try csv.column("TERMINAL_ID")
            amount = try csv.column("TX_AMOUNT")
            fraud = csv.optionalColumn("TX_FRAUD")
        }
    }

    /// Longest id or key, in bytes.
    package static let textByteCountMax = 1_024

    private let files: [String]
    private var nextFile = 0
    private var csv: CsvReader
    private var columns: Columns
    private var bytesOfDoneFiles = 0
    private let needsLabels: Bool
    /// The day whose text was met last, so that a date is worked out once a day.
    private var dayText: (UInt64, UInt16) = (0, 0)
    private var dayMicros: Int64 = 0

    /// Rows read so far.
    package private(set) var rowCount = 0
    /// Of the current row; never before the row ahead of it.
    package private(set) var time = EventTime(micros: .min)
    package private(set) var isFraud = false
    /// Size of all files on disk, for progress; 0 when one of them has none.
    package let bytesTotal: Int

    /// Opens every file once, so that a missing one or a missing column is known before the first row.
    ///
    /// - Parameters:
    ///   - files: At least one, in order of time. Plain or gzip.
    ///   - needsLabels: Whether a file without `TX_FRAUD` is refused.
    package init(files: [String], needsLabels: Bool = false) throws {
        precondition(!files.isEmpty, "there is a file to read")
        self.files = files
        self.needsLabels = needsLabels
        var total = 0
        var isSized = true
        // Pipes cannot be opened twice, so only the files behind the first are looked at, and only for what they say on disk.
        let first = try CsvReader(path: files[0])
        for (index, file) in files.enumerated() {
            let reader = index == 0 ? first : try CsvReader(path: file)
            try TransactionReader.check(reader, file, needsLabels)
            total += reader.bytesTotal
            if reader.bytesTotal == 0 { isSized = false }
        }
        csv = first
        columns = try Columns(first)
        bytesTotal = isSized ? total : 0
        nextFile = 1
    }

    private static func check(_ csv: CsvReader, _ file: String, _ needsLabels: Bool) throws {
        let columns = try Columns(csv)
        if needsLabels, columns.fraud == nil {
            throw FeedFailure(file: file, line: 1, problem: "there is no column \"TX_FRAUD\", which outcomes are made from")
        }
    }

    /// Bytes of the files taken so far; compressed ones for gzip.
    package var bytesRead: Int { bytesOfDoneFiles + csv.bytesRead }

    /// The current row's fields; valid until ``next()`` is called.
    package var id: UnsafeRawBufferPointer { csv[columns.id] }
    package var customer: UnsafeRawBufferPointer { csv[columns.customer] }
    package var terminal: UnsafeRawBufferPointer { csv[columns.terminal] }
    /// A decimal number as JSON writes it: no sign but minus, no exponent, no needless zero in front.
    package var amount: UnsafeRawBufferPointer { csv[columns.amount] }

    /// Goes to the next row, checked.
    ///
    /// - Returns: False behind the last row of the last file.
    /// - Throws: ``FeedFailure`` or a failure of the file, both with file and line.
    package func next() throws -> Bool {
        while !(try csv.next()) {
            guard nextFile < files.count else { return false }
            bytesOfDoneFiles += csv.bytesRead
            csv = try CsvReader(path: files[nextFile])
            columns = try Columns(csv)
            nextFile += 1
        }
        rowCount += 1
        let before = time
        time = try readTime()
        guard time >= before else {
            throw mismatch(columns.time, "at or after the row before it (\(before)): rows and files go in order of time")
        }
        try checkText(columns.id)
        try checkText(columns.customer)
        try checkText(columns.terminal)
        guard DecimalText.isPlain(amount) else { throw mismatch(columns.amount, "a decimal number such as 24.78") }
        if let fraud = columns.fraud {
            let label = csv[fraud]
            guard label.count == 1, label[0] == 0x30 || label[0] == 0x31 else { throw mismatch(fraud, "0 or 1") }
            isFraud = label[0] == 0x31
        }
        return true
    }

    /// A failure about the current row.
    package func failure(_ problem: String) -> FeedFailure { FeedFailure(file: csv.path, line: csv.line, problem: problem) }

    private func mismatch(_ column: Int, _ wanted: String) -> FeedFailure {
        failure("\(csv.header[column]) must be \(wanted), found \(FeedFailure.shown(csv[column]))")
    }

    private func checkText(_ column: Int) throws {
        let bytes = csv[column]
        guard (1...TransactionReader.textByteCountMax).contains(bytes.count) else {
            throw mismatch(column, "1 to \(TransactionReader.textByteCountMax) bytes of text")
        }
        for byte in bytes where byte < 0x20 || byte >= 0x7F {
            guard byte >= 0x80, String(validating: bytes, as: UTF8.self) != nil else { throw mismatch(column, "UTF-8 text") }
        }
    }

    /// `YYYY-MM-DDThh:mm:ss`, perhaps with `Z`, the quick way; anything else by the book.
    private func readTime() throws -> EventTime {
        let text = csv[columns.time]
        if text.count == 19 || (text.count == 20 && text[19] == 0x5A), text[10] == 0x54 || text[10] == 0x20, text[13] == 0x3A,
            text[16] == 0x3A,
            let hour = twoDigits(text, 11), let minute = twoDigits(text, 14), let second = twoDigits(text, 17), hour < 24, minute < 60,
            second < 60
        {
            let date = (text.loadUnaligned(as: UInt64.self), text.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
            if date != dayText {
                let midnight = Array(text[..<10]) + Array("T00:00:00Z".utf8)
                guard let day = try? EventTime(rfc3339: midnight) else {
                    throw mismatch(columns.time, "a time such as 2018-06-25T00:00:13Z")
                }
                dayMicros = day.micros
                dayText = date
            }
            return EventTime(micros: dayMicros + (hour * 3_600 + minute * 60 + second) * EventTime.microsPerSecond)
        }
        do throws(EventTime.TextFault) {
            return try EventTime(rfc3339: text)
        } catch .zoneMissing {
            // The handbook's own files name no zone.
            if let time = try? EventTime(rfc3339: Array(text) + [0x5A]) { return time }
            throw mismatch(columns.time, "a time such as 2018-06-25T00:00:13Z")
        } catch {
            throw mismatch(columns.time, "a time such as 2018-06-25T00:00:13Z, at most with microseconds")
        }
    }

    private func twoDigits(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int64? {
        let tens = text[at] &- 0x30
        let ones = text[at + 1] &- 0x30
        return tens < 10 && ones < 10 ? Int64(tens) * 10 + Int64(ones) : nil
    }
}

/// Decimal numbers as text.
enum DecimalText {
    /// Whether the bytes are `-?(0|[1-9][0-9]*)(\.[0-9]+)?`: a JSON number without exponent.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var cursor = 0
        if text.first == 0x2D { cursor = 1 }
        let wholeStart = cursor
        while cursor < text.count, text[cursor] &- 0x30 < 10 { cursor += 1 }
        let wholeCount = cursor - wholeStart
        if wholeCount == 0 || (wholeCount > 1 && text[wholeStart] == 0x30) { return false }
        if cursor == text.count { return true }
        guard text[cursor] == 0x2E else { return false }
        cursor += 1
        let fractionStart = cursor
        while cursor < text.count, text[cursor] &- 0x30 < 10 { cursor += 1 }
        return cursor == text.count && cursor > fractionStart
    }
}

extension TransactionReader {
    /// The current row's amount in minor units of its currency, exactly.
    ///
    /// - Parameter exponent: Decimals of the currency, 0...4.
    /// - Throws: ``FeedFailure`` when the amount has more decimals (zeros aside) or does not fit 64 bits.
    package func amountMinor(exponent: Int) throws -> Int64 {
        guard let value = DecimalText.minor(amount, exponent: exponent) else {
            throw failure("TX_AMOUNT must have at most \(exponent) decimals and fit 64 bits, found \(FeedFailure.shown(amount))")
        }
        return value
    }
}

extension DecimalText {
    /// A plain decimal number times a power of ten; nil when that is no whole number of 64 bits.
    static func minor(_ text: UnsafeRawBufferPointer, exponent: Int) -> Int64? {
        var value: Int64 = 0
        var decimals: Int?
        for byte in text where byte != 0x2D {
            if byte == 0x2E {
                decimals = 0
                continue
            }
            if let count = decimals {
                if count == exponent {
                    guard byte == 0x30 else { return nil }
                    continue
                }
                decimals = count + 1
            }
            guard let next = tenfold(value, plus: Int64(byte & 15)) else { return nil }
            value = next
        }
        for _ in (decimals ?? 0)..<max(exponent, decimals ?? 0) {
            guard let next = tenfold(value, plus: 0) else { return nil }
            value = next
        }
        return text.first == 0x2D ? -value : value
    }

    private static func tenfold(_ value: Int64, plus digit: Int64) -> Int64? {
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(digit)
        return overflow || overflow2 ? nil : sum
    }
}
