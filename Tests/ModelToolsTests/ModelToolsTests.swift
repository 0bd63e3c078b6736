import Forest
import Hashing
import ModelTools
import RiskDomain
import Testing
import Training

@Suite struct ModelToolsTests {
    @Test(
        arguments: [
            ("tree\nversion=v4\n", ModelFormat.lightGBM), ("{\"learner\":{", .xgboostJson),
            ("{L\u{0}\u{0}", .xgboostUbjson), ("<?xml version=\"1.0\"?><PMML>", .pmml), ("  \n<PMML>", .pmml), ("\u{8}\u{8}\u{12}", .onnx),
            ("", .onnx), ("{", .xgboostJson),
        ] as [(String, ModelFormat)])
    func formatsAreToldByTheirFirstBytes(text: String, format: ModelFormat) {
        #expect(ModelFormat(of: Array(text.utf8)) == format)
    }

    @Test func aModelIsReadWithAllItSaysOfItself() async throws {
        let forest = try await arbitraryForest(seed: 1)
        let bytes = ModelFormats.write(forest)
        let model = try ModelFormats.read(bytes, path: "m")
        #expect(model.hash == ContentHash(of: bytes) && model.byteCount == bytes.count && model.format == .onnx)
        #expect(model.features == ["amount", "risk", "count"] && model.thresholds?.review == 0.4)
        let properties = Dictionary(model.properties.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        #expect(properties["trees"] == "6" && properties["seed"] == "1" && properties["criterion"] == "gini")
        let uses = model.featureUses
        #expect(uses.reduce(0) { $0 + $1.splitCount } * 2 + 6 == model.ensemble.nodeCount)
        #expect(uses.allSatisfy { $0.treeCount <= 6 && $0.thresholdCount <= $0.splitCount })
    }

    @Test(arguments: 0..<6 as Range<UInt64>) func enginesAgreeAtEveryThresholdAndElsewhere(seed: UInt64) async throws {
        let model = try load(try await arbitraryForest(seed: seed))
        let rows = ModelVerification.probes(model.ensemble, rowCount: 6_000, seed: seed)
        #expect(rows.count >= 6_000)
        let verification = ModelVerification(model, rows: rows)
        #expect(verification.isFlawless && verification.verdicts.count >= 2)
    }

    /// Probe rows must come to the nodes that they are made for: every node of the trees is visited.
    @Test func probesReachEveryLeaf() async throws {
        let model = try load(try await arbitraryForest(seed: 3))
        var probes = ProbeRows(model.ensemble, seed: 1)
        let rows = probes.atThresholds(nodeCountMax: .max)
        for (index, tree) in model.ensemble.trees.enumerated() {
            let reached = Set(rows.map { row in row.withUnsafeBufferPointer { model.ensemble.leaf(of: index, row: $0) } })
            // Contradictory paths (x <= 3 below x > 5) do not occur in trees grown from data.
            #expect(reached.count == tree.leafCount)
        }
    }

    @Test func aWrongEngineIsFoundOut() async throws {
        let model = try load(try await arbitraryForest(seed: 4))
        let rows = ModelVerification.probes(model.ensemble, rowCount: 500, seed: 2)
        let reference = ModelEngine.reference(model)
        let wrong = ModelEngine(name: "wrong") { rows, margins in
            reference.margins(rows, margins)
            margins[3] = margins[3].nextUp
            margins[7] += 1
        }
        let verification = ModelVerification(model, rows: rows, engines: [reference, wrong])
        #expect(!verification.isFlawless && verification.verdicts.map(\.wrongCount) == [0, 2])
        #expect(verification.verdicts[1].first?.row == 3)
    }

    @Test(arguments: ModelExplanation.Method.allCases) func contributionsAndBaseSumToTheMargin(method: ModelExplanation.Method) async throws
    {
        let model = try load(try await arbitraryForest(seed: 5))
        let background = ModelVerification.probes(model.ensemble, rowCount: 50, seed: 5)
        for row in [[10, 1, 3], [.nan, 140, 0], [71, .nan, .nan]] as [[Double]] {
            let explanation = try ModelExplainer(model, method: method, background: background).explain(row)
            let sum = explanation.base + explanation.parts.reduce(0) { $0 + $1.contribution }
            #expect(abs(sum - explanation.margin) < 1e-9 && explanation.scores == [explanation.margin])
            #expect(explanation.parts.map(\.contribution.magnitude) == explanation.parts.map(\.contribution.magnitude).sorted(by: >))
            #expect(explanation.decision != nil && explanation.reasons.count <= 4)
        }
        let general = generalModel()
        // Two rows, one on either side of each split: their mean is what covers tell.
        let halves = ModelRows(featureCount: 2, values: [1, 2, 2, 3])
        let explanation = try ModelExplainer(general, output: 1, method: method, background: halves).explain([3, 5])
        #expect(explanation.margin == 0.5 && explanation.base == 0 && explanation.parts[0].feature == "kind")
        #expect(abs(explanation.scores.reduce(0, +) - 1) < 1e-15 && explanation.decision == nil)
        #expect(throws: ModelToolFailure.self) { try ModelExplainer(general, output: 2) }
        var silent = general
        silent.ensemble.trees[0].cover = []
        if method == .interventional {
            #expect(throws: ModelToolFailure.self) { try ModelExplainer(silent, method: method) }
            #expect(try ModelExplainer(silent, output: 1, method: method, background: halves).explain([3, 5]) == explanation)
        } else {
            // Half of what is not known goes to each side.
            let explanation = try ModelExplainer(silent, method: method).explain([3, 5])
            #expect(abs(explanation.base + explanation.parts.reduce(0) { $0 + $1.contribution } - explanation.margin) < 1e-12)
        }
    }

    @Test func differencesAreThoseOfShapeWordsAndScores() async throws {
        let first = try load(try await arbitraryForest(seed: 6))
        let same = ModelDifference(first, first, rows: ModelVerification.probes(first.ensemble, rowCount: 200, seed: 1))
        #expect(same.properties.isEmpty && same.equalTreeCount == 6 && same.rows?.greatest == 0)
        #expect(same.rows?.equalCount == same.rows?.count)
        let second = try load(try await arbitraryForest(seed: 7, review: 0.3), as: "b")
        let rows = ModelVerification.probes(first.ensemble, rowCount: 300, seed: 1)
        let difference = ModelDifference(first, second, rows: rows)
        #expect(difference.properties.contains { $0.name == "review at" && $0.first == "0.4" && $0.second == "0.3" })
        #expect(difference.properties.contains { $0.name == "sha256" } && difference.equalTreeCount == 0)
        let found = try #require(difference.rows)
        #expect(found.decisions.flatMap(\.self).reduce(0, +) == rows.count)
        let row = rows.row(found.greatestRow)
        let gap = row.withUnsafeBufferPointer { abs(first.scores(of: $0)[0] - second.scores(of: $0)[0]) }
        #expect(abs(gap - found.greatest) < 1e-12 && found.greatest >= found.high && found.high >= found.median)
        #expect(ModelDifference(first, generalModel(), rows: rows).rows == nil)
    }

    @Test func mergedForestsScoreTheMeanOfTheirTrees() async throws {
        let parts = try await [arbitraryForest(seed: 8, treeCount: 2), arbitraryForest(seed: 9, treeCount: 4)].enumerated().map {
            try load($1, as: "part\($0)")
        }
        let merged = try ModelFormats.merge(parts, thresholds: nil)
        let model = try load(merged)
        #expect(model.ensemble.trees.count == 6 && model.training?.metrics.isEmpty == true)
        #expect(model.training?.parameters.contains(.init("trees", "6")) == true)
        let row = [71.0, 3, .nan]
        let scores = (parts + [model]).map { model in row.withUnsafeBufferPointer { model.scores(of: $0)[0] } }
        #expect(abs((2 * scores[0] + 4 * scores[1]) / 6 - scores[2]) < 1e-15)
    }

    @Test func partsOfOneTrainingBecomeTheWhole() async throws {
        let whole = try await arbitraryForest(seed: 20, treeCount: 5)
        var parts: [LoadedModel] = []
        for number in [2, 1] {
            let part = try await arbitraryForest(seed: 20, treeCount: 5, shard: TrainingShard(number: number, count: 2))
            parts.append(try load(part, as: "\(number)"))
        }
        #expect(try ModelFormats.merge(parts, thresholds: nil).ensemble == whole.ensemble)
        #expect(throws: ForestFailure.self) { try ModelFormats.merge([parts[0]], thresholds: nil) }
    }

    @Test func aModelOfAnotherLibraryIsReadAndConverted() throws {
        let text = """
            tree
            version=v4
            num_class=1
            num_tree_per_iteration=1
            label_index=0
            max_feature_idx=1
            objective=binary sigmoid:1
            feature_names=amount risk
            feature_infos=[0:10] [0:1]
            tree_sizes=330

            Tree=0
            num_leaves=2
            num_cat=0
            split_feature=1
            split_gain=1
            threshold=0.5
            decision_type=2
            left_child=-1
            right_child=-2
            leaf_value=-2 1.5
            leaf_weight=5 5
            leaf_count=10 30
            internal_value=0
            internal_weight=10
            internal_count=40
            is_linear=0
            shrinkage=1


            end of trees

            """
        let model = try ModelFormats.read(Array(text.utf8), path: "m.txt")
        #expect(
            model.format == .lightGBM && model.features == ["amount", "risk"] && model.metadata.contains { $0.value.hasPrefix("LightGBM") })
        #expect(ModelVerification(model, rows: ModelVerification.probes(model.ensemble, rowCount: 500, seed: 1)).isFlawless)
        let explanation = try ModelExplainer(model).explain([1, 0.75])
        #expect(explanation.margin == 1.5 && explanation.parts[0].feature == "risk" && explanation.reasons.map(\.code) == ["risk"])
        let forest = try ModelFormats.convert(model, .init(thresholds: DecisionThresholds(review: 0.5, decline: 0.9)))
        let again = try load(forest)
        #expect(again.format == .onnx && again.features == ["amount", "risk"] && again.thresholds?.decline == 0.9)
        for row in [[1.0, 0.5], [1, 0.75], [.nan, .nan]] {
            row.withUnsafeBufferPointer { #expect(again.scores(of: $0) == model.scores(of: $0)) }
        }
    }

    @Test func modelsThatDoNotFitAreNotMerged() async throws {
        let first = try load(try await arbitraryForest(seed: 10))
        let other = try load(try await arbitraryForest(seed: 11, review: 0.2))
        #expect(throws: ModelToolFailure.self) { try ModelFormats.merge([first, other], thresholds: nil) }
        #expect(throws: ModelToolFailure.self) { try ModelFormats.merge([first, generalModel()], thresholds: nil) }
        #expect(throws: ModelToolFailure.self) { try ModelFormats.merge([], thresholds: nil) }
        let asked = try ModelFormats.merge([first, other], thresholds: DecisionThresholds(review: 0.1, decline: 0.5))
        #expect(asked.thresholds.review == 0.1)
    }

    @Test func aConversionTakesNamesAndThresholdsAlong() async throws {
        let model = try load(try await arbitraryForest(seed: 12))
        let forest = try ModelFormats.convert(
            model,
            .init(
                features: ["a", "b", "c"], featureSet: ContentHash(of: [7]), thresholds: DecisionThresholds(review: 0.2, decline: 0.3)))
        #expect(forest.features == ["a", "b", "c"] && forest.thresholds.decline == 0.3 && forest.featureSet == ContentHash(of: [7]))
        #expect(forest.ensemble == model.ensemble)
        #expect(throws: ModelToolFailure.self) { try ModelFormats.convert(model, .init(features: ["a"])) }
        #expect(throws: ModelToolFailure.self) { try ModelFormats.convert(generalModel(), .init()) }
        // Two outputs are more than a probability of fraud.
        #expect(throws: ForestFailure.self) {
            try ModelFormats.convert(generalModel(), .init(thresholds: DecisionThresholds(review: 0.2, decline: 0.3)))
        }
    }

