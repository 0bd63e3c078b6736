import Foundation
import OracleSupport
import Testing

/// The tool that answers with leaves, built beside the tests.
private let tool = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "leaf-walk")
    .path

private let hasPackages: Bool = {
    let probe = "import importlib.util as u; print(all(u.find_spec(p) for p in ('numpy', 'lightgbm', 'xgboost', 'sklearn')))"
    guard let answer = try? OracleTool.run(["python3", "-c", probe]) else { return false }
    return String(decoding: answer, as: UTF8.self).hasPrefix("True") && FileManager.default.isExecutableFile(atPath: tool)
}()

/// Against the libraries themselves, on small models; Tests/Oracles/leaf_parity.py compares larger ones by hand.
@Suite(.enabled(if: hasPackages, "python3 lacks numpy, lightgbm, xgboost or scikit-learn: install them to compare leaf for leaf"))
struct OracleTests {
    @Test(.timeLimit(.minutes(5)), arguments: ["onnx", "lightgbm", "xgboost", "scikit-learn"])
    func leavesAndMarginsAreTheLibrarys(library: String) throws {
        let script = URL(fileURLWithPath: #filePath).appending(path: "../../Oracles/leaf_parity.py").standardized.path
        let report = try OracleTool.run(["python3", script, tool, "--quick", "--only", library])
        #expect(String(decoding: report, as: UTF8.self).contains("models agree"))
    }
}
