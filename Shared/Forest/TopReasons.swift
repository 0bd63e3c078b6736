/// The features that pushed a score up most: at most four, greatest first; kept inline, so choosing them allocates nothing.
package struct TopReasons: Sendable, RandomAccessCollection {
    package struct Reason: Hashable, Sendable {
        /// Index into the model's features.
        package var feature: Int32
        /// Score points above the bias that the feature accounts for; positive.
        package var contribution: Double

        package init(feature: Int32, contribution: Double) {
            self.feature = feature
            self.contribution = contribution
        }
    }

    /// A decision carries at most this many reasons.
    package static let countMax = 4

    private var reasons = InlineArray<4, Reason>(repeating: Reason(feature: -1, contribution: 0))
    package private(set) var endIndex = 0
    package var startIndex: Int { 0 }

    package subscript(position: Int) -> Reason {
        precondition(position < endIndex)
        return reasons[position]
    }

    /// Chooses the greatest positive contributions; of equal ones the lower feature index stands first.
    ///
    /// - Parameter count: How many at most, `0...4`.
    package init(_ contributions: [Double], upTo count: Int = TopReasons.countMax) {
        precondition((0...TopReasons.countMax).contains(count))
        for (feature, contribution) in contributions.enumerated() where contribution > 0 {
            var place = endIndex
            while place > 0, reasons[place - 1].contribution < contribution { place -= 1 }
            guard place < count else { continue }
            if endIndex < count { endIndex += 1 }
            var last = endIndex - 1
            while last > place {
                reasons[last] = reasons[last - 1]
                last -= 1
            }
            reasons[place] = Reason(feature: Int32(feature), contribution: contribution)
        }
    }
}
