/// Says which decisions to leave as they are are worth a row: one whose reason or wanted count is new, and one every minute.
package struct HoldFilter: Sendable {
    private let intervalMax: Duration
    private var last: (reason: String, wanted: Int, at: Duration)?

    package init(intervalMax: Duration = .seconds(60)) { self.intervalMax = intervalMax }

    /// Whether to record a hold; it counts as recorded then.
    package mutating func shouldRecord(reason: String, wanted: Int, at now: Duration) -> Bool {
        if let last, last.reason == reason, last.wanted == wanted, now - last.at < intervalMax { return false }
        last = (reason, wanted, now)
        return true
    }

    /// Something changed meanwhile: the next hold is news.
    package mutating func changed() { last = nil }
}
