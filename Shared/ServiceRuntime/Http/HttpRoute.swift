/// A request, whole.
package struct HttpRequest: Hashable, Sendable {
    /// Upper case, such as `GET`; a `HEAD` request arrives as it is at a `GET` route.
    package var method: String
    /// Decoded, without the query.
    package var path: String
    /// The last of equal names wins; a name without a value has the empty text.
    package var query: [String: String]
    /// Names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]
}

package struct HttpResponse: Hashable, Sendable {
    /// 200 ... 599.
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    package var headers: [String: String] = [:]

    package init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func text(_ text: String, status: Int = 200) -> HttpResponse {
        HttpResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// - Parameter body: JSON in UTF-8.
    package static func json(_ body: [UInt8], status: Int = 200) -> HttpResponse {
        HttpResponse(status: status, contentType: "application/json", body: body)
    }
}

/// One method of one exact path.
package struct HttpRoute: Sendable {
    package var method: String
    package var path: String
    /// Called on the server's thread, one request at a time: it must be quick and must not wait for anything.
    package var handle: @Sendable (HttpRequest) -> HttpResponse

    package init(_ method: String, _ path: String, handle: @escaping @Sendable (HttpRequest) -> HttpResponse) {
        self.method = method
        self.path = path
        self.handle = handle
    }
}

/// Picks the handler of a request, and answers what no handler can.
struct HttpRouter: Sendable {
    let routes: [HttpRoute]

    func response(to request: HttpRequest) -> HttpResponse {
        let candidates = routes.filter { $0.path == request.path }
        guard !candidates.isEmpty else { return .text("no such page\n", status: 404) }
        let method = request.method == "HEAD" && !candidates.contains { $0.method == "HEAD" } ? "GET" : request.method
        guard let route = candidates.first(where: { $0.method == method }) else {
            var response = HttpResponse.text("method not allowed\n", status: 405)
            var allowed = candidates.map(\.method)
            if allowed.contains("GET"), !allowed.contains("HEAD") { allowed.append("HEAD") }
            response.headers["Allow"] = allowed.joined(separator: ", ")
            return response
        }
        return route.handle(request)
    }
}
