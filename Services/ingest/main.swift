import Features
import Hosting
import Intake
import RiskDomain
import ServiceRuntime
import Stages

let command = StageService.command(
    "assay-ingest",
    abstract: "Checks transactions and outcomes against the schema and appends them to the event log.",
    fileKeys: [FileKeys.schema, FileKeys.features]
) { configuration in
    let topics = TopicPlan(configuration)
    let schema = try SuiteFiles.schema(configuration)
    let features = try SuiteFiles.features(configuration)
    return StageService.Parts(
        members: [
            StageHost.Member(IngestStage(source: .transactions, schema: schema, topics: topics)),
            StageHost.Member(IngestStage(source: .outcomes, schema: schema, topics: topics)),
        ],
        passEntities: features.passes.map(\.entity))
}
await command.main()
