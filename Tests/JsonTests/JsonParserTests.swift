import Json
import Testing

/// The document as text again, so that a test sees all of it at once.
func dump(_ value: JsonValue) -> String {
    let text = String(decoding: value.text, as: UTF8.self)
    switch value.kind {
    case .object:
        return "{" + value.members.map { "\(String(decoding: $0.name, as: UTF8.self)):\(dump($0.value))" }.joined(separator: ",") + "}"
    case .array: return "[" + value.elements.map(dump).joined(separator: ",") + "]"
    case .string: return "'\(text)'"
    case .number: return "#\(text)"
    case .bool: return value.isTrue ? "yes" : "no"
    case .null: return "null"
    }
}

func parseAndDump(_ bytes: [UInt8], limits: JsonLimits = JsonLimits()) -> Result<String, JsonFailure.Fault> {
    let parser = JsonParser(limits: limits)
    return bytes.withUnsafeBytes { bytes in
        do throws(JsonFailure) {
            return .success(dump(try parser.parse(bytes)))
        } catch {
            return .failure(error.fault)
        }
    }
}

extension JsonFailure.Fault: Error {}

@Suite struct JsonParserTests {
    @Test(
        arguments: [
            ("{}", "{}"), (" [ ] ", "[]"), ("0", "#0"), ("\"a\"", "'a'"), ("null", "null"), (" true ", "yes"), ("false", "no"),
            (#"{"a":1,"b":[true,null,{"c":"d"}],"e":{}}"#, "{a:#1,b:[yes,null,{c:'d'}],e:{}}"),
            (#"{"amount": 24.780 ,"n":-1E+2}"#, "{amount:#24.780,n:#-1E+2}"),
            (#"{"n":9223372036854775808123.00000000000000000001}"#, "{n:#9223372036854775808123.00000000000000000001}"),
            (#"["\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"]"#, "['\"\\/\u{8}\u{C}\n\r\tAé\u{1F600}']"),
            (#"{"\u0061":1,"é":2}"#, "{a:#1,é:#2}"), (#"{"":""}"#, "{:''}"), ("[1e309,-0,0.0]", "[#1e309,#-0,#0.0]"),
        ])
    func documentsAreReadWhole(text: String, expected: String) {
        #expect(parseAndDump(Array(text.utf8)) == .success(expected))
    }

    @Test(
        arguments: [
            ("", .empty), (" \n", .empty), ("{", .malformed), ("{\"a\":1", .malformed), ("{\"a\":[1}", .malformed), ("[1,]", .malformed),
            ("{\"a\":1,}", .malformed), ("{\"a\" 1}", .malformed), ("{a:1}", .malformed), ("{\"a\":1}}", .malformed),
            ("{\"a\":1} {}", .malformed), ("{} x", .malformed), ("1 2", .malformed), ("\"a\" \"b\"", .malformed), ("\"a", .malformed),
            ("[01]", .malformed), ("[1.]", .malformed), ("[.5]", .malformed), ("[+1]", .malformed), ("[1e]", .malformed),
            ("[0x10]", .malformed), ("[tru]", .malformed), ("[truex]", .malformed), ("[True]", .malformed), ("[nul]", .malformed),
            ("['a']", .malformed), ("[\"\\x\"]", .malformed), ("[\"\\u12\"]", .malformed), ("[1 2]", .malformed), ("[-]", .malformed),
            ("{\"a\":NaN}", .notFinite), ("[Infinity]", .notFinite), ("[-Infinity]", .notFinite), ("[-inf]", .notFinite),
            ("NaN", .notFinite),
            ("[\"\u{1}\"]", .controlCharacter), ("[\"\u{0}\"]", .controlCharacter), ("[\"\n\"]", .controlCharacter),
            ("{\"a\":1,\"a\":1}", .duplicateKey), ("{\"a\":1,\"\\u0061\":2}", .duplicateKey),
            ("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", .duplicateKey),
            ("[\"\\ud800\"]", .loneSurrogate), ("[\"\\udc00\"]", .loneSurrogate), ("[\"\\ud800\\u0041\"]", .loneSurrogate),
            ("{\"\\uDBFFx\":1}", .loneSurrogate), ("\u{FEFF}{}", .byteOrderMark),
        ] as [(String, JsonFailure.Fault)])
    func faultsAreNamed(text: String, fault: JsonFailure.Fault) {
        #expect(parseAndDump(Array(text.utf8)) == .failure(fault))
    }

    @Test(arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func textThatIsNotUTF8IsRefused(bad: [UInt8]) {
        #expect(parseAndDump(Array("{\"a\":\"".utf8) + bad + Array("\"}".utf8)) == .failure(.invalidUTF8))
    }

    @Test func depthAndSizeAreBounded() {
        func nested(_ depth: Int) -> [UInt8] { [UInt8](repeating: 0x5B, count: depth) + [UInt8](repeating: 0x5D, count: depth) }
        let limits = JsonLimits(byteCountMax: 1_000, depthMax: 8)
        #expect(parseAndDump(nested(8), limits: limits) == .success("[[[[[[[[]]]]]]]]"))
        #expect(parseAndDump(nested(9), limits: limits) == .failure(.tooDeep))
        #expect(parseAndDump(nested(500), limits: limits) == .failure(.tooDeep))
        #expect(parseAndDump(nested(501), limits: limits) == .failure(.tooLarge))
        #expect(parseAndDump(nested(100_000)) == .failure(.tooDeep))
    }

    @Test func duplicateAmongManyKeysIsFoundAndNamed() {
        let keys = (0..<2_000).map { "\"k\($0)\":\($0)" }
        #expect(parseAndDump(Array("{\(keys.joined(separator: ","))}".utf8)) != .failure(.duplicateKey))
        let parser = JsonParser()
        let text = Array("{\(keys.joined(separator: ",")),\"k77\":0}".utf8)
        text.withUnsafeBytes { bytes in
            #expect(throws: JsonFailure.self) { _ = try parser.parse(bytes) }
            #expect(parser.lastKey.map { String(decoding: $0, as: UTF8.self) } == "k77")
            return
        }
    }

    @Test func parserIsReusedAfterFailuresAndForGrowingDocuments() throws {
        let parser = JsonParser()
        for size in [1, 10_000, 5, 100_000] {
            let text = Array("[\"\(String(repeating: "x", count: size))\"]".utf8)
            try text.withUnsafeBytes { bytes in
                let root = try parser.parse(bytes)
                #expect(root.elements.map(\.text.count) == [size])
                #expect(throws: JsonFailure.self) { _ = try parser.parse(UnsafeRawBufferPointer(rebasing: bytes.dropLast())) }
            }
        }
    }

    @Test func membersAreFoundByName() throws {
        let parser = JsonParser()
        try Array(#"{"a":{"x":[1,2]},"b":"c"}"#.utf8).withUnsafeBytes { bytes in
            let root = try parser.parse(bytes)
            #expect(root.count == 2 && root.member("b")?.kind == .string)
            #expect(root.member("a")?.member("x")?.count == 2)
            #expect(root.member("z") == nil && root.member("b")?.member("c") == nil)
            #expect(root.member("b")?.offset == 21)
        }
    }
}
