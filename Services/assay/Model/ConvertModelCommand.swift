import Features
import Forest
import Hosting
import ModelTools
import ServiceRuntime

/// `assay model convert`: a model of another library as services load it.
enum ConvertModelCommand {
    static let command = Command(
        "convert", abstract: "Writes a model of another format as services load it.",
        discussion: """
            With --features the model is tied to that feature set: its names replace the model's, in order, unless the model has the same names in \
            another order, which is refused.

            Scores are sums in Float64, the same to the bit on every machine. Where they must be those of the library the model was validated with, \
            --source-arithmetic sums and links as it does: in Float32 for XGBoost and ONNX Runtime, with the C library's functions.
            """,
        options: [
            ModelCommandSupport.outOption, .init("features", .path, doc: "The features file that services run with"),
            .init("reasons", .path, doc: "The file that puts reasons into words, which becomes part of the model"),
            ModelCommandSupport.reviewOption, ModelCommandSupport.declineOption,
        ],
        flags: [
            ModelCommandSupport.jsonFlag,
            .init("source-arithmetic", doc: "Scores to the last bit as the model's own library computes them"),
        ], arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let thresholds = try ModelCommandSupport.thresholds(invocation)
        let model = try ModelCommandSupport.load(invocation.string("model"))
        var conversion = ModelFormats.Conversion(thresholds: thresholds)
        if let path = invocation.optionalString("features") {
            let features = try SuiteFiles.features(path: path)
            let names = features.featureNames
            if names != model.features, names.sorted() == model.features.sorted() {
                let place = zip(names, model.features).prefix { $0 == $1 }.count
                throw ModelToolFailure(
                    "\(model.path): it has the feature set's features in another order, from the \(place + 1)th on; train it with columns in the feature set's order"
                )
            }
            conversion.features = names
            conversion.featureSet = features.hash
        }
        if let path = invocation.optionalString("reasons") { conversion.reasons = try SuiteFiles.reasons(path: path) }
        conversion.keepsSourceArithmetic = invocation.flag("source-arithmetic")
        let forest = try ModelFormats.convert(model, conversion)
        try ModelCommandSupport.write(
            forest, invocation, trees: "\(model.format.rawValue) as \(TextNumber.grouped(forest.treeCount)) trees")
    }
}
