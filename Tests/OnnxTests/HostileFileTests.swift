import Forest
import Foundation
import Onnx
import Testing

/// Damaged files load or throw; they never trap and never take long.
@Suite struct HostileFileTests {
    /// Seconds of fuzzing; more by hand.
    private static let budget = Double(ProcessInfo.processInfo.environment["ASSAY_FUZZ_SECONDS"] ?? "") ?? 1

    @Test(arguments: 0..<2 as Range<UInt64>)
    func damagedFilesLoadOrThrowButNeverTrap(seed: UInt64) throws {
        var random = Seeded(seed)
        let end = ContinuousClock.now + .seconds(Self.budget)
        var goods = try (0..<6).map { try arbitraryForest(using: &random, categories: $0 % 2 == 0).encode() }
        goods.append(try TreeEnsemble.arbitrary(using: &random, outputs: 3).onnxModel().encode())
        goods += try Self.pipelines.map { try $0().encode() }
        goods += try (0..<6).map { _ in try FoldingTests.pipeline(using: &random).encode() }
        if let folder = ProcessInfo.processInfo.environment["ASSAY_FUZZ_CORPUS"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".onnx") {
                goods.append(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
            }
        }
        var loaded = 0
        var tried = 0
        while ContinuousClock.now < end {
            var bytes = goods.randomElement(using: &random)!
            damage(&bytes, using: &random)
            tried += 1
            if let forest = try? Forest.load(bytes) {
                loaded += 1
                let row = forest.features.map { _ in 0.5 }
                let score = ReferenceEngine(forest).score(row)
                #expect((0...1).contains(score) && ForestScorer(forest).score(row) == score)
                _ = try? ReasonEngine(forest)
            }
            if let model = try? OnnxModel(decoding: bytes), let pipeline = try? ModelPipeline(model) {
                _ = try? pipeline.evaluate(rows: Array(repeating: 1.5, count: 3 * pipeline.columnCount))
            }
        }
        #expect(tried > 20)
        if Self.budget > 1 { print("seed \(seed): \(tried) files, \(loaded) of them forests all the same") }
    }

    /// A file that lost all of its metadata is a whole one from elsewhere; nothing else is one.
    @Test func noPrefixOfAFileIsTakenForIt() throws {
        let bytes = try handForest().encode()
        for count in 0..<bytes.count {
            if let (forest, isOwn) = try? Forest.read(Array(bytes.prefix(count))) {
                #expect(!isOwn && forest.features == ["feature 1", "feature 2"])
            }
        }
    }

