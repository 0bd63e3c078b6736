import CMicrohttpd
import Dispatch
import Glibc
import Synchronization

package struct HttpServerFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var address: String
    package var port: Int
    package var problem: String
    package var description: String {
        "cannot listen on \(address), port \(port): \(problem); choose another http.address or http.port, or stop what listens there"
    }
}

/// A small HTTP/1.1 server on libmicrohttpd, for health, metrics and consoles. It serves from a thread of its own.
package final class HttpServer: Service {
    package struct Configuration: Hashable, Sendable {
        /// IPv4 or IPv6 address to listen on.
        package var address = "127.0.0.1"
        /// 0 chooses a free port; ``HttpServer/port`` tells which.
        package var port: UInt16 = 0
        /// Longer bodies are answered with 413.
        package var bodyBytesMax = 1 << 20
        package var connectionCountMax: UInt32 = 128
        /// Idle connections are closed after this many seconds.
        package var idleSecondsMax: UInt32 = 30

        package init() {}
    }

    package let name = "http"
    private let configuration: Configuration
    private let logger: Logger
    private let daemon = Mutex<Daemon?>(nil)
    private let context: HttpContext

    package init(_ configuration: Configuration, routes: [HttpRoute], logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        context = HttpContext(router: HttpRouter(routes: routes), bodyBytesMax: configuration.bodyBytesMax)
    }

    /// Health, metrics and more routes of a service.
    package convenience init(
        _ configuration: Configuration, health: Health, metrics: MetricsRegistry, extraRoutes: [HttpRoute] = [], logger: Logger
    ) {
        let scrape = HttpRoute("GET", "/metrics") { _ in
            HttpResponse(status: 200, contentType: PrometheusText.contentType, body: Array(metrics.prometheusText().utf8))
        }
        self.init(configuration, routes: health.routes + [scrape] + extraRoutes, logger: logger)
    }

    /// The port that is listened on; nil before ``start()`` and after ``stop()``.
    package var port: UInt16? { daemon.withLock { $0?.port } }

    /// Begins to listen. ``run()`` does this too, if it has not been done.
    package func start() throws(HttpServerFailure) {
        if port != nil { return }
        let problem: String? = daemon.withLock { daemon in
            if daemon != nil { return nil }
            daemon = Daemon(configuration, context: context)
            if daemon != nil { return nil }
            return errno == 0 ? "libmicrohttpd refused" : String(cString: strerror(errno))
        }
        if let problem { throw HttpServerFailure(address: configuration.address, port: Int(configuration.port), problem: problem) }
        logger.info("Listening", metadata: [LogKey.address: "\(configuration.address)", LogKey.port: .init(port ?? 0)])
    }

    /// Waits for running handlers and closes all connections. Blocks shortly.
    package func stop() {
        // The daemon's deinit stops it; taken out first so that a handler that asks for `port` meets no lock held.
        let stopped = daemon.withLock { $0.take() }
        _ = consume stopped
    }

    package func run() async throws {
        try start()
        // Cancelled or asked: both end here, and the daemon must be stopped either way.
        let waiting: Result<Void, any Error>
        do { waiting = .success(try await gracefulShutdown()) } catch { waiting = .failure(error) }
        // Stopping joins a thread, which the cooperative pool must not wait for.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.stop()
                continuation.resume()
            }
        }
        try waiting.get()
    }
}

/// Owns one `MHD_Daemon`, which stops when the value goes.
private struct Daemon: ~Copyable {
    private let raw: OpaquePointer
    let port: UInt16
    /// The daemon holds it unretained; this keeps it alive until after the stop.
    private let context: HttpContext

    init?(_ configuration: HttpServer.Configuration, context: HttpContext) {
        self.context = context
        guard
            let raw = assay_mhd_start(
                configuration.address, configuration.port, configuration.connectionCountMax, configuration.idleSecondsMax,
                handleHttpRequest,
                forgetHttpRequest, Unmanaged.passUnretained(context).toOpaque())
        else { return nil }
        self.raw = raw
        port = assay_mhd_port(raw)
    }

    deinit { MHD_stop_daemon(raw) }
}

/// What the callbacks need.
private final class HttpContext: Sendable {
    let router: HttpRouter
    let bodyBytesMax: Int

    init(router: HttpRouter, bodyBytesMax: Int) {
        self.router = router
        self.bodyBytesMax = bodyBytesMax
    }
}

/// A request that is still arriving; only the daemon's thread touches it.
private final class PendingRequest {
    var body: [UInt8] = []
    var isTooLarge = false
}

/// libmicrohttpd calls this when the headers are read, for each piece of the body, and at the end.
private func handleHttpRequest(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?, method: UnsafePointer<CChar>?,
    version: UnsafePointer<CChar>?, piece: UnsafePointer<CChar>?, pieceCount: UnsafeMutablePointer<Int>?,
    state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let url, let method, let pieceCount, let state else { return .NO }
    let server = Unmanaged<HttpContext>.fromOpaque(context).takeUnretainedValue()
    guard let held = state.pointee else {
        // Retained here, released by `forgetHttpRequest`, which is called once for every request that has come this far.
        state.pointee = Unmanaged.passRetained(PendingRequest()).toOpaque()
        return .YES
    }
    let pending = Unmanaged<PendingRequest>.fromOpaque(held).takeUnretainedValue()
    if pieceCount.pointee > 0 {
        if pending.body.count + pieceCount.pointee > server.bodyBytesMax {
            // The rest is read and dropped, so that the client gets its answer.
            pending.isTooLarge = true
            pending.body = []
        } else if !pending.isTooLarge, let piece {
            pending.body.append(contentsOf: UnsafeRawBufferPointer(start: piece, count: pieceCount.pointee))
        }
        pieceCount.pointee = 0
        return .YES
    }
    if pending.isTooLarge {
        return answer(connection, .text("the body has more than \(server.bodyBytesMax) bytes\n", status: 413))
    }
    let request = HttpRequest(
        method: String(cString: method), path: String(cString: url), query: pairs(of: connection, kind: .GET_ARGUMENT_KIND),
        headers: pairs(of: connection, kind: .HEADER_KIND, lowercased: true), body: pending.body)
    return answer(connection, server.router.response(to: request))
}

private func forgetHttpRequest(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    code: MHD_RequestTerminationCode
) {
    guard let held = state?.pointee else { return }
    Unmanaged<PendingRequest>.fromOpaque(held).release()
    state?.pointee = nil
}

private func collectPair(
    context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?, value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context, let name else { return .YES }
    let values = context.assumingMemoryBound(to: [String: String].self)
    values.pointee[String(cString: name)] = value.map { String(cString: $0) } ?? ""
    return .YES
}

private func pairs(of connection: OpaquePointer, kind: MHD_ValueKind, lowercased: Bool = false) -> [String: String] {
    var values: [String: String] = [:]
    withUnsafeMutablePointer(to: &values) { _ = MHD_get_connection_values(connection, kind, collectPair, $0) }
    if lowercased { values = Dictionary(values.map { ($0.key.lowercased(), $0.value) }) { first, _ in first } }
    return values
}

private func answer(_ connection: OpaquePointer, _ response: HttpResponse) -> MHD_Result {
    var body = response.body
    guard let raw = MHD_create_response_from_buffer(body.count, &body, .RESPMEM_MUST_COPY) else { return .NO }
    defer { MHD_destroy_response(raw) }
    MHD_add_response_header(raw, "Content-Type", response.contentType)
    for (name, value) in response.headers { MHD_add_response_header(raw, name, value) }
    return MHD_queue_response(connection, UInt32(response.status), raw)
}
