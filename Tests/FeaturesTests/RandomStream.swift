import Features
import Hashing
import RiskDomain

let second: Int64 = 1_000_000
let day: Int64 = 86_400 * second

/// One record of a partition.
enum StreamRecord {
    case transaction(id: Int, time: Int64, amount: Int64, exponent: Int, entity: Int)
    case outcome(id: Int, time: Int64, transactionTime: Int64, isFraud: Bool, entity: Int)
}

/// A random feature set of one pass over entity 0, and a random stream for it.
struct RandomStream {
    var set: FeatureSet
    var records: [StreamRecord] = []

    static let spans: [Int64] = [1, second, 2 * second, 60 * second, 3_600 * second, day, 7 * day, 30 * day, 365 * day, 1_826 * day]

    init(seed: UInt64, count: Int = 160, isLatenessGenerous: Bool) {
        var rng = SplitMix64(seed: seed)
        // Windows near one scale, so that their edges fall among the events, and one from anywhere.
        let scale = Self.spans.randomElement(using: &rng)!
        var features = [
            FeatureDefinition(name: "amount", kind: .amount), FeatureDefinition(name: "weekend", kind: .weekend),
            FeatureDefinition(name: "night", kind: .night),
        ]
        for index in 0..<4 {
            let near = min(FeatureSet.spanMicrosMax, max(1, scale * Int64.random(in: 1...12, using: &rng) / 4))
            let length = index == 3 ? Self.spans.randomElement(using: &rng)! : near
            let delay =
                Bool.random(using: &rng) ? 0 : min(FeatureSet.spanMicrosMax, max(1, scale * Int64.random(in: 1...8, using: &rng) / 4))
            for aggregate in Aggregate.allCases where Int.random(in: 0..<4, using: &rng) > 0 {
                features.append(
                    FeatureDefinition(
                        name: "\(aggregate)\(index)", kind: .aggregate(aggregate, Window(lengthMicros: length, delayMicros: delay))))
            }
        }
        let lateness = isLatenessGenerous ? FeatureSet.spanMicrosMax : scale * Int64.random(in: 0...4, using: &rng) / 4
        set = FeatureSet(
            name: "random", entities: ["entity"], passes: [FeaturePass(entity: "entity", entityIndex: 0, features: features)],
            duplicateHorizonMicros: FeatureSet.spanMicrosMax, latenessMicros: lateness)

        var clock: Int64 = 1_530_000_000 * second
        var transactions: [(id: Int, time: Int64, entity: Int)] = []
        for id in 0..<count {
            if Int.random(in: 0..<3, using: &rng) > 0 || transactions.isEmpty {
                if Int.random(in: 0..<3, using: &rng) > 0 { clock += Int64.random(in: 0...max(1, scale / 2), using: &rng) }
                let isLate = Int.random(in: 0..<4, using: &rng) == 0
                // On a coarse grid, so that times tie with each other and with the edges of windows.
                let grid = max(1, scale / 4)
                var time = clock - (isLate ? Int64.random(in: 0...min(FeatureSet.spanMicrosMax / 2, max(1, scale * 6)), using: &rng) : 0)
                if Bool.random(using: &rng) { time -= time % grid }
                let entity = Int.random(in: 0..<3, using: &rng)
                let exponent = [2, 2, 2, 0, 3].randomElement(using: &rng)!
                records.append(
                    .transaction(
                        id: id, time: time, amount: Int64.random(in: 0...100_000, using: &rng), exponent: exponent, entity: entity))
                transactions.append((id, time, entity))
            } else {
                let known = transactions.suffix(40).randomElement(using: &rng)!
                let offset = Int64.random(in: -scale...scale * 3, using: &rng)
                let time = Bool.random(using: &rng) ? known.time : known.time + offset
                // Some sources are wrong about the transaction's time; some name a transaction that nobody knows.
                let transactionTime = Int.random(in: 0..<8, using: &rng) == 0 ? known.time + 1 : known.time
                let unknown = Int.random(in: 0..<12, using: &rng) == 0
                records.append(
                    .outcome(
                        id: unknown ? 1_000_000 + id : known.id, time: time, transactionTime: transactionTime,
                        isFraud: Int.random(in: 0..<3, using: &rng) > 0, entity: known.entity))
            }
        }
    }
}

/// Bit-exact: `NaN` equals `NaN`, 0 differs from -0.
func bits(_ values: [Double]) -> [UInt64] { values.map { $0.isNaN ? UInt64.max : $0.bitPattern } }

func key(_ number: Int) -> [UInt8] { Array("\(number)".utf8) }

/// A row of a stream's result.
struct Folded: Hashable {
    var marker: Marker
    var values: [UInt64]
}

extension PassFold {
    /// Folds one record the way a stage does.
    func fold(_ record: StreamRecord, into state: PassState) -> Folded {
        var values: [Double] = []
        let marker: Marker
        switch record {
        case .transaction(let id, let time, let amount, let exponent, let entity):
            marker = transaction(
                id: key(id), body: Hash128(of: Array("\(time) \(amount) \(exponent) \(entity)".utf8)), time: time, amount: amount,
                exponent: exponent, entity: key(entity), into: state, values: &values)
        case .outcome(let id, let time, let transactionTime, let isFraud, let entity):
            marker = key(id).withUnsafeBytes { id in
                key(entity).withUnsafeBytes { entity in
                    outcome(
                        id: id, time: EventTime(micros: time), transactionTime: EventTime(micros: transactionTime),
                        verdict: isFraud ? .fraud : .cleared, entity: entity, into: state)
                }
            }
        }
        return Folded(marker: marker, values: bits(values))
    }

    func transaction(
        id: [UInt8], body: Hash128 = .zero, time: Int64, amount: Int64, exponent: Int = 2, entity: [UInt8], into state: PassState,
        values: inout [Double]
    ) -> Marker {
        id.withUnsafeBytes { id in
            entity.withUnsafeBytes { entity in
                transaction(
                    id: id, bodyHash: body, time: EventTime(micros: time), amountMinor: amount, currencyExponent: exponent, entity: entity,
                    into: state, values: &values)
            }
        }
    }
}
