import Synchronization

/// The process's instruments by name and labels. Ask once at start and keep the instrument: the lookup takes a lock.
package final class MetricsRegistry: Sendable {
    /// Label names and values, in the order in which they are shown.
    package typealias Labels = [(name: String, value: String)]

    enum Kind: String { case counter, gauge, histogram }

    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        /// Read when asked.
        case reading(@Sendable () -> Double)
    }

    struct Series: Sendable {
        /// `name="value",…`, escaped; empty without labels.
        var labels: String
        var instrument: Instrument
    }

    struct Family: Sendable {
        var name: String
        var help: String
        var kind: Kind
        var series: [Series] = []
    }

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// - Parameter name: With its unit, and `_total` at the end.
    package func counter(_ name: String, help: String, labels: Labels = []) -> Counter {
        let made = instrument(name, help, .counter, labels) { .counter(Counter()) }
        guard case .counter(let counter) = made else { preconditionFailure("\(name) is read by a closure elsewhere") }
        return counter
    }

    package func gauge(_ name: String, help: String, labels: Labels = []) -> Gauge {
        let made = instrument(name, help, .gauge, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = made else { preconditionFailure("\(name) is read by a closure elsewhere") }
        return gauge
    }

    /// - Parameter upperBounds: Used the first time that `name` and `labels` are seen.
    package func histogram(
        _ name: String, help: String, upperBounds: [Double] = Histogram.latencySeconds, labels: Labels = []
    ) -> Histogram {
        let made = instrument(name, help, .histogram, labels) { .histogram(Histogram(upperBounds: upperBounds)) }
        guard case .histogram(let histogram) = made else { preconditionFailure("\(name) is not a histogram") }
        return histogram
    }

    /// A gauge whose value is read when the metrics are asked for; `read` must be quick and must not block.
    package func gauge(_ name: String, help: String, labels: Labels = [], read: @escaping @Sendable () -> Double) {
        _ = instrument(name, help, .gauge, labels) { .reading(read) }
    }

    /// A counter that is kept elsewhere and read when the metrics are asked for.
    package func counter(_ name: String, help: String, labels: Labels = [], read: @escaping @Sendable () -> Double) {
        _ = instrument(name, help, .counter, labels) { .reading(read) }
    }

    /// Finds or makes. Names and kinds are the programmer's, so a wrong one is a precondition.
    private func instrument(_ name: String, _ help: String, _ kind: Kind, _ labels: Labels, make: () -> Instrument) -> Instrument {
        precondition(PrometheusText.isMetricName(name), "\(name) is not a metric name")
        precondition(labels.allSatisfy { PrometheusText.isLabelName($0.name) && $0.name != "le" }, "\(name): bad label name")
        let key = labels.map { "\($0.name)=\"\(PrometheusText.escapedLabel($0.value))\"" }.joined(separator: ",")
        return families.withLock { families in
            var family = families[name] ?? Family(name: name, help: help, kind: kind)
            precondition(family.kind == kind, "\(name) is already a \(family.kind.rawValue)")
            if let known = family.series.first(where: { $0.labels == key }) { return known.instrument }
            let made = make()
            family.series.append(Series(labels: key, instrument: made))
            families[name] = family
            return made
        }
    }

    /// All metrics in Prometheus's text format, families and series sorted.
    package func prometheusText() -> String {
        let families = families.withLock { Array($0.values) }
        return PrometheusText.render(families.sorted { $0.name < $1.name })
    }
}
