import Foundation
import OracleSupport
import Testing

/// The tool that answers with leaves, built beside the tests.
private let tool = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "leaf-walk")
    .path

private func has(_ packages: [String]) -> Bool {
    let names = packages.map { "'\($0)'" }.joined(separator: ", ")
    let probe = "import importlib.util as u; print(all(u.find_spec(p) for p in [\(names)]))"
    guard let answer = try? OracleTool.run(["python3", "-c", probe]) else { return false }
    return String(decoding: answer, as: UTF8.self).hasPrefix("True") && FileManager.default.isExecutableFile(atPath: tool)
}

private let hasPackages = has(["numpy", "lightgbm", "xgboost", "sklearn"])
private let hasOnnxPackages = hasPackages && has(["onnx", "onnxruntime", "skl2onnx", "onnxmltools"])

/// Against the libraries themselves, on small models; Tests/Oracles/leaf_parity.py compares larger ones by hand.
@Suite(.enabled(if: hasPackages, "python3 lacks numpy, lightgbm, xgboost or scikit-learn: install them to compare leaf for leaf"))
struct OracleTests {
    @Test(.timeLimit(.minutes(5)), arguments: ["lightgbm", "xgboost", "scikit-learn"])
    func leavesAndMarginsAreTheLibrarys(library: String) throws { try compare(library) }

    @Test(
        .enabled(if: hasOnnxPackages, "python3 lacks onnx, onnxruntime, skl2onnx or onnxmltools: install them to compare ONNX files"),
        .timeLimit(.minutes(5)))
    func leavesAndMarginsAreOnnxRuntimes() throws { try compare("onnx") }

    private func compare(_ library: String) throws {
        let script = URL(fileURLWithPath: #filePath).appending(path: "../../Oracles/leaf_parity.py").standardized.path
        let report = try OracleTool.run(["python3", script, tool, "--quick", "--only", library])
        #expect(String(decoding: report, as: UTF8.self).contains("models agree"))
    }
}
