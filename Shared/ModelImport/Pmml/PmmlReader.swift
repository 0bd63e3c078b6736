internal import Forest

/// Reads the tree models of PMML 4: `TreeModel`, and a `MiningModel` that adds, averages or chains them.
///
/// A chain ends with a `RegressionModel` over what the models before it give, as converters write boosted classifiers; its normalization
/// becomes the link. Costs of training are not told by PMML in a form to rely on, so the trees have no cover.
/// Source: dmg.org, PMML 4.4.1, TreeModel, MultipleModels, RegressionModel.
enum PmmlReader {
    static func read(_ bytes: UnsafeRawBufferPointer, limits: ImportLimits) throws(ImportFailure) -> ImportedModel {
        let root = try XmlDocument.parse(bytes, depthMax: limits.treeDepthMax + 64)
        guard root.name == "PMML" else {
            throw ImportFailure(.malformed, at: "file", "the root element is \(root.name.prefix(64)), not PMML")
        }
        let version = try root.required("version")
        guard version.hasPrefix("4.") else { throw root.unsupported("version \(version.prefix(16)): PMML 4 is read") }
        let outside: Set<String> = ["Header", "MiningBuildTask", "DataDictionary", "TransformationDictionary"]
        guard let model = root.children.first(where: { !outside.contains($0.name) }) else { throw root.fault("it has no model") }
        let fields = try PmmlFields(root, model: model, limits: limits)
        var reader = PmmlModels(
            limits: limits, isFloat: model["x-mathContext"] == "float", targetLabels: fields.classLabels,
            elementCount: root.document.elementCount)
        let part = try reader.part(of: model, fields, depth: 0)
        guard part.outputCount <= limits.outputCountMax else {
            throw ImportFailure(.tooLarge, at: model.place, "\(part.outputCount) outputs, at most \(limits.outputCountMax) are read")
        }
        return ImportedModel(
            ensemble: TreeEnsemble(
                featureCount: fields.features.count, inputPrecision: fields.isSinglePrecision ? .single : .double,
                sourceArithmetic: reader.isFloat ? .xgboost : .float64, outputCount: part.outputCount, baseScores: part.baseScores,
                aggregation: part.isMean ? .mean : .sum, link: part.link, trees: part.trees),
            features: fields.features, classLabels: part.classLabels, objective: model["functionName"] ?? "", source: .pmml,
            version: version,
            sourceLeaves: part.sourceLeaves, featuresNeeded: reader.featuresNeeded.sorted())
    }
}
