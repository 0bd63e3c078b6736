// Ours, for `Benchmarks/forest/run`: times a forest over rows and prints one line a figure,
// `engine batch p1 p50 p99` in nanoseconds a row, then `cold …` with the caches emptied before every call.
import Forest
import Glibc

func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Reads through more memory than the second-level cache holds.
struct Evictor {
    private var bytes = [UInt64](repeating: 1, count: 8 << 20)
    private(set) var sum: UInt64 = 0

    mutating func evict() {
        for index in stride(from: 0, to: bytes.count, by: 8) {
            bytes[index] &+= 1
            sum &+= bytes[index]
        }
    }
}

func quantiles(_ times: [Double]) -> (p1: Double, p50: Double, p99: Double) {
    let sorted = times.sorted()
    return (sorted[sorted.count / 100], sorted[sorted.count / 2], sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
}

func run() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else {
        throw BenchmarkFiles.Failure(description: "usage: assay-benchmark-forest FOREST ROWS [--all] [--verify]")
    }
    let ensemble = try BenchmarkFiles.ensemble(path: arguments[1])
    let rows = try BenchmarkFiles.rows(path: arguments[2])
    let all = arguments.contains("--all")
    let featureCount = ensemble.featureCount
    let rowCount = rows.count / featureCount
    // The fastest of five, as the median of many would be on a quiet machine.
    let compileTimes = (0..<5).map { _ in
        let start = nanoseconds()
        _ = CompiledForest(ensemble)
        return Double(nanoseconds() - start) / 1e6
    }
    let forest = CompiledForest(ensemble)
    print(
        "compiled in \(compileTimes.min()!) ms, row \(forest.rowEngine) block \(forest.blockEngine) from \(forest.blockRowCountMin)"
    )
    var margins = [Double](repeating: 0, count: rowCount)
    for row in stride(from: 0, to: rowCount, by: arguments.contains("--verify") ? 1 : 997) {
        let values = Array(rows[row * featureCount..<(row + 1) * featureCount])
        let expected = ensemble.margins(row: values)
        for engine in forest.engines {
            guard forest.margins(rows: values, count: 1, using: engine)[0].bitPattern == expected[0].bitPattern else {
                throw BenchmarkFiles.Failure(description: "\(engine) differs in row \(row)")
            }
        }
    }
    var evictor = Evictor()
    let engines: [CompiledForest.Engine?] = [nil] + (all ? forest.engines.map { $0 } : [])
    rows.withUnsafeBufferPointer { rows in
        margins.withUnsafeMutableBufferPointer { margins in
            for engine in engines {
                for batch in [1, 32, 1_000, 100_000] {
                    func score(_ first: Int) {
                        let count = min(batch, rowCount)
                        let part = UnsafeBufferPointer(rebasing: rows[first * featureCount..<(first + count) * featureCount])
                        let to = UnsafeMutableBufferPointer(rebasing: margins[first..<first + count])
                        if batch == 1, engine == nil {
                            to[0] = forest.margin(row: part)
                        } else {
                            forest.margins(rows: part, into: to, using: engine)
                        }
                    }
                    let count = min(batch, rowCount)
                    // Calls that are too short for the clock are timed by the hundred.
                    let perSample = max(1, min(100, 1_000 / batch))
                    var times: [Double] = []
                    var first = 0
                    let budget = nanoseconds() + 400_000_000
                    while times.count < 20_000, nanoseconds() < budget {
                        let begin = nanoseconds()
                        for _ in 0..<perSample {
                            if first + count > rowCount { first = 0 }
                            score(first)
                            first += count
                        }
                        times.append(Double(nanoseconds() - begin) / Double(perSample * count))
                    }
                    let warm = quantiles(times)
                    var cold: [Double] = []
                    let coldBudget = nanoseconds() + 400_000_000
                    while cold.count < 200, nanoseconds() < coldBudget, batch <= 1_000 {
                        evictor.evict()
                        if first + count > rowCount { first = 0 }
                        let begin = nanoseconds()
                        score(first)
                        cold.append(Double(nanoseconds() - begin) / Double(count))
                        first += count
                    }
                    let chilled = cold.isEmpty ? (p1: 0, p50: 0, p99: 0) : quantiles(cold)
                    print(
                        "\(engine.map(\.rawValue) ?? "ours") \(batch) \(warm.p1) \(warm.p50) \(warm.p99) cold \(chilled.p50) \(chilled.p99)"
                    )
                }
            }
        }
    }
    if evictor.sum == 1 { print("unlikely") }
}

do { try run() } catch {
    print("\(error)")
    exit(1)
}
