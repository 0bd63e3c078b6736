/// The reasons that a model's decisions can have, ready for use: which features make up each, and its words. Made from a
/// ``ReasonFile`` or from the features' names.
package struct ReasonWords: Hashable, Sendable {
    /// One reason as its words tell it.
    package struct Entry: Hashable, Sendable {
        package var code: String
        /// By ``TopReasons/Wording``.
        package var texts: [String]
    }

    private struct Member: Hashable, Sendable {
        var feature: Int
        /// Above it the row's value is high, else low; nil where the reason does not tell them apart.
        var typical: Double?
    }

    /// In the order of their first features, which is the order among equals.
    package let entries: [Entry]
    private let members: [[Member]]
    private let countMax: Int
    private let featureCount: Int

    /// Every feature is a reason of its own; code and text are its name.
    package init(features: [String]) {
        entries = features.map { Entry(code: $0, texts: Array(repeating: $0, count: TopReasons.Wording.allCases.count)) }
        members = features.indices.map { [Member(feature: $0, typical: nil)] }
        countMax = TopReasons.countMax
        featureCount = features.count
    }

    /// - Parameter reasons: Each with its features' indexes and typical values; no feature twice.
    init(_ reasons: [(entry: Entry, members: [(feature: Int, typical: Double?)])], featureCount: Int, countMax: Int) {
        let sorted = reasons.map { (entry: $0.entry, members: $0.members.sorted { $0.feature < $1.feature }) }
            .sorted { $0.members[0].feature < $1.members[0].feature }
        entries = sorted.map(\.entry)
        members = sorted.map { $0.members.map { Member(feature: $0.feature, typical: $0.typical) } }
        self.countMax = countMax
        self.featureCount = featureCount
    }

    /// Chooses the reasons that push a score up most, greatest first; of equal ones the one with the lower first feature.
    ///
    /// A reason of several features counts with their sum, and shows the one that adds most.
    ///
    /// - Parameters:
    ///   - contributions: One per feature, of the output that is decided on.
    ///   - row: The row's values, which tell high from low.
    ///   - reasons: Overwritten.
    /// - Complexity: O(features); allocates nothing.
    package func reasons(
        contributions: UnsafeBufferPointer<Double>, row: UnsafeBufferPointer<Double>, into reasons: inout TopReasons
    ) {
        precondition(contributions.count == featureCount && row.count == featureCount, "one contribution and one value per feature")
        reasons.removeAll()
        for index in members.indices {
            var sum = 0.0
            var leader = members[index][0]
            for member in members[index] {
                sum += contributions[member.feature]
                if contributions[member.feature] > contributions[leader.feature] { leader = member }
            }
            let value = row[leader.feature]
            let wording: TopReasons.Wording =
                value.isNaN ? .missing : leader.typical.map { value > $0 ? .high : .low } ?? .plain
            reasons.offer(
                TopReasons.Reason(feature: Int32(leader.feature), contribution: sum, reason: Int32(index), wording: wording), upTo: countMax
            )
        }
    }

    package func reasons(contributions: [Double], row: [Double], into reasons: inout TopReasons) {
        contributions.withUnsafeBufferPointer { contributions in
            row.withUnsafeBufferPointer { self.reasons(contributions: contributions, row: $0, into: &reasons) }
        }
    }

    /// Where a reason's text stands among ``texts``; its code is the one of the place's reason, `place / 4`.
    package func place(of reason: TopReasons.Reason) -> Int {
        Int(reason.reason) * TopReasons.Wording.allCases.count + Int(reason.wording.rawValue)
    }

    /// All texts, those of a reason by ``TopReasons/Wording`` one after the other.
    package var texts: [String] { entries.flatMap(\.texts) }

    /// The code of a reason that these words chose.
    package func code(of reason: TopReasons.Reason) -> String { entries[Int(reason.reason)].code }

    /// The text that fits the row a reason was chosen for.
    package func text(of reason: TopReasons.Reason) -> String { entries[Int(reason.reason)].texts[Int(reason.wording.rawValue)] }
}
