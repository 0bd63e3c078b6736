import Synchronization

/// What stands in the way of being live or ready, by the component that says so.
///
/// Live answers "should this process be restarted?", ready "should work be sent to it?".
package final class Health: Sendable {
    private struct State {
        /// Component to reason; empty means healthy.
        var notLive: [String: String] = [:]
        var notReady: [String: String] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter awaiting: Components that must report before the process is ready.
    package init(awaiting components: [String] = []) {
        var initial = State()
        for component in components { initial.notReady[component] = "starting" }
        state = Mutex(initial)
    }

    package func setReady(_ component: String) { state.withLock { $0.notReady[component] = nil } }

    /// - Parameter reason: Safe to show; no secrets.
    package func setNotReady(_ component: String, reason: String) { state.withLock { $0.notReady[component] = reason } }

    /// Only a restart can help.
    package func setNotLive(_ component: String, reason: String) { state.withLock { $0.notLive[component] = reason } }
    package func setLive(_ component: String) { state.withLock { $0.notLive[component] = nil } }

    package var isReady: Bool { state.withLock { $0.notReady.isEmpty && $0.notLive.isEmpty } }
    package var isLive: Bool { state.withLock { $0.notLive.isEmpty } }

    /// `/healthz` and `/readyz`: 200 with `{"status":"ok"}`, or 503 with the reasons.
    package var routes: [HttpRoute] {
        [
            HttpRoute("GET", "/healthz") { _ in self.response(\.notLive) },
            HttpRoute("GET", "/readyz") { _ in
                self.response { $0.notReady.merging($0.notLive) { _, notLive in notLive } }
            },
        ]
    }

    private func response(_ reasons: @Sendable (State) -> [String: String]) -> HttpResponse {
        let reasons = state.withLock { reasons($0) }.sorted { $0.key < $1.key }
        if reasons.isEmpty { return .json(Array("{\"status\":\"ok\"}\n".utf8)) }
        var body = Array("{\"status\":\"unavailable\",\"reasons\":{".utf8)
        for (index, reason) in reasons.enumerated() {
            if index > 0 { body.append(0x2C) }
            body.append(jsonString: reason.key)
            body.append(0x3A)
            body.append(jsonString: reason.value)
        }
        body.append(utf8: "}}\n")
        return .json(body, status: 503)
    }
}
