import Forest
import ModelTools
import ServiceRuntime

/// `assay model merge`: one forest of several trainers' trees.
enum MergeModelsCommand {
    static let command = Command(
        "merge", abstract: "Puts the trees of several forests into one.",
        discussion: """
            Parts that trainers made with --shard become the forest that one trainer would have grown, its trees bit for bit and its thresholds the \
            parts' means; all of them are needed, in any order. With the rows at hand, assay train --part chooses thresholds and measures too. \
            Other forests must be over the same features; the result's score is the mean of all trees, and thresholds are kept where they \
            agree and must be given where they do not.
            """,
        options: [ModelCommandSupport.outOption, ModelCommandSupport.reviewOption, ModelCommandSupport.declineOption],
        flags: [ModelCommandSupport.jsonFlag], arguments: [.init("models", .path, isRepeated: true, doc: "The models' files, in order")]
    ) { invocation in
        let thresholds = try ModelCommandSupport.thresholds(invocation)
        let models = try invocation.strings("models").map(ModelCommandSupport.load)
        let merged = try ModelFormats.merge(models, thresholds: thresholds)
        try ModelCommandSupport.write(
            merged, invocation, trees: "\(TextNumber.grouped(merged.treeCount)) trees of \(models.count) models")
    }
}
