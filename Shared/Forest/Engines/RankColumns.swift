internal import CForestKernels

// Idea: a threshold matters only by what lies below and above it. Every value of a row is replaced, once, by its rank among the model's
// different thresholds of that feature: rank(x) = how many of them are smaller than x. Then x <= t just where rank(x) <= rank(t), for every
// x, and a node needs 16 bits for its threshold.
//
// Missing values: a column stands for a feature together with one rule for what is missing, so the rule is applied once per row and not at
// nodes. A value that is missing and goes left gets rank 0, one that goes right a rank above all. Membership of a set of categories is a
// column too: rank 0 if the value is a member, else 1.
//
// Finding a rank: the range of the thresholds is cut into equal buckets; a table tells how many thresholds lie before each, and a few
// halvings find the place within. `(x - low) × scale` never falls as x grows, so thresholds of earlier buckets are smaller than x and
// those of later ones greater, whatever is lost in rounding.

/// What a column asks of a row: one feature, read in one way.
struct RankKey: Hashable {
    var feature: Int32
    /// The flags that matter: all but what others make void.
    var flags: UInt8
    /// The set asked for, for a categorical column.
    var categories: CategorySet?

    init(_ tree: DecisionTree, _ node: Int) {
        feature = tree.feature[node]
        var flags = tree.flags[node]
        if flags.contains(.missingIsZero) { flags.subtract([.missingGoesLeft, .zeroIsMissing]) }
        self.flags = flags.rawValue
        categories = flags.contains(.isCategorical) ? tree.categories[Int(tree.categorySet[node])] : nil
    }

    /// Rules a numeric column may have, counted by their flags.
    static let ruleCount = 8

    init(numericPlace place: Int) {
        feature = Int32(place / RankKey.ruleCount)
        flags = UInt8(place % RankKey.ruleCount)
        categories = nil
    }

    var numericPlace: Int { Int(feature) * RankKey.ruleCount + Int(flags) }

    /// Where a numeric node's thresholds are collected; nil for a categorical node.
    static func numericPlace(_ tree: DecisionTree, _ node: Int) -> Int? {
        let flags = tree.flags[node]
        if flags.contains(.isCategorical) { return nil }
        let rule = flags.contains(.missingIsZero) ? DecisionTree.NodeFlags.missingIsZero : flags
        return Int(tree.feature[node]) * ruleCount + Int(rule.rawValue & 7)
    }

    var rule: DecisionTree.NodeFlags { DecisionTree.NodeFlags(rawValue: flags) }
}

/// The columns of ranks of a model, and how they are made of a row.
///
/// Unchecked: `tables` points into `storage`, which never changes and lives as long.
final class RankColumns: @unchecked Sendable {
    /// Greatest count of thresholds of a column; rank 65,535 is the mark of a leaf.
    static let thresholdCountMax = 65_534
    static let blockRowCount = Int(ASSAY_FOREST_BLOCK_ROWS)

    let keys: [RankKey]
    /// By column: its different thresholds, ascending; a categorical column has one.
    let thresholds: [[Double]]
    /// Columns in the order of `keys` that are numeric; categorical ones stand behind them.
    let numericCount: Int
    let tables: assay_forest_ranks
    private let storage: [AnyObject]
    private let roundsToFloat: Bool
    /// By tree and node: which column it reads, and the rank of its threshold. Right is where the row's rank is greater.
    let tests: [[Test]]

    struct Test {
        var column: UInt16
        var rank: UInt16
    }

    /// What finds the ranks of a block.
    enum Kernel { case portable, avx2, avx512 }

    var count: Int { keys.count }
    /// Places that a row's ranks take: the kernels write eight columns at a time.
    var paddedCount: Int { (count + 7) / 8 * 8 }

    /// Categories of all nodes together, which are hashed node by node.
    private static let categoryCountMax = 1 << 24

