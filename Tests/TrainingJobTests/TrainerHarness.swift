import Foundation
import ServiceRuntime
import Synchronization
import TrainingJob

private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
private let features = package.appendingPathComponent("config/card-features.yaml").path

/// What a run wrote and how it ended.
struct Outcome {
    var code: Int32
    var output: String
    var errors: String
}

/// The trainer with standard output and error caught.
func train(_ arguments: [String]) async -> Outcome {
    let caught = CaughtText()
    let command = TrainerCommand.command("assay-trainer") { text in caught.output.withLock { $0 += text } }
    let surroundings = Command.Surroundings(environment: [:]) { text in
        caught.output.withLock { $0 += text }
    } writeError: { text in
        caught.errors.withLock { $0 += text }
    }
    let code = await command.execute(arguments + ["--features", features, "--quiet"], in: surroundings)
    return Outcome(code: code, output: caught.output.withLock { $0 }, errors: caught.errors.withLock { $0 })
}

private final class CaughtText: Sendable {
    let output = Mutex("")
    let errors = Mutex("")
}

/// A folder of its own, gone afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-train-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

/// 30 days of 60 transactions of 25 customers; amounts above 150 are fraud, and some others.
func writeCsv(_ path: String) throws {
    var state: UInt64 = 7
    func random(_ bound: UInt64) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % bound)
    }
    var text = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n"
    var id = 0
    for day in 1...30 {
        for slot in 0..<60 {
            let cents = random(20) == 0 ? 15_000 + random(10_000) : 100 + random(12_000)
            let isFraud = cents > 15_000 ? random(10) < 9 : random(200) == 0
            let (hour, minute) = (slot * 24 / 60, slot % 5 * 12)
            func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
            text +=
                "\(id),2024-04-\(two(day))T\(two(hour)):\(two(minute)):00Z,\(random(25)),\(random(40)),\(cents / 100).\(two(cents % 100)),\(isFraud ? 1 : 0)\n"
            id += 1
        }
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}
