import Forest
import Foundation
import Onnx
import OracleSupport
import Testing

private let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Oracles/onnx_oracle.py")
    .standardizedFileURL.path

private func can(_ group: String) -> Bool { (try? OracleTool.run(["python3", script, "can", group])) != nil }

private let environment = ProcessInfo.processInfo.environment
/// Rows of each case; more by hand.
private let rowCount = environment["ASSAY_ORACLE_ROWS"].flatMap(Int.init) ?? 300
private let seed = environment["ASSAY_ORACLE_SEED"].flatMap(Int.init) ?? 1

/// Against ONNX Runtime: what libraries and every rule of the operators give there, they give here, and what is written here runs there.
@Suite struct RuntimeOracleTests {
    @Test(
        .enabled(if: can("crafted"), "python3 has no numpy, onnx and onnxruntime"),
        arguments: 0..<3)
    func whatIsWrittenHereRunsThere(kind: Int) throws {
        var random = Seeded(UInt64(seed) &+ UInt64(kind) &* 1_000)
        for _ in 0..<8 {
            var ensemble = try TreeEnsemble.arbitrary(
                using: &random, categories: kind == 1, outputs: kind == 2 ? 3 : 1,
                precision: Bool.random(using: &random) ? .single : .double)
            // Sets as LightGBM and XGBoost have them; what else there is, ONNX cannot say.
            for tree in ensemble.trees.indices {
                for node in ensemble.trees[tree].flags.indices where ensemble.trees[tree].flags[node].contains(.isCategorical) {
                    if Bool.random(using: &random) {
                        ensemble.trees[tree].flags[node].insert(.negativeIsOutside)
                    } else {
                        ensemble.trees[tree].flags[node].remove(.missingGoesLeft)
                    }
                }
            }
            #expect(!ensemble.categoriesNeedWords)
            if kind == 2 { ensemble.link = .softmax } else if Bool.random(using: &random) { ensemble.link = .logistic }
            let rows = (0..<rowCount).map { _ in ensemble.arbitraryRow(using: &random) }
            let folder = try Scratch()
            try folder.write(ensemble.onnxModel().encode(), "model")
            try folder.write(doubles: rows.flatMap(\.self), "rows")
            let output = try OracleTool.run(
                ["python3", script, "run", folder.path("model"), folder.path("rows"), "\(ensemble.featureCount)"])
            let scores = doubles(output)
            #expect(scores.count == rows.count * ensemble.outputCount)
            for (index, row) in rows.enumerated() where scores.count == rows.count * ensemble.outputCount {
                let expected = linked(ensemble.margins(row: row), ensemble.link)
                for output in 0..<ensemble.outputCount {
                    let score = scores[index * ensemble.outputCount + output]
                    let distance = ulps(score, expected[output])
                    if distance > (ensemble.link == .identity ? 1 : 8), abs(score - expected[output]) > 1e-6 {
                        Issue.record("\(kind) \(ensemble.link): \(score) there, \(expected[output]) here")
                        return
                    }
                }
            }
        }
    }

    @Test(
        .enabled(if: can("crafted"), "python3 has no numpy, onnx and onnxruntime"))
    func everyRuleOfTheOperatorsIsFollowed() throws { try compare("crafted", countMin: 150) }

    @Test(.enabled(if: can("sklearn"), "python3 has no scikit-learn, skl2onnx and onnxruntime"))
    func whatScikitLearnExportsScoresHereAsThere() throws { try compare("sklearn", countMin: 20) }

    @Test(.enabled(if: can("boosted"), "python3 has no lightgbm, xgboost, onnxmltools and onnxruntime"))
    func whatBoostersExportScoresHereAsThere() throws { try compare("boosted", countMin: 8) }

    private func compare(_ group: String, countMin: Int) throws {
        let folder = try Scratch()
        _ = try OracleTool.run(["python3", script, "cases", group, folder.path(""), "\(rowCount)", "\(seed)"])
        let cases = String(decoding: try folder.read("cases"), as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(cases.count >= countMin)
        for fields in cases {
            let name = String(fields[0])
            let ulpsMax = Double(fields[3])!
            // Probabilities are often 1 less something near 1: there the last place that counts is that of 1.
            let slack = min(ulpsMax, 4) * 0x1p-24
            do {
                let pipeline = try ModelPipeline(try OnnxModel(decoding: folder.read(name + ".onnx")))
                let rows = doubles(try folder.read(name + ".rows"))
                let outputs = try pipeline.evaluate(rows: rows)
                for (index, output) in outputs.enumerated() {
                    guard output.type != .string else { continue }
                    let expected = doubles(try folder.read("\(name).\(index)"))
                    let found = try output.doubles(at: name)
                    #expect(found.count == expected.count, "\(name) output \(index)")
                    guard found.count == expected.count else { continue }
                    let wrong = found.indices.filter { ulps(found[$0], expected[$0]) > ulpsMax && abs(found[$0] - expected[$0]) > slack }
                    if let first = wrong.first {
                        let row = first / (found.count / rowCount)
                        let columns = rows.count / rowCount
                        Issue.record(
                            "\(name) output \(index): \(wrong.count) of \(found.count) differ, the first is \(found[first]) here and \(expected[first]) there for \(rows[row * columns..<(row + 1) * columns])"
                        )
                    }
                }
                try checkForest(folder.read(name + ".onnx"), name, rows, outputs)
            } catch { Issue.record("\(name): \(error)") }
        }
    }

    /// Where a file is a fraud model, its forest scores as the pipeline does.
    private func checkForest(_ content: [UInt8], _ name: String, _ rows: [Double], _ outputs: [PipelineTensor]) throws {
        guard let forest = try? Forest.load(content), let scores = outputs.last else {
            #expect(!["scaled-forest", "imputed-forest", "flags", "binarized"].contains(name), "\(name): its steps fold into the trees")
            return
        }
        let found = try scores.doubles(at: name)
        let columns = forest.features.count
        let width = found.count / rowCount
        for row in 0..<min(rowCount, 2_000) {
            let score = ReferenceEngine(forest).score(Array(rows[row * columns..<(row + 1) * columns]))
            let expected = min(max(found[row * width + width - 1], 0), 1)
            if abs(score - expected) > 2e-6 {
                Issue.record("\(name): the forest's score is \(score), the pipeline's \(expected)")
                return
            }
        }
    }
}

/// Distance in units of the last place of a float32; 0 for two NaN, infinite for one.
private func ulps(_ one: Double, _ other: Double) -> Double {
    if one == other || one.isNaN && other.isNaN { return 0 }
    guard one.isFinite, other.isFinite else { return Float(one) == Float(other) ? 0 : .infinity }
    return abs(one - other) / Double(Float(other).ulp)
}

private func linked(_ margins: [Double], _ link: TreeEnsemble.Link) -> [Double] {
    switch link {
    case .logistic: return margins.map { 1 / (1 + exp(-$0)) }
    case .softmax:
        let powers = margins.map { exp($0 - margins.max()!) }
        return powers.map { $0 / powers.reduce(0, +) }
    default: return margins
    }
}

private func doubles(_ bytes: [UInt8]) -> [Double] {
    bytes.withUnsafeBytes { buffer in
        (0..<buffer.count / 8).map {
            Double(bitPattern: UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)))
        }
    }
}

/// A folder that is gone with its owner.
private final class Scratch {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-onnx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent(name))) }
    func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: folder.appendingPathComponent(name)) }

    func write(doubles: [Double], _ name: String) throws {
        try write(doubles.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }, name)
    }
}
