// Trees behind scalers, imputers and look-ups, as trees on the row itself.
//
// A test sees `f(x)` of one value `x` of the row. Where `f` is monotone, in floating point too, the values that pass are all those up to
// some greatest one, or all above it, and that one is found by bisection over the numbers of the row's type in their order: the new test
// decides on every number as the old one does on what the steps make of it. Where `f` looks `x` up, the keys whose values go the other way
// than all others become a set of categories. Where a missing value goes, imputed or not, is asked of the steps themselves.

internal import Forest

extension TreeEnsemble {
    /// The same scores from the model's row.
    ///
    /// - Parameters:
    ///   - sources: What each value of the trees' row is made of.
    ///   - featureCount: Values of the model's row.
    /// - Throws: ``ForestFailure`` that names the step which cannot become part of a test.
    /// - Complexity: O(nodes × steps): 32 or 64 evaluations of the steps a node.
    func folding(_ sources: [ColumnSource], featureCount: Int) throws(ForestFailure) -> TreeEnsemble {
        precondition(sources.count == self.featureCount, "one source for each value that trees ask for")
        try boundLookups(sources)
        // A rounding that all have first is the ensemble's own; a column without any other step is asked for as it is.
        let isSingle = sources.allSatisfy(\.isRounded)
        var result = self
        result.featureCount = featureCount
        result.inputPrecision = isSingle ? .single : .double
        let folded = sources.map { source in
            var source = source
            if isSingle { source.steps.removeFirst() }
            return source
        }
        for tree in result.trees.indices { try result.trees[tree].fold(folded, isSingle: isSingle) }
        return result
    }

    /// Every node behind a look-up asks about each of its keys.
    private func boundLookups(_ sources: [ColumnSource]) throws(ForestFailure) {
        let keyCounts = sources.map { source in
            source.lookupIndex.map { index in if case .look(let lookup) = source.steps[index].kind { lookup.values.count } else { 0 } } ?? 0
        }
        let keyCount = trees.reduce(0) { sum, tree in
            tree.feature.reduce(sum) { $1 == DecisionTree.none ? $0 : $0 + keyCounts[Int($1)] }
        }
        guard keyCount <= 16 * ForestLimits.nodeCountMax else {
            throw ForestFailure(at: "trees", "more than \(16 * ForestLimits.nodeCountMax) keys of label maps for all their tests")
        }
    }
}

extension DecisionTree {
    fileprivate mutating func fold(_ sources: [ColumnSource], isSingle: Bool) throws(ForestFailure) {
        let old = self
        for node in 0..<nodeCount where !isLeaf(node) {
            let source = sources[Int(feature[node])]
            feature[node] = Int32(source.column)
            guard !source.steps.isEmpty, try !foldLookup(of: node, source) else { continue }
            let passes = { (value: Double) in
                value.isNaN ? old.flags[node].contains(.missingGoesLeft) : old.goesLeft(value, at: node)
            }
            let missingPasses = passes(source.value(of: .nan))
            let test =
                try source.lookupIndex == nil
                ? FoldedTest(monotone: source, isCategorical: flags[node].contains(.isCategorical), isSingle: isSingle, passes)
                : FoldedTest(lookup: source, isSingle: isSingle, passes)
            if !test.passesLeft { swap(&left[node], &right[node]) }
            flags[node] = missingPasses == test.passesLeft ? .missingGoesLeft : []
            threshold[node] = 0
            switch test.test {
            case .atMost(let value): threshold[node] = value
            case .member(let values, let isTruncating):
                flags[node].insert(.isCategorical)
                if categorySet.isEmpty { categorySet = Array(repeating: 0, count: nodeCount) }
                categorySet[node] = Int32(categories.count)
                categories.append(CategorySet(values: values, isTruncating: isTruncating))
            }
        }
    }
}

extension DecisionTree {
    /// Makes a look-up of a value rounded down or cut to an integer one of the value itself.
    ///
    /// - Returns: Whether the node has such a look-up.
    private mutating func foldLookup(of node: Int, _ source: ColumnSource) throws(ForestFailure) -> Bool {
        guard flags[node].contains(.isCategorical), source.steps.count == 1 else { return false }
        let set = Int(categorySet[node])
        let isFloor = source.steps[0].kind == .floor
        guard isFloor || source.steps[0].kind == .cut else { return false }
        guard categories[set].values.allSatisfy({ Int32(exactly: $0) != nil && (!isFloor || $0 >= 0) }) else {
            throw ForestFailure(at: source.steps[0].place, "categories behind it that are negative or that 32 bits do not hold")
        }
        categories[set].isTruncating = true
        // NaN cut to an integer is a number that is in no set.
        if isFloor { flags[node].insert(.negativeIsOutside) } else { flags[node].remove(.missingGoesLeft) }
        return true
    }
}

