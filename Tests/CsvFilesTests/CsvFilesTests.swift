import Glibc
import Synchronization
import Testing

@testable import CsvFiles

private struct Lcg: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

/// A directory of its own for each test, removed at the end.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/csv-tests-XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String = "f.csv") -> String {
        write(Array(text.utf8), to: name)
    }

    func write(_ bytes: [UInt8], to name: String = "f.csv") -> String {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var sent = 0
        while sent < bytes.count { sent += bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } }
        close(descriptor)
        return file(name)
    }

    func bytes(_ name: String) -> [UInt8] {
        let descriptor = open(file(name), O_RDONLY)
        defer { close(descriptor) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count <= 0 { return all }
            all += chunk[..<count]
        }
    }
}

private func rows(_ reader: CsvReader) throws -> [[String]] {
    var rows: [[String]] = []
    while try reader.next() {
        var row: [String] = []
        for index in reader.header.indices { row.append(try reader.string(index)) }
        rows.append(row)
    }
    return rows
}

/// The failure's text, without the folder.
private func complaint(_ text: String, limits: CsvReader.Limits = .init(), read: (CsvReader) throws -> Void = { _ = try rows($0) })
    -> String?
{
    let folder = Folder()
    do {
        try read(try CsvReader(path: folder.write(text), limits: limits))
        return nil
    } catch let failure as CsvFailure {
        return String(failure.description.dropFirst(folder.path.count + 1))
    } catch {
        return "\(error)"
    }
}

@Suite struct CsvFilesTests {
    @Test(arguments: [
        ("a,b\n1,2\n", [["1", "2"]]),
        ("a,b\r\n1,2\r\n3,\r\n", [["1", "2"], ["3", ""]]),
        ("\u{FEFF}a,b\n1,2", [["1", "2"]]),
        ("a,b\n\"x,\"\"y\"\"\nz\",é\r\n,", [["x,\"y\"\nz", "é"], ["", ""]]),
        ("a,b\n\n1,2\n\n", [["1", "2"]]),
        ("a,b\n\"\",\"q\"\r\n", [["", "q"]]),
        ("a,b\n", []),
    ])
    func rowsAreReadAsRfc4180Says(text: String, expected: [[String]]) throws {
        let folder = Folder()
        let reader = try CsvReader(path: folder.write(text))
        #expect(reader.header == ["a", "b"])
        #expect(try rows(reader) == expected)
        #expect(reader.bytesRead == text.utf8.count && reader.bytesTotal == text.utf8.count)
    }

    @Test func aLoneColumnKeepsItsEmptyRows() throws {
        let folder = Folder()
        #expect(try rows(CsvReader(path: folder.write("a\n\n\"\"\nx\n"))) == [[""], [""], ["x"]])
    }

    @Test(arguments: [
        ("", "f.csv:0"),
        ("a,a\n", "f.csv:1: the column \"a\" is named twice"),
        ("a,b\n1,2\n\n1\n", "f.csv:4: the row has 1 fields, the header has 2"),
        ("a,b\n\"x\ny\",1\n1,2,3\n", "f.csv:4: the row has 3 fields, the header has 2"),
        ("a,b\n1,\"x", "f.csv:2: a quoted field is not closed before the end of the file"),
        ("a,b\n1,\"x\"y\n", "f.csv:2: field 2 goes on after its closing quote; double the quotes inside it"),
        ("a,b\n1,x\"y\"\n", "f.csv:2: field 2 has a quote but does not begin with one; quote the whole field"),
    ])
    func faultsSayFileAndLine(text: String, expected: String) {
        if text.isEmpty {
            #expect(complaint(text)?.contains("the file is empty") == true)
        } else {
            #expect(complaint(text) == expected)
        }
    }

