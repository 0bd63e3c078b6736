/// The leaf values of all trees, each tree's different ones once; rounded to `Float` where sums are.
///
/// Leaves of one tree with the same values (bit by bit) share a number: forests have many pure leaves, and the fewer numbers a tree has the
/// smaller are the engines' tables.
struct LeafTable: Sendable {
    /// By tree: for each of its leaves, the number of its values.
    let numbers: [[Int32]]
    /// By tree: how many different numbers.
    let counts: [Int]
    /// By tree: index of its first value in ``values``; values of number `n` start at `n × valueCount` behind it.
    let starts: [Int32]
    let values: AlignedTable<Double>

    /// Nil where an `Int32` cannot count the values.
    init?(_ ensemble: TreeEnsemble) {
        var numbers: [[Int32]] = []
        var counts: [Int] = []
        var starts: [Int32] = []
        var values: [Double] = []
        let roundsSums = ensemble.arithmetic.roundsSums
        for tree in ensemble.trees {
            let leafValues = roundsSums ? tree.leafValues.map { Double(Float($0)) } : tree.leafValues
            guard let start = Int32(exactly: values.count) else { return nil }
            starts.append(start)
            var ofLeaf: [Int32] = []
            ofLeaf.reserveCapacity(tree.leafCount)
            if tree.valueCount == 1 {
                var known: [UInt64: Int32] = [:]
                for value in leafValues {
                    let number = known[value.bitPattern] ?? Int32(known.count)
                    if known.updateValue(number, forKey: value.bitPattern) == nil { values.append(value) }
                    ofLeaf.append(number)
                }
                counts.append(known.count)
            } else {
                var known: [[UInt64]: Int32] = [:]
                for leaf in 0..<tree.leafCount {
                    let row = leafValues[leaf * tree.valueCount..<(leaf + 1) * tree.valueCount]
                    let bits = row.map(\.bitPattern)
                    let number = known[bits] ?? Int32(known.count)
                    if known.updateValue(number, forKey: bits) == nil { values += row }
                    ofLeaf.append(number)
                }
                counts.append(known.count)
            }
            numbers.append(ofLeaf)
        }
        guard values.count < Int32.max else { return nil }
        self.numbers = numbers
        self.counts = counts
        self.starts = starts
        self.values = AlignedTable(values)
    }
}
