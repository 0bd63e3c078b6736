import Forest
import Foundation
import Onnx
import OracleSupport
import Testing

@Suite struct LogisticModelTests {
    private static let model = LogisticModel(
        features: ["amount", "night", "count"], means: [57.3, 0.21, 3], deviations: [41.7, 0.4, 1], weights: [1.25, -0.5, 0.125],
        intercept: -4.75)

    /// Rows with ordinary, extreme and missing values.
    private static func rows(_ count: Int, seed: UInt64) -> [Double] {
        var random = Seeded(seed)
        return (0..<count * 3).map { _ in
            switch Int.random(in: 0..<10, using: &random) {
            case 0: .nan
            case 1: Double.random(in: -1e4...1e4, using: &random)
            default: Double.random(in: 0...100, using: &random)
            }
        }
    }

    private static func score(_ row: ArraySlice<Double>) -> Double {
        var margin = model.intercept
        for (feature, value) in row.enumerated() where !value.isNaN {
            margin += (value - model.means[feature]) / model.deviations[feature] * model.weights[feature]
        }
        return 1 / (1 + exp(-margin))
    }

    @Test func whatIsWrittenIsReadAndScoresTheSame() throws {
        let pipeline = try ModelPipeline(OnnxModel(decoding: Self.model.onnxModel().encode()))
        let rows = Self.rows(2_000, seed: 1)
        let scores = try pipeline.evaluate(rows: rows)[0].doubles(at: "scores")
        for (row, score) in scores.enumerated() { #expect(abs(score - Self.score(rows[row * 3..<row * 3 + 3])) < 2e-6) }
        // No forest: commands about models say so, and where.
        let failure = #expect(throws: ForestFailure.self) { try pipeline.ensemble() }
        #expect(failure?.place.hasPrefix("LinearRegressor") == true)
    }

    @Test(.enabled(if: canRun, "python3 has no numpy, onnx and onnxruntime"))
    func itRunsInOnnxRuntime() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-logistic-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (model, file) = (folder.appendingPathComponent("model"), folder.appendingPathComponent("rows"))
        let rows = Self.rows(2_000, seed: 2)
        try Data(Self.model.onnxModel().encode()).write(to: model)
        try rows.withUnsafeBytes { Data($0) }.write(to: file)
        let script = URL(fileURLWithPath: #filePath).appending(path: "../../Oracles/onnx_oracle.py").standardized.path
        let answer = try OracleTool.run(["python3", script, "run", model.path, file.path, "3"])
        let scores = answer.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
        }
        #expect(scores.count == 2_000)
        for (row, score) in scores.enumerated() { #expect(abs(score - Self.score(rows[row * 3..<row * 3 + 3])) < 2e-6) }
    }

    @Test(arguments: [("deviations", 0.0), ("deviations", 1e-300), ("means", .nan), ("weights", 1e300), ("intercept", .infinity)])
    func whatAFloatDoesNotHoldIsRefused(name: String, value: Double) {
        var model = Self.model
        switch name {
        case "deviations": model.deviations[1] = value
        case "means": model.means[1] = value
        case "weights": model.weights[1] = value
        default: model.intercept = value
        }
        let failure = #expect(throws: ForestFailure.self) { try model.onnxModel() }
        #expect(failure?.place.hasPrefix(name) == true)
    }

    private static let canRun: Bool = {
        let script = URL(fileURLWithPath: #filePath).appending(path: "../../Oracles/onnx_oracle.py").standardized.path
        return (try? OracleTool.run(["python3", script, "can", "crafted"])) != nil
    }()
}
