internal import Forest

/// Turns one `TreeModel` into a binary tree.
///
/// A node of PMML has any number of children; the first whose predicate is true is taken, and there are ways to go on when one is unknown
/// or none is true. Here that becomes tests one after another: each is asked only while what is known on the way leaves it open, and a
/// missing value gets a test of its own (`x <= ∞`) where it goes neither with the true nor with the false ones.
struct PmmlTree {
    /// Where a row stands in its search for a leaf.
    indirect enum Goal {
        /// At a node: its children come next.
        case enter(XmlElement)
        /// Among the children of a node: the predicates from there on come next.
        case choose(XmlElement, from: Int)
        /// The node's score is the prediction.
        case score(XmlElement)
        /// There is no prediction.
        case null
        case ask(PmmlPredicate, Ways)
    }

    final class Ways {
        let whenTrue: Goal
        let whenFalse: Goal
        let whenUnknown: Goal
        init(_ whenTrue: Goal, _ whenFalse: Goal, _ whenUnknown: Goal) {
            self.whenTrue = whenTrue
            self.whenFalse = whenFalse
            self.whenUnknown = whenUnknown
        }
    }

    private enum MissingStrategy: String { case none, lastPrediction, nullPrediction, defaultChild }

    private let fields: PmmlFields
    private let leaves: PmmlLeaves
    private let missingStrategy: MissingStrategy
    private let takesLastPrediction: Bool
    /// Node elements under a node element, with their predicates.
    private var branches: [Int32: [(node: XmlElement, predicate: PmmlPredicate)]] = [:]
    /// Features that a row must have to get a prediction.
    private(set) var featuresNeeded: Set<Int> = []

    init(_ model: XmlElement, _ fields: PmmlFields, _ leaves: PmmlLeaves) throws(ImportFailure) {
        self.fields = fields
        self.leaves = leaves
        let missing = model["missingValueStrategy"] ?? "none"
        guard let missingStrategy = MissingStrategy(rawValue: missing) else { throw model.unsupported("missingValueStrategy \(missing)") }
        self.missingStrategy = missingStrategy
        takesLastPrediction = model["noTrueChildStrategy"] == "returnLastPrediction"
    }

    mutating func decisionTree(
        _ model: XmlElement, valueCount: Int, limits: ImportLimits
    ) throws(ImportFailure) -> (DecisionTree, sourceLeaves: [Int32]) {
        guard let root = model.first("Node") else { throw model.fault("Node is missing") }
        var builder = TreeBuilder(place: model.place, limits: limits, valueCount: valueCount)
        var pending: [(slot: TreeBuilder.Slot, goal: Goal, facts: PmmlFacts?)] = []
        let start = try predicate(of: root)
        pending.append((.root, try reduced(.ask(start, Ways(.enter(root), .null, .null)), nil), nil))
        while let (slot, goal, facts) = pending.popLast() {
            switch goal {
            case .score(let node):
                let values = try leaves.values(of: node)
                try builder.addLeaf(at: slot, values: values, cover: nil, source: node["id"].flatMap { Int32($0) } ?? node.index)
            case .ask(let predicate, let ways):
                for next in try ask(predicate, ways, facts, at: slot, in: &builder) { pending.append(next) }
            case .null, .enter, .choose:
                throw model.unsupported("noTrueChildStrategy returnNullPrediction: some rows get no prediction")
            }
        }
        return (builder.tree, builder.sourceLeaves)
    }

    /// Adds the test that an open question begins with.
    private mutating func ask(
        _ predicate: PmmlPredicate, _ ways: Ways, _ facts: PmmlFacts?, at slot: TreeBuilder.Slot, in builder: inout TreeBuilder
    ) throws(ImportFailure) -> [(slot: TreeBuilder.Slot, goal: Goal, facts: PmmlFacts?)] {
        switch predicate {
        case .missing(let field):
            return try askPresence(of: field, present: ways.whenFalse, missing: ways.whenTrue, facts, at: slot, in: &builder)
        case .test(let field, let test): return try ask(test, of: field, ways, facts, at: slot, in: &builder)
        case .always, .not, .all, .any, .surrogate: preconditionFailure("a reduced question starts with \(predicate)")
        }
    }

