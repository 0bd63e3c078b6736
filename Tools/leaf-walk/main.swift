import Forest
import Glibc
import ModelImport
import Onnx

// Answers with the leaves, margins and scores of rows; Tests/Oracles/leaf_parity.py holds them against the model's own library.
//
//     leaf-walk MODEL
//     leaf-walk --outputs MODEL
//
// Of an ONNX file's classifier the only output is the second class's score, as services have it; with --outputs there is one for every class.
// Leaves of an ONNX file are numbered in the order in which our trees keep them.
//
// First line of the output: what was read. Then, for each block of rows on standard input (their count as UInt64, then the rows as Float64,
// row-major), the source's numbers of the leaves (Int32, tree after tree), then margins and scores as services compute them, and margins and
// scores in the source's arithmetic (Float64). Leaves are the slow walk's, all else the chosen engine's. All little-endian. A model that is
// refused: its failure on standard error and status 1.

func fail(_ problem: String) -> Never {
    write(Array("leaf-walk: \(problem)\n".utf8), to: 2)
    exit(1)
}

func contents(of path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { fail("\(path): cannot be opened: errno \(errno)") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    fseek(file, 0, SEEK_SET)
    guard size > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in count = fread(buffer.baseAddress, 1, size, file) }
}

/// Fills the buffer from standard input; false at its end.
func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    var filled = 0
    while filled < buffer.count {
        let count = read(0, buffer.baseAddress! + filled, buffer.count - filled)
        guard count > 0 else { return false }
        filled += count
    }
    return true
}

func write(_ values: [some BitwiseCopyable], to file: Int32) {
    values.withUnsafeBytes { bytes in
        var written = 0
        while written < bytes.count {
            let count = write(file, bytes.baseAddress! + written, bytes.count - written)
            guard count > 0 else { exit(1) }
            written += count
        }
    }
}

/// A model of any source.
struct Model {
    var ensemble: TreeEnsemble
    /// What stands in the first line beside the ensemble's sizes.
    var facts: [(name: String, value: String)]
    /// The source's numbers of the leaves, by tree; empty for ours.
    var sourceLeaves: [[Int32]] = []

    init(_ bytes: [UInt8], outputs: Bool) throws {
        // A protobuf message has no mark; the other formats begin with text, white space or a byte order mark.
        guard let first = bytes.first, first == 0x08 || outputs else {
            let model = try ImportedModel.read(bytes)
            ensemble = model.ensemble
            sourceLeaves = model.sourceLeaves
            facts = [
                ("source", model.source.rawValue), ("version", model.version), ("labels", model.classLabels.joined(separator: ",")),
                ("needed", model.featuresNeeded.map { "\($0)" }.joined(separator: ",")),
                ("names", model.features.map { $0.name.replacing(" ", with: "_") }.joined(separator: ",")),
            ]
            return
        }
        let pipeline = try ModelPipeline(OnnxModel(decoding: bytes))
        ensemble = outputs ? try pipeline.operatorEnsemble() : try pipeline.ensemble()
        facts = [
            ("source", "ONNX"), ("version", "1"), ("labels", ""), ("needed", ""),
            ("names", (0..<ensemble.featureCount).map { "x\($0)" }.joined(separator: ",")),
        ]
    }
}

let arguments = CommandLine.arguments.dropFirst()
guard let path = arguments.last, arguments.count == 1 || arguments.count == 2 && arguments.first == "--outputs" else {
    fail("usage: leaf-walk [--outputs] MODEL < ROWS")
}
let model: Model
do {
    model = try Model(contents(of: path), outputs: arguments.count == 2)
} catch {
    fail("\(path): \(error)")
}
let ensemble = model.ensemble
let sizes = [
    ("features", "\(ensemble.featureCount)"), ("trees", "\(ensemble.trees.count)"), ("outputs", "\(ensemble.outputCount)"),
    ("link", "\(ensemble.link)"), ("arithmetic", ensemble.sourceArithmetic.rawValue), ("nodes", "\(ensemble.nodeCount)"),
    ("depth", "\(ensemble.depth)"), ("largest", "\(ensemble.trees.map(\.nodeCount).max() ?? 0)"),
]
write(Array(((model.facts + sizes).map { "\($0.name)=\($0.value)" }.joined(separator: " ") + "\n").utf8), to: 1)

let engines = [ensemble, ensemble.inSourceArithmetic].map { CompiledForest($0) }
var rowCount: UInt64 = 0
while withUnsafeMutableBytes(of: &rowCount, fill) {
    guard rowCount < 1 << 32 else { fail("a block of \(rowCount) rows") }
    var rows = [Double](repeating: 0, count: Int(rowCount) * ensemble.featureCount)
    guard rows.withUnsafeMutableBytes(fill) || rows.isEmpty else { fail("the rows end too early") }
    var table = rows.withUnsafeBufferPointer { LeafTable(ensemble, rows: $0, rowCount: Int(rowCount)) }
    for tree in model.sourceLeaves.indices {
        let numbers = model.sourceLeaves[tree]
        for index in tree * Int(rowCount)..<(tree + 1) * Int(rowCount) { table.leaves[index] = numbers[Int(table.leaves[index])] }
    }
    write(table.leaves, to: 1)
    for engine in engines {
        var scores = engine.margins(rows: rows, count: Int(rowCount))
        write(scores, to: 1)
        rows.withUnsafeBufferPointer { rows in scores.withUnsafeMutableBufferPointer { engine.scores(rows: rows, into: $0) } }
        write(scores, to: 1)
    }
}
