import Forest
import Glibc

/// The files that the benchmark's script writes, little-endian.
enum BenchmarkFiles {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Int32 trees, Int32 features; per tree Int32 nodes, then `feature` (Int32, -1 for a leaf), `threshold` (Float64), `left`, `right`
    /// (Int32) and `value` (Float64) of all nodes. A row goes left where `x <= threshold`; the margin is the sum of the leaves' values.
    static func ensemble(path: String) throws -> TreeEnsemble {
        var reader = Reader(bytes: try bytes(path: path))
        let treeCount = try reader.int32s(1)[0]
        let featureCount = try reader.int32s(1)[0]
        var trees: [DecisionTree] = []
        for _ in 0..<treeCount {
            let nodeCount = Int(try reader.int32s(1)[0])
            var tree = DecisionTree()
            tree.feature = try reader.int32s(nodeCount)
            tree.threshold = try reader.doubles(nodeCount)
            tree.left = try reader.int32s(nodeCount)
            tree.right = try reader.int32s(nodeCount)
            let values = try reader.doubles(nodeCount)
            for node in 0..<nodeCount {
                let isLeaf = tree.isLeaf(node)
                guard
                    isLeaf
                        || node < tree.left[node] && node < tree.right[node] && tree.left[node] < nodeCount
                            && tree.right[node] < nodeCount && tree.feature[node] < featureCount
                else { throw Failure(description: "\(path): node \(node) is out of order") }
                tree.flags.append(isLeaf ? [] : .missingGoesLeft)
                if isLeaf {
                    tree.threshold[node] = 0
                    tree.left[node] = Int32(tree.leafValues.count)
                    tree.right[node] = DecisionTree.none
                    tree.leafValues.append(values[node])
                }
            }
            trees.append(tree)
        }
        return TreeEnsemble(featureCount: Int(featureCount), trees: trees)
    }

    /// Row-major Float64.
    static func rows(path: String) throws -> [Double] {
        var reader = Reader(bytes: try bytes(path: path))
        return try reader.doubles(reader.bytes.count / 8)
    }

    private static func bytes(path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Failure(description: "\(path): cannot be opened") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let count = ftell(file)
        rewind(file)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { $1 = fread($0.baseAddress, 1, count, file) }
        guard bytes.count == count else { throw Failure(description: "\(path): cannot be read") }
        return bytes
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func int32s(_ count: Int) throws -> [Int32] { try take(count, as: Int32.self) }
        mutating func doubles(_ count: Int) throws -> [Double] { try take(count, as: Double.self) }

        private mutating func take<Value: BitwiseCopyable>(_ count: Int, as type: Value.Type) throws -> [Value] {
            let size = MemoryLayout<Value>.size
            guard count >= 0, position + count * size <= bytes.count else { throw Failure(description: "the file ends too early") }
            defer { position += count * size }
            return bytes.withUnsafeBytes { bytes in
                (0..<count).map { bytes.loadUnaligned(fromByteOffset: position + $0 * size, as: type) }
            }
        }
    }
}
