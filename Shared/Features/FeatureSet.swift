package import Hashing

/// What a feature is computed from. Durations are microseconds of event time.
package enum FeatureKind: Hashable, Sendable {
    /// The transaction's amount in major units of its own currency.
    case amount
    /// 1 on Saturday and Sunday (UTC), else 0.
    case weekend
    /// 1 when the hour of the day (UTC) is 0...6, else 0. The handbook counts 06:00...06:59 as night.
    case night
    /// An aggregate of the pass's entity over a sliding window.
    case aggregate(Aggregate, Window)
}

/// What is aggregated over a window.
package enum Aggregate: UInt8, Hashable, Sendable, CaseIterable {
    /// Number of transactions.
    case count
    /// Sum of the amounts, major units. Currencies are added as they are: one entity is expected to use one.
    case sum
    /// Mean amount, major units; 0 over an empty window.
    case mean
    /// Number of transactions known as fraud at the current transaction's time.
    case fraudCount
    /// `fraudCount / count`; 0 over an empty window.
    case fraudRate

    package var needsAmounts: Bool { self == .sum || self == .mean }
    package var needsLabels: Bool { self == .fraudCount || self == .fraudRate }
}

/// The true sliding window `(t - delay - length, t - delay]` at a transaction's event time `t`.
///
/// It includes the current transaction when `delay` is 0. Transactions of one instant count for each other in order of arrival:
/// the earlier one is in the later one's window, not the other way round.
package struct Window: Hashable, Sendable {
    /// Microseconds, `1...FeatureSet.spanMicrosMax`.
    package var lengthMicros: Int64
    /// Microseconds, `0...FeatureSet.spanMicrosMax`.
    package var delayMicros: Int64

    package init(lengthMicros: Int64, delayMicros: Int64 = 0) {
        self.lengthMicros = lengthMicros
        self.delayMicros = delayMicros
    }

    /// How far back the window reaches.
    package var reachMicros: Int64 { lengthMicros + delayMicros }
}

/// One column of a feature vector.
package struct FeatureDefinition: Hashable, Sendable {
    package var name: String
    package var kind: FeatureKind

    package init(name: String, kind: FeatureKind) {
        self.name = name
        self.kind = kind
    }
}

/// One pass: the features that the owner of an entity's history can compute.
package struct FeaturePass: Hashable, Sendable {
    /// Name of the entity, for people.
    package var entity: String
    /// Place of the entity's key among an event's entities, from 0.
    package var entityIndex: Int
    package var features: [FeatureDefinition]

    package init(entity: String, entityIndex: Int, features: [FeatureDefinition]) {
        self.entity = entity
        self.entityIndex = entityIndex
        self.features = features
    }
}

/// Which features are computed, over which entities, in which order.
package struct FeatureSet: Hashable, Sendable {
    /// Ten years: the longest window, delay, lateness or horizon.
    package static let spanMicrosMax: Int64 = 3_653 * 86_400_000_000
    package static let featureCountMax = 1_024
    package static let passCountMax = 16

    package let name: String
    /// Entities of an event in their order, by name.
    package let entities: [String]
    package let passes: [FeaturePass]
    /// For how long, in event time, the first pass remembers a transaction's id.
    package let duplicateHorizonMicros: Int64
    /// How far behind its entity's newest event a transaction may be and still find every window whole.
    package let latenessMicros: Int64
    /// SHA-256 of the file, or of the description for a set made in code.
    package let hash: ContentHash

    /// - Precondition: what the file reader enforces: at least one pass, spans within bounds, unique feature names, known entities.
    package init(
        name: String, entities: [String], passes: [FeaturePass], duplicateHorizonMicros: Int64, latenessMicros: Int64,
        hash: ContentHash? = nil
    ) {
        precondition((1...FeatureSet.passCountMax).contains(passes.count), "a feature set has 1...16 passes")
        precondition((1...FeatureSet.spanMicrosMax).contains(duplicateHorizonMicros), "duplicate horizon out of bounds")
        precondition((0...FeatureSet.spanMicrosMax).contains(latenessMicros), "lateness out of bounds")
        let features = passes.flatMap(\.features)
        precondition((1...FeatureSet.featureCountMax).contains(features.count), "a feature set has 1...1024 features")
        precondition(Set(features.map(\.name)).count == features.count, "feature names are unique")
        for pass in passes { precondition(entities.indices.contains(pass.entityIndex), "a pass names an entity of the set") }
        for case .aggregate(_, let window) in features.map(\.kind) {
            precondition(
                (1...FeatureSet.spanMicrosMax).contains(window.lengthMicros)
                    && (0...FeatureSet.spanMicrosMax).contains(window.delayMicros), "window out of bounds")
        }
        self.name = name
        self.entities = entities
        self.passes = passes
        self.duplicateHorizonMicros = duplicateHorizonMicros
        self.latenessMicros = latenessMicros
        self.hash =
            hash ?? ContentHash(of: Array("\(name) \(entities) \(passes) \(duplicateHorizonMicros) \(latenessMicros)".utf8))
    }

    /// Names of all columns, pass after pass.
    package var featureNames: [String] { passes.flatMap { $0.features.map(\.name) } }

    package var featureCount: Int { passes.reduce(0) { $0 + $1.features.count } }

    /// Columns that a pass appends.
    package func columns(ofPass pass: Int) -> Range<Int> {
        let start = passes[..<pass].reduce(0) { $0 + $1.features.count }
        return start..<start + passes[pass].features.count
    }
}
