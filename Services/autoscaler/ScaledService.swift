import Features
import RiskDomain
import Stages

/// A service whose replicas are counted and kept, with the stages that each of its replicas runs.
struct ScaledService: Sendable {
    struct Stage: Sendable {
        /// As in `pipeline.progress`.
        var name: String
        var inputTopic: String
    }

    /// The service's replicas are named `name-1`, `name-2` and so on.
    var name: String
    var executable: String
    var stages: [Stage]

    static func all(topics: TopicPlan, features: FeatureSet) -> [ScaledService] {
        [
            ScaledService(
                name: "ingest", executable: "assay-ingest",
                stages: [
                    Stage(name: IngestStage.name(.transactions), inputTopic: topics.transactions),
                    Stage(name: IngestStage.name(.outcomes), inputTopic: topics.outcomes),
                ]),
            ScaledService(
                name: "feature-extractor", executable: "assay-feature-extractor",
                stages: features.passes.indices.map {
                    Stage(name: PassStage.name($0, of: features), inputTopic: topics.passInput($0, entity: features.passes[$0].entity))
                }),
            ScaledService(
                name: "scorer", executable: "assay-scorer", stages: [Stage(name: ScoreStage.name, inputTopic: topics.features)]),
        ]
    }
}
