import Foundation
import ServiceRuntime
import Synchronization
import Testing
import TrainingJob

private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
private let features = package.appendingPathComponent("config/card-features.yaml").path

/// What a run wrote and how it ended.
private struct Outcome {
    var code: Int32
    var output: String
    var errors: String
}

/// The trainer with standard output and error caught.
private func train(_ arguments: [String]) async -> Outcome {
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
private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-train-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

/// 30 days of 60 transactions of 25 customers; amounts above 150 are fraud, and some others.
private func writeCsv(_ path: String) throws {
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

@Suite struct TrainerCommandTests {
    @Test(arguments: [
        [], ["--csv", "a.csv", "--from-postgres"], ["--csv", "a.csv", "--folds", "3"], ["--csv", "a.csv", "--outcome-delay", "9d"],
        ["--csv", "a.csv", "--train-from", "yesterday"], ["--csv", "a.csv", "--sample", "some"], ["--csv", "a.csv", "--seed", "-1"],
        ["--csv", "a.csv", "--algorithm", "tree", "--trees", "3"], ["--csv", "a.csv", "--review-at", "0.9", "--decline-at", "0.1"],
        ["--csv", "a.csv", "--thresholds", "cost", "--alerts-per-day", "5"], ["--unknown"], ["--csv", "a.csv", "--shard", "5/4"],
        ["--csv", "a.csv", "--shard", "2/3", "--trees", "1"], ["--csv", "a.csv", "--shard", "1/2", "--protocol", "prequential"],
        ["--csv", "a.csv", "--shard", "1/2", "--algorithm", "tree"], ["--cost-review", "-3", "--csv", "a.csv"],
    ])
    func aMistakeOnTheCommandLineIsToldInOneLine(arguments: [String]) async {
        let outcome = await train(arguments)
        #expect(outcome.code == 64 && outcome.output.isEmpty)
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.errors.hasPrefix("assay-trainer: "), "\(outcome.errors)")
    }

    @Test func whatCannotBeWrittenOrReadIsToldBeforeTheWork() async {
        let unwritable = await train(["--csv", "a.csv", "--out", "/nowhere/model"])
        #expect(unwritable.code == 1 && unwritable.errors.contains("/nowhere/model: cannot be written"))
        let absent = await train(["--csv", "/nowhere/a.csv"])
        #expect(absent.code == 1 && absent.errors.split(separator: "\n").count == 1)
    }

    @Test func aRunWritesModelPageAndJsonAndTheSameAgain() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let arguments = [
                "--csv", csv, "--trees", "5", "--depth", "4", "--replicates", "20", "--cards", "3", "--protocol", "prequential", "--folds",
                "2", "--seed", "3", "--compare", "--slice", "TX_DURING_NIGHT",
            ]
            let outcome = await train(arguments + ["--out", folder + "/card.model.json"])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.errors.isEmpty && outcome.output.contains("forest of 5") && outcome.output.contains("tested from"))
            let page = try String(contentsOfFile: folder + "/card.model.html", encoding: .utf8)
            for words in [
                "ROC", "Calibration", "By TX_DURING_NIGHT", "The same recipe in earlier periods", "Tree 1 of 5",
                "Loss of average precision",
            ] {
                #expect(page.contains(words), "\(words)")
            }
            let again = await train(
                arguments + ["--out", folder + "/b", "--report", folder + "/b.html", "--report", folder + "/b.json", "--json"])
            #expect(again.code == 0)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: folder + "/b"))
                    == Data(contentsOf: URL(fileURLWithPath: folder + "/card.model.json")))
            #expect(try String(contentsOfFile: folder + "/b.html", encoding: .utf8) == page)
            let json = try Data(contentsOf: URL(fileURLWithPath: folder + "/b.json"))
            #expect(String(decoding: json, as: UTF8.self) == again.output)
            let report = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            for key in ["periods", "model", "evaluations", "folds", "stability", "importance", "notes"] {
                #expect(report[key] != nil, "\(key)")
            }
            #expect((report["folds"] as? [Any])?.count == 2 && (report["evaluations"] as? [Any])?.count == 3)
        }
    }

    @Test func thresholdsFollowCostsAndBudgets() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            func reviewAt(_ options: [String]) async throws -> Double {
                let outcome = await train(["--csv", csv, "--trees", "5", "--depth", "4", "--replicates", "0", "--json"] + options)
                let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
                return try #require((report?["model"] as? [String: Any])?["reviewAt"] as? Double)
            }
            let cheap = try await reviewAt(["--thresholds", "cost", "--cost-review", "0.01"])
            let dear = try await reviewAt(["--thresholds", "cost", "--cost-review", "1000"])
            #expect(cheap < dear)
            let few = try await reviewAt(["--alerts-per-day", "1"])
            let many = try await reviewAt(["--alerts-per-day", "20"])
            #expect(many < few)
            #expect(try await reviewAt(["--thresholds", "cost", "--review-at", "0.25"]) == 0.25)
        }
    }
}