    private mutating func ask(
        _ test: PmmlPredicate.Test, of field: PmmlFields.Field, _ ways: Ways, _ facts: PmmlFacts?, at slot: TreeBuilder.Slot,
        in builder: inout TreeBuilder
    ) throws(ImportFailure) -> [(slot: TreeBuilder.Slot, goal: Goal, facts: PmmlFacts?)] {
        let presentFacts = PmmlFacts.adding(.present, of: field, to: facts)
        var isAlwaysThere = PmmlFacts.isMissing(field, facts) == false
        let whenMissing = field.replacement.map { test.holds($0) ? ways.whenTrue : ways.whenFalse } ?? ways.whenUnknown
        if !isAlwaysThere {
            let missingFacts = PmmlFacts.adding(.missing, of: field, to: facts)
            if case .null = try reduced(whenMissing, missingFacts) {
                featuresNeeded.insert(field.feature)
                isAlwaysThere = true
            }
        }
        let thereFacts = isAlwaysThere ? presentFacts : facts
        if let isTrue = PmmlFacts.outcome(test, of: field, facts) {
            let known = isTrue ? ways.whenTrue : ways.whenFalse
            guard isAlwaysThere || PmmlTree.isSame(known, whenMissing) else {
                return try askPresence(of: field, present: known, missing: whenMissing, facts, at: slot, in: &builder)
            }
            return [(slot, try reduced(known, thereFacts), thereFacts)]
        }
        var (whenTrue, whenFalse) = (ways.whenTrue, ways.whenFalse)
        var (goesTrue, goesFalse) = (PmmlTree.isSame(whenMissing, whenTrue), PmmlTree.isSame(whenMissing, whenFalse))
        if !isAlwaysThere && !goesTrue && !goesFalse {
            // The same place may be reached another way: a default child by the predicate of the last child.
            let missing = try settled(whenMissing, PmmlFacts.adding(.missing, of: field, to: facts))
            whenTrue = try settled(whenTrue, PmmlFacts.adding(.test(test, true), of: field, to: presentFacts))
            whenFalse = try settled(whenFalse, PmmlFacts.adding(.test(test, false), of: field, to: presentFacts))
            goesTrue = PmmlTree.isSame(missing, whenTrue)
            goesFalse = PmmlTree.isSame(missing, whenFalse)
        }
        // What does not count as a value goes with the missing ones, but passes tests as any other.
        let countsAll = isAlwaysThere || !field.isInvalidMissing
        goesTrue = goesTrue && countsAll
        goesFalse = goesFalse && (countsAll || !test.isOrdered)
        guard isAlwaysThere || goesFalse || goesTrue else {
            return try askPresence(
                of: field, present: .ask(.test(field, test), ways), missing: whenMissing, facts, at: slot, in: &builder)
        }
        let flags: DecisionTree.NodeFlags = !goesFalse && goesTrue ? .missingGoesLeft : []
        let children = try add(test, of: field, flags: flags, at: slot, in: &builder)
        // Values may be missing on the side that missing ones go to.
        let trueFacts = PmmlFacts.adding(.test(test, true), of: field, to: flags.isEmpty ? presentFacts : thereFacts)
        let falseFacts = PmmlFacts.adding(.test(test, false), of: field, to: flags.isEmpty ? thereFacts : presentFacts)
        return [
            (children.right, try reduced(whenFalse, falseFacts), falseFacts), (children.left, try reduced(whenTrue, trueFacts), trueFacts),
        ]
    }

    private func add(
        _ test: PmmlPredicate.Test, of field: PmmlFields.Field, flags: DecisionTree.NodeFlags, at slot: TreeBuilder.Slot,
        in builder: inout TreeBuilder
    ) throws(ImportFailure) -> (left: TreeBuilder.Slot, right: TreeBuilder.Slot) {
        switch test {
        case .atMost(let threshold):
            return try builder.addTest(at: slot, feature: field.feature, threshold: threshold, flags: flags, cover: nil)
        case .isIn(let values):
            let set = CategorySet(values: values.sorted(), isTruncating: false)
            return try builder.addMembership(at: slot, feature: field.feature, set: set, flags: flags, cover: nil)
        }
    }

    /// A test whether a value is there, and is one that counts.
    private mutating func askPresence(
        of field: PmmlFields.Field, present: Goal, missing: Goal, _ facts: PmmlFacts?, at slot: TreeBuilder.Slot,
        in builder: inout TreeBuilder
    ) throws(ImportFailure) -> [(slot: TreeBuilder.Slot, goal: Goal, facts: PmmlFacts?)] {
        let presentFacts = PmmlFacts.adding(.present, of: field, to: facts)
        let missingFacts = PmmlFacts.adding(.missing, of: field, to: facts)
        let test: PmmlPredicate.Test = field.isInvalidMissing ? .isIn(Set(field.validValues)) : .atMost(.infinity)
        let children = try add(test, of: field, flags: [], at: slot, in: &builder)
        return [
            (children.right, try reduced(missing, missingFacts), missingFacts),
            (children.left, try reduced(present, presentFacts), presentFacts),
        ]
    }

    /// The same goal after all steps that need no test: a score, none, or an open question about one value.
    private mutating func reduced(_ goal: Goal, _ facts: PmmlFacts?) throws(ImportFailure) -> Goal {
        var goal = try settled(goal, facts)
        while case .enter(let node) = goal {
            goal = try settled(branches(of: node).isEmpty ? .score(node) : .choose(node, from: 0), facts)
        }
        return goal
    }

