import Contracts
import Intake
import RiskDomain
import Testing

@Suite struct NormalisationTests {
    @Test func transactionBecomesItsEvent() throws {
        let attributes = #"{"online":true,"channel":"pos","score":0.5,"n":-3,"none":null,"é":"\u00e9"}"#
        let event = try makeIntake().take(transaction(["attributes": attributes])).get()
        #expect(
            event
                == Event(
                    id: "815100", time: EventTime(micros: 1_529_884_813_000_000),
                    source: SourceCoordinates(topic: .transactions, partition: 2, offset: 77), sourceTimestampMicros: 5,
                    entities: ["1066", "793"],
                    body: .transaction(
                        amountMinor: 2_478, currency: "EUR",
                        attributes: [
                            .init(name: "channel", value: .text("pos")), .init(name: "n", value: .integer(-3)),
                            .init(name: "online", value: .flag(true)), .init(name: "score", value: .number(0.5)),
                            .init(name: "é", value: .text("é")),
                        ])))
    }

    @Test(arguments: [("fraud", .fraud), ("chargeback", .chargeback), ("cleared", .cleared)] as [(String, Verdict)])
    func outcomeBecomesItsEvent(word: String, verdict: Verdict) throws {
        let event = try makeIntake().take(outcome(["verdict": "\"\(word)\""]), topic: .outcomes).get()
        #expect(event.time == (try EventTime(rfc3339: "2018-07-02T09:00:00Z".utf8)) && event.entities == ["1066", "793"])
        #expect(event.body == .outcome(verdict, transactionTime: EventTime(micros: 1_529_884_813_000_000)))
    }

    @Test(
        arguments: [
            ("24.78", "EUR", 2_478), ("24.780", "EUR", 2_478), ("24.7800000000000000000000000000000000000000", "EUR", 2_478),
            ("\"24.78\"", "EUR", 2_478), ("1E2", "EUR", 10_000), ("1e+2", "EUR", 10_000), ("2478e-2", "EUR", 2_478),
            ("0.0247800e3", "EUR", 2_478), ("-0", "EUR", 0), ("-0.000e5", "EUR", 0), ("0e999999999999", "EUR", 0), ("0.29", "EUR", 29),
            ("1.1", "EUR", 110), ("4.35", "EUR", 435), ("10000000000", "EUR", 1_000_000_000_000), ("2478", "JPY", 2_478),
            ("2478.0", "JPY", 2_478),
            ("1.234", "KWD", 1_234), ("1.2345", "CLF", 12_345), ("100000000000000000000e-18", "EUR", 10_000),
            ("0.00000000000000000000000000000000000001e38", "EUR", 100),
        ])
    func amountsAreExact(text: String, currency: String, minor: Int64) throws {
        let event = try makeIntake().take(transaction(["amount": text, "currency": "\"\(currency)\""])).get()
        #expect(event.body == .transaction(amountMinor: minor, currency: currency, attributes: []))
    }

    @Test func amountsReachTheEndsOfSixtyFourBits() throws {
        let intake = try makeIntake(replacing: [
            ("minor_max: 1000000000000", "minor_max: 9223372036854775807"), ("negative: reject", "negative: accept"),
        ])
        func minor(_ text: String) throws -> Int64? {
            if case .success(let event) = try intake.take(transaction(["amount": text])), case .transaction(let minor, _, _) = event.body {
                minor
            } else {
                nil
            }
        }
        #expect(try minor("92233720368547758.07") == Int64.max)
        #expect(try minor("92233720368547758.08") == nil)
        #expect(try minor("-92233720368547758.07") == -Int64.max)
        #expect(try minor("-92233720368547758.08") == nil)  // the magnitude exceeds minor_max
        #expect(try minor("184467440737095516.16") == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func amountsInAnySpellingAreTheSameAmount(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let intake = try makeIntake()
        for _ in 0..<200 {
            let (currency, exponent) = [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)].randomElement(using: &rng)!
            let minor = Int64.random(in: 0...Int64(1) << Int64.random(in: 0...39, using: &rng), using: &rng)
            // The digits with the point moved by `shift`, which the exponent takes back.
            let shift = Int.random(in: -6...6, using: &rng)
            let decimals = exponent + shift
            var digits = String(minor)
            if decimals > 0 {
                digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
                digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
                digits += String(repeating: "0", count: Int.random(in: 0...3, using: &rng))
            }
            let power = decimals > 0 ? shift : -exponent
            var text = power == 0 && Bool.random(using: &rng) ? digits : "\(digits)\(Bool.random(using: &rng) ? "e" : "E")\(power)"
            if Bool.random(using: &rng) { text = "\"\(text)\"" }
            let event = try intake.take(transaction(["amount": text, "currency": "\"\(currency)\""])).get()
            #expect(event.body == .transaction(amountMinor: minor, currency: currency, attributes: []), "\(text) \(currency)")
        }
    }

    @Test(
        arguments: [
            (transaction(["transaction_id": "815100", "customer": "1066", "terminal": "793"])),
            (transaction(["amount": "\"24.780\""])), transaction(["currency": nil]),
            transaction(["time": "\"2018-06-25T02:00:13.000+02:00\""]),
            transaction(["time": "\"2018-06-25 00:00:13z\""]), transaction(["attributes": "{}"]), transaction(["attributes": "null"]),
            transaction(["attributes": "{\"a\":null}"]), " " + transaction().replacing(",", with: " ,\n\t") + "\n",
            transaction(["customer": #""\u0031066""#]),
            transaction(["customer": nil, "time": nil, "customer": "\"1066\"", "time": "\"2018-06-25T00:00:13Z\""]),
        ])
    func spellingDoesNotChangeTheBytes(message: String) throws {
        let intake = try makeIntake()
        #expect(try intake.take(message).get().encoded == intake.take(transaction()).get().encoded)
    }

    @Test func orderOfAttributesDoesNotChangeTheBytes() throws {
        let intake = try makeIntake()
        let names = (0..<20).map { "\"k\($0)\":\($0)" }
        let sorted = try intake.take(transaction(["attributes": "{\(names.joined(separator: ","))}"])).get()
        let reversed = try intake.take(transaction(["attributes": "{\(names.reversed().joined(separator: ","))}"])).get()
        #expect(sorted.encoded == reversed.encoded)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func instantsAgreeWithTheDomainsReader(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let intake = try makeIntake()
        for _ in 0..<100 {
            let time = EventTime(micros: Int64.random(in: 946_684_800...4_102_444_799, using: &rng) * 1_000_000)
            #expect(try intake.take(transaction(["time": "\"\(time)\""])).get().time == time)
        }
        var bytes = Array("2018-06-25T00:00:13Z".utf8)
        bytes[Int.random(in: 0..<20, using: &rng)] = UInt8.random(in: 0x23...0x5B, using: &rng)
        let expected = (try? EventTime(rfc3339: bytes)).flatMap {
            $0.micros >= 946_684_800_000_000 && $0.micros < 4_102_444_800_000_000 ? $0 : nil
        }
        let found = try? intake.take(transaction(["time": "\"\(String(decoding: bytes, as: UTF8.self))\""])).get().time
        #expect(found == expected)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func noMessageTraps(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let intake = try makeIntake()
        let good = Array(transaction(["attributes": #"{"a":"b\n","c":[1]}"#]).utf8)
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &rng) {
                bytes[Int.random(in: 0..<bytes.count, using: &rng)] = UInt8.random(in: 0...255, using: &rng)
            }
            _ = try intake.take(bytes, topic: Bool.random(using: &rng) ? .transactions : .outcomes)
            _ = try intake.take((0..<Int.random(in: 0...60, using: &rng)).map { _ in UInt8.random(in: 0...255, using: &rng) })
        }
        for end in 0..<good.count { if case .success = try intake.take(Array(good[..<end])) { Issue.record("\(end) bytes were accepted") } }
    }
}
