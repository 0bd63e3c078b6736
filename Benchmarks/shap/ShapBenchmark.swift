import EnsembleText
import Forest
import Glibc

/// Times explanations on one thread, a row at a time: `assay-benchmark-shap MODEL ROWS [rows at most]`.
///
/// MODEL as Tests/EnsembleText reads it, ROWS little-endian doubles; `Benchmarks/shap/run` makes them and prints other libraries' times
/// beside.
@main struct ShapBenchmark {
    let ensemble: TreeEnsemble
    let rows: [Double]
    let rowCount: Int
    private let clock = ContinuousClock()

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { fail("usage: assay-benchmark-shap MODEL ROWS [rows at most]") }
        let ensemble = try EnsembleText.parse(String(decoding: contents(of: arguments[1]), as: UTF8.self))
        let rows = RowBytes.decode(contents(of: arguments[2]))
        let limit = arguments.count > 3 ? Int(arguments[3]) ?? 0 : .max
        try ShapBenchmark(ensemble: ensemble, rows: rows, rowCount: min(rows.count / ensemble.featureCount, limit)).run()
    }

    private func run() throws {
        let start = clock.now
        let engine = try ShapEngine(ensemble)
        let millis = Int(ShapBenchmark.micros(clock.now - start) / 1_000)
        Swift.print("trees \(ensemble.trees.count), nodes \(ensemble.nodeCount), depth \(ensemble.depth); compiled in \(millis) ms")
        let scratch = engine.makeScratch()
        var contributions = [Double](repeating: 0, count: ensemble.outputCount * ensemble.featureCount)
        contributions.withUnsafeMutableBufferPointer { contributions in
            for instructions in ShapEngine.Instructions.allCases where instructions <= .best {
                let explain = { engine.explain($0, into: contributions, using: scratch, instructions: instructions) }
                _ = time(explain)
                print("path-dependent, \(instructions)", time(explain))
            }
        }
        var worst = 0.0
        for row in 0..<min(rowCount, 2_000) {
            let values = Array(rows[row * ensemble.featureCount..<(row + 1) * ensemble.featureCount])
            engine.explain(values, into: &contributions, using: scratch)
            for (output, margin) in ensemble.margins(row: values).enumerated() {
                let range = output * ensemble.featureCount..<(output + 1) * ensemble.featureCount
                worst = max(worst, abs(contributions[range].reduce(engine.base[output], +) - margin))
            }
        }
        Swift.print("greatest |base + contributions - margin|: \(worst)")
    }

    /// The times of rows, each explained on its own.
    private func time(_ body: (UnsafeBufferPointer<Double>) -> Void) -> [Double] {
        rows.withUnsafeBufferPointer { rows in
            (0..<rowCount).map { row in
                let start = clock.now
                body(UnsafeBufferPointer(rebasing: rows[row * ensemble.featureCount..<(row + 1) * ensemble.featureCount]))
                return ShapBenchmark.micros(clock.now - start)
            }
        }
    }

    private func print(_ name: String, _ perRow: [Double]) {
        let sorted = perRow.sorted()
        func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
        func quantile(_ share: Double) -> Double { rounded(sorted[Int(share * Double(sorted.count - 1))]) }
        let mean = rounded(perRow.reduce(0, +) / Double(perRow.count))
        Swift.print("assay, \(name)  p5 \(quantile(0.05)) p50 \(quantile(0.5)) p99 \(quantile(0.99)) mean \(mean) µs a row")
    }

    private static func micros(_ duration: Duration) -> Double {
        Double(duration.components.attoseconds) / 1e12 + Double(duration.components.seconds) * 1e6
    }

    private static func contents(of path: String) -> [UInt8] {
        guard let file = fopen(path, "rb") else { fail("\(path): cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
        }
    }

    private static func fail(_ message: String) -> Never {
        let line = Array("assay-benchmark-shap: \(message)\n".utf8)
        _ = write(2, line, line.count)
        exit(2)
    }
}
