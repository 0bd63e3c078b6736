import Foundation
import Intake
import Postgres
import StageHarness
import Stages
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct BadInputTests {
    private struct Bad {
        var topic = "transactions"
        var value: [UInt8]?
        var reason: Rejection.Reason

        init(_ text: String, _ reason: Rejection.Reason, topic: String = "transactions") {
            self.init(bytes: Array(text.utf8), reason, topic: topic)
        }
        init(bytes: [UInt8]?, _ reason: Rejection.Reason, topic: String = "transactions") {
            value = bytes
            self.reason = reason
            self.topic = topic
        }
    }

    /// A transaction as JSON; a change to nil leaves the field out.
    private static func transaction(_ id: String = "x", _ changes: [String: String?] = [:]) -> String {
        var fields = [
            ("transaction_id", "\"\(id)\""), ("time", "\"2018-07-01T12:00:00Z\""), ("amount", "24.78"), ("currency", "\"EUR\""),
            ("customer", "\"c7\""), ("terminal", "\"m3\""),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            let place = fields.firstIndex { $0.0 == name }
            switch (place, value) {
            case (let place?, let value?): fields[place].1 = value
            case (let place?, nil): fields.remove(at: place)
            case (nil, let value?): fields.append((name, value))
            case (nil, nil): break
            }
        }
        return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func outcome(_ changes: (String, String)...) -> String {
        var text = """
            {"transaction_id":"good-0","transaction_time":"2018-07-01T12:00:00Z","time":"2018-07-03T12:00:00Z","customer":"c7",\
            "terminal":"m3","verdict":"fraud"}
            """
        for (old, new) in changes { text = text.replacing(old, with: new) }
        return text
    }

    private static var badInputs: [Bad] {
        let whole = transaction()
        var bads = [
            Bad(bytes: nil, .nullPayload), Bad("", .emptyMessage), Bad(String(whole.dropLast(12)), .malformedJson),
            Bad("{\"transaction_id\":", .malformedJson), Bad("[\(whole)]", .wrongType), Bad("\u{FEFF}" + whole, .byteOrderMark),
            Bad(transaction("x", ["customer": "true"]), .wrongType), Bad(transaction("x", ["amount": "[1]"]), .wrongType),
            Bad(transaction("x", ["terminal": nil]), .missingField), Bad(transaction("x", ["colour": "1"]), .unknownField),
            Bad(String(whole.dropLast()) + ",\"amount\":1}", .duplicateField),
            Bad(transaction("x", ["amount": "NaN"]), .notFinite), Bad(transaction("x", ["amount": "Infinity"]), .notFinite),
            Bad(transaction("x", ["amount": "-Infinity"]), .notFinite), Bad(transaction("x", ["amount": "1e309"]), .amountOverflow),
            Bad(transaction("x", ["amount": "-0.01"]), .negativeAmount),
            Bad(transaction("x", ["amount": "92233720368547758.08"]), .amountOverflow),
            Bad(transaction("x", ["attributes": "{\"a\":9223372036854775808}"]), .integerOverflow),
            Bad(transaction("x", ["amount": "24.781"]), .tooManyDecimals),
            Bad(transaction("x", ["amount": "24.7", "currency": "\"JPY\""]), .tooManyDecimals),
            Bad(transaction("x", ["currency": "\"XYZ\""]), .unknownCurrency),
            Bad(transaction("x", ["customer": "\"a\\u0000b\""]), .controlCharacter),
            Bad(transaction("x", ["customer": "\"a\u{0}b\""]), .controlCharacter),
            Bad(transaction("x", ["customer": "\"\\ud800\""]), .loneSurrogate),
            Bad(transaction(String(repeating: "i", count: 65)), .tooLong), Bad(transaction("x", ["customer": "\"\""]), .emptyField),
            Bad(transaction("x", ["attributes": String(repeating: "[", count: 50) + String(repeating: "]", count: 50)]), .tooDeep),
            Bad(String(repeating: "[", count: 60_000), .tooDeep),
            Bad(transaction("x", ["time": "\"1970-01-01T00:00:00Z\""]), .timeOutOfRange),
            Bad(transaction("x", ["time": "\"2100-01-01T00:00:00Z\""]), .timeOutOfRange),
            Bad(transaction("x", ["time": "\"2018-07-01T12:00:00\""]), .timeZoneMissing),
            Bad(transaction("x", ["time": "\"yesterday\""]), .timeMalformed),
            // Ten megabytes: valid but for its size, and rubbish.
            Bad(transaction("x", ["attributes": "{\"a\":\"\(String(repeating: "y", count: 10 << 20))\"}"]), .tooLarge),
            Bad(bytes: [UInt8](repeating: 0xFE, count: 10 << 20), .tooLarge),
            Bad(outcome(("fraud", "perhaps")), .unknownVerdict, topic: "outcomes"),
            Bad(outcome(("2018-07-03", "2018-06-03")), .timeBeforeTransaction, topic: "outcomes"),
            Bad(outcome(("\"transaction_time\":\"2018-07-01T12:00:00Z\",", "")), .missingField, topic: "outcomes"),
            Bad(bytes: nil, .nullPayload, topic: "outcomes"), Bad(whole, .unknownField, topic: "outcomes"),
        ]
        // Invalid UTF-8: a lone continuation, an overlong slash, a surrogate, a cut sequence, beyond Unicode.
        for rubbish in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            let parts = transaction("x", ["customer": "\"#\""]).utf8.split(separator: UInt8(ascii: "#"))
            bads.append(Bad(bytes: Array(parts[0]) + rubbish + Array(parts[1]), .invalidUTF8))
        }
        return bads
    }

    @Test func everyBadInputIsKeptWithItsReasonAndItsBytesAndTheGoodOnesBetweenAreScored() async throws {
        try await LiveSuite.with { suite in
            for replica in ["a", "b"] { try suite.startAll(replica: replica) }
            // All in one partition of each topic, a good one after each bad one.
            let bads = BadInputTests.badInputs
            var messages: [Outgoing] = []
            var offsets: [(topic: Int16, offset: Int64)] = []
            var next: [String: Int64] = [:]
            func add(_ topic: String, _ value: [UInt8]?) {
                messages.append(Outgoing(topic: suite.topics.prefix + topic, partition: 1, value: value))
                next[topic, default: 0] += 1
            }
            for (index, bad) in bads.enumerated() {
                offsets.append((bad.topic == "transactions" ? 0 : 1, next[bad.topic, default: 0]))
                add(bad.topic, bad.value)
                // Minus nothing is nothing.
                add("transactions", Array(BadInputTests.transaction("good-\(index)", index == 0 ? ["amount": "-0"] : [:]).utf8))
            }
            add("outcomes", Array(BadInputTests.outcome().utf8))
            try await suite.send(messages)
            try await suite.drained(events: bads.count + 1, rejected: bads.count)

            let letters = try suite.expectWholeLanes(await suite.messages(on: suite.topics.rejected))
            #expect(letters.count == bads.count)
            var lettersByPlace: [String: [String: Any]] = [:]
            for letter in letters {
                let value = try #require(letter.value)
                let object = try #require(try JSONSerialization.jsonObject(with: Data(value)) as? [String: Any])
                lettersByPlace["\(object["topic"] ?? "")/\(object["partition"] ?? "")/\(object["offset"] ?? "")"] = object
            }
            for (bad, place) in zip(bads, offsets) {
                let rows = try await suite.query(
                    "SELECT reason, original FROM ledger.rejected WHERE topic = $1 AND source_partition = 1 AND source_offset = $2",
                    [.int16(place.topic), .int64(place.offset)])
                let name = "\(bad.reason.rawValue) at \(bad.topic)/\(place.offset)"
                #expect(rows.count == 1, "\(name)")
                let row = try rows.single()
                #expect(try row.text(0) == bad.reason.rawValue, "\(name)")
                let isSame = try row.optional(1, as: [UInt8].self) == bad.value
                #expect(isSame, "\(name): the row's bytes")
                let letter = try #require(lettersByPlace["\(bad.topic)/1/\(place.offset)"], "\(name)")
                #expect(letter["reason"] as? String == bad.reason.rawValue, "\(name)")
                let sent = (letter["original_base64"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) }
                let isSentSame = sent == bad.value
                #expect(isSentSame, "\(name): the letter's bytes")
            }
            #expect(try await suite.count("SELECT count(*) FROM scoring.score WHERE transaction_id LIKE 'good-%'") == bads.count)
            #expect(try await suite.count("SELECT count(*) FROM scoring.score WHERE amount_minor = 0") == 1)
            try await suite.expectNoIncident()
            try await suite.expectTruth()
        }
    }
}
