import Glibc
import Testing

@testable import ServiceRuntime

/// Sends `request` to the port on the loopback address and reads until the server closes.
private func exchange(_ request: String, port: UInt16) throws -> String {
    struct Refused: Error {}
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Refused() }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard connected == 0 else { throw Refused() }
    let bytes = Array(request.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { break }
        sent += count
    }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { break }
        answer.append(contentsOf: chunk[..<count])
    }
    return String(decoding: answer, as: UTF8.self)
}

private func get(_ path: String, method: String = "GET", body: String = "", port: UInt16) throws -> String {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    return try exchange("\(method) \(path) HTTP/1.1\r\nHost: x\r\nX-Word: yes\r\nConnection: close\r\n\(length)\r\n\(body)", port: port)
}

@Suite(.timeLimit(.minutes(10))) struct HttpServerTests {
    private let health = Health(awaiting: ["kafka"])
    private let metrics = MetricsRegistry()

    private func makeServer(_ change: (inout HttpServer.Configuration) -> Void = { _ in }) -> HttpServer {
        var configuration = HttpServer.Configuration()
        configuration.bodyBytesMax = 1_000
        change(&configuration)
        let echo = HttpRoute("POST", "/echo") { request in
            .text(
                "\(request.query["a"] ?? "") \(request.headers["x-word"] ?? "") \(String(decoding: request.body, as: UTF8.self))",
                status: 201)
        }
        return HttpServer(configuration, health: health, metrics: metrics, extraRoutes: [echo], logger: recordingLogger(Recorder()))
    }

    @Test func healthReadinessMetricsAndExtraRoutesAnswer() throws {
        let server = makeServer()
        try server.start()
        defer { server.stop() }
        let port = try #require(server.port)
        #expect(port > 0)
        #expect(try get("/healthz", port: port).hasPrefix("HTTP/1.1 200 OK\r\n"))
        let waiting = try get("/readyz", port: port)
        #expect(waiting.hasPrefix("HTTP/1.1 503 "))
        #expect(waiting.hasSuffix("{\"status\":\"unavailable\",\"reasons\":{\"kafka\":\"starting\"}}\n"))
        health.setReady("kafka")
        #expect(try get("/readyz", port: port).hasSuffix("{\"status\":\"ok\"}\n"))
        health.setNotLive("store", reason: "lost \"it\"")
        #expect(try get("/healthz", port: port).hasSuffix("{\"store\":\"lost \\\"it\\\"\"}}\n"))
        #expect(try get("/readyz", port: port).hasPrefix("HTTP/1.1 503 "))

        metrics.counter("assay_seen_total", help: "Seen.").increment(by: 7)
        let scrape = try get("/metrics", port: port)
        #expect(scrape.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(scrape.hasSuffix("assay_seen_total 7\n"))

        #expect(try get("/echo?a=b%20c", method: "POST", body: "body", port: port).hasSuffix("b c yes body"))
        #expect(try get("/nowhere", port: port).hasPrefix("HTTP/1.1 404 "))
        let refused = try get("/healthz", method: "DELETE", port: port)
        #expect(refused.hasPrefix("HTTP/1.1 405 "))
        #expect(refused.contains("Allow: GET, HEAD\r\n"))
        let head = try get("/healthz", method: "HEAD", port: port)
        #expect(head.hasPrefix("HTTP/1.1 503 ") && head.hasSuffix("\r\n\r\n"))
    }

    @Test func aBodyBeyondTheLimitIsRefused() throws {
        let server = makeServer()
        try server.start()
        defer { server.stop() }
        let port = try #require(server.port)
        #expect(try get("/echo", method: "POST", body: String(repeating: "x", count: 1_000), port: port).hasPrefix("HTTP/1.1 201 "))
        #expect(try get("/echo", method: "POST", body: String(repeating: "x", count: 1_001), port: port).hasPrefix("HTTP/1.1 413 "))
        #expect(try get("/echo", method: "POST", body: String(repeating: "x", count: 200_000), port: port).hasPrefix("HTTP/1.1 413 "))
    }

    @Test func aTakenPortAndABadAddressAreToldInOneLine() throws {
        let server = makeServer()
        try server.start()
        defer { server.stop() }
        let port = try #require(server.port)
        let second = makeServer { $0.port = port }
        let failure = #expect(throws: HttpServerFailure.self) { try second.start() }
        #expect(failure?.problem == "Address already in use")
        let nowhere = makeServer { $0.address = "nowhere" }
        #expect(throws: HttpServerFailure.self) { try nowhere.start() }
    }

    @Test func theServerStopsWithItsGroupAndFreesItsPort() async throws {
        let server = makeServer()
        try server.start()
        let port = try #require(server.port)
        var configuration = ServiceGroup.Configuration(services: [server])
        let (signals, send) = AsyncStream<UnixSignal>.makeStream()
        configuration.signals = signals
        send.yield(.sigterm)
        try await ServiceGroup(configuration, logger: recordingLogger(Recorder())).run()
        #expect(server.port == nil)
        #expect(throws: (any Error).self) { try get("/healthz", port: port) }
    }
}
