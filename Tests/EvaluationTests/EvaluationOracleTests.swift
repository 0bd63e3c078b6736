import Evaluation
import Forest
import Foundation
import OracleSupport
import RiskDomain
import Testing
import Training

private let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Oracles/evaluation.py").path

/// Whether `python3` has the packages that the oracle needs.
private let isOraclePresent: Bool = {
    guard let answer = try? OracleTool.run(["python3", script, "--probe"]) else { return false }
    return String(decoding: answer, as: UTF8.self).hasPrefix("present")
}()

/// Figures held against scikit-learn, SciPy and pandas by `Tests/Oracles/evaluation.py`.
@Suite struct EvaluationOracleTests {
    @Test(.enabled(if: isOraclePresent, "python3 has no scikit-learn, SciPy or pandas")) func figuresAreThoseOfScikitLearn() async throws {
        let verdict = try OracleTool.run(["python3", script], input: await cases(6))
        #expect(String(decoding: verdict, as: UTF8.self).contains(", 0 kinds differ"))
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"] != nil)) func writesTheCases() async throws {
        let path = try #require(ProcessInfo.processInfo.environment["ASSAY_ORACLE_CASES"])
        try Data(await cases(60)).write(to: URL(fileURLWithPath: path))
    }

    private func cases(_ count: Int) async -> [UInt8] {
        var cases: [(JsonText) -> JsonText] = []
        for seed in 0..<UInt64(count) { cases.append(await figureCase(seed)) }
        var json = JsonText()
        json.object { json in
            json.key("figures")
            json.array { json in
                for write in cases {
                    json.element()
                    json = write(json)
                }
            }
            json.key("stability")
            json.array { json in
                for seed in 0..<UInt64(count) {
                    json.element()
                    stabilityCase(seed, &json)
                }
            }
        }
        return json.bytes
    }

    private func figureCase(_ seed: UInt64) async -> (JsonText) -> JsonText {
        var random = SplitMix64(seed: seed)
        // Few levels: many ties and, in the bins, scores that lie on an edge.
        let levels = [10, 40, 1_000_000][Int(seed % 3)]
        let rows = arbitraryRows(
            seed: seed, count: 150 + random.next(below: 600), customerCount: 20 + random.next(below: 60), levels: levels)
        let thresholds = DecisionThresholds(review: rows.scores.sorted()[rows.count * 9 / 10], decline: 0.9)
        let costs = OutcomeCosts(missedFraud: 12.5, missedFraudShare: 0.75, falseDecline: 6, falseDeclineShare: 0.1, review: 2.25)
        let k = 5
        let report = EvaluationReport(model: "", rows, thresholds: thresholds, k: k, costs: costs)
        let isWithInterval = seed % 5 == 0
        let bootstrap = CustomerBootstrap(replicateCount: 40, seed: seed)
        let intervals = isWithInterval ? await bootstrap.intervals(rows, thresholds: thresholds, k: k, costs: costs) : [:]
        let customerCount = Set(rows.customers).count
        return { json in
            var json = json
            json.object { json in
                json.member("scores", rows.scores)
                json.member("labels", rows.isFraud.map { $0 ? 1 : 0 })
                json.member("amounts", rows.amounts)
                json.member("customers", rows.customers.map(Double.init))
                json.member("days", rows.times.map { Double($0.day) })
                json.member("k", Double(k))
                json.member("review", thresholds.review)
                json.member("decline", thresholds.decline)
                json.key("costs")
                json.object { json in
                    json.member("missedFraud", costs.missedFraud)
                    json.member("missedFraudShare", costs.missedFraudShare)
                    json.member("falseDecline", costs.falseDecline)
                    json.member("falseDeclineShare", costs.falseDeclineShare)
                    json.member("review", costs.review)
                }
                json.member("rocAuc", report.rocAuc!)
                json.member("averagePrecision", report.averagePrecision!)
                json.member("ks", report.figures[.kolmogorovSmirnov]!)
                json.member("ksOfRoc", report.figures[.kolmogorovSmirnov]!)
                json.member("brier", report.figures[.brier]!)
                json.member("logLoss", report.figures[.logLoss]!)
                json.member("ece", CalibrationCurve(scores: rows.scores, isFraud: rows.isFraud).expectedError!)
                json.member("cardPrecision", report.cardPrecision.mean!)
                json.member("reviewPrecision", report.review.precision ?? 0)
                json.member("reviewRecall", report.review.recall ?? 0)
                json.member("declinePrecision", report.decline.precision ?? 0)
                json.member("declineRecall", report.decline.recall ?? 0)
                json.member("costPerThousand", report.figures[.costPerThousand]!)
                json.member("leastCost", CostCurve(rows, costs).least)
                for (name, binning) in [("uniform", CalibrationCurve.Binning.uniform), ("quantile", .quantile)] {
                    let curve = CalibrationCurve(scores: rows.scores, isFraud: rows.isFraud, binning: binning)
                    json.member(name + "Share", curve.bins.map(\.fraudShare))
                    json.member(name + "Mean", curve.bins.map(\.meanScore))
                }
                let top = RankingMetrics.top(k, scores: rows.scores, isFraud: rows.isFraud)
                json.member("topPrecision", top.precision!)
                json.member("topRecall", top.recall!)
                json.member("quantiles", [0.025, 0.25, 0.5, 0.975].map { Quantiles(rows.scores).value(at: $0)! })
                json.key("intervalDraws")
                json.array { json in
                    for replicate in 0..<(isWithInterval ? bootstrap.replicateCount : 0) {
                        json.element()
                        json.numbers(bootstrap.weights(of: replicate, customerCount: customerCount).map(Double.init))
                    }
                }
                json.member("interval", intervals[.rocAuc].map { [$0.lower, $0.upper] } ?? [])
                json.member("intervalError", intervals[.rocAuc]?.standardError ?? 0)
            }
            return json
        }
    }

    private func stabilityCase(_ seed: UInt64, _ json: inout JsonText) {
        var random = SplitMix64(seed: seed &+ 1_000)
        let levels = [2, 7, 1_000_000][Int(seed % 3)]
        let isMissing = seed % 2 == 0
        func values(_ count: Int, _ shift: Int) -> [Double] {
            (0..<count).map { _ in isMissing && random.next(below: 9) == 0 ? .nan : Double(random.next(below: levels) + shift) / 8 }
        }
        let earlier = values(400, 0)
        let later = values(300, levels / 5)
        let index = StabilityIndex(earlier: earlier, later: later)
        json.object { json in
            json.optionals("earlier", earlier)
            json.optionals("later", later)
            json.member("inner", index.bins.compactMap(\.through))
            json.member("value", index.value!)
        }
    }
}

extension JsonText {
    fileprivate mutating func member(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }

    fileprivate mutating func member(_ name: String, _ values: [Double]) {
        key(name)
        numbers(values)
    }

    /// NaN as null.
    fileprivate mutating func optionals(_ name: String, _ values: [Double]) {
        key(name)
        array { json in
            for value in values {
                json.element()
                if value.isNaN { json.null() } else { json.number(value) }
            }
        }
    }
}
