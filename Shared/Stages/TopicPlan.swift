/// Names and partition counts of the suite's topics.
package struct TopicPlan: Sendable {
    /// Comes before every name, so that several deployments can share a cluster.
    package var prefix = "assay."
    package var transactionsPartitions = 4
    package var outcomesPartitions = 2
    package var eventsPartitions = 4
    package var featuresPartitions = 4
    package var scoresPartitions = 4
    package var rejectedPartitions = 1

    package init() {}

    package var transactions: String { prefix + "transactions" }
    package var outcomes: String { prefix + "outcomes" }
    package var events: String { prefix + "events" }
    package var features: String { prefix + "features" }
    package var scores: String { prefix + "scores" }
    package var rejected: String { prefix + "rejected" }

    /// Input topic of a pass: `events` for the first, `events.<entity>` for the others.
    package func passInput(_ pass: Int, entity: String) -> String { pass == 0 ? events : "\(events).\(entity)" }

    /// Every topic with its partition count, for a feature set over these entities.
    package func all(passEntities: [String]) -> [(name: String, partitions: Int)] {
        [(transactions, transactionsPartitions), (outcomes, outcomesPartitions), (rejected, rejectedPartitions)]
            + passEntities.enumerated().map { (passInput($0.offset, entity: $0.element), eventsPartitions) }
            + [(features, featuresPartitions), (scores, scoresPartitions)]
    }
}

/// The numbers by which lanes know the stages. Never reused.
package enum StageNumber {
    package static let ingestTransactions: UInt32 = 1
    package static let ingestOutcomes: UInt32 = 2
    package static let score: UInt32 = 3
    package static func pass(_ index: Int) -> UInt32 { 16 + UInt32(index) }
}
