import Intake
import RiskDomain
import Testing

private typealias Case = (message: String, reason: Rejection.Reason, field: String)

@Suite struct RejectionTests {
    @Test(
        arguments: [
            // The message
            ("", .emptyMessage, ""), (" \n", .emptyMessage, ""), ("{", .malformedJson, ""),
            (String(transaction().dropLast(10)), .malformedJson, ""), (transaction() + "}", .malformedJson, ""),
            ("[\(transaction())]", .wrongType, ""), ("\"text\"", .wrongType, ""), ("null", .wrongType, ""), ("1", .wrongType, ""),
            ("\u{FEFF}" + transaction(), .byteOrderMark, ""),
            (transaction(["attributes": String(repeating: "[", count: 50) + String(repeating: "]", count: 50)]), .tooDeep, "attributes"),
            (String(repeating: "[", count: 60_000), .tooDeep, ""),
            (transaction(["customer": "\"a\u{0}b\""]), .controlCharacter, ""),
            // Fields
            (transaction(["transaction_id": nil]), .missingField, "transaction_id"), (transaction(["time": nil]), .missingField, "time"),
            (transaction(["amount": nil]), .missingField, "amount"), (transaction(["customer": nil]), .missingField, "customer"),
            (transaction(["terminal": nil]), .missingField, "terminal"), ("{}", .missingField, "transaction_id"),
            (transaction(["colour": "1"]), .unknownField, "colour"), (transaction(["Time": "1"]), .unknownField, "Time"),
            (transaction(["a\\u0007b": "1"]), .unknownField, "a\u{FFFD}b"),
            (transaction(["": "1"]), .unknownField, ""), (transaction(["verdict": "\"fraud\""]), .unknownField, "verdict"),
            ("{\"amount\":1,\"amount\":1}", .duplicateField, "amount"),
            (transaction(["attributes": "{\"a\":1,\"\\u0061\":2}"]), .duplicateField, "a"),
            // Ids and entities
            (transaction(["transaction_id": "1.0"]), .wrongType, "transaction_id"),
            (transaction(["transaction_id": "-0"]), .wrongType, "transaction_id"),
            (transaction(["transaction_id": "1e3"]), .wrongType, "transaction_id"),
            (transaction(["customer": "null"]), .wrongType, "customer"),
            (transaction(["customer": "true"]), .wrongType, "customer"), (transaction(["customer": "[\"1\"]"]), .wrongType, "customer"),
            (transaction(["customer": "{}"]), .wrongType, "customer"), (transaction(["customer": "\"\""]), .emptyField, "customer"),
            (transaction(["transaction_id": "\"\(String(repeating: "x", count: 65))\""]), .tooLong, "transaction_id"),
            (transaction(["transaction_id": String(repeating: "9", count: 65)]), .tooLong, "transaction_id"),
            (transaction(["terminal": "\"a\\u0000\""]), .controlCharacter, "terminal"),
            (transaction(["terminal": "\"\\u007f\""]), .controlCharacter, "terminal"),
            (transaction(["terminal": "\"é\""]), .characterNotAllowed, "terminal"),
            (transaction(["customer": "\"\\ud800\""]), .loneSurrogate, ""),
            // Amounts
            (transaction(["amount": "NaN"]), .notFinite, "amount"), (transaction(["amount": "Infinity"]), .notFinite, "amount"),
            (transaction(["amount": "-Infinity"]), .notFinite, "amount"), (transaction(["amount": "\"NaN\""]), .amountMalformed, "amount"),
            (transaction(["amount": "1e309"]), .amountOverflow, "amount"),
            (transaction(["amount": "1e999999999999999999999"]), .amountOverflow, "amount"),
            (transaction(["amount": "92233720368547758.08"]), .amountOverflow, "amount"),
            (transaction(["amount": "10000000000.01"]), .amountOverflow, "amount"),
            (transaction(["amount": "9999999999999999999999999999"]), .amountOverflow, "amount"),
            (transaction(["amount": "-0.01"]), .negativeAmount, "amount"),
            (transaction(["amount": "24.781"]), .tooManyDecimals, "amount"), (transaction(["amount": "1e-3"]), .tooManyDecimals, "amount"),
            (transaction(["amount": "1e-99999999999999"]), .tooManyDecimals, "amount"),
            (transaction(["amount": "0.1000000000000000055511151231257827"]), .tooManyDecimals, "amount"),
            (transaction(["amount": "24.7", "currency": "\"JPY\""]), .tooManyDecimals, "amount"),
            (transaction(["amount": "24.7891", "currency": "\"KWD\""]), .tooManyDecimals, "amount"),
            (transaction(["amount": "\"24,78\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\"\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\"+1\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\" 1\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\"01\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\"1.\""]), .amountMalformed, "amount"),
            (transaction(["amount": "\"1e\""]), .amountMalformed, "amount"), (transaction(["amount": "\"-\""]), .amountMalformed, "amount"),
            (transaction(["amount": "true"]), .wrongType, "amount"), (transaction(["amount": "null"]), .wrongType, "amount"),
            (transaction(["amount": "01"]), .malformedJson, ""), (transaction(["amount": "0x10"]), .malformedJson, ""),
            // Currency
            (transaction(["currency": "\"eur\""]), .unknownCurrency, "currency"),
            (transaction(["currency": "\"XXX\""]), .unknownCurrency, "currency"),
            (transaction(["currency": "\"\""]), .unknownCurrency, "currency"), (transaction(["currency": "978"]), .wrongType, "currency"),
            // Times
            (transaction(["time": "\"1970-01-01T00:00:00Z\""]), .timeOutOfRange, "time"),
            (transaction(["time": "\"2100-01-01T00:00:00Z\""]), .timeOutOfRange, "time"),
            (transaction(["time": "\"1999-12-31T23:59:59.999999Z\""]), .timeOutOfRange, "time"),
            (transaction(["time": "\"2018-06-25T00:00:13\""]), .timeZoneMissing, "time"),
            (transaction(["time": "\"2018-06-25\""]), .timeMalformed, "time"),
            (transaction(["time": "\"2018-02-29T00:00:00Z\""]), .timeMalformed, "time"),
            (transaction(["time": "\"2018-13-01T00:00:00Z\""]), .timeMalformed, "time"),
            (transaction(["time": "\"2018-06-25T24:00:00Z\""]), .timeMalformed, "time"),
            (transaction(["time": "\"2018-06-25T00:00:13.1234567Z\""]), .timeTooFine, "time"),
            (transaction(["time": "1529884813"]), .wrongType, "time"),
            (transaction(["time": "\"\""]), .timeMalformed, "time"),
            // Attributes
            (transaction(["attributes": "[]"]), .wrongType, "attributes"),
            (transaction(["attributes": "{\"a\":{}}"]), .wrongType, "attributes.a"),
            (transaction(["attributes": "{\"a\":[1]}"]), .wrongType, "attributes.a"),
            (transaction(["attributes": "{\"a\":1e309}"]), .notFinite, "attributes.a"),
            (transaction(["attributes": "{\"a\":NaN}"]), .notFinite, "a"),
            (transaction(["attributes": "{\"a\":9223372036854775808}"]), .integerOverflow, "attributes.a"),
            (transaction(["attributes": "{\"\":1}"]), .emptyField, "attributes."),
            (transaction(["attributes": "{\"a\":\"\\u0000\"}"]), .controlCharacter, "attributes.a"),
            (transaction(["attributes": "{\"a\":\"\(String(repeating: "x", count: 513))\"}"]), .tooLong, "attributes.a"),
            (
                transaction(["attributes": "{" + (0..<33).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"]), .tooManyAttributes,
                "attributes"
            ),
        ] as [Case])
    private func badTransactionsSayWhatAndWhere(_ bad: Case) throws {
        let rejection = try #require(throws: Rejection.self) { try makeIntake().take(bad.message).get() }
        #expect(rejection.reason == bad.reason, "\(rejection)")
        #expect(rejection.field == bad.field, "\(rejection)")
    }

    @Test(
        arguments: [
            (outcome(["verdict": "\"maybe\""]), .unknownVerdict, "verdict"), (outcome(["verdict": "1"]), .wrongType, "verdict"),
            (outcome(["verdict": nil]), .missingField, "verdict"), (outcome(["transaction_time": nil]), .missingField, "transaction_time"),
            (outcome(["amount": "1"]), .unknownField, "amount"),
            (outcome(["time": "\"2018-06-25T00:00:12Z\""]), .timeBeforeTransaction, "time"),
            (outcome(["transaction_time": "\"1970-01-01T00:00:00Z\""]), .timeOutOfRange, "transaction_time"),
            (outcome(["customer": nil]), .missingField, "customer"), (outcome(["verdict": "\"FRAUD\""]), .unknownVerdict, "verdict"),
        ] as [Case])
    private func badOutcomesSayWhatAndWhere(_ bad: Case) throws {
        let rejection = try #require(throws: Rejection.self) { try makeIntake().take(bad.message, topic: .outcomes).get() }
        #expect(rejection.reason == bad.reason && rejection.field == bad.field, "\(rejection)")
    }

    @Test func messagesThatAreNotTextSayWhy() throws {
        let intake = try makeIntake()
        func reason(_ message: [UInt8]?) throws -> Rejection.Reason? {
            if case .failure(let rejection) = try intake.take(message) { rejection.reason } else { nil }
        }
        #expect(try reason(nil) == .nullPayload)
        #expect(try reason([UInt8](repeating: 0x20, count: 10_000_000)) == .tooLarge)
        #expect(try reason([UInt8](repeating: 0x20, count: 65_536)) == .emptyMessage)
        #expect(try reason(Array(transaction(["customer": "\"?\""]).utf8).map { $0 == 0x3F ? 0xFF : $0 }) == .invalidUTF8)
        #expect(try reason([0]) == .malformedJson)
        #expect(try reason([0xFF, 0xFE]) == .invalidUTF8)
    }

    @Test func schemaChoosesWhatElseIsRefused() throws {
        func rejection(_ message: String, _ lines: [(String, String)], timestampMicros: Int64 = 0) throws -> Rejection? {
            if case .failure(let rejection) = try makeIntake(replacing: lines).take(message, timestampMicros: timestampMicros) {
                rejection
            } else {
                nil
            }
        }
        #expect(try rejection(transaction(["amount": "-0"]), [("zero: accept", "zero: reject")])?.reason == .zeroAmount)
        #expect(try rejection(transaction(["amount": "-0.01"]), [("negative: reject", "negative: accept")]) == nil)
        #expect(try rejection(transaction(["currency": "\"USD\""]), [("allowed: any", "allowed: [EUR]")])?.reason == .currencyNotAllowed)
        #expect(try rejection(transaction(["currency": nil]), [("    default: EUR\n", "")])?.reason == .missingField)
        #expect(
            try rejection(transaction(["attributes": "{\"a\":1}"]), [("additional: keep", "additional: reject")])?.field == "attributes.a")
        let ahead = [("# ahead_of_record_max: 1h", "ahead_of_record_max: 1h")]
        let time: Int64 = 1_529_884_813_000_000
        #expect(try rejection(transaction(), ahead, timestampMicros: time - 3_600_000_000) == nil)
        #expect(try rejection(transaction(), ahead, timestampMicros: time - 3_600_000_001)?.reason == .timeAheadOfRecord)
        #expect(try rejection(transaction(), ahead, timestampMicros: -1) == nil)
        let declared = [("declared: {}", "declared: {n: number, i: integer, t: text, f: flag}")]
        #expect(try rejection(transaction(["attributes": "{\"n\":5,\"i\":-3,\"t\":\"\",\"f\":false}"]), declared) == nil)
        for bad in ["\"n\":\"5\"", "\"i\":5.0", "\"t\":5", "\"f\":0", "\"i\":1e2"] {
            #expect(try rejection(transaction(["attributes": "{\(bad)}"]), declared)?.reason == .wrongType)
        }
    }

    @Test func reasonsWordsAreSnakeCase() {
        for reason in Rejection.Reason.allCases {
            #expect(reason.rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F || $0 == 0x38 })
        }
    }
}
