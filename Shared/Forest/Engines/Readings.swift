// Idea: what a node asks beside `x <= threshold` depends on the value and on few rules: zero as missing, missing as zero, categories cut to
// integers. So every value of a row is read once under each rule that the model's nodes have for its feature. Of a number the reading is an
// integer in the numbers' order, the least or the greatest one where it is missing. Of a category it is a code: its place among all categories
// that any node asks for under that rule, or one of two codes behind them, for others and for what is missing. A node's set of categories is
// then a bit for each code, and its test one load and one shift, however many sets and categories there are. Nodes with equal bits share them.

/// How the values of a row are read for nodes that ask more than `x <= threshold`.
struct Readings: Sendable {
    /// A feature, and the rules by which it is read.
    private struct Rule: Hashable, BitwiseCopyable {
        var feature: Int32
        /// Of a category without the direction of what is missing, which its bits know.
        var flags: DecisionTree.NodeFlags
        var isTruncating: Bool

        init(_ tree: DecisionTree, _ node: Int) {
            feature = tree.feature[node]
            var flags = tree.flags[node]
            if flags.contains(.missingIsZero) { flags.subtract([.zeroIsMissing, .missingGoesLeft]) }
            if flags.contains(.isCategorical) { flags.remove(.missingGoesLeft) }
            isTruncating = flags.contains(.isCategorical) && tree.categories[Int(tree.categorySet[node])].isTruncating
            if !flags.contains(.isCategorical) { flags.remove(.negativeIsOutside) }
            self.flags = flags
        }
    }

    private struct Reading: BitwiseCopyable {
        var rule: Rule
        /// Its categories in the table.
        var firstCategory: Int32
        var categoryCount: Int32
    }

    private let readings: AlignedTable<Reading>
    /// Of each reading ascending.
    private let categories: AlignedTable<Double>
    private let roundsToFloat: Bool
    /// Words of bits, some for every distinct set of a reading.
    let bits: AlignedTable<UInt64>
    /// By tree and node: its reading, and where the bits of a categorical node begin.
    let tests: [[(reading: UInt32, firstWord: UInt32)]]

    var count: Int { readings.count }

    /// Words of bits that are worth their memory, 32 MiB: no model that was trained comes near.
    private static let wordCountMax = 1 << 22
    /// Categories and words that are looked at for all nodes together: bounds the time where nodes share large sets.
    private static let workMax = 1 << 26

    /// Nil where sets are so many and so large that their bits would take too much memory or time.
    init?(_ ensemble: TreeEnsemble) {
        var work = 0
        var numbers: [Rule: Int] = [:]
        var rules: [Rule] = []
        var known: [Set<Double>] = []
        for tree in ensemble.trees {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let rule = Rule(tree, node)
                let number = numbers[rule] ?? rules.count
                if number == rules.count {
                    numbers[rule] = number
                    rules.append(rule)
                    known.append([])
                }
                if tree.flags[node].contains(.isCategorical) {
                    let members = tree.categories[Int(tree.categorySet[node])].values
                    work += members.count
                    guard work <= Readings.workMax else { return nil }
                    known[number].formUnion(members)
                }
            }
        }
        let ascending = known.map { $0.sorted() }
        var words: [UInt64] = []
        var places: [[UInt64]: UInt32] = [:]
        var tests: [[(reading: UInt32, firstWord: UInt32)]] = []
        for tree in ensemble.trees {
            var ofTree: [(reading: UInt32, firstWord: UInt32)] = []
            ofTree.reserveCapacity(tree.nodeCount)
            for node in 0..<tree.nodeCount {
                guard !tree.isLeaf(node), tree.flags[node].contains(.isCategorical) else {
                    ofTree.append((tree.isLeaf(node) ? 0 : UInt32(numbers[Rule(tree, node)]!), 0))
                    continue
                }
                let number = numbers[Rule(tree, node)]!
                let members = tree.categories[Int(tree.categorySet[node])]
                let wordCount = (ascending[number].count + 2 + 63) / 64
                work += wordCount + members.values.count
                guard work <= Readings.workMax else { return nil }
                var set = [UInt64](repeating: 0, count: wordCount)
                for category in members.values where members.contains(category, under: tree.flags[node]) {
                    let code = ascending[number].countLess(than: category)
                    set[code / 64] |= 1 << UInt64(code % 64)
                }
                let missing = ascending[number].count + 1
                if tree.flags[node].contains(.missingGoesLeft) { set[missing / 64] |= 1 << UInt64(missing % 64) }
                let place = places[set] ?? UInt32(words.count)
                if places.updateValue(place, forKey: set) == nil { words += set }
                guard words.count <= Readings.wordCountMax else { return nil }
                ofTree.append((UInt32(number), place))
            }
            tests.append(ofTree)
        }
        self.tests = tests
        var firstCategory = 0
        readings = AlignedTable(
            zip(rules, ascending).map { rule, categories in
                defer { firstCategory += categories.count }
                return Reading(rule: rule, firstCategory: Int32(firstCategory), categoryCount: Int32(categories.count))
            })
        categories = AlignedTable(ascending.flatMap(\.self))
        bits = AlignedTable(words)
        roundsToFloat = ensemble.inputPrecision == .single
    }

    /// What no reading is greater than.
    static let greatest = Int64.max

    /// An integer that is greater than another's just where the number is.
    static func ordered(_ number: Double) -> Int64 {
        // Zeros are equal.
        let bits = Int64(bitPattern: (number + 0).bitPattern)
        return bits ^ (bits >> 63) & .max
    }

    /// Reads a row: ``count`` integers.
    @inline(__always)
    func read(_ row: UnsafePointer<Double>, into result: UnsafeMutablePointer<Int64>) {
        for index in 0..<readings.count {
            let reading = readings[index]
            var value = row[Int(reading.rule.feature)]
            if roundsToFloat { value = Double(Float(value)) }
            let flags = reading.rule.flags
            if flags.contains(.missingIsZero) {
                if value.isNaN { value = 0 }
            } else if flags.contains(.zeroIsMissing), value.magnitude <= DecisionTree.zeroMagnitudeMax {
                value = .nan
            }
            if flags.contains(.isCategorical) {
                result[index] = Int64(code(of: value, reading))
            } else if value.isNaN {
                result[index] = flags.contains(.missingGoesLeft) ? .min : Readings.greatest
            } else {
                result[index] = Readings.ordered(value)
            }
        }
    }

    /// As ``CategorySet/contains(_:under:)`` takes it.
    @inline(__always)
    private func code(of value: Double, _ reading: Reading) -> Int {
        let count = Int(reading.categoryCount)
        if value.isNaN { return count + 1 }
        var value = value
        if reading.rule.flags.contains(.negativeIsOutside), value < 0 { return count }
        if reading.rule.isTruncating {
            guard value > -2_147_483_649, value < 2_147_483_648 else { return count }
            value = value.rounded(.towardZero)
        }
        let known = UnsafeBufferPointer(start: categories.start + Int(reading.firstCategory), count: count)
        let place = known.countLess(than: value)
        return place < count && known[place] == value ? place : count
    }
}
