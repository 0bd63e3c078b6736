internal import CShap

/// What the nodes of an ensemble ask of a row, asked once a row: every numeric test becomes the comparison of two small integers, with
/// the source's rules for missing values, zeros, rounding and categories settled here.
///
/// A column is a feature under one rule for missing values; its value is the number of distinct thresholds that lie below the row's
/// value, so `x > threshold[rank]` is `value > rank`. A missing value is 0 where it goes left and the number of thresholds where it goes
/// right. A column of a category set is 0 for members and 1 for others.
struct ShapColumns {
    private struct Scale {
        var feature: Int
        var rule: DecisionTree.NodeFlags
        /// Where its thresholds lie, ascending.
        var range: Range<Int>
    }

    private struct Column: Hashable {
        var feature: Int
        var rule: DecisionTree.NodeFlags
        var categories: CategorySet?
    }

    private let inputPrecision: TreeEnsemble.Precision
    /// Thresholds of a feature, shared by its columns: the flag for missing values does not change what is searched for.
    private let scales: [Scale]
    private let thresholds: [Double]
    /// By column: its scale, and what it becomes where the value is missing.
    private let numeric: [(column: Int, scale: Int, missing: Int32)]
    private let categorical: [(column: Int, feature: Int, rule: DecisionTree.NodeFlags, categories: CategorySet)]
    private let placeOf: [Column: Int]
    private let scaleOf: [Column: Int]
    let count: Int

    private static func column(_ tree: DecisionTree, _ node: Int) -> Column {
        let flags = tree.flags[node]
        return Column(
            feature: Int(tree.feature[node]), rule: flags.subtracting(.isCategorical),
            categories: flags.contains(.isCategorical) ? tree.categories[Int(tree.categorySet[node])] : nil)
    }

    /// The scale does not know where missing values go.
    private static func scale(_ column: Column) -> Column {
        Column(feature: column.feature, rule: column.rule.subtracting(.missingGoesLeft), categories: nil)
    }

    init(_ ensemble: TreeEnsemble) {
        inputPrecision = ensemble.inputPrecision
        var placeOf: [Column: Int] = [:]
        var columns: [Column] = []
        var scaleOf: [Column: Int] = [:]
        var thresholds: [(Column, Set<Double>)] = []
        for tree in ensemble.trees {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let column = ShapColumns.column(tree, node)
                if placeOf[column] == nil {
                    placeOf[column] = columns.count
                    columns.append(column)
                }
                if column.categories != nil { continue }
                let scale = ShapColumns.scale(column)
                let place = scaleOf[scale] ?? thresholds.count
                if place == thresholds.count {
                    scaleOf[scale] = place
                    thresholds.append((scale, []))
                }
                thresholds[place].1.insert(tree.threshold[node])
            }
        }
        var sorted: [Double] = []
        scales = thresholds.map { column, thresholds in
            sorted += thresholds.sorted()
            return Scale(feature: column.feature, rule: column.rule, range: sorted.count - thresholds.count..<sorted.count)
        }
        self.thresholds = sorted
        var numeric: [(column: Int, scale: Int, missing: Int32)] = []
        var categorical: [(column: Int, feature: Int, rule: DecisionTree.NodeFlags, categories: CategorySet)] = []
        for (place, column) in columns.enumerated() {
            if let categories = column.categories {
                categorical.append((place, column.feature, column.rule, categories))
            } else {
                let scale = scaleOf[ShapColumns.scale(column)]!
                numeric.append((place, scale, column.rule.contains(.missingGoesLeft) ? 0 : Int32(scales[scale].range.count)))
            }
        }
        self.numeric = numeric.sorted { ($0.scale, $0.column) < ($1.scale, $1.column) }
        self.categorical = categorical
        self.placeOf = placeOf
        self.scaleOf = scaleOf
        count = columns.count
    }

    /// The column that a node asks, and the rank above which a row goes right.
    func test(_ tree: DecisionTree, _ node: Int) -> (column: Int32, rank: Int32) {
        let column = ShapColumns.column(tree, node)
        guard column.categories == nil else { return (Int32(placeOf[column]!), 0) }
        return (Int32(placeOf[column]!), rank(of: tree.threshold[node], scales[scaleOf[ShapColumns.scale(column)]!]))
    }

    /// - Parameter values: One per column, overwritten.
    func fill(_ values: UnsafeMutableBufferPointer<Int32>, from row: UnsafeBufferPointer<Double>) {
        var scale = -1
        var rank: Int32? = nil
        for entry in numeric {
            if entry.scale != scale {
                scale = entry.scale
                rank = value(row, scales[scale].feature, scales[scale].rule).map { self.rank(of: $0, scales[scale]) }
            }
            values[entry.column] = rank ?? entry.missing
        }
        for entry in categorical {
            let isLeft =
                value(row, entry.feature, entry.rule).map { entry.categories.contains($0, under: entry.rule) }
                ?? entry.rule.contains(.missingGoesLeft)
            values[entry.column] = isLeft ? 0 : 1
        }
    }

    /// The value that a node tests; nil where it is missing.
    @inline(__always)
    private func value(_ row: UnsafeBufferPointer<Double>, _ feature: Int, _ rule: DecisionTree.NodeFlags) -> Double? {
        var value = row[feature]
        if inputPrecision == .single { value = Double(Float(value)) }
        if rule.contains(.missingIsZero) { return value.isNaN ? 0 : value }
        return value.isNaN || rule.contains(.zeroIsMissing) && value.magnitude <= DecisionTree.zeroMagnitudeMax ? nil : value
    }

    /// How many of the scale's thresholds are less than the value.
    @inline(__always)
    private func rank(of value: Double, _ scale: Scale) -> Int32 {
        thresholds.withUnsafeBufferPointer { cshap_rank($0.baseAddress! + scale.range.lowerBound, Int64(scale.range.count), value) }
    }
}