    /// Nil where a column has more thresholds than 16 bits can tell apart, where columns exceed `countMax`, or where sets are too large.
    init?(_ ensemble: TreeEnsemble, countMax: Int = 4_096) {
        var categoryCount = 0
        // Nearly all nodes are numeric: their thresholds are collected by a small number, without hashing.
        var numeric = [[Double]](repeating: [], count: ensemble.featureCount * RankKey.ruleCount)
        var found: [RankKey: [Double]] = [:]
        for tree in ensemble.trees {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                if let place = RankKey.numericPlace(tree, node) {
                    numeric[place].append(tree.threshold[node])
                } else {
                    categoryCount += tree.categories[Int(tree.categorySet[node])].values.count
                    if categoryCount > RankColumns.categoryCountMax { return nil }
                    found[RankKey(tree, node)] = [0]
                    if found.count > countMax { return nil }
                }
            }
        }
        for (place, thresholds) in numeric.enumerated() where !thresholds.isEmpty {
            found[RankKey(numericPlace: place)] = thresholds
            if found.count > countMax { return nil }
        }
        var columns: [(key: RankKey, thresholds: [Double])] = []
        for (key, values) in found {
            var distinct: [Double] = []
            for value in values.sorted() where distinct.last.map({ $0 < value }) ?? true { distinct.append(value) }
            if distinct.count > RankColumns.thresholdCountMax { return nil }
            columns.append((key, distinct))
        }
        // Columns of like size stand together, for eight of them are searched in the same number of steps. The order among equals does not
        // matter to any result; it is made definite all the same.
        columns.sort { left, right in
            if (left.key.categories == nil) != (right.key.categories == nil) { return left.key.categories == nil }
            if left.thresholds.count != right.thresholds.count { return left.thresholds.count > right.thresholds.count }
            if left.key.feature != right.key.feature { return left.key.feature < right.key.feature }
            if left.key.flags != right.key.flags { return left.key.flags < right.key.flags }
            return (left.key.categories?.values ?? []).lexicographicallyPrecedes(right.key.categories?.values ?? [])
        }
        keys = columns.map(\.key)
        thresholds = columns.map(\.thresholds)
        numericCount = columns.count { $0.key.categories == nil }
        roundsToFloat = ensemble.inputPrecision == .single
        let columnOfKey = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        let thresholds = thresholds
        var columnOfPlace = [Int](repeating: 0, count: numeric.count)
        for (column, key) in keys.enumerated() where key.categories == nil { columnOfPlace[key.numericPlace] = column }
        tests = ensemble.trees.map { tree in
            (0..<tree.nodeCount).map { node in
                if tree.isLeaf(node) { return Test(column: 0, rank: 0) }
                if let place = RankKey.numericPlace(tree, node) {
                    let column = columnOfPlace[place]
                    return Test(column: UInt16(column), rank: UInt16(thresholds[column].countLess(than: tree.threshold[node])))
                }
                return Test(column: UInt16(columnOfKey[RankKey(tree, node)]!), rank: 0)
            }
        }
        (tables, storage) = RankColumns.tables(columns.prefix(numericCount).map { $0 }, roundsToFloat: roundsToFloat)
    }

    // MARK: Rows

    /// Ranks of one row into `result`, `paddedCount` places, `stride` apart.
    @inline(__always)
    func rank(row: UnsafePointer<Double>, into result: UnsafeMutablePointer<UInt16>, stride: Int = 1) {
        for column in 0..<numericCount { result[column * stride] = rank(of: row, column) }
        for column in numericCount..<count { result[column * stride] = membership(row, column) }
    }

    /// Ranks of at most a block of rows, `column × block`.
    func rank(
        rows: UnsafePointer<Double>, rowStride: Int, count rowCount: Int, into result: UnsafeMutablePointer<UInt16>, by kernel: Kernel
    ) {
        if kernel != .portable {
            #if arch(x86_64)
                withUnsafePointer(to: tables) {
                    if kernel == .avx512 {
                        assay_forest_rank_block_avx512($0, rows, rowStride, rowCount, result)
                    } else {
                        assay_forest_rank_block_avx2($0, rows, rowStride, rowCount, result)
                    }
                }
            #endif
        } else {
            for column in 0..<numericCount {
                let to = result + column * RankColumns.blockRowCount
                for row in 0..<rowCount { to[row] = rank(of: rows + row * rowStride, column) }
            }
        }
        for column in numericCount..<count {
            let to = result + column * RankColumns.blockRowCount
            for row in 0..<rowCount { to[row] = membership(rows + row * rowStride, column) }
        }
    }

    @inline(__always)
    private func rank(of row: UnsafePointer<Double>, _ column: Int) -> UInt16 {
        var value = row[Int(tables.feature[column])]
        if roundsToFloat { value = Double(Float(value)) }
        if !(value.magnitude > tables.zero_limit[column]) { value = tables.replacement[column] }
        if value.isNaN { return UInt16(truncatingIfNeeded: tables.threshold_count[column]) }
        var place = (value - tables.low[column]) * tables.scale[column]
        place = place > 0 ? place : 0
        let last = tables.last_bucket[column]
        place = place < last ? place : last
        let base = tables.threshold + Int(tables.threshold_base[column])
        var position = Int(tables.bucket[Int(tables.bucket_base[column]) + Int(place)])
        var step = (1 << Int(tables.steps[column])) >> 1
        while step > 0 {
            if value > base[position + step - 1] { position += step }
            step >>= 1
        }
        return UInt16(truncatingIfNeeded: position)
    }

    func membership(_ row: UnsafePointer<Double>, _ column: Int) -> UInt16 {
        let key = keys[column]
        var value = row[Int(key.feature)]
        if roundsToFloat { value = Double(Float(value)) }
        let rule = key.rule
        if rule.contains(.missingIsZero) {
            if value.isNaN { value = 0 }
        } else if value.isNaN || rule.contains(.zeroIsMissing) && value.magnitude <= DecisionTree.zeroMagnitudeMax {
            return rule.contains(.missingGoesLeft) ? 0 : 1
        }
        return key.categories!.contains(value, under: rule) ? 0 : 1
    }

    // MARK: Tables

    private static func tables(
        _ columns: [(key: RankKey, thresholds: [Double])], roundsToFloat: Bool
    ) -> (assay_forest_ranks, [AnyObject]) {
        let padded = (columns.count + 7) / 8 * 8
        var feature = [Int32](repeating: 0, count: padded)
        var zeroLimit = [Double](repeating: -1, count: padded)
        var replacement = [Double](repeating: 0, count: padded)
        var low = [Double](repeating: 0, count: padded)
        var scale = [Double](repeating: 0, count: padded)
        var lastBucket = [Double](repeating: 0, count: padded)
        var bucketBase = [Int32](repeating: 0, count: padded)
        var thresholdBase = [Int32](repeating: 0, count: padded)
        var thresholdCount = [Int32](repeating: 0, count: padded)
        var steps = [Int32](repeating: 0, count: padded)
        var bucket: [UInt16] = [0]
        var threshold: [Double] = []
        let allBuckets = columns.map { Buckets($0.thresholds) }
        let stepsOfEight = stride(from: 0, to: padded, by: 8).map { first in
            Int32(allBuckets[first..<min(first + 8, columns.count)].map(\.steps).max()!)
        }
        let stepsOfFour = stride(from: 0, to: padded, by: 4).map { first in
            Int32(allBuckets.dropFirst(first).prefix(4).map(\.steps).max() ?? 0)
        }
        for (index, column) in columns.enumerated() {
            let rule = column.key.rule
            feature[index] = column.key.feature
            if rule.contains(.zeroIsMissing) { zeroLimit[index] = DecisionTree.zeroMagnitudeMax }
            replacement[index] = rule.contains(.missingIsZero) ? 0 : rule.contains(.missingGoesLeft) ? -.infinity : .nan
            let buckets = allBuckets[index]
            low[index] = buckets.low
            scale[index] = buckets.scale
            lastBucket[index] = Double(buckets.starts.count - 1)
            steps[index] = Int32(buckets.steps)
            bucketBase[index] = Int32(bucket.count)
            // Behind the last bucket stands one for what is right of all.
            bucket += buckets.starts + [UInt16(column.thresholds.count)]
            thresholdBase[index] = Int32(threshold.count)
            thresholdCount[index] = Int32(column.thresholds.count)
            threshold += column.thresholds
            // A search may look past the end by as much as it may advance; eight columns search as long as the longest of them.
            threshold += [Double](repeating: .infinity, count: 1 << stepsOfEight[index / 8])
        }
        // Padding columns search the first column's thresholds, and nobody reads what they find: they must not look past the end.
        threshold += [Double](repeating: .infinity, count: 1 << (stepsOfEight.max() ?? 0))
        let tables = (
            AlignedTable(feature), AlignedTable(zeroLimit), AlignedTable(replacement), AlignedTable(low), AlignedTable(scale),
            AlignedTable(lastBucket), AlignedTable(bucketBase), AlignedTable(thresholdBase), AlignedTable(thresholdCount),
            AlignedTable(steps), AlignedTable(stepsOfEight), AlignedTable(bucket), AlignedTable(threshold), AlignedTable(stepsOfFour)
        )
        let ranks = assay_forest_ranks(
            column_count: Int32(columns.count), rounds_to_float: roundsToFloat, has_zero_limits: zeroLimit.contains { $0 >= 0 },
            feature: tables.0.start, zero_limit: tables.1.start,
            replacement: tables.2.start, low: tables.3.start, scale: tables.4.start, last_bucket: tables.5.start,
            bucket_base: tables.6.start, threshold_base: tables.7.start, threshold_count: tables.8.start, steps: tables.9.start,
            steps_of_four: tables.13.start, steps_of_eight: tables.10.start, bucket: tables.11.start, threshold: tables.12.start)
        return (
            ranks,
            [
                tables.0, tables.1, tables.2, tables.3, tables.4, tables.5, tables.6, tables.7, tables.8, tables.9, tables.10, tables.11,
                tables.12, tables.13,
            ]
        )
    }
}

