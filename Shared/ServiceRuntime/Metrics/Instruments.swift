import Synchronization

/// A number that only grows. Lock-free; never allocates.
package final class Counter: Sendable {
    private let total = Atomic<Int>(0)

    package func increment(by amount: Int = 1) {
        precondition(amount >= 0, "a counter only grows")
        total.wrappingAdd(amount, ordering: .relaxed)
    }

    package var value: Int { total.load(ordering: .relaxed) }
}

/// A number that goes up and down. Lock-free; never allocates.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>((0.0).bitPattern)

    package func set(to value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    package func set(to value: some BinaryInteger) { set(to: Double(value)) }
    package func increment(by amount: Double = 1) { bits.addDouble(amount) }
    package func decrement(by amount: Double = 1) { bits.addDouble(-amount) }
    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of observations in fixed buckets, with their sum. Lock-free; never allocates.
///
/// `@unchecked` because of the pointer: it is set once, its cells are atomics, and `deinit`, which runs after the last use, frees it.
package final class Histogram: @unchecked Sendable {
    /// Inclusive upper bounds, ascending; observations above the last go to `+Inf`.
    package let upperBounds: [Double]
    private let cells: UnsafeMutablePointer<Atomic<Int>>
    private let sumBits = Atomic<UInt64>((0.0).bitPattern)

    /// Bounds in seconds from 100 µs to 60 s, about 2.5 a decade apart: enough for a p99 within a fifth of its value.
    package static let latencySeconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
        30, 60,
    ]
    /// Powers of four from 1: for batch sizes and bytes.
    package static let sizes: [Double] = (0...12).map { Double(1 << (2 * $0)) }

    package init(upperBounds: [Double]) {
        precondition(!upperBounds.isEmpty && upperBounds.allSatisfy(\.isFinite), "a histogram has finite bounds")
        precondition(zip(upperBounds, upperBounds.dropFirst()).allSatisfy(<), "a histogram's bounds ascend")
        self.upperBounds = upperBounds
        cells = .allocate(capacity: upperBounds.count + 1)
        for index in 0...upperBounds.count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: upperBounds.count + 1)
        cells.deallocate()
    }

    /// Adds one observation; NaN is dropped, because it would make the sum useless for ever.
    package func record(_ value: Double) { record(value, times: 1) }

    /// Adds `times` equal observations at the cost of one.
    package func record(_ value: Double, times: Int) {
        if value.isNaN { return }
        var low = 0
        var high = upperBounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= upperBounds[middle] { high = middle } else { low = middle + 1 }
        }
        cells[low].wrappingAdd(times, ordering: .relaxed)
        sumBits.addDouble(value * Double(times))
    }

    /// Adds one observation in seconds.
    package func record(_ duration: Duration) { record(duration / .seconds(1)) }

    /// What was counted, read cell by cell while others go on counting.
    package struct Snapshot: Hashable, Sendable {
        package var upperBounds: [Double]
        /// One more than bounds; the last is `+Inf`. Not cumulative.
        package var counts: [Int]
        package var sum: Double

        package var count: Int { counts.reduce(0, +) }

        /// The value below which a share `quantile` (0...1) of the observations lies, linear within its bucket; nil when empty.
        ///
        /// Above the last bound it is that bound. Source: Prometheus `histogram_quantile`.
        package func quantile(_ quantile: Double) -> Double? {
            precondition((0...1).contains(quantile))
            let total = count
            if total == 0 { return nil }
            let rank = quantile * Double(total)
            var below = 0
            for (index, cell) in counts.enumerated() where cell > 0 {
                if Double(below + cell) >= rank {
                    guard index < upperBounds.count else { return upperBounds[upperBounds.count - 1] }
                    let upper = upperBounds[index]
                    let lower = index == 0 ? min(0, upper) : upperBounds[index - 1]
                    return lower + (upper - lower) * (rank - Double(below)) / Double(cell)
                }
                below += cell
            }
            return upperBounds[upperBounds.count - 1]
        }

        package var p50: Double? { quantile(0.5) }
        package var p99: Double? { quantile(0.99) }
    }

    package var snapshot: Snapshot {
        Snapshot(
            upperBounds: upperBounds, counts: (0...upperBounds.count).map { cells[$0].load(ordering: .relaxed) },
            sum: Double(bitPattern: sumBits.load(ordering: .relaxed)))
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to a `Double` kept as its bits.
    fileprivate borrowing func addDouble(_ amount: Double) {
        var current = load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: current) + amount).bitPattern
            let outcome = weakCompareExchange(expected: current, desired: next, ordering: .relaxed)
            if outcome.exchanged { return }
            current = outcome.original
        }
    }
}
