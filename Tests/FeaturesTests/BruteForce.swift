import Features
import RiskDomain

/// The definitions, word for word, over plain lists: every window is a filter over everything that arrived.
struct BruteForce {
    private struct Seen {
        var id: Int
        var time: Int64
        var amount: Int64
        var exponent: Int
        var outcomes: [(time: Int64, isFraud: Bool)] = []
    }

    private let features: [FeatureDefinition]
    private let retention: Int64
    private let needsLabels: Bool
    private var histories: [Int: [Seen]] = [:]

    init(_ set: FeatureSet) {
        features = set.passes[0].features
        var reach: Int64 = 0
        var needsLabels = false
        for case .aggregate(let aggregate, let window) in features.map(\.kind) {
            reach = max(reach, window.reachMicros)
            needsLabels = needsLabels || aggregate.needsLabels
        }
        retention = reach + set.latenessMicros
        self.needsLabels = needsLabels
    }

    private func verdict(_ seen: Seen, at time: Int64) -> Bool? {
        // `max(by:)` gives the last of equals, which is the last to arrive.
        var latest: (time: Int64, isFraud: Bool)?
        for outcome in seen.outcomes where outcome.time <= time && outcome.time >= latest?.time ?? Int64.min { latest = outcome }
        return latest?.isFraud
    }

    mutating func fold(_ record: StreamRecord) -> Folded {
        switch record {
        case .transaction(let id, let time, let amount, let exponent, let entity):
            var history = histories[entity, default: []]
            let expiry = history.map(\.time).max().map { $0 - retention } ?? Int64.min
            let forgottenThrough = history.map(\.time).filter { $0 <= expiry }.max() ?? Int64.min
            history.append(Seen(id: id, time: time, amount: amount, exponent: exponent))
            histories[entity] = history
            var values: [Double] = []
            for feature in features {
                switch feature.kind {
                case .amount: values.append(Double(amount) / [1, 10, 100, 1_000][exponent])
                case .weekend: values.append([2, 3].contains((time / day) % 7) ? 1 : 0)
                case .night: values.append(time % day / (3_600 * second) <= 6 ? 1 : 0)
                case .aggregate(let aggregate, let window):
                    let end = time - window.delayMicros
                    let start = end - window.lengthMicros
                    let inside = history.filter { start < $0.time && $0.time <= end }
                    let thousandths = inside.reduce(0) { $0 + $1.amount * [1_000, 100, 10, 1][$1.exponent] }
                    let frauds = inside.count { verdict($0, at: time) == true }
                    let value: Double =
                        switch aggregate {
                        case .count: Double(inside.count)
                        case .sum: Double(thousandths) / 1_000
                        case .mean: inside.isEmpty ? 0 : Double(thousandths) / Double(inside.count * 1_000)
                        case .fraudCount: Double(frauds)
                        case .fraudRate: inside.isEmpty ? 0 : Double(frauds) / Double(inside.count)
                        }
                    values.append(start < forgottenThrough ? .nan : value)
                }
            }
            return Folded(marker: time <= expiry ? .tooLate : .none, values: bits(values))
        case .outcome(let id, let time, _, let isFraud, let entity):
            guard needsLabels else { return Folded(marker: .none, values: []) }
            let history = histories[entity, default: []]
            let expiry = history.map(\.time).max().map { $0 - retention } ?? Int64.min
            guard let place = history.firstIndex(where: { $0.id == id && $0.time > expiry }) else {
                return Folded(marker: .labelUnmatched, values: [])
            }
            let known = verdict(history[place], at: time)
            histories[entity]![place].outcomes.append((time, isFraud))
            return Folded(marker: known == isFraud ? .labelRepeated : .labelFolded, values: [])
        }
    }
}
