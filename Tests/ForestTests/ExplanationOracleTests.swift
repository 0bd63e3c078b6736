import EnsembleText
import Forest
import Foundation
import OracleSupport
import Testing

/// A folder of cases that `Tests/Oracles/shap_oracle.py` made, where `ASSAY_SHAP_CASES` names one.
private let givenCases = ProcessInfo.processInfo.environment["ASSAY_SHAP_CASES"]
private let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Oracles/shap_oracle.py").path
private let isShapInstalled =
    givenCases != nil || (try? OracleTool.run(["python3", "-c", "import shap, sklearn, lightgbm, xgboost"])) != nil

/// Holds the explanations against the shap package: on the given cases, else, where `python3` has it, on a few rows made now.
@Suite(.enabled(if: isShapInstalled)) struct ShapOracleTests {
    @Test func explanationsAreThoseOfTheShapPackage() throws {
        var folder = givenCases ?? ""
        if givenCases == nil {
            folder = NSTemporaryDirectory() + "assay-shap-\(ProcessInfo.processInfo.processIdentifier)"
            _ = try OracleTool.run(["python3", "-W", "ignore", script, folder, "--rows", "40"])
        }
        defer { if givenCases == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.count >= 9)
        for name in names { try check(name, folder + "/" + name + "/") }
    }

    private func check(_ name: String, _ folder: String) throws {
        func doubles(_ file: String) throws -> [Double] {
            RowBytes.decode(Array(try Data(contentsOf: URL(fileURLWithPath: folder + file))))
        }
        let ensemble = try EnsembleText.parse(String(contentsOfFile: folder + "model.txt", encoding: .ascii))
        let tolerance = try #require(
            Double(try String(contentsOfFile: folder + "tolerance.txt", encoding: .ascii).trimmingCharacters(in: .whitespacesAndNewlines)))
        let rows = try doubles("rows.bin")
        let width = ensemble.outputCount * ensemble.featureCount
        var contributions = [Double](repeating: 0, count: width)
        func worst(_ expected: [Double], _ explain: ([Double]) -> [Double]) -> (difference: Double, additivity: Double) {
            var difference = 0.0
            var additivity = 0.0
            for row in 0..<expected.count / width {
                let values = Array(rows[row * ensemble.featureCount..<(row + 1) * ensemble.featureCount])
                let base = explain(values)
                for index in 0..<width { difference = max(difference, abs(contributions[index] - expected[row * width + index])) }
                for (output, margin) in ensemble.margins(row: values).enumerated() {
                    let range = output * ensemble.featureCount..<(output + 1) * ensemble.featureCount
                    additivity = max(additivity, abs(contributions[range].reduce(base[output], +) - margin))
                }
            }
            return (difference, additivity)
        }
        let engine = try ShapEngine(ensemble)
        let scratch = engine.makeScratch()
        let path = worst(try doubles("path.bin")) { row in
            engine.explain(row, into: &contributions, using: scratch)
            return engine.base
        }
        let interventional = try InterventionalShapEngine(ensemble, background: doubles("background.bin"))
        var interventionalScratch = interventional.makeScratch()
        let against = worst(try doubles("interventional.bin")) { row in
            interventional.explain(row, into: &contributions, using: &interventionalScratch)
            return interventional.base
        }
        print("\(name): path-dependent \(path), interventional \(against)")
        #expect(path.difference < tolerance, "\(name)")
        // The shap package keeps the weights of this kind in float32: ours agree with the definition to 1e-12.
        #expect(against.difference < max(tolerance, 1e-6), "\(name)")
        #expect(path.additivity < 1e-9 && against.additivity < 1e-9, "\(name)")
        if let expected = try? doubles("importances.bin") {
            let gain = try GlobalImportances.gain(ensemble)
            #expect(zip(gain, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(name): \(gain) \(expected)")
        }
    }
}