    @Test func aMissingColumnAndAMissingFileAreNamed() throws {
        #expect(
            complaint("id,amount\n") { _ = try $0.column("amuont") }
                == "f.csv:1: there is no column \"amuont\"; the columns are id, amount")
        let failure = #expect(throws: CsvFailure.self) { _ = try CsvReader(path: "/nonexistent.csv") }
        #expect(failure?.description == "/nonexistent.csv: cannot open: No such file or directory")
        #expect(throws: CsvFailure.self) { _ = try CsvReader(path: "/tmp") }
    }

    @Test func rowsAreBounded() {
        var limits = CsvReader.Limits()
        limits.rowBytesMax = 1_000
        let long = String(repeating: "x", count: 1_001)
        #expect(complaint("a\n\(long)\n", limits: limits) == "f.csv:2: a row is longer than 1000 bytes")
        let open = "a\n1\n\"" + String(repeating: "x\n", count: 400_000)
        #expect(complaint(open, limits: limits) == "f.csv:3: a row is longer than 1000 bytes; is a quote left open?")
        limits.columnCountMax = 3
        #expect(complaint("a,b,c,d\n", limits: limits) == "f.csv:1: a row has more than 3 fields")
    }

    @Test(
        arguments: [
            ("0", 0), ("-9223372036854775808", Int64.min), ("+7", 7), ("9223372036854775807", Int64.max), ("9223372036854775808", nil),
            ("", nil),
            ("-", nil), ("1.0", nil), (" 1", nil), ("1e3", nil),
        ] as [(String, Int64?)])
    func wholeNumbersAreReadExactly(text: String, expected: Int64?) throws {
        let folder = Folder()
        let reader = try CsvReader(path: folder.write("n,x\n\(text),\n"))
        #expect(try reader.next())
        if let expected {
            #expect(try reader.int(0) == expected)
        } else {
            #expect(throws: CsvFailure.self) { try reader.int(0) }
        }
    }

    @Test func doublesAreReadAsTheStandardLibraryReadsThem() throws {
        let folder = Folder()
        var random = Lcg(state: 11)
        var texts = ["0", "-0.0", "123.16", "1e22", "1E-300", "0.1", "9007199254740993", "1234567890123456789.5", ".5", "5.", "4.9e-324"]
        for _ in 0..<2_000 {
            texts.append("\(Double(bitPattern: random.next() & 0xBFFF_FFFF_FFFF_FFFF))")
            texts.append("\(Double(Int64.random(in: -99_999_999...99_999_999, using: &random)) / 1_000)")
        }
        let reader = try CsvReader(path: folder.write("d\n" + texts.joined(separator: "\n")))
        for text in texts {
            #expect(try reader.next())
            // Double(_: String) wants a digit on both sides of the point.
            let oracle = text == ".5" ? 0.5 : text == "5." ? 5 : try #require(Double(text))
            #expect(try reader.double(0).bitPattern == oracle.bitPattern, "\(text)")
        }
        let bad = ["", "-", ".", "nan", "inf", "0x1p3", "1e999", "1e", "1.2.3", " 1", "1 ", "--1"]
        let refusing = try CsvReader(path: folder.write("d,x\n" + bad.map { "\($0),\n" }.joined()))
        for text in bad {
            #expect(try refusing.next())
            #expect(throws: CsvFailure.self, "\(text)") { try refusing.double(0) }
        }
    }

    @Test func aBadFieldIsShownWithItsColumn() {
        #expect(
            complaint("id,amount\n1,ten\u{1}\n") { reader in
                _ = try reader.next()
                _ = try reader.double(1)
            } == "f.csv:2: amount must be a number, found \"ten?\"")
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = Lcg(state: seed &* 977)
        let folder = Folder()
        let alphabet = ["a", "é", "\"", ",", "\n", "\r", "\r\n", " ", "7", "日本", "\"\""]
        let columns = Int.random(in: 1...5, using: &random)
        // Some fields and files exceed the reader's first buffer, so rows cross its end.
        let longest = seed % 20 < 2 ? 60_000 : 12
        let written = (0..<Int.random(in: 0...(longest > 12 ? 8 : 60), using: &random)).map { _ in
            (0..<columns).map { _ in
                (0..<Int.random(in: 0...longest, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
            }
        }
        let path = folder.file(seed % 2 == 0 ? "f.csv" : "f.csv.gz")
        var writer = try CsvWriter(path: path, header: (0..<columns).map { "c \($0),\"" })
        for row in written {
            for field in row { writer.append(field) }
            try writer.endRow()
        }
        try writer.finish()
        let reader = try CsvReader(path: path)
        #expect(reader.header == (0..<columns).map { "c \($0),\"" })
        #expect(try rows(reader).map { $0.map { Array($0.utf8) } } == written.map { $0.map { Array($0.utf8) } })
        #expect(reader.bytesRead == reader.bytesTotal)
        let newlines = written.joined().reduce(0) { $0 + $1.utf8.count { $0 == 0x0A } }
        let lastRow = written.last?.reduce(0) { $0 + $1.utf8.count { $0 == 0x0A } } ?? 0
        #expect(reader.line == 1 + written.count + newlines - lastRow)
    }

    @Test func numbersAreWrittenSoThatTheyReadBack() throws {
        let folder = Folder()
        var writer = try CsvWriter(path: folder.file("n.csv"), header: ["i", "d", "n"])
        writer.append(Int64.min)
        writer.append(0.1 + 0.2)
        writer.append(Double.nan)
        try writer.endRow()
        try writer.finish()
        #expect(String(decoding: folder.bytes("n.csv"), as: UTF8.self) == "i,d,n\n-9223372036854775808,0.30000000000000004,\n")
    }

    @Test func gzipIsChosenByItsBytesAndACutFileIsRefused() throws {
        let folder = Folder()
        var writer = try CsvWriter(path: folder.file("f.csv.gz"), header: ["a"])
        for value in 0..<200_000 {
            writer.append(value &* 2_654_435_761)
            try writer.endRow()
        }
        try writer.finish()
        let bytes = folder.bytes("f.csv.gz")
        #expect(bytes.starts(with: [0x1F, 0x8B]))
        #expect(try rows(CsvReader(path: folder.write(bytes, to: "plain-name.csv"))).count == 200_000)
        let cut = folder.write(Array(bytes.dropLast(bytes.count / 3)), to: "cut.csv.gz")
        let failure = #expect(throws: CsvFailure.self) {
            let reader = try CsvReader(path: cut)
            while try reader.next() {}
        }
        #expect(failure?.problem.contains("broken or cut off") == true)
        var broken = bytes
        broken[bytes.count / 2] ^= 0xFF
        #expect(throws: CsvFailure.self) {
            let reader = try CsvReader(path: folder.write(broken, to: "broken.csv.gz"))
            while try reader.next() {}
        }
    }

    @Test func aFileAppearsOnlyWhenFinished() throws {
        let folder = Folder()
        do {
            var writer = try CsvWriter(path: folder.file("f.csv"), header: ["a"])
            writer.append("x")
            try writer.endRow()
        }
        #expect(access(folder.file("f.csv"), F_OK) != 0)
        #expect(access(folder.file("f.csv.partial"), F_OK) != 0)
        #expect(throws: CsvFailure.self) { _ = try CsvWriter(path: "/nonexistent/f.csv", header: ["a"]) }
        let full = #expect(throws: CsvFailure.self) {
            var writer = try CsvWriter(path: "/dev/full", header: ["a"])
            writer.append("x")
            try writer.endRow()
            try writer.finish()
        }
        #expect(full?.problem == "cannot write: No space left on device")
    }
}
