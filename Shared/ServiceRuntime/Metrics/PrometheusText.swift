/// Prometheus's text exposition format, version 0.0.4
/// (https://github.com/prometheus/docs, `instrumenting/exposition_formats.md`).
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func render(_ families: [MetricsRegistry.Family]) -> String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(escapedHelp(family.help))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for series in family.series.sorted(by: { $0.labels < $1.labels }) {
                let labels = series.labels.isEmpty ? "" : "{\(series.labels)}"
                switch series.instrument {
                case .counter(let counter): text += "\(family.name)\(labels) \(counter.value)\n"
                case .gauge(let gauge): text += "\(family.name)\(labels) \(number(gauge.value))\n"
                case .reading(let read): text += "\(family.name)\(labels) \(number(read()))\n"
                case .histogram(let histogram): append(histogram.snapshot, name: family.name, labels: series.labels, to: &text)
                }
            }
        }
        return text
    }

    private static func append(_ snapshot: Histogram.Snapshot, name: String, labels: String, to text: inout String) {
        var cumulative = 0
        for (index, count) in snapshot.counts.enumerated() {
            cumulative += count
            let bound = index < snapshot.upperBounds.count ? number(snapshot.upperBounds[index]) : "+Inf"
            text += "\(name)_bucket{\(labels.isEmpty ? "" : labels + ",")le=\"\(bound)\"} \(cumulative)\n"
        }
        let suffix = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_sum\(suffix) \(number(snapshot.sum))\n\(name)_count\(suffix) \(cumulative)\n"
    }

    /// Go's `ParseFloat` reads it: `NaN`, `+Inf`, `-Inf`, whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 { return String(whole) }
        return "\(value)"
    }

    static func escapedLabel(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func escapedHelp(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func isMetricName(_ name: String) -> Bool { isName(name, allowingColon: true) }
    static func isLabelName(_ name: String) -> Bool { isName(name, allowingColon: false) && !name.hasPrefix("__") }

    private static func isName(_ name: String, allowingColon: Bool) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x5F: true
            case 0x3A: allowingColon
            default: false
            }
        }
    }
}