    /// The same without entering a node.
    private mutating func settled(_ goal: Goal, _ facts: PmmlFacts?) throws(ImportFailure) -> Goal {
        var goal = goal
        while true {
            switch goal {
            case .score, .null, .enter: return goal
            case .choose(let node, let first):
                let branches = try branches(of: node)
                guard first < branches.count else { return takesLastPrediction ? .score(node) : .null }
                let branch = branches[first]
                let rest = Goal.choose(node, from: first + 1)
                goal = .ask(branch.predicate, Ways(.enter(branch.node), rest, try whenUnknown(node, rest)))
            case .ask(let predicate, let ways):
                guard let next = step(predicate, ways, facts) else { return goal }
                goal = next
            }
        }
    }

    /// The goal after a predicate that is decided or a part of which is asked first; nil when it is an open question.
    private func step(_ predicate: PmmlPredicate, _ ways: Ways, _ facts: PmmlFacts?) -> Goal? {
        switch predicate {
        case .always(let isTrue): return isTrue ? ways.whenTrue : ways.whenFalse
        case .not(let other): return .ask(other, Ways(ways.whenFalse, ways.whenTrue, ways.whenUnknown))
        case .missing(let field):
            return PmmlFacts.isMissing(field, facts).map { $0 ? ways.whenTrue : ways.whenFalse }
        case .test(let field, let test):
            switch PmmlFacts.isMissing(field, facts) {
            case true?: return field.replacement.map { test.holds($0) ? ways.whenTrue : ways.whenFalse } ?? ways.whenUnknown
            case false?: return PmmlFacts.outcome(test, of: field, facts).map { $0 ? ways.whenTrue : ways.whenFalse }
            case nil: return nil
            }
        case .all(let parts):
            guard let first = parts.first else { return ways.whenTrue }
            let rest = PmmlPredicate.all(parts.dropFirst())
            if parts.count == 1 { return .ask(first, ways) }
            return .ask(
                first, Ways(.ask(rest, ways), ways.whenFalse, .ask(rest, Ways(ways.whenUnknown, ways.whenFalse, ways.whenUnknown))))
        case .any(let parts):
            guard let first = parts.first else { return ways.whenFalse }
            let rest = PmmlPredicate.any(parts.dropFirst())
            if parts.count == 1 { return .ask(first, ways) }
            return .ask(first, Ways(ways.whenTrue, .ask(rest, ways), .ask(rest, Ways(ways.whenTrue, ways.whenUnknown, ways.whenUnknown))))
        case .surrogate(let parts):
            guard let first = parts.first else { return ways.whenUnknown }
            return .ask(first, Ways(ways.whenTrue, ways.whenFalse, .ask(.surrogate(parts.dropFirst()), ways)))
        }
    }

    private mutating func whenUnknown(_ node: XmlElement, _ rest: Goal) throws(ImportFailure) -> Goal {
        switch missingStrategy {
        case .none: return rest
        case .lastPrediction: return .score(node)
        case .nullPrediction: return .null
        case .defaultChild:
            guard let id = node["defaultChild"] else { return .null }
            guard let child = try branches(of: node).first(where: { $0.node["id"] == id }) else {
                throw node.fault("defaultChild \(id.prefix(64)) is none of its children")
            }
            return .enter(child.node)
        }
    }

    private mutating func branches(of node: XmlElement) throws(ImportFailure) -> [(node: XmlElement, predicate: PmmlPredicate)] {
        if let known = branches[node.index] { return known }
        var found: [(node: XmlElement, predicate: PmmlPredicate)] = []
        for child in node.children where child.name == "Node" { found.append((child, try predicate(of: child))) }
        branches[node.index] = found
        return found
    }

    private func predicate(of node: XmlElement) throws(ImportFailure) -> PmmlPredicate {
        for child in node.children {
            if PmmlPredicate.names.contains(child.name) { return try PmmlPredicate(child, fields) }
            if child.name == "Regression" || child.name == "DecisionTree" { throw child.unsupported("\(child.name): a model in a node") }
        }
        throw node.fault("a predicate is missing")
    }

    private static func isSame(_ left: Goal, _ right: Goal) -> Bool {
        switch (left, right) {
        case (.enter(let left), .enter(let right)), (.score(let left), .score(let right)): left == right
        case (.choose(let left, let leftFirst), .choose(let right, let rightFirst)): left == right && leftFirst == rightFirst
        case (.null, .null): true
        case (.ask(let left, let leftWays), .ask(let right, let rightWays)):
            left == right
                && (leftWays === rightWays
                    || isSame(leftWays.whenTrue, rightWays.whenTrue) && isSame(leftWays.whenFalse, rightWays.whenFalse)
                        && isSame(leftWays.whenUnknown, rightWays.whenUnknown))
        default: false
        }
    }
}
