/// What the tests on the way to a place tell of the values there, newest first.
///
/// At most ``countMax`` are kept, because a list is let go link by link, recursing; without the rest a test is asked twice.
final class PmmlFacts {
    enum Fact {
        /// The outcome of a test, if the value is not missing.
        case test(PmmlPredicate.Test, Bool)
        case present
        case missing
    }

    static let countMax = 1_000

    private let feature: Int
    private let fact: Fact
    private let earlier: PmmlFacts?
    private let count: Int

    private init(_ feature: Int, _ fact: Fact, _ earlier: PmmlFacts?) {
        self.feature = feature
        self.fact = fact
        self.earlier = earlier
        count = (earlier?.count ?? 0) + 1
    }

    static func adding(_ fact: Fact, of field: PmmlFields.Field, to facts: PmmlFacts?) -> PmmlFacts? {
        if let facts, facts.count >= countMax { return facts }
        return PmmlFacts(field.feature, fact, facts)
    }

    /// Nil where both can be.
    static func isMissing(_ field: PmmlFields.Field, _ facts: PmmlFacts?) -> Bool? {
        var next = facts
        while let link = next {
            if link.feature == field.feature {
                if case .present = link.fact { return false }
                if case .missing = link.fact { return true }
            }
            next = link.earlier
        }
        return nil
    }

    /// What a test of a value that is there tells; nil where both can be.
    static func outcome(_ test: PmmlPredicate.Test, of field: PmmlFields.Field, _ facts: PmmlFacts?) -> Bool? {
        switch test {
        case .atMost(let threshold): return outcome(atMost: threshold, of: field, facts)
        case .isIn(let values): return outcome(isIn: values, of: field, facts)
        }
    }

    private static func outcome(atMost threshold: Double, of field: PmmlFields.Field, _ facts: PmmlFacts?) -> Bool? {
        var next = facts
        while let link = next {
            if link.feature == field.feature, case .test(.atMost(let known), let isTrue) = link.fact {
                if isTrue, known <= threshold { return true }
                if !isTrue, known >= threshold { return false }
            }
            next = link.earlier
        }
        return nil
    }

    private static func outcome(isIn values: Set<Double>, of field: PmmlFields.Field, _ facts: PmmlFacts?) -> Bool? {
        var possible: Set<Double>?
        var excluded: Set<Double> = []
        var next = facts
        while let link = next {
            if link.feature == field.feature, case .test(.isIn(let known), let isTrue) = link.fact {
                if isTrue { possible = possible?.intersection(known) ?? known } else { excluded.formUnion(known) }
            }
            next = link.earlier
        }
        if values.isSubset(of: excluded) { return false }
        if possible == nil, field.isInvalidRefused, !field.validValues.isEmpty {
            // All that is left can only be in this set if the two sets are large enough.
            guard values.count + excluded.count >= field.validValues.count else { return nil }
            possible = Set(field.validValues)
        }
        guard let left = possible?.subtracting(excluded) else { return nil }
        if left.isDisjoint(with: values) { return false }
        return left.isSubset(of: values) ? true : nil
    }
}
