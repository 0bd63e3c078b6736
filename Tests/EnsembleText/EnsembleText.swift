package import Forest

/// A tree ensemble as words with spaces between, for scripts that hold our explanations against other programs:
///
///     features 15 outputs 1 precision double aggregation mean base 0.0
///     tree nodes 3 first 0 values 1
///     split 0 220.5 1 2 1 100.0
///     leaf 70.0 0.01
///     leaf 30.0 0.9
///
/// A split has feature, threshold, left and right child, flags (1 missing goes left, 2 zero is missing, 4 missing is zero) and cover; a
/// leaf has cover and its values.
package struct EnsembleText {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private var words: Split
    private typealias Split = IndexingIterator<[Substring]>

    package static func parse(_ text: String) throws(Failure) -> TreeEnsemble {
        var reader = EnsembleText(words: text.split(whereSeparator: \.isWhitespace).makeIterator())
        return try reader.ensemble()
    }

    private mutating func word() throws(Failure) -> Substring {
        guard let word = words.next() else { throw Failure(description: "the text ends early") }
        return word
    }

    private mutating func expect(_ wanted: String) throws(Failure) {
        let word = try word()
        guard word == wanted else { throw Failure(description: "\(word) where \(wanted) should stand") }
    }

    private mutating func int() throws(Failure) -> Int {
        let word = try word()
        guard let value = Int(word) else { throw Failure(description: "\(word) is no whole number") }
        return value
    }

    private mutating func double() throws(Failure) -> Double {
        let word = try word()
        guard let value = Double(word) else { throw Failure(description: "\(word) is no number") }
        return value
    }

    private mutating func ensemble() throws(Failure) -> TreeEnsemble {
        try expect("features")
        var ensemble = TreeEnsemble(featureCount: try int(), trees: [])
        try expect("outputs")
        ensemble.outputCount = try int()
        try expect("precision")
        ensemble.inputPrecision = try word() == "single" ? .single : .double
        try expect("aggregation")
        ensemble.aggregation = try word() == "mean" ? .mean : .sum
        try expect("base")
        ensemble.baseScores = []
        for _ in 0..<ensemble.outputCount { ensemble.baseScores.append(try double()) }
        while let word = words.next() {
            guard word == "tree" else { throw Failure(description: "\(word) where tree should stand") }
            ensemble.trees.append(try tree())
        }
        return ensemble
    }

    private mutating func tree() throws(Failure) -> DecisionTree {
        try expect("nodes")
        let nodeCount = try int()
        try expect("first")
        let firstOutput = try int()
        try expect("values")
        var tree = DecisionTree(firstOutput: firstOutput, valueCount: try int())
        for _ in 0..<nodeCount {
            if try word() == "split" {
                tree.feature.append(Int32(try int()))
                tree.threshold.append(try double())
                tree.left.append(Int32(try int()))
                tree.right.append(Int32(try int()))
                tree.flags.append(.init(rawValue: UInt8(try int())))
                tree.cover.append(try double())
            } else {
                tree.feature.append(DecisionTree.none)
                tree.threshold.append(0)
                tree.left.append(Int32(tree.leafCount))
                tree.right.append(DecisionTree.none)
                tree.flags.append([])
                tree.cover.append(try double())
                for _ in 0..<tree.valueCount { tree.leafValues.append(try double()) }
            }
        }
        return tree
    }
}

/// Rows as little-endian doubles one behind the other.
package enum RowBytes {
    package static func decode(_ bytes: [UInt8]) -> [Double] {
        (0..<bytes.count / 8).map { index in
            Double(bitPattern: (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[index * 8 + $1]) })
        }
    }

    package static func encode(_ values: [Double]) -> [UInt8] {
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } }
    }
}
