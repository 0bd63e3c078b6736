import Intake
import Testing

@Suite struct SchemaTests {
    @Test func defaultSchemaDeclaresCustomerThenTerminal() throws {
        let schema = try makeIntake().schema
        #expect(schema.name == "card-transactions" && schema.entities.map(\.name) == ["customer", "terminal"])
        #expect("\(schema.contentHash)".utf8.count == 64)
        #expect(schema.byteCountMax == 65_536 && schema.currency.fallback.map { "\($0)" } == "EUR")
    }

    @Test(
        arguments: [
            ("schema: card-transactions", "skema: x", "unknown key \"skema\""), ("depth_max: 8", "depth_max: 1", "between 2 and 64"),
            ("depth_max: 8", "", "lacks the key \"depth_max\""), ("latest: \"2100-01-01T00:00:00Z\"", "latest: 2100", "must be an instant"),
            ("latest: \"2100-01-01T00:00:00Z\"", "latest: \"1999-01-01T00:00:00Z\"", "not after"),
            ("  - name: terminal", "  - name: customer", "declared twice"), ("field: terminal", "field: customer", "two roles"),
            ("default: EUR", "default: eur", "must be a currency"), ("allowed: any", "allowed: all", "must be any or a list"),
            ("allowed: any", "allowed: [USD]", "not among the allowed"), ("declared: {}", "declared: {a: float}", "must be one of"),
            ("zero: accept", "zero: yes", "must be one of"), ("cleared: cleared", "cleared: ok", "must be one of"),
            ("verdict:\n    field: verdict", "verdict:\n    field: time", "two roles"),
            ("minor_max: 1000000000000", "minor_max: -1", "between"),
        ])
    func complaintsNameThePlaceAndTheProblem(old: String, new: String, problem: String) throws {
        let text = try schemaText(replacing: [(old, new)])
        let failure = try #require(throws: (any Error).self) { try IntakeSchema.load(Array(text.utf8), file: "my.yaml") }
        let complaint = "\(failure)"
        #expect(complaint.contains(problem), "\(complaint)")
        let place = complaint.split(separator: " ")[0].split(separator: ":")
        #expect(place.count == 3 && place[0] == "my.yaml" && place.dropFirst().allSatisfy { Int($0) != nil }, "\(complaint)")
    }

    @Test(arguments: [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("USD", 2), ("ZWG", 2), ("AED", 2)])
    func currenciesHaveTheirDecimals(code: String, exponent: Int) throws {
        let currency = try #require(Currency(code: code.utf8))
        #expect(currency.exponent == exponent && "\(currency)" == code)
    }

    @Test(arguments: ["", "EU", "EURO", "eur", "XXX", "XAU", "ZZZ", "AAA", "É"])
    func otherCodesAreNoCurrencies(code: String) {
        #expect(Currency(code: code.utf8) == nil)
    }
}