    /// Columns that are picked by no index are none, and a step on them is refused.
    @Test func aPipelineWithoutColumnsIsRefused() throws {
        var model = Self.pipeline([])
        model.graph.initializers = [OnnxTensor("i", dimensions: [0], type: .int64, elements: .integers([]))]
        var gather = OnnxNode("Gather", inputs: ["x", "i"], outputs: ["a"])
        gather.attributes = [.init("axis", .int(1))]
        var oneHot = OnnxNode("OneHotEncoder", domain: "ai.onnx.ml", inputs: ["a"], outputs: ["y"])
        oneHot.attributes = [.init("cats_int64s", .ints([1, 2])), .init("zeros", .int(1))]
        model.graph.nodes = [gather, oneHot]
        #expect(throws: ForestFailure.self) { try Forest.load(model.encode()) }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout Seeded) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        case 1:
            let start = Int.random(in: bytes.indices, using: &random)
            bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...16, using: &random)))
        case 2:
            let start = Int.random(in: bytes.indices, using: &random)
            bytes.insert(contentsOf: bytes[start..<min(bytes.count, start + 40)], at: Int.random(in: bytes.indices, using: &random))
        default: break
        }
        guard !bytes.isEmpty else { return }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            // Small changes pass further than wild ones: a count off by one, another field.
            bytes[place] =
                Bool.random(using: &random)
                ? .random(in: .min ... .max, using: &random) : bytes[place] ^ 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }

    /// Graphs of every operator that is supported.
    private static let pipelines: [@Sendable () throws -> OnnxModel] = [
        { pipeline([("Scaler", "ai.onnx.ml", [.init("offset", .floats([1])), .init("scale", .floats([2]))])]) },
        {
            pipeline([
                ("Imputer", "ai.onnx.ml", [.init("imputed_value_floats", .floats([1])), .init("replaced_value_float", .float(.nan))])
            ])
        },
        { pipeline([("Normalizer", "ai.onnx.ml", [.init("norm", .string("L2"))]), ("Sigmoid", "", []), ("Exp", "", [])]) },
        { pipeline([("Cast", "", [.init("to", .int(7))]), ("OneHotEncoder", "ai.onnx.ml", [.init("cats_int64s", .ints([0, 1]))])]) },
        {
            pipeline([
                ("Cast", "", [.init("to", .int(7))]),
                ("LabelEncoder", "ai.onnx.ml", [.init("keys_int64s", .ints([0, 1])), .init("values_strings", .strings(["a", "b"]))]),
            ])
        }, { pipeline([("Flatten", "", []), ("Softmax", "", []), ("ArgMax", "", [.init("axis", .int(1))]), ("Identity", "", [])]) },
        {
            pipeline([("ReduceSum", "", [.init("axes", .ints([1]))]), ("Abs", "", []), ("Neg", "", []), ("Sqrt", "", []), ("Log", "", [])])
        },
        {
            pipeline([
                (
                    "LinearClassifier", "ai.onnx.ml",
                    [
                        .init("coefficients", .floats([1, 2, 3, 4])), .init("intercepts", .floats([0, 1])),
                        .init("classlabels_ints", .ints([0, 1])), .init("post_transform", .string("SOFTMAX")),
                    ]
                )
            ])
        },
        {
            pipeline([
                ("LinearRegressor", "ai.onnx.ml", [.init("coefficients", .floats([1, 2])), .init("intercepts", .floats([0]))]),
                ("Binarizer", "ai.onnx.ml", [.init("threshold", .float(0.5))]),
            ])
        },
        {
            var model = pipeline([])
            model.graph.initializers = [
                OnnxTensor("c", dimensions: [2], type: .float, elements: .floats([1, 2])),
                OnnxTensor("i", dimensions: [1], type: .int64, elements: .integers([1])),
                OnnxTensor("s", dimensions: [2], type: .int64, elements: .integers([-1, 1])),
                OnnxTensor("m", dimensions: [2, 2], type: .float, elements: .floats([1, 2, 3, 4])),
            ]
            model.graph.nodes = [
                OnnxNode("Add", inputs: ["x", "c"], outputs: ["a"]), OnnxNode("Div", inputs: ["a", "c"], outputs: ["b"]),
                OnnxNode("Concat", inputs: ["a", "b"], outputs: ["d"]), OnnxNode("Gather", inputs: ["d", "i"], outputs: ["e"]),
                OnnxNode("MatMul", inputs: ["a", "m"], outputs: ["f"]), OnnxNode("Reshape", inputs: ["f", "s"], outputs: ["g"]),
                OnnxNode("ArrayFeatureExtractor", domain: "ai.onnx.ml", inputs: ["d", "i"], outputs: ["h"]),
                OnnxNode("Sum", inputs: ["a", "b"], outputs: ["j"]), OnnxNode("Sub", inputs: ["a", "h"], outputs: ["k"]),
                OnnxNode("Mul", inputs: ["k", "k"], outputs: ["y"]),
            ]
            model.graph.nodes[2].attributes = [.init("axis", .int(1))]
            model.graph.nodes[3].attributes = [.init("axis", .int(1))]
            return model
        },
    ]

    /// Steps one after the other on two columns of floats.
    private static func pipeline(_ steps: [(String, String, [OnnxAttribute])]) -> OnnxModel {
        var model = OnnxModel()
        model.irVersion = 8
        model.operatorSets = [.init("", 12), .init("ai.onnx.ml", 3)]
        model.graph.inputs = [OnnxValue("x", type: .float, dimensions: [nil, 2])]
        model.graph.outputs = [OnnxValue("y", type: .float, dimensions: [nil, nil])]
        for (index, step) in steps.enumerated() {
            var node = OnnxNode(
                step.0, domain: step.1, inputs: [index == 0 ? "x" : "v\(index)"],
                outputs: [index == steps.count - 1 ? "y" : "v\(index + 1)"])
            node.attributes = step.2
            model.graph.nodes.append(node)
        }
        return model
    }
}
