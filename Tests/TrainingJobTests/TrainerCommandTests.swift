import Foundation
import Testing

@Suite struct TrainerCommandTests {
    @Test(arguments: [
        [], ["--csv", "a.csv", "--from-postgres"], ["--csv", "a.csv", "--folds", "3"], ["--csv", "a.csv", "--outcome-delay", "9d"],
        ["--csv", "a.csv", "--train-from", "yesterday"], ["--csv", "a.csv", "--sample", "some"], ["--csv", "a.csv", "--seed", "-1"],
        ["--csv", "a.csv", "--algorithm", "tree", "--trees", "3"], ["--csv", "a.csv", "--review-at", "0.9", "--decline-at", "0.1"],
        ["--csv", "a.csv", "--thresholds", "cost", "--alerts-per-day", "5"], ["--unknown"], ["--csv", "a.csv", "--shard", "5/4"],
        ["--csv", "a.csv", "--shard", "2/3", "--trees", "1"], ["--csv", "a.csv", "--shard", "1/2", "--protocol", "prequential"],
        ["--csv", "a.csv", "--shard", "1/2", "--algorithm", "tree"], ["--cost-review", "-3", "--csv", "a.csv"],
        ["--csv", "a.csv", "--bootstrap", "1", "--subsample", "0.5"], ["--csv", "a.csv", "--subsample", "0"],
        ["--csv", "a.csv", "--algorithm", "tree", "--bootstrap", "1"], ["--csv", "a.csv", "--class-weights", "1"],
        ["--csv", "a.csv", "--class-weights", "1:0"], ["--csv", "a.csv", "--prune", "hard"], ["--csv", "a.csv", "--prune", "-1"],
        ["--csv", "a.csv", "--monotone", "TX_AMOUNT"], ["--csv", "a.csv", "--monotone", "TX_AMOUNT=sideways"],
        ["--csv", "a.csv", "--monotone", "TX_AMOUNT=up", "--monotone", "TX_AMOUNT=down"],
        ["--csv", "a.csv", "--monotone", "TX_AMOUNT=up", "--categorical", "TX_AMOUNT"], ["--csv", "a.csv", "--monotone", "AMOUNT=up"],
        ["--csv", "a.csv", "--categorical", "AMOUNT"], ["--csv", "a.csv", "--slice", "AMOUNT"],
        ["--csv", "a.csv", "--calibrate", "isotonic"], ["--csv", "a.csv", "--calibrate", "temperature"],
        ["--csv", "a.csv", "--drop-trees", "0", "--algorithm", "extra-trees"], ["--csv", "a.csv", "--drop-trees", "0", "--subsample", "1"],
        ["--csv", "a.csv", "--compress", "zip"], ["--csv", "a.csv", "--shard", "1/2", "--calibrate", "platt"],
        ["--csv", "a.csv", "--shard", "1/2", "--prune", "auto"], ["--csv", "a.csv", "--shard", "1/2", "--compress", "merge"],
        ["--csv", "a.csv", "--shard", "1/2", "--part", "a.model"], ["--csv", "a.csv", "--part", "a", "--algorithm", "tree"],
        ["--csv", "a.csv", "--part", "a", "--protocol", "prequential"], ["--csv", "a.csv", "--split-rows", "1"],
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
            #expect((report["folds"] as? [Any])?.count == 2 && (report["evaluations"] as? [Any])?.count == 4)
            #expect(again.output.contains("\"logistic regression\"") && report["trainRowsUnseen"] != nil)
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
