/// A table for a terminal: columns aligned, numbers to the right.
package struct TextTable: Hashable, Sendable {
    package var columns: [String]
    package private(set) var rows: [[String]] = []

    package init(columns: [String]) { self.columns = columns }

    /// - Precondition: One cell for each column.
    package mutating func append(_ row: [String]) {
        precondition(row.count == columns.count, "a row has one cell for each column")
        rows.append(row)
    }

    /// Lines with a heading, two spaces between columns, no space at the ends.
    package func render() -> String {
        let rightAligned = columns.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { TextTable.isNumeric($0[column]) } && rows.contains { !$0[column].isEmpty }
        }
        let lines = [columns] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for line in lines {
            var rendered = ""
            for column in columns.indices {
                let padding = String(repeating: " ", count: widths[column] - line[column].count)
                rendered += rightAligned[column] ? padding + line[column] : line[column] + padding
                rendered += "  "
            }
            while rendered.last == " " { rendered.removeLast() }
            text += rendered + "\n"
        }
        return text
    }

    /// A number, perhaps with separators, sign, unit `%` or a suffix such as `ms`, or nothing (`-` stands for no value).
    private static func isNumeric(_ cell: String) -> Bool {
        if cell.isEmpty || cell == "-" { return true }
        var text = Substring(cell)
        if let space = text.lastIndex(of: " ") { text = text[..<space] }
        if text.last == "%" { text.removeLast() }
        if text.first == "-" || text.first == "+" { text.removeFirst() }
        return text.utf8.contains { (0x30...0x39).contains($0) }
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2C }
    }
}
