/// Writes a CSV file (RFC 4180, lines end with LF), compressed when its name ends with `.gz`. The file appears under its name when
/// ``finish()`` has run; without it nothing is left behind.
///
/// ```swift
/// var writer = try CsvWriter(path: "scores.csv.gz", header: ["TRANSACTION_ID", "SCORE"])
/// writer.append(id)
/// writer.append(score)
/// try writer.endRow()
/// try writer.finish()
/// ```
package struct CsvWriter: ~Copyable {
    private var sink: ByteSink
    private let columnCount: Int
    private var buffer: [UInt8]
    private var fieldCount: Int

    package init(path: String, header: [String]) throws(CsvFailure) {
        precondition(!header.isEmpty, "a file has at least one column")
        sink = try ByteSink(path: path, isGzip: path.hasSuffix(".gz"))
        columnCount = header.count
        buffer = []
        fieldCount = 0
        buffer.reserveCapacity(flushByteCount * 2)
        for name in header { append(name) }
        buffer.append(0x0A)
        fieldCount = 0
    }

    /// Appends UTF-8 text, quoted when it must be.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        separate()
        let mustQuote = bytes.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
        // An empty line would be no row, so a lone empty field is quoted.
        guard mustQuote || (bytes.isEmpty && columnCount == 1) else {
            buffer.append(contentsOf: bytes)
            return
        }
        buffer.append(0x22)
        for byte in bytes {
            if byte == 0x22 { buffer.append(0x22) }
            buffer.append(byte)
        }
        buffer.append(0x22)
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ value: some FixedWidthInteger) {
        separate()
        buffer.append(contentsOf: String(value).utf8)
    }

    /// The shortest decimal that reads back as the same `Double`; NaN is an empty field.
    package mutating func append(_ value: Double) {
        if value.isNaN { return append(UnsafeRawBufferPointer(start: nil, count: 0)) }
        separate()
        buffer.append(contentsOf: "\(value)".utf8)
    }

    /// - Precondition: One field for each column has been appended.
    package mutating func endRow() throws(CsvFailure) {
        precondition(fieldCount == columnCount, "a row has one field for each column")
        fieldCount = 0
        buffer.append(0x0A)
        if buffer.count >= flushByteCount { try flush() }
    }

    /// Writes what is left and gives the file its name.
    package consuming func finish() throws(CsvFailure) {
        precondition(fieldCount == 0, "the last row has not ended")
        try flush()
        try sink.finish()
    }

    private mutating func separate() {
        if fieldCount > 0 { buffer.append(0x2C) }
        fieldCount += 1
    }

    private mutating func flush() throws(CsvFailure) {
        // Taken out so that `sink` may change meanwhile, and put back to keep its storage.
        var bytes: [UInt8] = []
        swap(&bytes, &buffer)
        try bytes.span.withUnsafeBytes { (raw) throws(CsvFailure) in try sink.write(raw) }
        bytes.removeAll(keepingCapacity: true)
        swap(&bytes, &buffer)
    }
}

/// Large enough that system calls do not count.
private let flushByteCount = 131_072