    @Test func aConversionKeepsTheSourcesArithmeticWhereAsked() throws {
        let leaf = DecisionTree(feature: [-1], threshold: [0], left: [0], right: [-1], flags: [[]], cover: [1], leafValues: [0x1p-30])
        let ensemble = TreeEnsemble(
            featureCount: 1, inputPrecision: .single, sourceArithmetic: .xgboost, baseScores: [0.5], trees: [leaf])
        let model = LoadedModel(
            path: "boosted", format: .xgboostJson, byteCount: 1, hash: ContentHash(of: [1]), ensemble: ensemble, features: ["x"])
        var conversion = ModelFormats.Conversion(thresholds: DecisionThresholds(review: 0.2, decline: 0.3))
        func margin() throws -> Double { try load(ModelFormats.convert(model, conversion)).ensemble.margins(row: [0])[0] }
        #expect(try margin() == 0.5 + 0x1p-30)
        conversion.keepsSourceArithmetic = true
        // Lost in a Float.
        #expect(try margin() == 0.5)
        let kept = try load(ModelFormats.convert(model, conversion))
        #expect(kept.properties.contains { $0 == ("arithmetic", "xgboost") })
        #expect(ModelVerification(kept, rows: ModelVerification.probes(kept.ensemble, rowCount: 50, seed: 1)).isFlawless)
        // What was converted without it has forgotten it.
        conversion.keepsSourceArithmetic = false
        let portable = try load(ModelFormats.convert(model, conversion))
        conversion.keepsSourceArithmetic = true
        let failure = try #require(throws: ModelToolFailure.self) { try ModelFormats.convert(portable, conversion) }
        #expect(failure.description.contains("--source-arithmetic"))
    }

