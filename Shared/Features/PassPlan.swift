/// What one pass needs at run time, worked out once from its features.
///
/// Windows are reduced to *boundaries*: ages `b` such that the transactions with `time <= t - b` are a prefix of the entity's history.
/// A window `(t - delay - length, t - delay]` is the difference of the prefixes at `delay` and at `delay + length`, so windows that share
/// an edge share its upkeep.
struct PassPlan: Sendable {
    enum Source: Sendable { case amount, weekend, night, count, sum, mean, fraudCount, fraudRate }

    /// How one column is computed. For aggregates `near` and `far` are places in ``boundaries``, `window` a place in ``windows``.
    struct Step: Sendable {
        var source: Source
        var near = 0
        var far = 0
        var window = 0
    }

    let steps: [Step]
    /// Ages in microseconds, ascending, unique.
    let boundaries: [Int64]
    let windows: [Window]
    let needsAmounts: Bool
    let needsLabels: Bool
    /// Age, relative to an entity's newest transaction, from which a transaction is forgotten: the farthest reach plus the lateness.
    let retentionMicros: Int64

    /// Whether any history is kept at all.
    var keepsHistory: Bool { !windows.isEmpty }

    init(_ set: FeatureSet, pass: Int) {
        var windows: [Window] = []
        var needsAmounts = false
        var needsLabels = false
        for case .aggregate(let aggregate, let window) in set.passes[pass].features.map(\.kind) {
            if !windows.contains(window) { windows.append(window) }
            needsAmounts = needsAmounts || aggregate.needsAmounts
            needsLabels = needsLabels || aggregate.needsLabels
        }
        var boundaries: [Int64] = []
        for age in windows.flatMap({ [$0.delayMicros, $0.reachMicros] }).sorted() where boundaries.last != age { boundaries.append(age) }
        steps = set.passes[pass].features.map { feature in
            switch feature.kind {
            case .amount: return Step(source: .amount)
            case .weekend: return Step(source: .weekend)
            case .night: return Step(source: .night)
            case .aggregate(let aggregate, let window):
                let source: Source =
                    switch aggregate {
                    case .count: .count
                    case .sum: .sum
                    case .mean: .mean
                    case .fraudCount: .fraudCount
                    case .fraudRate: .fraudRate
                    }
                // Both edges and the window were collected from this very list above.
                return Step(
                    source: source, near: boundaries.firstIndex(of: window.delayMicros)!,
                    far: boundaries.firstIndex(of: window.reachMicros)!, window: windows.firstIndex(of: window)!)
            }
        }
        self.windows = windows
        self.boundaries = boundaries
        self.needsAmounts = needsAmounts
        self.needsLabels = needsLabels
        retentionMicros = (boundaries.last ?? 0) + set.latenessMicros
    }
}