/// A test on the row's own value that decides as another one does on what steps make of the value.
private struct FoldedTest {
    enum Test {
        case atMost(Double)
        case member([Double], isTruncating: Bool)
    }

    var test: Test
    /// Whether what goes left by ``test`` passed the old test.
    var passesLeft: Bool

    init(monotone source: ColumnSource, isCategorical: Bool, isSingle: Bool, _ passes: (Double) -> Bool) throws(ForestFailure) {
        if let step = source.steps.first(where: { !$0.kind.isMonotone }) {
            throw ForestFailure(at: step.place, "numbers that no single test of the model's row stands for; give the model its result")
        }
        guard !isCategorical else {
            throw ForestFailure(at: source.steps[0].place, "a test of equality behind it; give the model its result")
        }
        func side(_ value: Double) -> Bool { passes(source.value(of: value, isReplacing: false)) }
        (test, passesLeft) = isSingle ? FoldedTest.bisect(Float.self, side) : FoldedTest.bisect(Double.self, side)
        // A value that an imputer replaces must go where it would have gone anyway: a test cannot leave one number out.
        for (index, step) in source.steps.enumerated() {
            guard case .impute(_, let replaced) = step.kind, !replaced.isNaN else { continue }
            let isFirst = source.steps[..<index].allSatisfy { $0.kind == .round }
            guard isFirst, passes(source.value(of: replaced)) == side(replaced) else {
                throw ForestFailure(at: step.place, "\(replaced) is replaced, which no single test says; let it replace NaN")
            }
        }
    }

    init(lookup source: ColumnSource, isSingle: Bool, _ passes: (Double) -> Bool) throws(ForestFailure) {
        let index = source.lookupIndex!
        var isTruncating = false
        for step in source.steps[..<index] {
            switch step.kind {
            case .cut: isTruncating = true
            case .impute(_, let replaced) where replaced.isNaN: break
            default: throw ForestFailure(at: step.place, "a step before values are looked up; give the model its result")
            }
        }
        guard case .look(let lookup) = source.steps[index].kind else { preconditionFailure("the index is a look-up's") }
        let others = passes(source.value(of: lookup.other, from: index + 1))
        let members = lookup.values.filter { passes(source.value(of: $0.value, from: index + 1)) != others }.keys.sorted()
        guard !isTruncating || members.allSatisfy({ Int32(exactly: $0) != nil }) else {
            throw ForestFailure(at: source.steps[index].place, "categories that 32 bits do not hold")
        }
        test = members.isEmpty ? .atMost(.infinity) : .member(members, isTruncating: isTruncating)
        passesLeft = members.isEmpty ? others : !others
    }

    /// The greatest number on the side of negative infinity, and whether that side passes.
    private static func bisect<Value: OrderedBits>(_: Value.Type, _ side: (Double) -> Bool) -> (Test, Bool) {
        var low = Value.order(-.infinity)
        var high = Value.order(.infinity)
        let isLowPassing = side(-.infinity)
        guard side(.infinity) != isLowPassing else { return (.atMost(.infinity), isLowPassing) }
        while low + 1 < high {
            // The mean without a sum, which a Double's orders may be too large for.
            let middle = (low >> 1) + (high >> 1) + (low & high & 1)
            if side(Value.number(middle)) == isLowPassing { low = middle } else { high = middle }
        }
        return (.atMost(Value.number(low)), isLowPassing)
    }
}

/// Numbers that can be counted in their order.
private protocol OrderedBits {
    /// Ascending with the number; both zeros have 0.
    static func order(_ value: Double) -> Int
    static func number(_ order: Int) -> Double
}

extension Float: OrderedBits {
    fileprivate static func order(_ value: Double) -> Int {
        let bits = Int(Float(value.magnitude).bitPattern)
        return value < 0 ? -bits : bits
    }

    fileprivate static func number(_ order: Int) -> Double {
        let magnitude = Double(Float(bitPattern: UInt32(order.magnitude)))
        return order < 0 ? -magnitude : magnitude
    }
}

extension Double: OrderedBits {
    fileprivate static func order(_ value: Double) -> Int {
        let bits = Int(value.magnitude.bitPattern)
        return value < 0 ? -bits : bits
    }

    fileprivate static func number(_ order: Int) -> Double {
        let magnitude = Double(bitPattern: UInt64(order.magnitude))
        return order < 0 ? -magnitude : magnitude
    }
}
