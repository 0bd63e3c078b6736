import Json
import Testing

@Suite struct JsonTextTests {
    private func text(_ body: (inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        body(&output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("plain é \u{1F600}", "\"plain é \u{1F600}\""), ("", "\"\""), ("a\"b\\c", #""a\"b\\c""#),
            ("\u{0}\u{1F}\n\t\r\u{8}\u{C}", #""\u0000\u001f\n\t\r\b\f""#),
        ])
    func stringsAreEscaped(value: String, expected: String) {
        #expect(text { JsonText.string(value, into: &$0) } == expected)
        #expect(parseAndDump(Array("[\(expected)]".utf8)) == .success("['\(value)']"))
    }

    @Test func numbersAreWritten() {
        for value in [0, 7, -1, 1_234_567_890, Int64.max, Int64.min] {
            #expect(text { JsonText.integer(value, into: &$0) } == String(value))
        }
        #expect(text { JsonText.unsigned(.max, into: &$0) } == String(UInt64.max))
        #expect(text { JsonText.double(0.1, into: &$0) } == "0.1")
        #expect(text { JsonText.double(.nan, into: &$0) } == "null")
        #expect(text { JsonText.bool(false, into: &$0) } == "false")
    }

    @Test func doublesReadBackAsTheSameBits() {
        var rng = SplitMix64(state: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: rng.next())
            guard value.isFinite else { continue }
            let written = text { JsonText.double(value, into: &$0) }
            #expect(Double(written)?.bitPattern == value.bitPattern)
            let read = Array(written.utf8).withUnsafeBytes { JsonText.readDouble($0) }
            #expect(read?.bitPattern == value.bitPattern)
            #expect(parseAndDump(Array(written.utf8)) == .success("#\(written)"))
        }
    }

    @Test func doublesOutOfRangeAreInfiniteOrZero() {
        func read(_ text: String) -> Double? { Array(text.utf8).withUnsafeBytes { JsonText.readDouble($0) } }
        #expect(read("1e309") == .infinity && read("-1e309") == -.infinity && read("1e-400") == 0)
        #expect(read("") == nil && read("1x") == nil && read("x") == nil)
    }
}

/// Sebastiano Vigna's SplitMix64.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct JsonFuzzTests {
    /// Fragments of JSON put together at random reach further than random bytes do.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func noBytesTrap(seed: UInt64) {
        var rng = SplitMix64(state: seed)
        let fragments = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\ud800", "1", "-", "1e5", "true", "null", " ", "\u{0}", "é", "NaN",
        ]
        for _ in 0..<2_000 {
            let bytes: [UInt8] =
                Bool.random(using: &rng)
                ? (0..<Int.random(in: 0...100, using: &rng)).map { _ in UInt8.random(in: 0...255, using: &rng) }
                : (0..<Int.random(in: 0...30, using: &rng)).flatMap { _ in Array(fragments.randomElement(using: &rng)!.utf8) }
            _ = parseAndDump(bytes)
        }
        let document = Array(#"{"a":[1,{"b":"\u00e9"},null],"c":-1.5e3,"d":{"e":[]}}"#.utf8)
        for end in 0..<document.count { #expect(throws: JsonFailure.Fault.self) { try parseAndDump(Array(document[..<end])).get() } }
    }
}
