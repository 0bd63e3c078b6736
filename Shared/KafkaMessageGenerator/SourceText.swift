/// Source under construction, line by line with its indentation.
struct SourceText {
    private(set) var content = ""
    private var depth = 0

    mutating func add(_ line: String) {
        for part in line.split(separator: "\n", omittingEmptySubsequences: false) {
            if !part.isEmpty { content += String(repeating: "    ", count: depth) + part }
            content += "\n"
        }
    }

    /// `head {`, what `body` adds one level deeper (or, for a switch, at the same level), and `}`.
    mutating func block(
        _ head: String, indented: Bool = true, open: String = "{", close: String = "}", _ body: (inout SourceText) -> Void
    ) {
        add("\(head) \(open)")
        if indented { depth += 1 }
        body(&self)
        if indented { depth -= 1 }
        add(close)
    }
}
