import Evaluation
import Forest
import Foundation
import RiskDomain
import Training

// Fits a forest to a file of dataset.py's layout and prints one line of JSON: seconds, added memory, figures on the test rows.

struct Fault: Error, CustomStringConvertible {
    let description: String
}

func trainingSet(_ path: String) throws -> TrainingSet {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    guard data.prefix(8) == Data("ASSAYTR1".utf8) else { throw Fault(description: "\(path): not a data set of this benchmark") }
    var offset = 8
    func values<T: BitwiseCopyable>(_ count: Int, _ type: T.Type) -> [T] {
        defer { offset += count * MemoryLayout<T>.stride }
        return data.withUnsafeBytes { bytes in
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: offset + $0 * MemoryLayout<T>.stride, as: T.self) }
        }
    }
    let shape = values(2, Int64.self).map(Int.init)
    let columns = (0..<shape[1]).map { _ in values(shape[0], Double.self) }
    let labels = values(shape[0], UInt8.self)
    let times = values(shape[0], Int64.self)
    return try TrainingSet(
        features: columns.indices.map { "f\($0)" }, columns: columns, isFraud: labels.map { $0 == 1 },
        times: times.map { EventTime(micros: $0) }, customers: values(shape[0], Int64.self))
}

func memoryMegabytes(_ key: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return (line.flatMap { Double($0.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") } ?? 0) / 1_024
}

/// Of all threads: what other programs blur less than the time.
func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(0), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    return arguments.firstIndex(of: "--\(name)").flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

func number(_ name: String) -> Int? { option(name).flatMap { Int($0) } }

guard let trainPath = option("train"), let testPath = option("test") else {
    print(
        """
        usage: assay-benchmark-training --train FILE --test FILE [--threads N] [--trees N] [--depth N, 0 for any] [--features N]
               [--leaf N] [--criterion gini|entropy] [--choice best|random] [--mode automatic|exact|histogram] [--seed N] [--seeds N]
        """)
    exit(2)
}
let train = try trainingSet(trainPath)
let test = try trainingSet(testPath)
let depth = number("depth") ?? 16
let tree = TreeParameters(
    criterion: option("criterion").flatMap { SplitCriterion(rawValue: $0) } ?? .entropy,
    choice: option("choice").flatMap { SplitChoice(rawValue: $0) } ?? .best, depthMax: depth == 0 ? nil : depth,
    leafRowsMin: number("leaf") ?? 1, featureSample: .count(number("features") ?? 5))
let parameters = ForestParameters(treeCount: number("trees") ?? 100, tree: tree, isBootstrapped: tree.choice == .best)
let mode = option("mode").flatMap { SplitMode(rawValue: $0) } ?? .automatic
let clock = ContinuousClock()
let rows = Array(0..<train.rowCount)
let testRows = Array(0..<test.rowCount)
// The greatest resident size is counted anew from here.
try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)

struct Figures {
    var auc = 0.0
    var averagePrecision = 0.0
    var cardPrecision = 0.0
}

var sums = Figures()
var fastest = (seconds: Double.infinity, cpu: Double.infinity)
var addedMegabytes = 0.0
var nodeCount = 0
let firstSeed = UInt64(number("seed") ?? 1)
let seeds = firstSeed..<firstSeed + UInt64(number("seeds") ?? 1)
for seed in seeds {
    let memoryBefore = memoryMegabytes("VmRSS")
    let cpuBefore = cpuSeconds()
    let start = clock.now
    let trees = await ForestTrainer(train, rows: rows, mode: mode, workerCount: number("threads")).forest(parameters, seed: seed)
    let seconds = (clock.now - start) / .seconds(1)
    if seconds < fastest.seconds { fastest = (seconds, cpuSeconds() - cpuBefore) }
    if seed == firstSeed { addedMegabytes = memoryMegabytes("VmHWM") - memoryBefore }
    let forest = try Forest(
        kind: .forest, features: train.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: trees)
    let scores = test.scores(of: testRows, by: ForestScorer(forest))
    sums.auc += RankingMetrics.rocAuc(scores: scores, isFraud: test.isFraud) ?? 0
    sums.averagePrecision += RankingMetrics.averagePrecision(scores: scores, isFraud: test.isFraud) ?? 0
    sums.cardPrecision +=
        CardPrecision(k: 100, scores: scores, isFraud: test.isFraud, times: test.times, customers: test.customers).mean ?? 0
    nodeCount += forest.nodeCount
}
let count = Double(seeds.count)
print(
    "{\"name\": \"assay\", \"seconds\": \(fastest.seconds), \"cpu_seconds\": \(fastest.cpu), \"added_mb\": \(addedMegabytes), "
        + "\"auc\": \(sums.auc / count), \"ap\": \(sums.averagePrecision / count), \"cp100\": \(sums.cardPrecision / count), "
        + "\"nodes\": \(nodeCount / seeds.count)}")
