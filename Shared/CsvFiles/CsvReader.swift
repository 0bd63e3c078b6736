import Glibc

/// Reads a CSV file (RFC 4180) row by row: a header, then rows of as many fields. Plain or gzip, by the file's first bytes.
///
/// The file streams through one buffer, and a row's fields are slices of it: nothing is allocated per row or field once the
/// buffer has grown to the longest row. A CR before the line's end is dropped, a byte-order mark is skipped, empty lines are
/// skipped unless there is only one column.
///
/// ```swift
/// let reader = try CsvReader(path: "transactions.csv.gz")
/// let amount = try reader.column("TX_AMOUNT")
/// while try reader.next() { total += try reader.double(amount) }
/// ```
///
/// Layout: `buffer[rowStart..<rowEnd]` is the current row with its newline, `..<limit` is read ahead, and one zero byte follows
/// `limit` so that C number readers stop there.
package final class CsvReader {
    package struct Limits: Hashable, Sendable {
        /// Longest row in bytes, quotes and newlines included.
        package var rowBytesMax = 1 << 20
        package var columnCountMax = 4_096

        package init() {}
    }

    package let path: String
    /// The columns' names, unique, in the file's order.
    package private(set) var header: [String] = []
    /// The line on which the current row begins, from 1.
    package private(set) var line = 0

    /// A field's place in the buffer. Kept as it stands in the file until the row is whole, then unquoted in place.
    struct Field {
        var start: Int
        var end: Int
        var hasEscapes: Bool
    }

    private var source: ByteSource
    private let limits: Limits
    private var buffer: UnsafeMutableRawBufferPointer
    private var limit = 0
    private var rowEnd = 0
    private var nextLine = 1
    private var isAtEnd = false
    private(set) var fields: [Field] = []

    /// Opens the file and reads its header.
    package init(path: String, limits: Limits = Limits()) throws(CsvFailure) {
        self.path = path
        self.limits = limits
        source = try ByteSource(path: path)
        buffer = .allocate(byteCount: 262_144 + 1, alignment: 16)
        buffer[0] = 0
        try refill(keepingFrom: 0)
        if limit >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { rowEnd = 3 }
        guard try readRow() else { throw failure("the file is empty; its first line must name the columns") }
        for index in fields.indices {
            guard let name = String(validating: self[index], as: UTF8.self) else {
                throw failure("column \(index + 1) has a name that is not UTF-8")
            }
            if header.contains(name) { throw failure("the column \(shownField(self[index])) is named twice") }
            header.append(name)
        }
    }

    deinit { buffer.deallocate() }

    /// The place of the column `name`.
    package func column(_ name: String) throws(CsvFailure) -> Int {
        guard let index = optionalColumn(name) else {
            throw CsvFailure(path, 1, "there is no column \"\(name)\"; the columns are \(header.joined(separator: ", "))")
        }
        return index
    }

    /// The place of the column `name`, or nil when the file lacks it.
    package func optionalColumn(_ name: String) -> Int? { header.firstIndex(of: name) }

    /// Bytes of the file taken so far, for progress; compressed ones for gzip.
    package var bytesRead: Int { source.bytesRead }
    /// Size of the file; 0 when unknown.
    package var bytesTotal: Int { source.byteCount }

    /// The current row's field at `index`, unquoted; valid until ``next()`` is called.
    package subscript(index: Int) -> UnsafeRawBufferPointer {
        let field = fields[index]
        return UnsafeRawBufferPointer(rebasing: buffer[field.start..<field.end])
    }

    func failure(_ problem: String) -> CsvFailure { CsvFailure(path, line, problem) }

    /// Goes to the next row.
    ///
    /// - Returns: False at the end of the file.
    package func next() throws(CsvFailure) -> Bool {
        guard try readRow() else { return false }
        guard fields.count == header.count else {
            throw failure("the row has \(fields.count) fields, the header has \(header.count)")
        }
        return true
    }

    /// Moves the bytes from `start` to the front and reads more behind them, growing the buffer when it is full.
    private func refill(keepingFrom start: Int) throws(CsvFailure) {
        let kept = limit - start
        if start > 0, let base = buffer.baseAddress { memmove(base, base + start, kept) }
        limit = kept
        rowEnd -= start
        if kept >= buffer.count / 2 {
            guard kept <= limits.rowBytesMax else {
                line = nextLine
                throw failure("a row is longer than \(limits.rowBytesMax) bytes; is a quote left open?")
            }
            let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2 - 1, alignment: 16)
            grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<limit]))
            buffer.deallocate()
            buffer = grown
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[limit..<(buffer.count - 1)])
        let count = try source.read(into: room)
        if count == 0 { isAtEnd = true }
        limit += count
        buffer[limit] = 0
    }

    private func readRow() throws(CsvFailure) -> Bool {
        while true {
            if rowEnd == limit {
                if isAtEnd { return false }
                try refill(keepingFrom: rowEnd)
                continue
            }
            line = nextLine
            guard let scan = try scanRow() else {
                try refill(keepingFrom: rowEnd)
                continue
            }
            let start = rowEnd
            rowEnd = scan.end
            nextLine += scan.newlineCount
            if scan.end - start > limits.rowBytesMax { throw failure("a row is longer than \(limits.rowBytesMax) bytes") }
            if fields.count == 1, fields[0].start == fields[0].end, !scan.isFirstQuoted, header.count != 1 { continue }  // empty line
            for index in fields.indices where fields[index].hasEscapes { unescape(&fields[index]) }
            return true
        }
    }

    private struct Scan {
        /// One past the row's newline.
        var end: Int
        var newlineCount: Int
        var isFirstQuoted: Bool
    }

    /// Finds the fields of the row at `rowEnd`, or answers nil when the buffer ends before the row does.
    private func scanRow() throws(CsvFailure) -> Scan? {
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        let limit = limit
        var cursor = rowEnd
        var newlineCount = 1
        let isFirstQuoted = base[cursor] == 0x22
        fields.removeAll(keepingCapacity: true)
        while true {
            // At the start of a field.
            var field = Field(start: cursor, end: cursor, hasEscapes: false)
            if cursor < limit, base[cursor] == 0x22 {
                cursor += 1
                field.start = cursor
                quoted: while true {
                    while cursor < limit, base[cursor] != 0x22 {
                        if base[cursor] == 0x0A { newlineCount += 1 }
                        cursor += 1
                    }
                    if cursor == limit {
                        if isAtEnd { throw failure("a quoted field is not closed before the end of the file") }
                        return nil
                    }
                    // A quote: doubled it is a quote, else it closes the field. The buffer's end leaves that open.
                    if cursor + 1 == limit, !isAtEnd { return nil }
                    if cursor + 1 < limit, base[cursor + 1] == 0x22 {
                        field.hasEscapes = true
                        cursor += 2
                    } else {
                        break quoted
                    }
                }
                field.end = cursor
                cursor += 1
                // Before a newline a CR is part of it.
                if cursor < limit, base[cursor] == 0x0D {
                    if cursor + 1 == limit, !isAtEnd { return nil }
                    if cursor + 1 == limit || base[cursor + 1] == 0x0A { cursor += 1 }
                }
                if cursor < limit, base[cursor] != 0x2C, base[cursor] != 0x0A {
                    throw failure("field \(fields.count + 1) goes on after its closing quote; double the quotes inside it")
                }
            } else {
                while cursor < limit {
                    let byte = base[cursor]
                    if byte == 0x2C || byte == 0x0A { break }
                    if byte == 0x22 {
                        throw failure("field \(fields.count + 1) has a quote but does not begin with one; quote the whole field")
                    }
                    cursor += 1
                }
                field.end = cursor
                let isLineEnd = cursor == limit || base[cursor] == 0x0A
                if isLineEnd, field.end > field.start, base[field.end - 1] == 0x0D { field.end -= 1 }
            }
            if cursor == limit, !isAtEnd { return nil }
            fields.append(field)
            if fields.count > limits.columnCountMax { throw failure("a row has more than \(limits.columnCountMax) fields") }
            if cursor == limit { return Scan(end: cursor, newlineCount: newlineCount, isFirstQuoted: isFirstQuoted) }
            let isRowEnd = base[cursor] == 0x0A
            cursor += 1
            if isRowEnd { return Scan(end: cursor, newlineCount: newlineCount, isFirstQuoted: isFirstQuoted) }
        }
    }

    /// Turns doubled quotes into single ones, in place.
    private func unescape(_ field: inout Field) {
        var target = field.start
        var cursor = field.start
        while cursor < field.end {
            let byte = buffer[cursor]
            buffer[target] = byte
            target += 1
            cursor += byte == 0x22 ? 2 : 1
        }
        field.end = target
    }
}

extension CsvFailure {
    fileprivate init(_ file: String, _ line: Int, _ problem: String) { self.init(file: file, line: line, problem: problem) }
}
