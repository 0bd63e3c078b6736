import Contracts
import RiskDomain

extension Event {
    static func arbitrary(using rng: inout SplitMix64) -> Event {
        func text(_ lengthMax: Int) -> String {
            String((0..<Int.random(in: 1...lengthMax, using: &rng)).map { _ in "aZ09-_ é\u{1F600}\"\\".randomElement(using: &rng)! })
        }
        func number() -> Int64 {
            [0, 1, -1, .max, .min, 127, 128, Int64.random(in: -100_000...100_000, using: &rng)].randomElement(using: &rng)!
        }
        let body: Body
        if Bool.random(using: &rng) {
            body = .outcome(Verdict.allCases.randomElement(using: &rng)!, transactionTime: EventTime(micros: number()))
        } else {
            let attributes = (0..<Int.random(in: 0...4, using: &rng)).map { _ in
                let value: Attribute.Value =
                    switch Int.random(in: 0..<4, using: &rng) {
                    case 0: .text(Bool.random(using: &rng) ? "" : text(200))
                    case 1: .integer(number())
                    case 2: .number([0, -0.0, .infinity, 0.1, -1e300].randomElement(using: &rng)!)
                    default: .flag(Bool.random(using: &rng))
                    }
                return Attribute(name: text(12), value: value)
            }
            body = .transaction(
                amountMinor: number(), currency: Bool.random(using: &rng) ? "EUR" : "", attributes: attributes)
        }
        return Event(
            id: text(70), time: EventTime(micros: number()),
            source: SourceCoordinates(
                topic: SourceTopic.allCases.randomElement(using: &rng)!,
                partition: [0, 7, Int32.max].randomElement(using: &rng)!,
                offset: [0, 300, Int64.max].randomElement(using: &rng)!),
            sourceTimestampMicros: number(), entities: (0..<Int.random(in: 0...8, using: &rng)).map { _ in text(20) }, body: body)
    }
}

/// Decodes everything that `bytes` might be, to the last field. Every outcome is fine but a trap.
func decodeEverything(_ bytes: UnsafeRawBufferPointer) {
    if let view = try? EventView(decoding: bytes) {
        _ = try? Event(view)
        for index in 0..<view.entityCount { _ = view.entity(index).count }
        for attribute in view.attributes { _ = attribute.name.count }
    }
    if let view = try? FeatureRecordView(decoding: bytes) {
        for index in 0..<view.valueCount { _ = view.value(index) }
    }
    if let view = try? RunView(decoding: bytes) {
        for record in view.records { _ = try? EventView(decoding: record) }
    }
    _ = try? Control(decoding: bytes)
}
