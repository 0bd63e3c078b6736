import Forest
import ModelTools
import ServiceRuntime

/// `assay model merge`: one forest of several trainers' trees.
enum MergeModelsCommand {
    static let command = Command(
        "merge", abstract: "Puts the trees of several forests into one.",
        discussion: """
            The forests must be over the same features. The result's score is the mean of all trees, so it is what one trainer with all of them \
            would have made; thresholds are kept where they agree and must be given where they do not.
            """,
        options: [ModelCommandSupport.outOption, ModelCommandSupport.reviewOption, ModelCommandSupport.declineOption],
        flags: [ModelCommandSupport.jsonFlag], arguments: [.init("models", .path, isRepeated: true, doc: "The models' files, in order")]
    ) { invocation in
        let thresholds = try ModelCommandSupport.thresholds(invocation)
        let models = try invocation.strings("models").map(ModelCommandSupport.load)
        let merged = try ModelFormats.merge(models, thresholds: thresholds)
        try ModelCommandSupport.write(
            merged, invocation, trees: "\(TextNumber.grouped(merged.trees.count)) trees of \(models.count) models")
    }
}
