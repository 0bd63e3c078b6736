internal import Forest
internal import Glibc

/// Reads the model that XGBoost's `save_model` writes as JSON or UBJSON, versions 1.x to 3.x.
///
/// What its trees mean, after `include/xgboost/tree_model.h`, `src/predictor` and `src/objective`:
/// - rows, thresholds, leaves and sums are `Float`; `x < threshold` goes left, a missing value to the default child;
/// - sums start with the base score, which stands in the file as a score and is brought to a margin by the objective's inverse link;
/// - DART multiplies the leaves of a tree with the tree's weight.
enum XGBoostReader {
    static func read(_ document: DocumentValue, limits: ImportLimits) throws(ImportFailure) -> ImportedModel {
        let model = DocumentPlace(document)
        let learner = try model["learner"]
        let version = try model.member("version")?.integers() ?? []
        let parameters = try learner["learner_model_param"]
        let objective = try Objective(named: learner["objective"]["name"].text())
        let classCount = try parameters["num_class"].integer(in: 0...limits.outputCountMax)
        let targetCount = try parameters.member("num_target")?.integer(in: 0...limits.outputCountMax) ?? 1
        let outputCount = max(classCount, targetCount, 1)
        let features = try featureNames(learner, parameters, limits)
        let baseScores = try baseScores(parameters["base_score"], count: outputCount, objective)

        let booster = try Booster(learner["gradient_booster"])
        let trees = try booster.model["trees"].elements()
        guard trees.count <= limits.treeCountMax else {
            throw ImportFailure(.tooLarge, at: booster.model.path, "\(trees.count) trees, at most \(limits.treeCountMax) are read")
        }
        let outputs = try booster.model["tree_info"].integers()
        guard outputs.count == trees.count, outputs.allSatisfy({ (0..<outputCount).contains(Int($0)) }) else {
            throw ImportFailure(.malformed, at: "\(booster.model.path).tree_info", "it does not tell the output of each tree")
        }
        if let weights = booster.weights, weights.count != trees.count {
            throw ImportFailure(.malformed, at: "weight_drop", "\(weights.count) weights for \(trees.count) trees")
        }
        var decisionTrees: [DecisionTree] = []
        var sourceLeaves: [[Int32]] = []
        for (index, place) in trees.enumerated() {
            let tree = try XGBoostTree(place, outputCount: outputCount)
            let (decisionTree, leaves) = try tree.decisionTree(
                featureCount: features.count, output: Int(outputs[index]), weight: booster.weights.map { Float($0[index]) }, limits: limits)
            decisionTrees.append(decisionTree)
            sourceLeaves.append(leaves)
        }
        return ImportedModel(
            ensemble: TreeEnsemble(
                featureCount: features.count, inputPrecision: .single, sourceArithmetic: .xgboost, outputCount: outputCount,
                baseScores: baseScores, link: objective.link, trees: decisionTrees),
            features: features, classLabels: objective.isClassifier ? (0..<max(outputCount, 2)).map { "\($0)" } : [],
            objective: objective.name, source: .xgboost, version: version.map { "\($0)" }.joined(separator: "."), sourceLeaves: sourceLeaves
        )
    }

    private static func featureNames(
        _ learner: DocumentPlace, _ parameters: DocumentPlace, _ limits: ImportLimits
    ) throws(ImportFailure) -> [ImportedModel.Feature] {
        let count = try parameters["num_feature"].integer(in: 0...limits.featureCountMax)
        let names = try learner.member("feature_names")
        guard let names, !names.isEmptyOrNull else { return (0..<count).map { ImportedModel.Feature(name: "f\($0)") } }
        let features = try names.elements().map { name throws(ImportFailure) in ImportedModel.Feature(name: try name.text()) }
        guard features.count == count else { throw names.fault("\(features.count) names for \(count) features") }
        return features
    }

    /// `5E-1`; from version 3.1 on `[5E-1]`, or one number for each output.
    private static func baseScores(_ place: DocumentPlace, count: Int, _ objective: Objective) throws(ImportFailure) -> [Double] {
        let text = try place.text()
        let list = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var margins: [Double] = []
        for word in list.split(separator: ",") {
            guard let score = Float(word.filter { $0 != " " }), score.isFinite else {
                throw place.fault("\(word.prefix(32)) is not a number")
            }
            let margin = objective.margin(ofScore: score)
            guard margin.isFinite else { throw place.fault("\(score) is no score of \(objective.name)") }
            margins.append(Double(margin))
        }
        if margins.count == 1 { margins = [Double](repeating: margins[0], count: count) }
        guard margins.count == count else { throw place.fault("\(margins.count) base scores for \(count) outputs") }
        return margins
    }

    /// Where the trees are, and DART's weights.
    private struct Booster {
        var model: DocumentPlace
        var weights: [Double]?

        init(_ booster: DocumentPlace) throws(ImportFailure) {
            switch try booster["name"].text() {
            case "gbtree": model = try booster["model"]
            case "dart":
                model = try booster["gbtree"]["model"]
                weights = try booster["weight_drop"].numbers()
            case let name: throw ImportFailure(.unsupported, at: booster.path, "\(name): only the boosters gbtree and dart have trees")
            }
        }
    }
}

/// What an objective of XGBoost makes of margins.
private struct Objective {
    let name: String
    var link = TreeEnsemble.Link.identity
    var isClassifier = false

    init(named name: String) throws(ImportFailure) {
        self.name = name
        switch name {
        case "binary:logistic":
            link = .logistic
            isClassifier = true
        case "reg:logistic": link = .logistic
        case "binary:logitraw": isClassifier = true  // its base score is a margin already
        case "multi:softprob", "multi:softmax":
            link = .softmax
            isClassifier = true
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft": link = .exponential
        case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
            "rank:pairwise", "rank:ndcg", "rank:map":
            break
        default: throw ImportFailure(.unsupported, at: "learner.objective", "\(name): its scores are no known function of the sums")
        }
    }

    /// In `Float`, as the objective's `ProbToMargin` computes.
    func margin(ofScore score: Float) -> Float {
        switch link {
        case .logistic: -logf(1 / score - 1)
        case .exponential: logf(score)
        default: score
        }
    }
}
