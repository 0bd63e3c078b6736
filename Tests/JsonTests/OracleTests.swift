import Foundation
import Json
import OracleSupport
import Testing

private let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }

/// Against Python's json: the same documents accepted, with the same contents.
@Suite(.enabled(if: python != nil, "python3 is absent: install it to compare with Python's json"))
struct OracleTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func documentsAreAcceptedAndReadAsPythonDoes(seed: UInt64) throws {
        var rng = SplitMix64(state: seed)
        let documents = (0..<2_000).map { _ in Array(mutated(arbitraryDocument(depth: 3, using: &rng), using: &rng).utf8) }
        let answers = try ask("documents", documents.map(hex))
        var acceptedCount = 0
        for (document, answer) in zip(documents, answers) {
            let expected: String? = answer == "-" ? nil : answer
            let found = (try? parseAndDump(document).get()).map { hex(Array($0.utf8)) }
            #expect(found == expected, "\(String(decoding: document, as: UTF8.self))")
            if expected != nil { acceptedCount += 1 }
        }
        #expect((500..<1_900).contains(acceptedCount))  // both kinds are there to be compared
    }

    private func arbitraryDocument(depth: Int, using rng: inout SplitMix64) -> String {
        func text() -> String {
            let pieces = ["a", "b", " ", "é", "\u{1F600}", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "{", "]", ",", ":"]
            return "\"" + (0..<Int.random(in: 0...4, using: &rng)).map { _ in pieces.randomElement(using: &rng)! }.joined() + "\""
        }
        let space = ["", "", "", " ", "\n\t"].randomElement(using: &rng)!
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &rng) {
        case 0: return space + text()
        case 1: return ["0", "-0", "12", "-7.250", "1e5", "1E-30", "123456789012345678901234567890"].randomElement(using: &rng)! + space
        case 2: return "true"
        case 3: return "false" + space
        case 4: return "null"
        case 5, 6:
            let elements = (0..<Int.random(in: 0...3, using: &rng)).map { _ in arbitraryDocument(depth: depth - 1, using: &rng) }
            return "[" + space + elements.joined(separator: ",") + "]" + space
        default:
            let members = (0..<Int.random(in: 0...3, using: &rng)).map { _ in
                text() + space + ":" + arbitraryDocument(depth: depth - 1, using: &rng)
            }
            return "{" + members.joined(separator: space + ",") + space + "}"
        }
    }

    /// Half of the documents lose, gain or change a character.
    private func mutated(_ text: String, using rng: inout SplitMix64) -> String {
        var scalars = Array(text.unicodeScalars)
        guard Bool.random(using: &rng), !scalars.isEmpty else { return text }
        let index = Int.random(in: 0..<scalars.count, using: &rng)
        let scalar = "{}[],:\"\\01.eE+-ntf x\u{1}".unicodeScalars.randomElement(using: &rng)!
        switch Int.random(in: 0..<3, using: &rng) {
        case 0: scalars.remove(at: index)
        case 1: scalars.insert(scalar, at: index)
        default: scalars[index] = scalar
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
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
