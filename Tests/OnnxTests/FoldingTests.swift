import Forest
import Onnx
import Testing

/// What stands between the row and the trees becomes part of the trees, and decides as the pipeline's own steps do.
@Suite struct FoldingTests {
    /// Against the pipeline run step by step, at the folded thresholds and beside them, in both types of rows.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func foldedTreesScoreAsThePipelineDoes(seed: UInt64) throws {
        var random = Seeded(seed)
        let model = try Self.pipeline(using: &random)
        let pipeline = try ModelPipeline(OnnxModel(decoding: model.encode()))
        let folded = try pipeline.ensemble()
        try folded.validate()
        #expect(folded.featureCount == 4)
        var rows: [Double] = []
        for _ in 0..<1_500 { rows += folded.arbitraryRow(using: &random) }
        let expected = try pipeline.evaluate(rows: rows)[0].doubles(at: "scores")
        // Written as a file of ours they are the same trees' scores again.
        let again = try ModelPipeline(OnnxModel(decoding: folded.onnxModel().encode())).ensemble()
        for row in stride(from: 0, to: expected.count, by: 5) {
            let values = Array(rows[row * 4..<(row + 1) * 4])
            #expect(again.margins(row: values) == folded.margins(row: values))
        }
        for row in expected.indices {
            let margin = folded.margins(row: Array(rows[row * 4..<(row + 1) * 4]))[0]
            if margin != expected[row] {
                Issue.record("\(margin) of the trees, \(expected[row]) of the pipeline for \(rows[row * 4..<(row + 1) * 4])")
                return
            }
        }
    }

    @Test func whatMixesColumnsIsRefusedWithItsName() throws {
        var random = Seeded(7)
        for (name, attributes) in [
            ("Normalizer", [OnnxAttribute("norm", .string("L2"))]),
            ("OneHotEncoder", [OnnxAttribute("cats_int64s", .ints([1])), OnnxAttribute("zeros", .int(0))]),
        ] {
            var model = Self.columns(.float)
            model.graph.nodes = [Self.node(name, ["x"], "v", attributes)]
            var input = "v"
            if name == "OneHotEncoder" {
                model.graph.nodes.append(OnnxNode("Flatten", inputs: ["v"], outputs: ["w"]))
                input = "w"
            }
            model.graph.nodes.append(try Self.trees(4, input, .single, using: &random))
            let failure = #expect(throws: ForestFailure.self) { try ModelPipeline(model).ensemble() }
            #expect(failure?.place.hasPrefix(name) == true)
        }
    }

    /// A number that an imputer replaces cannot be left out by one test, unless it goes where its replacement goes.
    @Test(arguments: [(-3, 1.0, true), (-3, -2.0, false)] as [(Float, Double, Bool)])
    func aReplacedNumberIsRefusedOnlyWhereItMatters(imputed: Float, threshold: Double, isRead: Bool) throws {
        var model = Self.columns(.float)
        let tree = DecisionTree(
            feature: [1, -1, -1], threshold: [threshold, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [[], [], []],
            leafValues: [0, 1])
        let attributes = [OnnxAttribute("imputed_value_floats", .floats([imputed])), OnnxAttribute("replaced_value_float", .float(0))]
        model.graph.nodes = [Self.node("Imputer", ["x"], "v", attributes), try Self.regressor(tree, "v")]
        let pipeline = try ModelPipeline(model)
        if isRead {
            let ensemble = try pipeline.ensemble()
            for value in [0, 1, 1.5, -9, .nan] as [Double] {
                #expect(ensemble.margins(row: [0, value, 0, 0]) == (try pipeline.evaluate(rows: [0, value, 0, 0])[0].doubles(at: "")))
            }
        } else {
            let failure = #expect(throws: ForestFailure.self) { try pipeline.ensemble() }
            #expect(failure?.place.hasPrefix("Imputer") == true)
        }
    }

    /// XGBoost's sets take no negative value, LightGBM's take -0.5 for 0; a file tells them apart.
    @Test(arguments: [true, false]) func whatNegativeValuesAreSurvivesTheFile(isOutside: Bool) throws {
        let flags: DecisionTree.NodeFlags = isOutside ? [.isCategorical, .negativeIsOutside] : [.isCategorical]
        let tree = DecisionTree(
            feature: [0, -1, -1], threshold: [0, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [flags, [], []],
            categorySet: [0, 0, 0], categories: [CategorySet(values: [0, 3], isTruncating: true)], leafValues: [0.25, 0.5])
        let ensemble = TreeEnsemble(featureCount: 1, inputPrecision: .single, trees: [tree])
        let read = try ModelPipeline(OnnxModel(decoding: ensemble.onnxModel().encode())).ensemble()
        #expect(read.trees == ensemble.trees)
        for value in [-1, -0.999, -0.5, -0.0, 0, 0.5, 3.7, 4, .nan, -.infinity] as [Double] {
            #expect(read.margins(row: [value]) == ensemble.margins(row: [value]))
        }
        #expect(read.margins(row: [-0.5]) == [isOutside ? 0.5 : 0.25])
    }

    /// Missing values that go where -0.5 goes as category 0 have no operators: the file tells in words, one rule for all sets.
    @Test func whatHasNoOperatorsIsToldInWordsOrRefused() throws {
        func tree(_ flags: DecisionTree.NodeFlags) -> DecisionTree {
            DecisionTree(
                feature: [0, -1, -1], threshold: [0, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [flags, [], []],
                categorySet: [0, 0, 0], categories: [CategorySet(values: [0], isTruncating: true)], leafValues: [0, 1])
        }
        let odd = TreeEnsemble(featureCount: 1, trees: [tree([.isCategorical, .missingGoesLeft])])
        let model = try odd.onnxModel()
        #expect(model.metadata == [.init("assay.categories", "truncated")])
        #expect(try ModelPipeline(model).ensemble().trees == odd.trees)
        var two = odd
        two.trees.append(tree([.isCategorical, .negativeIsOutside]))
        #expect(throws: ForestFailure.self) { try two.onnxModel() }
        two.trees.removeFirst()
        two.trees.append(tree(.isCategorical))
        #expect(try ModelPipeline(two.onnxModel()).ensemble().trees == two.trees)
    }
}

extension FoldingTests {
    /// Four columns of any type, made into others in a random way, and trees on them.
    static func pipeline(using random: inout Seeded) throws -> OnnxModel {
        let type: OnnxElementType = Bool.random(using: &random) ? .float : .double
        var model = columns(type)
        var value = "x"
        var kind = type
        func add(_ node: OnnxNode) {
            model.graph.nodes.append(node)
            value = node.outputs[0]
        }
        func next() -> String { "v\(model.graph.nodes.count)" }
        func number() -> Float {
            [Float.random(in: -3...3, using: &random), 0.1, 1e-6, 1e6, -2, 1.0 / 3].randomElement(using: &random)!
        }
        func constant(_ values: [Float]) -> String {
            let name = "c\(model.graph.initializers.count)"
            model.graph.initializers.append(
                kind == .double
                    ? OnnxTensor(name, doubles: values.map { Double($0) })
                    : OnnxTensor(name, dimensions: [values.count], type: .float, elements: .floats(values)))
            return name
        }
        func indexes(_ values: [Int64]) -> String {
            let name = "c\(model.graph.initializers.count)"
            model.graph.initializers.append(
                OnnxTensor(name, dimensions: [values.count], type: .int64, elements: .integers(values)))
            return name
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                add(
                    node(
                        "Scaler", [value], next(),
                        [
                            OnnxAttribute("offset", .floats((0..<4).map { _ in number() })),
                            OnnxAttribute("scale", .floats((0..<4).map { _ in number() })),
                        ]))
                kind = .float
            case 1 where kind == .float:
                add(
                    node(
                        "Imputer", [value], next(),
                        [
                            OnnxAttribute("imputed_value_floats", .floats((0..<4).map { _ in number() })),
                            OnnxAttribute("replaced_value_float", .float(.nan)),
                        ]))
            case 2:
                let operation = ["Add", "Sub", "Mul", "Div"].randomElement(using: &random)!
                add(OnnxNode(operation, inputs: [value, constant((0..<4).map { _ in number() })], outputs: [next()]))
            case 3:
                let operation = ["Add", "Sub", "Mul"].randomElement(using: &random)!
                add(OnnxNode(operation, inputs: [constant([number()]), value], outputs: [next()]))
            case 4:
                var cast = OnnxNode("Cast", inputs: [value], outputs: [next()])
                kind = .float
                cast.attributes = [OnnxAttribute("to", .int(1))]
                add(cast)
            case 5:
                add(OnnxNode("ArrayFeatureExtractor", domain: "ai.onnx.ml", inputs: [value, indexes([2, 0, 3, 1])], outputs: [next()]))
            case 6:
                let bounds = [number(), number()].sorted().map { constant([$0]) }
                add(OnnxNode("Clip", inputs: [value] + bounds, outputs: [next()]))
            default: add(OnnxNode("Neg", inputs: [value], outputs: [next()]))
            }
        }
        var width = 4
        // Flags and codes of the row's second and third column beside the others.
        if type == .float, Bool.random(using: &random) {
            add(OnnxNode("Flatten", inputs: [value], outputs: [next()]))
            var parts = [value]
            add(OnnxNode("ArrayFeatureExtractor", domain: "ai.onnx.ml", inputs: ["x", indexes([1])], outputs: [next()]))
            add(node("OneHotEncoder", [value], next(), [OnnxAttribute("cats_int64s", .ints([0, 2, 5]))]))
            add(OnnxNode("Flatten", inputs: [value], outputs: [next()]))
            parts.append(value)
            add(OnnxNode("ArrayFeatureExtractor", domain: "ai.onnx.ml", inputs: ["x", indexes([2])], outputs: [next()]))
            add(
                node(
                    "LabelEncoder", [value], next(),
                    [
                        OnnxAttribute("keys_floats", .floats([1, -2, 0.5, .nan])),
                        OnnxAttribute("values_floats", .floats([3, 1, -1, 0.5])),
                        OnnxAttribute("default_float", .float(-7)),
                    ]))
            parts.append(value)
            if kind == .double { parts.removeFirst() }
            var concat = OnnxNode("Concat", inputs: parts, outputs: [next()])
            concat.attributes = [OnnxAttribute("axis", .int(1))]
            add(concat)
            kind = .float
            width = parts.count == 3 ? 8 : 4
        }
        model.graph.nodes.append(try trees(width, value, kind == .float ? .single : .double, using: &random))
        return model
    }

    private static func columns(_ type: OnnxElementType) -> OnnxModel {
        var model = OnnxModel()
        model.irVersion = 8
        model.operatorSets = [.init("", 13), .init("ai.onnx.ml", 3)]
        model.graph.name = "steps"
        model.graph.inputs = [OnnxValue("x", type: type, dimensions: [nil, 4])]
        model.graph.outputs = [OnnxValue("score", type: .float, dimensions: [nil, 1])]
        return model
    }

    private static func node(_ name: String, _ inputs: [String], _ output: String, _ attributes: [OnnxAttribute]) -> OnnxNode {
        var node = OnnxNode(name, domain: "ai.onnx.ml", inputs: inputs, outputs: [output])
        node.attributes = attributes
        return node
    }

    /// The operator of arbitrary trees over `width` columns.
    private static func trees(
        _ width: Int, _ input: String, _ precision: TreeEnsemble.Precision, using random: inout Seeded
    ) throws -> OnnxNode {
        var ensemble: TreeEnsemble
        repeat {
            ensemble = try TreeEnsemble.arbitrary(using: &random, precision: precision, depth: 5)
        } while ensemble.featureCount > width
        ensemble.featureCount = width
        ensemble.inputPrecision = .double
        // Whole numbers, so that sums in Float are exact and any other leaf shows.
        ensemble.aggregation = .sum
        ensemble.baseScores = [1]
        for tree in ensemble.trees.indices {
            ensemble.trees[tree].leafValues = ensemble.trees[tree].leafValues.indices.map { Double(($0 + 1) * (2 * tree + 1)) }
        }
        var node = try ensemble.onnxModel().graph.nodes.first { $0.operatorType == "TreeEnsembleRegressor" }!
        node.inputs = [input]
        return node
    }

    private static func regressor(_ tree: DecisionTree, _ input: String) throws -> OnnxNode {
        var node = try TreeEnsemble(featureCount: 4, trees: [tree]).onnxModel().graph.nodes[0]
        node.inputs = [input]
        return node
    }
}