    @Test func aBenchReadsTheClockForEveryBatchSize() async throws {
        let model = try load(try await arbitraryForest(seed: 13))
        var probes = ProbeRows(model.ensemble)
        let rows = ModelRows(featureCount: 3, values: probes.ordinary(count: 100))
        let bench = ModelBench(model, rows: rows, batchCounts: [1, 32, 1_000], budget: .milliseconds(1))
        #expect(bench.lines.map(\.batchCount) == [1, 32, 100])
        #expect(bench.lines.allSatisfy { $0.median > 0 && $0.least <= $0.median && $0.median <= $0.high })
    }

    @Test func aCompressedForestIsSmallerAndSaysWhatThatCost() async throws {
        let model = try load(try await arbitraryForest(seed: 14, treeCount: 12))
        var probes = ProbeRows(model.ensemble, seed: 3)
        let rows = ModelRows(featureCount: 3, values: probes.ordinary(count: 400))
        let labels = (0..<rows.count).map { rows.row($0)[0] > 70 }
        let merged = try ModelCompression(model, rows: rows, isFraud: nil, ForestCompression())
        #expect(merged.report.scoreChangeMax == 0 && merged.report.nodesAfter <= merged.report.nodesBefore)
        let short = try ModelCompression(model, rows: rows, isFraud: nil, ForestCompression(thresholds: .shortestDecimal))
        #expect(short.report.thresholdsChanged > 0 && short.report.scoreChangeMax == 0 && short.forest.features == model.features)
        let fewer = try ModelCompression(model, rows: rows, isFraud: labels, ForestCompression(errorGrowthMax: 0.2))
        #expect(fewer.report.treesAfter < 12 && fewer.report.errorAfter <= fewer.report.errorBefore * 1.2 + 1e-12)
        #expect(fewer.forest.treeCount == fewer.report.treesAfter && fewer.report.scoreChangeMax > 0)
        // What is no forest of the trainer's, and what is missing, is told.
        #expect(throws: ModelToolFailure.self) {
            try ModelCompression(model, rows: rows, isFraud: nil, ForestCompression(errorGrowthMax: 0))
        }
        #expect(throws: ModelToolFailure.self) {
            try ModelCompression(generalModel(), rows: ModelRows(featureCount: 2, values: [1, 2]), isFraud: nil, ForestCompression())
        }
        #expect(throws: ModelToolFailure.self) {
            try ModelCompression(model, rows: ModelRows(featureCount: 3), isFraud: nil, ForestCompression())
        }
    }

    /// One tree may be summed as well as averaged, and a file need not tell how many rows reached a node.
    @Test(arguments: [TreeEnsemble.Aggregation.sum, .mean])
    func aForestOfAnotherToolsIsCompressed(aggregation: TreeEnsemble.Aggregation) async throws {
        var model = try load(try await arbitraryForest(seed: 15, treeCount: aggregation == .sum ? 1 : 3))
        let forest = try #require(model.forest)
        var ensemble = forest.ensemble
        ensemble.aggregation = aggregation
        for tree in ensemble.trees.indices { ensemble.trees[tree].cover = [] }
        model.forest = try Forest(
            kind: forest.kind, features: forest.features, thresholds: forest.thresholds, ensemble: ensemble)
        var probes = ProbeRows(model.ensemble, seed: 4)
        let rows = ModelRows(featureCount: 3, values: probes.ordinary(count: 200))
        let compressed = try ModelCompression(model, rows: rows, isFraud: nil, ForestCompression(thresholds: .shortestDecimal))
        #expect(compressed.report.scoreChangeMax == 0 && compressed.report.thresholdsChanged > 0)
        #expect(!compressed.forest.ensemble.trees.contains { !$0.cover.isEmpty })
    }
}
