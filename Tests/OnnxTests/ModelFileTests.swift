import Forest
import Hashing
import Onnx
import RiskDomain
import Testing

@Suite struct ModelFileTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func aForestSurvivesItsFile(seed: UInt64) throws {
        var random = Seeded(seed)
        let forest = try arbitraryForest(using: &random)
        let bytes = forest.encode()
        let loaded = try Forest.read(bytes)
        #expect(loaded.forest == forest && loaded.isOwn)
        #expect(loaded.forest.encode() == bytes)
        #expect(forest.contentHash == ContentHash(of: bytes))
    }

    @Test(arguments: TreeEnsemble.Arithmetic.allCases)
    func aForestKeepsItsArithmetic(arithmetic: TreeEnsemble.Arithmetic) throws {
        var random = Seeded(31)
        let forest = try arbitraryForest(using: &random)
        var ensemble = forest.ensemble
        ensemble.arithmetic = arithmetic
        ensemble.sourceArithmetic = arithmetic
        let kept = try Forest(kind: forest.kind, features: forest.features, thresholds: forest.thresholds, ensemble: ensemble)
        #expect(try Forest.load(kept.encode()) == kept)
        let key = "assay.arithmetic"
        var model = try OnnxModel(decoding: kept.encode())
        #expect(model.metadata.first { $0.key == key }?.value == (arithmetic == .portable ? nil : arithmetic.rawValue))
        model.metadata.removeAll { $0.key == key }
        model.metadata.append(.init(key, "vax"))
        let failure = try #require(throws: ForestFailure.self) { try Forest.load(model.encode()) }
        #expect(failure.place == "metadata.assay.arithmetic" && failure.problem.contains("vax"))
    }

    /// Inner nodes and leaves have lists of their own where categories are: nodes may come back in another order, once.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func aForestWithCategoriesSurvivesItsFile(seed: UInt64) throws {
        var random = Seeded(seed &+ 100)
        let forest = try arbitraryForest(using: &random, categories: true)
        let loaded = try Forest.load(forest.encode())
        #expect(loaded.encode() == forest.encode())
        #expect(try Forest.load(loaded.encode()) == loaded)
        for _ in 0..<50 {
            let row = forest.ensemble.arbitraryRow(using: &random)
            #expect(loaded.ensemble.margins(row: row) == forest.ensemble.margins(row: row))
            let (before, after) = (try ReasonEngine(forest), try ReasonEngine(loaded))
            let scratches = (before.makeScratch(), after.makeScratch())
            var reasons = (TopReasons(), TopReasons())
            row.withUnsafeBufferPointer {
                before.explain($0, into: &reasons.0, using: scratches.0)
                after.explain($0, into: &reasons.1, using: scratches.1)
            }
            #expect(zip(scratches.0.contributions, scratches.1.contributions).allSatisfy { abs($0 - $1) < 1e-12 })
        }
    }

    /// As trainers number nodes: whatever the order in memory, the file of a model read from a file is that file.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func treesNumberedDepthFirstKeepTheirBytes(seed: UInt64) throws {
        var random = Seeded(seed &+ 700)
        let forest = try arbitraryForest(using: &random, categories: true)
        var ensemble = forest.ensemble
        ensemble.trees = ensemble.trees.map(\.depthFirst)
        let deep = try Forest(
            kind: forest.kind, features: forest.features, featureSet: forest.featureSet, thresholds: forest.thresholds,
            training: forest.training, ensemble: ensemble)
        let loaded = try Forest.load(deep.encode())
        #expect(loaded.encode() == deep.encode())
        for _ in 0..<20 {
            let row = ensemble.arbitraryRow(using: &random)
            #expect(loaded.ensemble.margins(row: row) == ensemble.margins(row: row))
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func ensemblesOfAnyOutputsSurviveTheirFiles(seed: UInt64) throws {
        var random = Seeded(seed &+ 200)
        let ensemble = try TreeEnsemble.arbitrary(
            using: &random, categories: seed % 2 == 0, outputs: Int(seed % 4) + 1, precision: seed % 3 == 0 ? .single : .double)
        let pipeline = try ModelPipeline(try OnnxModel(decoding: ensemble.onnxModel().encode()))
        let rows = (0..<40).map { _ in ensemble.arbitraryRow(using: &random) }
        let scores = try pipeline.evaluate(rows: rows.flatMap(\.self))[0].doubles(at: "")
        for (index, row) in rows.enumerated() {
            let margins = ensemble.margins(row: row)
            for (output, margin) in margins.enumerated() {
                let score = scores[index * ensemble.outputCount + output]
                #expect(score == margin || Float(score) == Float(margin))
            }
        }
    }

    @Test func theMetadataIsWhatPeopleRead() throws {
        let model = try OnnxModel(decoding: handForest().encode())
        #expect(
            model.metadata == [
                .init("assay.model", "1"), .init("assay.kind", "tree"), .init("assay.features", "amount\nnight"),
                .init("assay.threshold.review", "0.2"), .init("assay.threshold.decline", "0.5"),
            ])
        #expect(model.graph.nodes.map(\.operatorType) == ["TreeEnsembleRegressor"])
        #expect(model.operatorVersion(of: "ai.onnx.ml") == 3)
    }

    @Test(
        arguments: [
            ("assay.model", "2", "metadata.assay.model"), ("assay.kind", "boosted", "metadata.assay.kind"),
            ("assay.kind", nil, "metadata.assay.kind"), ("assay.features", "amount", "features"),
            ("assay.features", "amount\namount", "features[1]"), ("assay.features", "amount\n", "features[1]"),
            ("assay.features", nil, "metadata.assay.features"), ("assay.feature_set", "00ff", "metadata.assay.feature_set"),
            ("assay.threshold.review", "0.6", "metadata.assay.threshold.decline"),
            ("assay.threshold.decline", "1.5", "thresholds.decline"),
            ("assay.threshold.decline", "nan", "metadata.assay.threshold.decline"),
            ("assay.threshold.decline", nil, "metadata.assay.threshold.decline"), ("assay.kindred", "1", "metadata.assay.kindred"),
            ("assay.training.from", "yesterday", "metadata.assay.training.from"),
            ("assay.training.metric.auc", "high", "metadata.assay.training.metric.auc"), ("assay.model", nil, "metadata.assay.model"),
        ] as [(String, String?, String)])
    func wrongMetadataIsRefusedByItsKey(key: String, value: String?, place: String) throws {
        var model = try OnnxModel(decoding: handForest().encode())
        model.metadata.removeAll { $0.key == key }
        if let value { model.metadata.append(.init(key, value)) }
        let failure = #expect(throws: ForestFailure.self) { try Forest.load(model.encode()) }
        #expect(failure?.place == place)
    }

    /// The words are part of the model: its hash names them.
    @Test func reasonsTravelWithTheModel() throws {
        var random = Seeded(7)
        let plain = try arbitraryForest(using: &random)
        let features = plain.features.map { "'\($0.replacing("'", with: "''"))'" }.joined(separator: ", ")
        let yaml = "name: test\nreasons:\n  - {code: ALL, features: [\(features)], text: Everything – together}\n"
        let told = try plain.replacing(reasons: try ReasonFile(yaml: Array(yaml.utf8), file: "reasons.yaml"))
        let loaded = try Forest.load(told.encode())
        #expect(loaded == told && loaded.reasons?.text == yaml)
        #expect(loaded.words.entries.map(\.code) == ["ALL"] && loaded.words.texts.allSatisfy { $0 == "Everything – together" })
        #expect(loaded.contentHash != plain.contentHash && plain.words.entries.map(\.code) == plain.features)
        #expect(try loaded.replacing(reasons: nil) == plain)
    }

    @Test(arguments: [
        ("name: x\nreasons: [", "reasons"),
        ("name: x\nreasons:\n  - {code: A, features: [stranger], text: a}\n", "no feature of the model"),
        ("name: x\nreasons:\n  - {code: A, features: [a], text: \"a\\0\"}\n", "control character"),
    ])
    func wordsThatDoNotFitAreRefused(yaml: String, message: String) throws {
        var random = Seeded(7)
        var model = try OnnxModel(decoding: arbitraryForest(using: &random).encode())
        model.metadata.append(.init("assay.reasons", yaml))
        let bytes = model.encode()
        #expect {
            try Forest.load(bytes)
        } throws: { error in
            "\(error)".contains(message) && !"\(error)".contains("\n")
        }
    }

    @Test func metadataGivenTwiceIsRefused() throws {
        var model = try OnnxModel(decoding: handForest().encode())
        model.metadata.append(.init("assay.kind", "tree"))
        #expect(throws: ForestFailure.self) { try Forest.load(model.encode()) }
    }

    @Test func aFileFromElsewhereScoresAndAlertsOfNothing() throws {
        var model = try OnnxModel(decoding: handForest().encode())
        model.metadata = [.init("author", "someone")]
        let (forest, isOwn) = try Forest.read(model.encode())
        #expect(!isOwn && forest.features == ["feature 1", "feature 2"])
        #expect(forest.thresholds == DecisionThresholds(review: 1, decline: 1))
        #expect(ReferenceEngine(forest).score([10, 1]) == 0.2)
    }

    @Test func otherFilesAreRefusedInOneLine() {
        for bytes in [Array("{\"format\": \"assay-forest/1\"}".utf8), [], Array("tree\nversion=v4\n".utf8), [8, 8], [0xFF]] {
            #expect(throws: ForestFailure.self) { try Forest.load(bytes) }
        }
    }
}

extension DecisionTree {
    /// Children behind their parents, the left subtree before the right one.
    fileprivate var depthFirst: DecisionTree {
        var tree = DecisionTree(categories: categories, firstOutput: firstOutput, valueCount: valueCount)
        var stack: [(node: Int, parent: Int, isLeft: Bool)] = [(0, -1, false)]
        while let (node, parent, isLeft) = stack.popLast() {
            let place = tree.nodeCount
            if parent >= 0 { if isLeft { tree.left[parent] = Int32(place) } else { tree.right[parent] = Int32(place) } }
            tree.feature.append(feature[node])
            tree.threshold.append(threshold[node])
            tree.flags.append(flags[node])
            if !cover.isEmpty { tree.cover.append(cover[node]) }
            if !categorySet.isEmpty { tree.categorySet.append(categorySet[node]) }
            tree.left.append(isLeaf(node) ? Int32(tree.leafValues.count / valueCount) : 0)
            tree.right.append(DecisionTree.none)
            if isLeaf(node) {
                let first = Int(left[node]) * valueCount
                tree.leafValues += leafValues[first..<first + valueCount]
            } else {
                stack.append((Int(right[node]), place, false))
                stack.append((Int(left[node]), place, true))
            }
        }
        return tree
    }
}
