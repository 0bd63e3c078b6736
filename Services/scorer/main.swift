import Features
import Hosting
import ServiceRuntime
import Stages

let command = StageService.command(
    "assay-scorer",
    abstract: "Scores every transaction with the model in force and says why.",
    fileKeys: [FileKeys.model, FileKeys.features]
) { configuration in
    let topics = TopicPlan(configuration)
    let features = try SuiteFiles.features(configuration)
    let stage = ScoreStage(topics: topics)
    return StageService.Parts(
        members: [StageHost.Member(stage, genesis: try SuiteFiles.model(configuration, for: stage))],
        passEntities: features.passes.map(\.entity))
}
await command.main()
