import Features
import Foundation
import Hashing
import Testing
import Yaml

@Suite struct FeatureSetFileTests {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func cardFeatures() throws -> FeatureSet {
        let bytes = try Data(contentsOf: package.appendingPathComponent("config/card-features.yaml"))
        return try FeatureSet(yaml: Array(bytes), file: "config/card-features.yaml")
    }

    @Test func theDefaultFileHoldsTheHandbooksFeaturesAndTheAmount() throws {
        let set = try Self.cardFeatures()
        #expect(set.name == "card-handbook")
        #expect(set.entities == ["customer", "terminal"])
        #expect(
            set.featureNames == [
                "TX_AMOUNT", "TX_DURING_WEEKEND", "TX_DURING_NIGHT", "CUSTOMER_ID_NB_TX_1DAY_WINDOW", "CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW",
                "CUSTOMER_ID_NB_TX_7DAY_WINDOW", "CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW", "CUSTOMER_ID_NB_TX_30DAY_WINDOW",
                "CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW", "TERMINAL_ID_NB_TX_1DAY_WINDOW", "TERMINAL_ID_RISK_1DAY_WINDOW",
                "TERMINAL_ID_NB_TX_7DAY_WINDOW", "TERMINAL_ID_RISK_7DAY_WINDOW", "TERMINAL_ID_NB_TX_30DAY_WINDOW",
                "TERMINAL_ID_RISK_30DAY_WINDOW",
            ])
        #expect(set.columns(ofPass: 0) == 0..<9)
        #expect(set.columns(ofPass: 1) == 9..<15)
        #expect(set.passes.map(\.entityIndex) == [0, 1])
        #expect(set.passes[1].features[5].kind == .aggregate(.fraudRate, Window(lengthMicros: 30 * day, delayMicros: 7 * day)))
        #expect(set.duplicateHorizonMicros == 30 * day)
        #expect(set.latenessMicros == day)
    }

    @Test func theHashIsThatOfTheFilesBytes() throws {
        let first = Array(Self.file().utf8)
        let second = Array((Self.file() + "# a comment\n").utf8)
        #expect(try FeatureSet(yaml: first, file: "f").hash == ContentHash(of: first))
        #expect(try FeatureSet(yaml: first, file: "f").hash != FeatureSet(yaml: second, file: "f").hash)
    }

    /// A small good file with one line replaced.
    static func file(replacing line: String = "", with text: String = "") -> String {
        let good = """
            name: small
            entities: [card, shop]
            duplicates:
              horizon: 1d
            lateness: 1h
            passes:
              - entity: card
                features:
                  - {name: a, kind: amount}
                  - {name: b, kind: count, window: 1s}
              - entity: shop
                features:
                  - {name: c, kind: fraud_rate, window: 1826d, delay: 7d}

            """
        return line.isEmpty ? good : good.replacingOccurrences(of: line, with: text)
    }

    @Test func everyKindIsRead() throws {
        for (word, kind) in [
            ("count", Aggregate.count), ("sum", .sum), ("mean", .mean), ("fraud_count", .fraudCount), ("fraud_rate", .fraudRate),
        ] {
            let set = try FeatureSet(yaml: Array(Self.file(replacing: "kind: count", with: "kind: \(word)").utf8), file: "f")
            #expect(set.passes[0].features[1].kind == .aggregate(kind, Window(lengthMicros: second)))
        }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var line: String
        var text: String
        var place: String
        var says: String
        var testDescription: String { "\(line) -> \(text)" }
    }

    @Test(arguments: [
        Fault(line: "name: small", text: "name: two words", place: "f:1:7", says: "must be a name"),
        Fault(line: "name: small", text: "nam: small", place: "f:1:1", says: "did you mean name?"),
        Fault(line: "name: small\n", text: "", place: "f:1:1", says: "lacks the key \"name\""),
        Fault(line: "[card, shop]", text: "[card, card]", place: "f:2:18", says: "repeats the entity card"),
        Fault(line: "[card, shop]", text: "card", place: "f:2:11", says: "must be a list"),
        Fault(line: "horizon: 1d", text: "horizon: 0s", place: "f:4:12", says: "longer than 0s"),
        Fault(line: "horizon: 1d", text: "horizon: 1 day", place: "f:4:12", says: "must be a duration"),
        Fault(line: "horizon: 1d", text: "horizont: 1d", place: "f:4:3", says: "unknown key"),
        Fault(line: "lateness: 1h", text: "lateness: 4000d", place: "f:5:11", says: "at most 3653d"),
        Fault(line: "lateness: 1h", text: "lateness: -1h", place: "f:5:11", says: "must be a duration"),
        Fault(line: "lateness: 1h\n", text: "", place: "f:1:1", says: "lacks the key \"lateness\""),
        Fault(line: "entity: shop", text: "entity: shopp", place: "f:11:13", says: "not an entity"),
        Fault(line: "kind: amount", text: "kind: amonut", place: "f:9:25", says: "did you mean amount?"),
        Fault(line: "kind: amount", text: "kind: amount, window: 1d", place: "f:9:33", says: "has no meaning"),
        Fault(line: "kind: count, window: 1s", text: "kind: count", place: "f:10:9", says: "lacks the key \"window\""),
        Fault(line: "window: 1s", text: "window: 0s", place: "f:10:40", says: "longer than 0s"),
        Fault(line: "window: 1s", text: "window: 11y", place: "f:10:40", says: "must be a duration"),
        Fault(line: "window: 1s", text: "window: 1s, width: 2s", place: "f:10:44", says: "unknown key \"width\""),
        Fault(line: "name: c", text: "name: a", place: "f:13:9", says: "repeats the name a"),
        Fault(line: "name: c", text: "name: \"\"", place: "f:13:16", says: "must be a name"),
        Fault(line: "delay: 7d", text: "delay: [7d]", place: "f:13:59", says: "must be a duration"),
    ])
    func eachFaultIsNamedWithItsPlace(fault: Fault) {
        do {
            _ = try FeatureSet(yaml: Array(Self.file(replacing: fault.line, with: fault.text).utf8), file: "f")
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(fault.place + ":"), "\(error)")
            #expect(error.description.contains(fault.says), "\(error)")
        }
    }

    @Test(arguments: ["", "passes: []", "- 1", "name: [", "a: &b 1"])
    func whatIsNoFeatureSetIsRefused(text: String) {
        #expect(throws: YamlFailure.self) { try FeatureSet(yaml: Array(text.utf8), file: "f") }
    }
}
