import Forest
import Hashing
import ModelTools
import RiskDomain
import Training

/// A small forest with missing values on both sides, as services load it.
func arbitraryForest(seed: UInt64, treeCount: Int = 6, review: Double = 0.4, shard: TrainingShard? = nil) async throws -> Forest {
    var random = SplitMix64(seed: seed)
    var columns = [[Double]](repeating: [], count: 3)
    var labels: [Bool] = []
    for _ in 0..<300 {
        let row = (0..<3).map { _ in random.next(below: 8) == 0 ? Double.nan : Double(random.next(below: 1_000)) / 7 }
        for feature in 0..<3 { columns[feature].append(row[feature]) }
        labels.append(random.nextUnit() < (row[0] > 70 ? 0.5 : 0.1))
    }
    let set = try TrainingSet(
        features: ["amount", "risk", "count"], columns: columns, isFraud: labels,
        times: labels.indices.map { EventTime(micros: Int64($0)) }, customers: labels.indices.map(Int64.init))
    let recipe = ModelRecipe(
        algorithm: .forest(ForestParameters(treeCount: treeCount, tree: TreeParameters(depthMax: 5, featureSample: .squareRoot))),
        seed: seed)
    let forest = try await recipe.fit(set, rows: Array(0..<300), featureSet: ContentHash(of: [1, 2, 3]), shard: shard)
    return try forest.replacing(thresholds: DecisionThresholds(review: review, decline: 0.9), training: forest.training)
}

func load(_ forest: Forest, as path: String = "a.model") throws -> LoadedModel {
    try ModelFormats.read(ModelFormats.write(forest), path: path)
}

/// Two outputs, one tree of them categorical, as an importer could give it.
func generalModel() -> LoadedModel {
    let numeric = DecisionTree(
        feature: [0, -1, -1], threshold: [1.5, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [.missingGoesLeft, [], []],
        cover: [10, 4, 6], firstOutput: 0, valueCount: 1, leafValues: [-1, 2])
    let categorical = DecisionTree(
        feature: [1, -1, -1], threshold: [0, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [.isCategorical, [], []],
        cover: [10, 5, 5], categorySet: [0, 0, 0], categories: [CategorySet(values: [2, 5], isTruncating: true)], firstOutput: 1,
        valueCount: 1, leafValues: [0.5, -0.5])
    let ensemble = TreeEnsemble(
        featureCount: 2, inputPrecision: .single, outputCount: 2, baseScores: [0.25, 0], link: .softmax, trees: [numeric, categorical])
    return LoadedModel(
        path: "general", format: .lightGBM, byteCount: 9, hash: ContentHash(of: [9]), ensemble: ensemble, features: ["x", "kind"],
        metadata: [("producer", "a library")])
}
