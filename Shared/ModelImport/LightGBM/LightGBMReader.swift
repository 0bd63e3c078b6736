internal import Forest
internal import Json

/// Reads the text that LightGBM's `save_model` writes, versions 3 and 4: `key=value` lines, first of the model, then of each tree.
///
/// What its trees mean, after `src/io/tree.cpp` and `include/LightGBM/tree.h`:
/// - numbers are compared as `Double` with `<=`; the sum of the trees is taken in `Double`, in their order;
/// - what is missing is a matter of the node: nothing (NaN counts as 0), zero (`|x| <= 1e-35`, and NaN) or NaN;
/// - a categorical value is cut to an integer and looked up in a bit set; NaN and negative values go right.
enum LightGBMReader {
    static func read(_ bytes: UnsafeRawBufferPointer, limits: ImportLimits) throws(ImportFailure) -> ImportedModel {
        var lines = TextLines(bytes)
        var header = try Header(&lines, limits: limits)
        var trees: [DecisionTree] = []
        var sourceLeaves: [[Int32]] = []
        var hasEnd = false
        while let line = lines.next() {
            if line.isEmpty { continue }
            if line.elementsEqual("end of trees".utf8) {
                hasEnd = true
                break
            }
            guard let (key, value) = TextLines.pair(line), key == "Tree", value.elementsEqual("\(trees.count)".utf8) else {
                throw ImportFailure(.malformed, at: lines.place, "Tree=\(trees.count) or the end of the trees was to come")
            }
            guard trees.count < limits.treeCountMax else {
                throw ImportFailure(.tooLarge, at: lines.place, "more than \(limits.treeCountMax) trees")
            }
            let output = trees.count % header.outputCount
            let section = try LightGBMTree(&lines, place: "Tree=\(trees.count)")
            let (tree, leaves) = try section.decisionTree(
                featureCount: header.featureCount, output: output, scale: header.leafScale, limits: limits)
            trees.append(tree)
            sourceLeaves.append(leaves)
        }
        guard hasEnd else { throw ImportFailure(.malformed, at: lines.place, "the file ends before the end of the trees") }
        guard trees.count % header.outputCount == 0, header.treeCount == nil || header.treeCount == trees.count else {
            throw ImportFailure(.malformed, at: "tree_sizes", "the file has \(trees.count) trees, its head tells of others")
        }
        if trees.isEmpty { header.isAverage = false }
        return ImportedModel(
            ensemble: TreeEnsemble(
                featureCount: header.featureCount, sourceArithmetic: .float64, outputCount: header.outputCount,
                baseScores: [Double](repeating: 0, count: header.outputCount), aggregation: header.isAverage ? .mean : .sum,
                link: header.link, trees: trees),
            features: header.featureNames.map { ImportedModel.Feature(name: $0) }, classLabels: header.classLabels,
            objective: header.objective, source: .lightGBM, version: header.version, sourceLeaves: sourceLeaves)
    }

    /// The lines before the first tree.
    private struct Header {
        var version = ""
        var outputCount = 1
        var featureCount = 0
        var featureNames: [String] = []
        var objective = ""
        var isAverage = false
        var treeCount: Int?
        var link = TreeEnsemble.Link.identity
        /// What leaf values are multiplied with: the sigmoid's steepness, and the outputs' number where a mean is over iterations.
        var leafScale = 1.0
        var classLabels: [String] = []

        init(_ lines: inout TextLines, limits: ImportLimits) throws(ImportFailure) {
            var features: Int?
            _ = lines.next()  // "tree"
            while let line = lines.peek(), !line.starts(with: "Tree=".utf8), !line.elementsEqual("end of trees".utf8) {
                _ = lines.next()
                if line.elementsEqual("average_output".utf8) { isAverage = true }
                guard let (key, value) = TextLines.pair(line) else { continue }
                switch key {
                case "version": version = String(decoding: value, as: UTF8.self)
                case "num_tree_per_iteration":
                    outputCount = try lines.integer(value, key, in: 1...limits.outputCountMax)
                case "max_feature_idx":
                    features = try lines.integer(value, key, in: 0...limits.featureCountMax - 1) + 1
                case "objective": objective = String(decoding: value, as: UTF8.self)
                case "feature_names": featureNames = TextLines.words(value).map { String(decoding: $0, as: UTF8.self) }
                case "tree_sizes": treeCount = TextLines.words(value).count
                default: break
                }
            }
            guard version == "v3" || version == "v4" else {
                throw ImportFailure(.unsupported, at: "version", "version \(version.isEmpty ? "1" : version): v3 and v4 are read")
            }
            guard let features, featureNames.count == features else {
                throw ImportFailure(
                    .malformed, at: "feature_names", "\(featureNames.count) names for max_feature_idx \((features ?? 0) - 1)")
            }
            featureCount = features
            try readObjective()
            // Our mean divides by all trees, LightGBM's by the iterations.
            if isAverage { leafScale *= Double(outputCount) }
        }

        /// `name key:value …` as `ObjectiveFunction::ToString` writes it; a model of a function of one's own has none.
        private mutating func readObjective() throws(ImportFailure) {
            let words = objective.split(separator: " ").map(String.init)
            var steepness = 1.0
            for word in words.dropFirst() {
                if word == "sqrt" { throw ImportFailure(.unsupported, at: "objective", "reg_sqrt: scores are squares of sums") }
                guard word.hasPrefix("sigmoid:") else { continue }
                guard let value = Double(word.dropFirst(8)), value.isFinite, value > 0 else {
                    throw ImportFailure(.malformed, at: "objective", "\(word): a number over 0 was to come")
                }
                steepness = value
            }
            switch words.first ?? "custom" {
            case "binary":
                link = .logistic
                leafScale = steepness
                classLabels = ["0", "1"]
            case "multiclass":
                link = .softmax
                classLabels = (0..<outputCount).map { "\($0)" }
            case "multiclassova":
                link = .logistic
                leafScale = steepness
                classLabels = (0..<outputCount).map { "\($0)" }
            case "cross_entropy":
                link = .logistic
                classLabels = ["0", "1"]
            case "poisson", "gamma", "tweedie": link = .exponential
            case "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "custom", "none", "null":
                break
            case let name: throw ImportFailure(.unsupported, at: "objective", "\(name): its scores are no known function of the sums")
            }
        }
    }
}
