/// What pushed a score up most: at most four reasons, greatest first; kept inline, so choosing them allocates nothing.
package struct TopReasons: Sendable, RandomAccessCollection {
    package struct Reason: Hashable, Sendable {
        /// Index into the model's features: the one that did most, where the reason sums several.
        package var feature: Int32
        /// What the reason adds to the margin; positive.
        package var contribution: Double
        /// Index into the ``ReasonWords`` that chose it.
        package var reason: Int32
        package var wording: Wording

        package init(feature: Int32, contribution: Double, reason: Int32, wording: Wording) {
            self.feature = feature
            self.contribution = contribution
            self.reason = reason
            self.wording = wording
        }
    }

    /// Which of a reason's texts fits the row.
    package enum Wording: UInt8, Hashable, Sendable, CaseIterable { case plain, high, low, missing }

    /// A decision carries at most this many reasons.
    package static let countMax = 4

    private var reasons = InlineArray<4, Reason>(repeating: Reason(feature: -1, contribution: 0, reason: -1, wording: .plain))
    package private(set) var endIndex = 0
    package var startIndex: Int { 0 }

    package subscript(position: Int) -> Reason {
        precondition(position < endIndex)
        return reasons[position]
    }

    /// No reasons yet.
    package init() {}

    /// Takes a reason in if it pushes up and is among the `count` greatest so far; of equal ones the first offered stays first.
    mutating func offer(_ reason: Reason, upTo count: Int) {
        precondition((0...TopReasons.countMax).contains(count))
        guard reason.contribution > 0 else { return }
        var place = endIndex
        while place > 0, reasons[place - 1].contribution < reason.contribution { place -= 1 }
        guard place < count else { return }
        if endIndex < count { endIndex += 1 }
        var last = endIndex - 1
        while last > place {
            reasons[last] = reasons[last - 1]
            last -= 1
        }
        reasons[place] = reason
    }

    mutating func removeAll() { endIndex = 0 }
}