/// Equal parts of the range of a column's thresholds.
private struct Buckets {
    /// Greatest number of buckets: 8 KiB a column.
    static let countMax = 4_096

    var low: Double
    var scale: Double
    /// By bucket: how many thresholds lie in earlier ones.
    var starts: [UInt16]
    /// Halvings that find the place within the fullest bucket.
    var steps: Int

    init(_ thresholds: [Double]) {
        let finite = thresholds.filter(\.isFinite)
        low = finite.first ?? 0
        let range = (finite.last ?? 0) - low
        var best: (scale: Double, count: Int, fullest: Int) = (0, 1, thresholds.count)
        var count = 4
        // Twice as many buckets are worth it where they save a halving.
        while count <= Buckets.countMax, count <= max(4, thresholds.count * 8) {
            let scale = Double(count) / range
            if range > 0, range.isFinite, scale.isFinite {
                var counts = [Int](repeating: 0, count: count)
                for threshold in thresholds { counts[Buckets.bucket(of: threshold, low, scale, count)] += 1 }
                let fullest = counts.max()!
                if Buckets.steps(for: fullest) < Buckets.steps(for: best.fullest) { best = (scale, count, fullest) }
            }
            count *= 2
        }
        scale = best.scale
        steps = Buckets.steps(for: best.fullest)
        starts = [UInt16](repeating: 0, count: best.count)
        for threshold in thresholds {
            let bucket = Buckets.bucket(of: threshold, low, scale, best.count)
            if bucket + 1 < best.count { starts[bucket + 1] += 1 }
        }
        for bucket in 1..<max(1, best.count) { starts[bucket] += starts[bucket - 1] }
    }

    static func steps(for fullest: Int) -> Int { Int.bitWidth - fullest.leadingZeroBitCount }

    /// As the kernels compute it: not a number counts as 0.
    static func bucket(of value: Double, _ low: Double, _ scale: Double, _ count: Int) -> Int {
        let place = (value - low) * scale
        return place > 0 ? place < Double(count - 1) ? Int(place) : count - 1 : 0
    }
}
