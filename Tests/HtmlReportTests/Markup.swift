/// Checks markup as strictly as an XML parser would where it matters here: every tag closed in order, no bare `<` or `&`.
struct Markup {
    var elements: [(name: String, attributes: String)] = []
    var problem: String?

    init(_ bytes: [UInt8]) {
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst(15) }
        var open: [String] = []
        while let start = rest.firstIndex(of: "<") {
            if let amp = rest[..<start].firstIndex(of: "&"), !Markup.isEntity(rest[amp..<start]) {
                problem = "a bare & \(rest[amp...].prefix(30))"
            }
            rest = rest[rest.index(after: start)...]
            guard let end = rest.firstIndex(of: ">") else {
                problem = "a tag without an end"
                return
            }
            var tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if tag.contains("<") { problem = "a < in a tag: \(tag)" }
            if tag.hasPrefix("/") {
                if open.popLast() != String(tag.dropFirst()) { problem = problem ?? "</\(tag.dropFirst())> closes another element" }
                continue
            }
            let isEmpty = tag.hasSuffix("/")
            if isEmpty { tag = tag.dropLast() }
            let parts = tag.split(separator: " ", maxSplits: 1)
            let name = String(parts[0])
            elements.append((name, parts.count > 1 ? String(parts[1]) : ""))
            if !isEmpty { open.append(name) }
        }
        if !open.isEmpty { problem = problem ?? "\(open) stay open" }
    }

    private static func isEntity(_ text: Substring) -> Bool {
        ["&amp;", "&lt;", "&gt;", "&quot;"].contains { text.hasPrefix($0) }
    }
}
