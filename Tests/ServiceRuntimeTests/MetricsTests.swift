import Testing

@testable import ServiceRuntime

/// A small reader of the text format, written from its specification: sample name with labels → value.
func parsePrometheus(_ text: String) throws -> (samples: [String: Double], types: [String: String]) {
    struct Malformed: Error { var line: Substring }
    var samples: [String: Double] = [:]
    var types: [String: String] = [:]
    #expect(text.hasSuffix("\n"))
    for line in text.split(separator: "\n") {
        if line.hasPrefix("# HELP ") { continue }
        if line.hasPrefix("# TYPE ") {
            let words = line.split(separator: " ")
            guard words.count == 4, types.updateValue(String(words[3]), forKey: String(words[2])) == nil else {
                throw Malformed(line: line)
            }
            continue
        }
        guard let space = line.lastIndex(of: " ") else { throw Malformed(line: line) }
        let number = line[line.index(after: space)...]
        let value = number == "+Inf" ? Double.infinity : number == "-Inf" ? -.infinity : number == "NaN" ? .nan : Double(number)
        guard let value, samples.updateValue(value, forKey: String(line[..<space])) == nil else { throw Malformed(line: line) }
        // A sample belongs to a family whose type was said before it.
        let name = line.prefix { $0 != "{" && $0 != " " }
        let isKnown = types.keys.contains { family in
            name == family || ["_bucket", "_sum", "_count"].contains { name == family + $0 }
        }
        guard isKnown else { throw Malformed(line: line) }
    }
    return (samples, types)
}

@Suite struct MetricsTests {
    @Test func theTextFormatIsAsPrometheusWantsIt() throws {
        let registry = MetricsRegistry()
        registry.counter("assay_records_total", help: "Records\nread.", labels: [("topic", "a\"\\\n")]).increment(by: 3)
        registry.counter("assay_records_total", help: "", labels: [("topic", "a\"\\\n")]).increment()
        registry.gauge("assay_lag_records", help: "Lag.").set(to: 2.5)
        registry.gauge("assay_infinite", help: "x") { .infinity }
        let histogram = registry.histogram("assay_latency_seconds", help: "Latency.", upperBounds: [0.1, 1], labels: [("stage", "s")])
        for value in [0.05, 0.1, 0.5, 7] { histogram.record(value) }
        histogram.record(.nan)
        let text = registry.prometheusText()
        #expect(
            text == """
                # HELP assay_infinite x
                # TYPE assay_infinite gauge
                assay_infinite +Inf
                # HELP assay_lag_records Lag.
                # TYPE assay_lag_records gauge
                assay_lag_records 2.5
                # HELP assay_latency_seconds Latency.
                # TYPE assay_latency_seconds histogram
                assay_latency_seconds_bucket{stage="s",le="0.1"} 2
                assay_latency_seconds_bucket{stage="s",le="1"} 3
                assay_latency_seconds_bucket{stage="s",le="+Inf"} 4
                assay_latency_seconds_sum{stage="s"} 7.65
                assay_latency_seconds_count{stage="s"} 4
                # HELP assay_records_total Records\\nread.
                # TYPE assay_records_total counter
                assay_records_total{topic="a\\"\\\\\\n"} 4

                """)
        let parsed = try parsePrometheus(text)
        #expect(parsed.types["assay_latency_seconds"] == "histogram")
        #expect(parsed.samples["assay_records_total{topic=\"a\\\"\\\\\\n\"}"] == 4)
    }

    @Test func concurrentIncrementsAreAllCounted() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("c_total", help: "c")
        let gauge = registry.gauge("g", help: "g")
        let histogram = registry.histogram("h", help: "h", upperBounds: [1, 2])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        gauge.increment(by: 0.5)
                        histogram.record(1.5)
                    }
                }
            }
        }
        #expect(counter.value == 8_000)
        #expect(gauge.value == 4_000)
        #expect(histogram.snapshot.counts == [0, 8_000, 0])
        #expect(histogram.snapshot.sum == 12_000)
    }

    @Test func quantilesAreLinearWithinABucket() {
        let histogram = Histogram(upperBounds: [10, 20, 30])
        #expect(histogram.snapshot.p50 == nil)
        histogram.record(5, times: 50)
        histogram.record(15, times: 50)
        #expect(histogram.snapshot.quantile(0.25) == 5)
        #expect(histogram.snapshot.p50 == 10)
        #expect(histogram.snapshot.quantile(0.75) == 15)
        #expect(histogram.snapshot.p99 == 19.8)
        histogram.record(1e9, times: 900)
        #expect(histogram.snapshot.p99 == 30)
        histogram.record(Duration.milliseconds(500))
        #expect(histogram.snapshot.counts == [51, 50, 0, 900])
    }

    @Test func theProcessIsMeasured() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let samples = try parsePrometheus(registry.prometheusText()).samples
        #expect(try #require(samples["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(samples["process_open_fds"]) >= 3)
        #expect(try #require(samples["process_threads"]) >= 1)
        #expect(try #require(samples["process_start_time_seconds"]) > 1_600_000_000)
        #expect(try #require(samples["process_cpu_seconds_total"]) > 0)
        #expect(samples["assay_build_info{version=\"\(AssayVersion.current)\"}"] == 1)
    }
}
