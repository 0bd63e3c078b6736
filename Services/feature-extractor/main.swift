import Features
import Hosting
import ServiceRuntime
import Stages

let command = StageService.command(
    "assay-feature-extractor",
    abstract: "Computes the features of every transaction, one pass per entity.",
    fileKeys: [FileKeys.features]
) { configuration in
    let topics = TopicPlan(configuration)
    let features = try SuiteFiles.features(configuration)
    return StageService.Parts(
        members: features.passes.indices.map { StageHost.Member(PassStage(pass: $0, featureSet: features, topics: topics)) },
        passEntities: features.passes.map(\.entity))
}
await command.main()
