import Testing

@testable import Yaml

/// The failure of `body` as its text.
private func complaint(_ body: () throws(YamlFailure) -> Void) -> String? {
    do throws(YamlFailure) { try body() } catch { return error.description }
    return nil
}

@Suite struct YamlTests {
    @Test func aDocumentKeepsOrderPlacesAndQuoting() throws {
        let document = try YamlDocument.parse("name: card\nlist:\n  - 1\n  - \"1\"\nnested: {b: x, a: ~}\n", file: "f.yaml")
        let root = try document.root.requiredMapping(allowedKeys: ["name", "list", "nested"])
        #expect(root.entries.map(\.key) == ["name", "list", "nested"])
        #expect(try root.required("name").string() == "card")
        let list = try root.required("list").sequence()
        #expect(try list[0].int() == 1)
        #expect(list[1].line == 4)
        #expect(list[1].column == 5)
        #expect(list[1].path == "list[1]")
        #expect(complaint { () throws(YamlFailure) in _ = try list[1].int() }?.contains("remove the quotes") == true)
        let nested = try root.required("nested").mapping()
        #expect(nested.entries.map(\.key) == ["b", "a"])
        #expect(nested["a"]?.isNull == true)
        #expect(nested["c"] == nil)
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", "f.yaml:2:1: the key \"a\" is already given on line 1; remove one of the two"),
        ("a: &x 1\n", "f.yaml:1:4: an anchor (&name) is not allowed; write the value out where it is needed"),
        ("a: *x\n", "f.yaml:1:4: an alias (*name) is not allowed; write the value out"),
        ("a: !!int 1\n", "f.yaml:1:4: a tag (!name) is not allowed; remove it; the reader knows each value's type"),
        ("", "f.yaml:1:1: the file is empty; write a YAML document"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document starts here; keep one document in a file; remove the --- line"),
        ("? [x]\n: 1\n", "f.yaml:1:3: a key must be text of 1 to 256 bytes; write key: value with a plain key"),
        ("~: 1\n", "f.yaml:1:1: a key must be text of 1 to 256 bytes; write key: value with a plain key"),
    ])
    func whatAReaderCannotTrustIsRefused(text: String, expected: String) {
        #expect(complaint { () throws(YamlFailure) in _ = try YamlDocument.parse(text, file: "f.yaml") } == expected)
    }

    @Test func brokenSyntaxAndEncodingSayWhere() {
        let syntax = complaint { () throws(YamlFailure) in _ = try YamlDocument.parse("a: [1, 2\nb: 3\n", file: "f.yaml") }
        #expect(syntax?.hasPrefix("f.yaml:2:") == true, "\(syntax ?? "")")
        let bytes: [UInt8] = Array("a: 1\nb: é".utf8) + [0xFF]
        let encoding = complaint { () throws(YamlFailure) in _ = try YamlDocument.parse(bytes, file: "f.yaml") }
        #expect(encoding?.hasPrefix("f.yaml:2:5: ") == true, "\(encoding ?? "")")
    }

    @Test func depthAndSizeAreBounded() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(complaint { () throws(YamlFailure) in _ = try YamlDocument.parse(deep, file: "f") }?.contains("32 levels") == true)
        var limits = YamlLimits()
        limits.nodeCountMax = 3
        #expect(
            complaint { () throws(YamlFailure) in _ = try YamlDocument.parse("[1, 2, 3]", file: "f", limits: limits) }?
                .contains("more than 3") == true)
        limits.byteCountMax = 4
        #expect(
            complaint { () throws(YamlFailure) in _ = try YamlDocument.parse("[1, 2]", file: "f", limits: limits) }?
                .contains("at most 4") == true)
    }

    @Test func anUnknownKeyIsNamedWithTheNearestKnownOne() throws {
        let root = try YamlDocument.parse("features:\n  windw: 7d\n", file: "f.yaml").root
        let features = try root.mapping().required("features")
        #expect(
            complaint { () throws(YamlFailure) in _ = try features.requiredMapping(allowedKeys: ["name", "window"]) }
                == "f.yaml:2:3: unknown key \"windw\" in features; did you mean window? known keys are name, window")
        #expect(
            complaint { () throws(YamlFailure) in _ = try features.mapping().required("name") }
                == "f.yaml:2:3: features lacks the key \"name\"; add name: …")
    }

    @Test func typedReadersReadAndRefuse() throws {
        let text = "i: 12\nd: -1.5e3\nb: true\nt: 7d\nn: yes\nx: 0x10\nnan: nan\nword: fast\nlist: [a, b]\n"
        let root = try YamlDocument.parse(text, file: "f").root.mapping()
        #expect(try root.required("i").int(in: 1...12) == 12)
        #expect(try root.required("i").double() == 12)
        #expect(try root.required("d").double() == -1500)
        #expect(try root.required("b").bool())
        #expect(try root.required("t").durationMicros() == 7 * 86_400_000_000)
        #expect(try root.required("t").duration() == .seconds(7 * 86_400))
        #expect(try root.required("list").strings() == ["a", "b"])
        #expect(try root.required("word").choice(["slow": 1, "fast": 2]) == 2)
        #expect(throws: YamlFailure.self) { try root.required("word").choice(["slow": 1, "fase": 2]) }
        #expect(throws: YamlFailure.self) { try root.required("i").int(in: 1...11) }
        #expect(throws: YamlFailure.self) { try root.required("n").bool() }
        #expect(throws: YamlFailure.self) { try root.required("x").int() }
        #expect(throws: YamlFailure.self) { try root.required("x").double() }
        #expect(throws: YamlFailure.self) { try root.required("nan").double() }
        #expect(throws: YamlFailure.self) { try root.required("list").string() }
        #expect(throws: YamlFailure.self) { try root.required("i").duration() }
    }

    @Test(
        arguments: [
            ("7d", 604_800_000_000), ("30m", 1_800_000_000), ("500ms", 500_000), ("2s", 2_000_000), ("1h30m", 5_400_000_000), ("0s", 0),
            ("15us", 15), ("2w", 1_209_600_000_000), ("", nil), ("5", nil), ("s", nil), ("-1s", nil), ("1.5s", nil), ("1m1h", nil),
            ("1s1s", nil),
            ("1 s", nil), ("99999999999w", nil), ("5y", nil),
        ] as [(String, Int64?)])
    func durationsAreReadWhole(text: String, micros: Int64?) {
        #expect(DurationText.micros(text) == micros)
        if let micros { #expect(DurationText.micros(DurationText.text(micros: micros)) == micros) }
    }

    @Test func theNearestWordIsASlipAway() {
        #expect(Spelling.nearest(to: "kafka.bootstap", among: ["kafka.bootstrap", "postgres.url"]) == "kafka.bootstrap")
        #expect(Spelling.nearest(to: "postgers.url", among: ["kafka.bootstrap", "postgres.url"]) == "postgres.url")
        #expect(Spelling.nearest(to: "elephant", among: ["kafka.bootstrap", "postgres.url"]) == nil)
    }

    @Test func aMissingFileSaysSo() {
        #expect(
            complaint { () throws(YamlFailure) in _ = try YamlDocument.read(path: "/nonexistent/f.yaml") }
                == "/nonexistent/f.yaml:1:1: cannot read the file: No such file or directory; check the path and its permissions")
    }
}
