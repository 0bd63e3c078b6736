import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct CopyTests {
    private static let table = """
        CREATE TABLE rows (n int, b bool, i2 int2, i4 int4, i8 int8, f8 float8, f4 float4, t text, y bytea, u uuid, ts timestamptz, d date,
            money numeric, j jsonb, a4 int4[], a8 int8[], af float8[], at text[])
        """

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomRowsArriveAsTheyWereEncoded(seed: UInt64) async throws {
        try await withConnection { connection in
            try await connection.executeScript(Self.table)
            var rng = SplitMix64(state: seed)
            var encoder = CopyBinaryEncoder(reservingByteCount: 0)
            var expected: [[String?]] = []
            for n in 0..<500 as Range<Int32> {
                let i8 = Int64(bitPattern: rng.next())
                let micros = Int64(bitPattern: rng.next()) >> 12
                let day = Int32(truncatingIfNeeded: rng.next()) >> 14
                let bytes = (0..<Int(rng.next() % 20)).map { UInt8(truncatingIfNeeded: $0 * 31) }
                let uuid = PostgresUUID.random(using: &rng)
                let scale = Int(rng.next() % 19)
                let f8 = Double(bitPattern: rng.next() & ~(0x400 << 52))
                let text = String((0..<Int(rng.next() % 30)).map { _ in "aé€🐎'\"\\\t\n,{}".randomElement(using: &rng)! })
                let unscaled = i8 >> Int64(rng.next() % 64)
                let isNull = rng.next() % 8 == 0
                let words = (0..<Int(rng.next() % 4)).map { "w\($0)" }
                encoder.beginRow(fieldCount: 18)
                encoder.int32(n)
                encoder.bool(n % 2 == 0)
                encoder.int16(Int16(truncatingIfNeeded: i8))
                encoder.int32(Int32(truncatingIfNeeded: i8))
                encoder.int64(i8)
                encoder.double(f8)
                encoder.float(Float(n) / 4)
                if isNull { encoder.null() } else { encoder.text(text) }
                encoder.bytea(bytes)
                encoder.uuid(uuid)
                encoder.timestamp(unixMicros: micros)
                encoder.date(unixDay: day)
                encoder.numeric(unscaled: unscaled, scale: scale)
                encoder.jsonb(PostgresJSON("{\"n\": \(n)}"))
                encoder.int32s([n, -n])
                encoder.int64s(words.isEmpty ? [] : [i8])
                encoder.doubles([f8])
                encoder.texts(words)
                expected.append([
                    "\(n)", "\(n % 2 == 0)", "\(Int16(truncatingIfNeeded: i8))", "\(Int32(truncatingIfNeeded: i8))", "\(i8)", "\(f8)",
                    isNull ? nil : text, bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(), "\(uuid)",
                    "\(micros)", "\(day)", "\(PostgresNumeric(unscaled: unscaled, scale: scale))", "{\"n\": \(n)}", "{\(n),\(-n)}",
                    words.isEmpty ? "{}" : "{\(i8)}", "{" + words.joined(separator: ",") + "}",
                ])
            }
            #expect(encoder.rowCount == 500)
            #expect(try await connection.copy(into: "rows", from: encoder) == 500)
            let rows = try await connection.query(
                """
                SELECT n::text, b::text, i2::text, i4::text, i8::text, f8, af[1] = f8 AS same, f4 = n / 4.0 AS quarter, t, encode(y, 'hex'), u::text,
                    (extract(epoch FROM ts) * 1000000)::int8::text, (d - '1970-01-01')::text, money::text, j::text, a4::text, a8::text, at::text
                FROM rows ORDER BY rows.n
                """)
            #expect(rows.count == 500)
            for (row, wanted) in zip(rows, expected) {
                var got: [String?] = try (0..<5).map { try row.text(.index($0)) }
                got.append("\(try row.double("f8"))")
                #expect(try row.bool("same") && row.bool("quarter"))
                for index in 8..<18 { got.append(try row.optional(.index(index), as: String.self)) }
                #expect(got == wanted)
            }
        }
    }

    @Test func aClearedEncoderStartsAnew() async throws {
        try await withConnection { connection in
            try await connection.executeScript("CREATE TABLE t (a int8)")
            var encoder = CopyBinaryEncoder()
            for batch in 0..<3 as Range<Int64> {
                encoder.clear()
                for n in 0..<10_000 as Range<Int64> {
                    encoder.beginRow(fieldCount: 1)
                    encoder.int64(batch * 10_000 + n)
                }
                #expect(try await connection.copy(into: "t (a)", from: encoder) == 10_000)
            }
            #expect(try await connection.copy(into: "t", from: CopyBinaryEncoder()) == 0)
            let row = try await connection.query("SELECT count(*), count(DISTINCT a), sum(a)::int8 FROM t").single()
            #expect(try [row.int64(0), row.int64(1), row.int64(2)] == [30_000, 30_000, 449_985_000])
        }
    }

    @Test func whatComesOutGoesInAgain() async throws {
        try await withConnection { connection in
            try await connection.executeScript(
                "CREATE TABLE a AS SELECT g AS n, g::text AS t FROM generate_series(1, 5000) g; CREATE TABLE b (LIKE a)")
            let counts = try await connection.run { session throws(PostgresFailure) -> [Int] in
                var bytes: [UInt8] = []
                let reader = try session.copyOut("COPY a TO STDOUT (FORMAT binary)")
                while try reader.read(into: &bytes) {}
                let read = try reader.finish()
                let writer = try session.copyIn("COPY b FROM STDIN (FORMAT binary)")
                for start in stride(from: 0, to: bytes.count, by: 1_000) {
                    try writer.write(Array(bytes[start..<min(start + 1_000, bytes.count)]))
                }
                return [read, try writer.finish()]
            }
            #expect(counts == [5_000, 5_000])
            #expect(try await connection.query("SELECT 1 FROM a FULL JOIN b USING (n, t) WHERE a IS NULL OR b IS NULL").isEmpty)
        }
    }

    @Test func anAbandonedCopyLeavesNoRowAndAUsableConnection() async throws {
        try await withConnection { connection in
            try await connection.executeScript("CREATE TABLE t (a int)")
            try await connection.run { session throws(PostgresFailure) in
                let writer = try session.copyIn("COPY t FROM STDIN")
                try writer.write(Array("1\n2\n".utf8))
            }
            try await connection.run { session throws(PostgresFailure) in
                let reader = try session.copyOut("COPY (SELECT g FROM generate_series(1, 100000) g) TO STDOUT")
                var bytes: [UInt8] = []
                _ = try reader.read(into: &bytes)
            }
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
            #expect(await connection.isIdle)
        }
    }

    @Test func misuseOfCopyIsAnErrorNotAHang() async throws {
        try await withConnection { connection in
            try await connection.executeScript("CREATE TABLE t (a int)")
            for statement in ["SELECT 1", "COPY t TO STDOUT", "COPY missing FROM STDIN", "COPY t FROM"] {
                let failure = await failure {
                    try await connection.run { session throws(PostgresFailure) in
                        let writer = try session.copyIn(statement)
                        _ = try writer.finish()
                    }
                }
                #expect(failure != nil)
                #expect(await connection.isIdle)
            }
            let inside = await failure {
                try await connection.run { session throws(PostgresFailure) in
                    let writer = try session.copyIn("COPY t FROM STDIN")
                    try session.execute("SELECT 1")
                    _ = try writer.finish()
                }
            }
            #expect(inside?.kind == .usage)
            let malformed = await failure {
                try await connection.run { session throws(PostgresFailure) in
                    let writer = try session.copyIn("COPY t FROM STDIN (FORMAT binary)")
                    try writer.write([UInt8](repeating: 7, count: 3_000_000))
                    _ = try writer.finish()
                }
            }
            #expect(malformed?.sqlState == "22P04")
            #expect(await connection.isIdle)
        }
    }
}
