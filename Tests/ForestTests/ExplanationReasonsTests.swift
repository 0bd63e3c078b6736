import Forest
import Foundation
import Testing
import Yaml

@Suite struct ReasonWordsTests {
    private static let features = ["amount", "night", "count_1d", "count_7d", "risk"]

    private static func file(_ changes: [(String, String)] = []) throws -> ReasonFile {
        var text = """
            name: test
            most: 3
            reasons:
              - {code: RISK, features: [risk], text: terminal, typical: 0.1, high: risky, low: safe, missing: unknown}
              - {code: COUNT, features: [count_7d, count_1d], text: frequency, typical: [10, 2], high: often, low: seldom}
              - {code: AMOUNT, features: [amount], text: amount}
            silent: [night]
            """
        for (found, replacement) in changes {
            #expect(text.contains(found))
            text = text.replacingOccurrences(of: found, with: replacement)
        }
        return try ReasonFile(yaml: Array(text.utf8), file: "reasons.yaml")
    }

    private static func told(_ contributions: [Double], _ row: [Double], _ words: ReasonWords) -> [String] {
        var reasons = TopReasons()
        words.reasons(contributions: contributions, row: row, into: &reasons)
        return reasons.map { "\(words.code(of: $0)) \(features[Int($0.feature)]) \($0.contribution) \(words.text(of: $0))" }
    }

    @Test func featuresOfAReasonAreSummedAndTheGreatestIsShown() throws {
        let words = try Self.file().words(for: Self.features)
        #expect(
            Self.told([0.25, 9, 0.25, 0.5, 0.5], [1, 1, 3, 4, 0.2], words) == [
                "COUNT count_7d 0.75 seldom", "RISK risk 0.5 risky", "AMOUNT amount 0.25 amount",
            ])
        #expect(Self.told([0, 9, 0.5, 0.25, -1], [1, 1, 3, 4, 0.2], words) == ["COUNT count_1d 0.75 often"])
        #expect(Self.told([0, 9, 0.5, -0.5, 1], [1, 1, 3, 4, .nan], words) == ["RISK risk 1.0 unknown"])
        #expect(Self.told([0, 0, 0, 0, 1], [1, 1, 3, 4, 0.1], words) == ["RISK risk 1.0 safe"])
    }

    @Test func equalReasonsStandInTheOrderOfTheModelsFeatures() throws {
        let words = try Self.file().words(for: Self.features)
        #expect(words.entries.map(\.code) == ["AMOUNT", "COUNT", "RISK"])
        #expect(Self.told([1, 0, 0.5, 0.5, 1], [1, 1, 3, 4, 1], words).map { $0.prefix(2) } == ["AM", "CO", "RI"])
        #expect(Self.told([0, 0, 0.5, 0.5, 0], [1, 1, 3, 4, 1], words) == ["COUNT count_1d 1.0 often"])
        let limited = try Self.file([("most: 3", "most: 2")]).words(for: Self.features)
        #expect(Self.told([1, 0, 0.5, 0.5, 1], [1, 1, 3, 4, 1], limited).map { $0.prefix(2) } == ["AM", "CO"])
    }

    @Test func withoutAFileEveryFeatureIsAReasonByItsName() {
        let words = ReasonWords(features: Self.features)
        #expect(
            Self.told([0.5, -1, 0.25, 1, 0], [1, .nan, 3, 4, 1], words) == [
                "count_7d count_7d 1.0 count_7d", "amount amount 0.5 amount", "count_1d count_1d 0.25 count_1d",
            ])
    }

    /// At most four, positive, greatest first, of equal ones the first feature's.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func reasonsAgreeWithSorting(seed: UInt64) {
        var random = Seeded(seed)
        let contributions = (0..<Int.random(in: 1...12, using: &random)).map { _ in Double(Int.random(in: -3...4, using: &random)) }
        let sorted = contributions.indices.filter { contributions[$0] > 0 }.sorted { (-contributions[$0], $0) < (-contributions[$1], $1) }
        var reasons = TopReasons()
        ReasonWords(features: contributions.indices.map { "f\($0)" }).reasons(
            contributions: contributions, row: contributions, into: &reasons)
        #expect(reasons.map { Int($0.feature) } == Array(sorted.prefix(4)))
        #expect(reasons.map(\.contribution) == sorted.prefix(4).map { contributions[$0] })
    }

    @Test func theDefaultFileHasWordsForTheDefaultFeatures() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = try ReasonFile(
            yaml: Array(try Data(contentsOf: root.appendingPathComponent("config/card-reasons.yaml"))), file: "config/card-reasons.yaml")
        let features = try YamlDocument.parse(
            Array(try Data(contentsOf: root.appendingPathComponent("config/card-features.yaml"))), file: "card-features.yaml")
        let names = try features.root.mapping().required("passes").sequence().flatMap {
            try $0.mapping().required("features").sequence().map { try $0.mapping().required("name").string() }
        }
        #expect(names.count == 15)
        #expect(try file.words(for: names).entries.count == 6)
    }

    @Test(
        arguments: [
            ("most: 3", "most: 5", "most must be between 1 and 4"), ("most: 3", "moast: 3", "did you mean most?"),
            ("code: COUNT", "code: RISK", "repeats the code RISK"),
            ("silent: [night]", "silent: [night, risk]", "names the feature risk again"),
            ("features: [amount]", "features: []", "is empty"), (", low: seldom", "", "typical and high alone"),
            ("typical: [10, 2]", "typical: [10]", "has 1 values for 2 features"), ("typical: 0.1", "typical: none", "must be a number"),
            ("text: amount", "txt: amount", "unknown key"), ("features: [amount]", "features: [amuont]", "did you mean amount?"),
            ("silent: [night]", "silent: []", #"no reason has the model's feature "night""#),
        ])
    func aWrongFileIsRefused(found: String, replacement: String, message: String) {
        #expect {
            try Self.file([(found, replacement)]).words(for: Self.features)
        } throws: { error in
            "\(error)".contains(message) && "\(error)".hasPrefix("reasons.yaml:")
        }
    }
}
