import Glibc

/// What Linux says about this process, under the names of Prometheus's client libraries. Source: proc(5).
package enum ProcessMetrics {
    package static func register(in registry: MetricsRegistry) {
        registry.gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.") { Double(residentBytes) }
        registry.counter("process_cpu_seconds_total", help: "User and system CPU time spent in seconds.") { cpuSeconds }
        registry.gauge("process_open_fds", help: "Number of open file descriptors.") { Double(openDescriptorCount) }
        registry.gauge("process_threads", help: "Number of threads.") { Double(statField(20) ?? 0) }
        let start = startTimeSeconds
        registry.gauge("process_start_time_seconds", help: "Start time of the process since the Unix epoch in seconds.") { start }
        registry.gauge("assay_build_info", help: "Constant 1; the version is the label.", labels: [("version", AssayVersion.current)]) { 1 }
    }

    /// Resident memory in bytes; 0 when /proc is not there.
    package static var residentBytes: Int {
        guard let text = contents("/proc/self/statm") else { return 0 }
        let fields = text.split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// User and system CPU time in seconds.
    package static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(seconds) + Double(micros) / 1e6
    }

    static var openDescriptorCount: Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = -3  // ".", ".." and the descriptor of this listing
        while readdir(directory) != nil { count += 1 }
        return max(0, count)
    }

    static var startTimeSeconds: Double {
        guard let ticks = statField(22), let stat = contents("/proc/stat"),
            let line = stat.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }), let boot = Double(line.dropFirst(6))
        else { return 0 }
        return boot + Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// A field of /proc/self/stat by proc(5)'s number. The second, the name, may hold spaces and brackets, so count from its end.
    private static func statField(_ number: Int) -> Int? {
        guard let text = contents("/proc/self/stat"), let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[nameEnd...].dropFirst().split(separator: " ")
        return fields.indices.contains(number - 3) ? Int(fields[number - 3]) : nil
    }

    private static func contents(_ path: String) -> String? {
        (try? FileBytes.read(path, byteCountMax: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }
}
