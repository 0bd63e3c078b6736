import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ValueTests {
    /// Sends a value as a parameter; gives its text as the server sees it, and the value read back.
    private func roundTrip<T: PostgresScalar>(_ value: T, _ cast: String, _ connection: PostgresConnection) async throws -> (String, T) {
        let row = try await connection.query("SELECT $1::\(cast)::text AS shown, $1::\(cast) AS value", [value.postgresValue]).single()
        return (try row.text("shown"), try row.get("value"))
    }

    @Test func scalarsMeanTheSameOnBothSides() async throws {
        try await withConnection { connection in
            func check<T: PostgresScalar & Equatable>(_ value: T, _ cast: String, shown: String) async throws {
                let (text, back) = try await roundTrip(value, cast, connection)
                #expect(text == shown)
                #expect(back == value)
            }
            try await check(true, "bool", shown: "true")
            try await check(Int16.min, "int2", shown: "-32768")
            try await check(Int32.min, "int4", shown: "-2147483648")
            try await check(Int64.min, "int8", shown: "-9223372036854775808")
            try await check(-0.1, "float8", shown: "-0.1")
            try await check(Double.infinity, "float8", shown: "Infinity")
            try await check("žluťoučký 🐎 '\"\\", "text", shown: "žluťoučký 🐎 '\"\\")
            try await check("", "text", shown: "")
            try await check([UInt8]([0, 255, 16]), "bytea", shown: "\\x00ff10")
            try await check([UInt8](), "bytea", shown: "\\x")
            let uuid = try #require(PostgresUUID("0123abcd-4567-89ef-0123-456789abcdef"))
            try await check(uuid, "uuid", shown: "0123abcd-4567-89ef-0123-456789abcdef")
            #expect(uuid.description == "0123abcd-4567-89ef-0123-456789abcdef")
            try await check(PostgresJSON("[1, null]"), "jsonb", shown: "[1, null]")
        }
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01 00:00:00+00"), (946_684_800_000_001, "2000-01-01 00:00:00.000001+00"),
        (-1, "1969-12-31 23:59:59.999999+00"), (-62_135_596_800_000_000, "0001-01-01 00:00:00+00"),
        (Int64.max, "infinity"), (Int64.min, "-infinity"), (1_532_476_800_123_456, "2018-07-25 00:00:00.123456+00"),
    ])
    func timestampsKeepTheirMicroseconds(micros: Int64, shown: String) async throws {
        try await withConnection { connection in
            let (text, back) = try await roundTrip(PostgresTimestamp(unixMicros: micros), "timestamptz", connection)
            #expect(text == shown)
            #expect(back.unixMicros == micros)
        }
    }

    @Test func aTimestampOutOfRangeIsRefusedNotChanged() async throws {
        try await withConnection { connection in
            let failure = await failure {
                try await connection.query("SELECT $1::timestamptz", [.timestamptz(PostgresTimestamp(unixMicros: .min + 5))])
            }
            #expect(failure?.sqlState == "22008")
            let late = try await connection.query("SELECT '294276-12-31 UTC'::timestamptz AS late").single()
            #expect(throws: PostgresFailure.self) { try late.timestamptz("late") }
        }
    }

    @Test(arguments: [(Int32(0), "1970-01-01"), (-1, "1969-12-31"), (10_957, "2000-01-01"), (.max, "infinity"), (.min, "-infinity")])
    func datesKeepTheirDay(day: Int32, shown: String) async throws {
        try await withConnection { connection in
            let (text, back) = try await roundTrip(PostgresDate(unixDay: day), "date", connection)
            #expect(text == shown)
            #expect(back.unixDay == day)
        }
    }

    @Test func numericsAreExact() async throws {
        try await withConnection { connection in
            let texts = [
                "0", "0.00", "1", "-1", "10000", "9999", "99999999", "0.0001", "0.00010", "0.00001", "-12345.678900", "1.5", "100000000",
                "NaN", "Infinity", "-Infinity", "0.1", "123456789012345678901234567890.123456789012345678901234567890",
                "-" + String(repeating: "9", count: 1_000) + "." + String(repeating: "1", count: 999),
                "1" + String(repeating: "0", count: 40),
                "0." + String(repeating: "0", count: 41) + "7",
            ]
            for text in texts {
                let value = try #require(PostgresNumeric(text))
                #expect(value.description == text)
                let (shown, back) = try await roundTrip(value, "numeric", connection)
                #expect(shown == text)
                #expect(back.description == text)
            }
            let row = try await connection.query(
                "SELECT 12345::numeric(5,-2) AS n, $1::numeric AS e", [.numeric(PostgresNumeric("12.5e3")!)]
            ).single()
            #expect(try row.numeric("n").description == "12300")
            #expect(try row.numeric("e").description == "12500")
            #expect(PostgresNumeric("-0.0")?.description == "0.0")
            for bad in ["", ".", "1.2.3", "--1", "1e", "0x1", "1e999999", "٣"] { #expect(PostgresNumeric(bad) == nil) }
        }
    }

    @Test func arraysKeepTheirNulls() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                "SELECT $1::int8[] AS a, $1::text AS shown, $2::text[] AS b, $3::numeric[] AS c, $4::bool[] AS d, $5::int4[] AS e",
                [
                    .array(optionals: [1, nil, -3] as [Int64?]), .array(["x", "", "{}\","]),
                    .array(.numeric, [.numeric(PostgresNumeric("1.50")!)]),
                    .array([] as [Bool]), .nullArray(.int4),
                ]
            ).single()
            #expect(try row.array("a", of: Int64.self) == [1, nil, -3])
            #expect(try row.text("shown") == "{1,NULL,-3}")
            #expect(try row.array("b", of: String.self) == ["x", "", "{}\","])
            #expect(try row.array("c", of: PostgresNumeric.self) == [PostgresNumeric("1.50")])
            #expect(try row.array("d", of: Bool.self).isEmpty)
            #expect(try row.optionalArray("e", of: Int32.self) == nil)
        }
    }

    @Test func errorsOfReadingNameTheColumn() async throws {
        try await withConnection { connection in
            let row = try await connection.query("SELECT NULL::int8 AS missing, 'x'::text AS word, 70000::int4 AS wide").single()
            #expect(try row.optional("missing", as: Int64.self) == nil)
            for (column, read) in [
                ("missing", { _ = try row.int64("missing") }), ("word", { _ = try row.int64("word") }),
                ("wide", { _ = try row.int16("wide") }),
                ("absent", { _ = try row.text("absent") }),
            ] as [(String, () throws -> Void)] {
                let failure = await failure { try read() }
                #expect(failure?.kind == .decoding)
                #expect(failure?.columnName == column)
            }
            #expect(try row.int64("wide") == 70_000)
        }
    }

    @Test func preparedStatementsAreBoundedAndSurviveSchemaChanges() async throws {
        let few = Adjustment { $0.preparedStatementCountMax = 4 }
        try await withConnection(few) { connection in
            for n in 0..<20 { #expect(try await connection.query("SELECT \(n)::int8 + $1", [.int64(1)]).single().int64(0) == Int64(n + 1)) }
            let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements").single().int64(0)
            #expect(count <= 5)
            try await connection.executeScript("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
            #expect(try await connection.query("SELECT * FROM t").single().int32("a") == 1)
            try await connection.executeScript("ALTER TABLE t ALTER a TYPE text USING a::text")
            #expect(try await connection.query("SELECT * FROM t").single().text("a") == "1")
            try await connection.executeScript("DEALLOCATE ALL")
            #expect(try await connection.query("SELECT * FROM t").single().text("a") == "1")
        }
    }
}
