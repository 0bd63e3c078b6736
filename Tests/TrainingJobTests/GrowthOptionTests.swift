import Forest
import Foundation
import Onnx
import Testing

/// Every way to train that the command offers reaches the model it writes.
@Suite struct GrowthOptionTests {
    private static let common = ["--trees", "6", "--depth", "5", "--replicates", "0", "--cards", "3"]

    private func parameters(_ forest: Forest) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (forest.training?.parameters ?? []).map { ($0.name, $0.value) })
    }

    private func model(_ options: [String], _ csv: String, _ path: String, common: [String] = common) async throws -> Forest {
        let outcome = await train(["--csv", csv, "--out", path] + common + options)
        #expect(outcome.code == 0, "\(options): \(outcome.errors)")
        return try Forest.load([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private static let shown: [(options: [String], parameters: [String: String])] = [
        (["--algorithm", "extra-trees"], ["thresholds": "random", "bootstrap": "false"]),
        (["--algorithm", "extra-trees", "--bootstrap", "0.5"], ["bootstrap": "true", "sample_fraction": "0.5"]),
        (["--subsample", "0.7"], ["bootstrap": "false", "sample_fraction": "0.7"]),
        (
            ["--criterion", "gini", "--leaf", "7", "--split-rows", "20", "--sample", "all"],
            ["criterion": "gini", "leaf_rows_min": "7", "split_rows_min": "20", "features_per_split": "all"]
        ),
        (["--impurity-decrease", "0.02"], ["impurity_decrease_min": "0.02"]),
        (["--class-weights", "1:25"], ["weight_legitimate": "1.0", "weight_fraud": "25.0"]),
        (
            ["--monotone", "TX_AMOUNT=up", "--monotone", "TX_DURING_NIGHT=down"],
            ["monotone.TX_AMOUNT": "up", "monotone.TX_DURING_NIGHT": "down"]
        ),
        (["--categorical", "CUSTOMER_ID_NB_TX_7DAY_WINDOW"], ["categorical.CUSTOMER_ID_NB_TX_7DAY_WINDOW": "true"]),
        (["--prune", "0.01"], ["pruning_alpha": "0.01"]),
        (["--calibrate", "platt"], ["calibration": "platt", "calibration_scores": "out of bag"]),
        (["--algorithm", "extra-trees", "--calibrate", "platt"], ["calibration_scores": "cross-fitted"]),
        (["--compress", "decimal"], ["compression": "shortestDecimal"]), (["--drop-trees", "0.5"], ["drop_trees": "0.5"]),
    ]

    @Test func anOptionShowsInTheModel() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let plain = try await model([], csv, folder + "/a.onnx")
            let exact = try await model(["--splits", "exact"], csv, folder + "/b.onnx")
            // So few values are told apart by either.
            #expect(exact.ensemble == plain.ensemble && parameters(exact)["splits"] == "exact")
            for (options, expected) in Self.shown {
                let forest = try await model(options, csv, folder + "/c.onnx")
                let told = parameters(forest)
                for (name, value) in expected { #expect(told[name] == value, "\(name)") }
                #expect(forest.ensemble != plain.ensemble, "\(options)")
            }
        }
    }

    /// So large a share of so few rows is all of them, which only the data tell.
    @Test func treesAreNotDroppedWithoutRowsToJudgeThem() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let outcome = await train(["--csv", csv] + Self.common + ["--drop-trees", "0", "--subsample", "0.999999"])
            #expect(outcome.code == 1 && outcome.errors.contains("dropping trees: each tree sees all"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("model file"))
        }
    }

    @Test func balancedClassesAreResolvedToTheirWeights() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let forest = try await model(["--class-weights", "balanced"], csv, folder + "/a.onnx")
            let record = try #require(forest.training)
            let half = Double(record.rowCount) / 2
            #expect(parameters(forest)["weight_fraud"] == "\(half / Double(record.fraudCount))")
            #expect(parameters(forest)["weight_legitimate"] == "\(half / Double(record.rowCount - record.fraudCount))")
        }
    }

    /// As the amount grows and all else stays, no score falls.
    @Test func aMonotoneFeatureIsMonotoneInTheScore() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let forest = try await model(["--monotone", "TX_AMOUNT=up"], csv, folder + "/a.onnx")
            let place = try #require(forest.features.firstIndex(of: "TX_AMOUNT"))
            let engine = ReferenceEngine(forest)
            for base in stride(from: 0.0, to: 4, by: 1) {
                var row = [Double](repeating: base, count: forest.features.count)
                var last = -1.0
                for amount in stride(from: 0.0, to: 300, by: 0.5) {
                    row[place] = amount
                    let score = engine.score(row)
                    #expect(score >= last)
                    last = score
                }
            }
        }
    }

    /// A sigmoid of the mean is the mean of scaled leaves under the logistic link: the same trees, scores that are probabilities.
    @Test func plattCalibrationKeepsTheTreesAndTheOrder() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let weights = ["--class-weights", "1:40"]
            let plain = try await model(weights, csv, folder + "/a.onnx")
            let calibrated = try await model(weights + ["--calibrate", "platt"], csv, folder + "/b.onnx")
            #expect(calibrated.ensemble.link == .logistic && calibrated.nodeCount == plain.nodeCount)
            let slope = try #require(parameters(calibrated)["calibration_slope"].flatMap(Double.init))
            let intercept = try #require(parameters(calibrated)["calibration_intercept"].flatMap(Double.init))
            #expect(slope > 0)
            for value in stride(from: 0.0, to: 300, by: 7) {
                let row = [Double](repeating: value, count: plain.features.count)
                let expected = 1 / (1 + exp(-(slope * ReferenceEngine(plain).score(row) + intercept)))
                #expect(abs(ReferenceEngine(calibrated).score(row) - expected) < 1e-12)
            }
            // Weights of 1 to 40 push the mean score far above the share of fraud; calibration brings it back.
            func metric(_ forest: Forest, _ name: String) -> Double? { forest.training?.metrics.first { $0.name == name }?.value }
            let (before, after) = (try #require(metric(plain, "unseen.brier")), try #require(metric(calibrated, "unseen.brier")))
            #expect(after < before)
        }
    }

    @Test func oneTreeIsCalibratedIsotonically() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let options = ["--algorithm", "tree", "--depth", "4", "--calibrate", "isotonic", "--replicates", "0"]
            let tree = try await model(options, csv, folder + "/a.onnx", common: [])
            #expect(tree.treeCount == 1 && tree.ensemble.link == .identity)
            #expect(parameters(tree)["calibration"] == "isotonic" && parameters(tree)["calibration_scores"] == "cross-fitted")
        }
    }

    @Test(arguments: [["--algorithm", "tree", "--depth", "8"], ["--trees", "6", "--leaf", "1"]])
    func pruningIsChosenOnUnseenRows(options: [String]) async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let whole = try await model(options, csv, folder + "/a.onnx", common: ["--replicates", "0"])
            let pruned = try await model(options + ["--prune", "auto"], csv, folder + "/b.onnx", common: ["--replicates", "0"])
            let alpha = try #require(parameters(pruned)["pruning_alpha"].flatMap(Double.init))
            #expect(alpha >= 0 && (alpha == 0 ? pruned.nodeCount == whole.nodeCount : pruned.nodeCount < whole.nodeCount))
            // The noise in the labels makes a full tree learn by heart.
            #expect(alpha > 0)
        }
    }

    @Test func compressionIsReported() async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let options = Self.common + ["--compress", "float32", "--drop-trees", "0.2"]
            let text = await train(["--csv", csv] + options)
            #expect(text.code == 0 && text.output.contains("compressed: 6 trees of"), "\(text.errors)")
            let json = await train(["--csv", csv, "--json"] + options)
            let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let compression = try #require(report["compression"] as? [String: Any])
            #expect(try #require(compression["treesAfter"] as? Int) < 6)
            #expect(compression["scoreChangeMax"] is Double && compression["errorAfter"] is Double)
        }
    }

    /// Three trainers side by side, put together with what follows growth, write the bytes that one trainer writes.
    @Test(arguments: [[], ["--calibrate", "platt", "--prune", "auto", "--compress", "decimal", "--drop-trees", "0.01"]])
    func partsBecomeTheModelOfOneTrainer(finishing: [String]) async throws {
        try await withFolder { folder in
            let csv = folder + "/history.csv"
            try writeCsv(csv)
            let growth = ["--csv", csv, "--trees", "7", "--seed", "5", "--class-weights", "balanced", "--cards", "3", "--replicates", "20"]
            let whole = await train(growth + finishing + ["--alerts-per-day", "4", "--out", folder + "/whole", "--json"])
            #expect(whole.code == 0, "\(whole.errors)")
            var parts: [String] = []
            for shard in ["2/3", "3/3", "1/3"] {
                let path = folder + "/part-\(shard.prefix(1))"
                let part = await train(growth + ["--shard", shard, "--threads", "1", "--out", path])
                #expect(part.code == 0, "\(part.errors)")
                parts += ["--part", path]
            }
            let merged = await train(growth + finishing + parts + ["--alerts-per-day", "4", "--out", folder + "/merged", "--json"])
            #expect(merged.code == 0, "\(merged.errors)")
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: folder + "/merged")) == Data(contentsOf: URL(fileURLWithPath: folder + "/whole")))
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: folder + "/merged.html"))
                    == Data(contentsOf: URL(fileURLWithPath: folder + "/whole.html")))
            #expect(merged.output == whole.output)

            let fewer = await train(growth + Array(parts.dropLast(2)))
            #expect(fewer.code == 1 && fewer.errors.contains("2/3, 3/3") && fewer.errors.split(separator: "\n").count == 1)
            let otherwise = await train(growth + parts + ["--leaf", "9"])
            #expect(otherwise.code == 1 && otherwise.errors.contains("leaf_rows_min 5, and this run has 9"), "\(otherwise.errors)")
            let others = await train(growth + parts + ["--train-days", "6"])
            #expect(others.code == 1 && others.errors.contains("this run has"), "\(others.errors)")
            let noPart = await train(growth + ["--part", folder + "/whole"])
            #expect(noPart.code == 1 && noPart.errors.contains("no part of a forest"))
        }
    }
}
