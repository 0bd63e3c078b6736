import Forest
import ModelImport
import Testing

/// Whatever is done to a model file, it is refused or read into trees that can be walked.
struct FuzzTests {
    static let texts: [[UInt8]] = [
        Array(lightGBMText().utf8), Array(xgboostText().utf8), Array(xgboostText(booster: "dart").utf8),
        try! Ubjson.encode(xgboostText().replacing("[false]", with: "[0]")),
        Array(pmmlFuzzText.utf8), Array(pmmlFuzzText.utf8),
    ]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func mutatedModelsAreRefusedOrCanBeWalked(seed: UInt64) throws {
        var rng = SplitMix64(state: seed)
        var readCount = 0
        let limits = ImportLimits(treeNodeCountMax: 1_000, treeCountMax: 10, featureCountMax: 1_000, outputCountMax: 100)
        for _ in 0..<500 {
            let bytes = mutated(FuzzTests.texts.randomElement(using: &rng)!, using: &rng)
            guard let model = try? ImportedModel.read(bytes, limits: limits) else { continue }
            readCount += 1
            let ensemble = model.ensemble
            #expect(model.features.count == ensemble.featureCount && ensemble.baseScores.count == ensemble.outputCount)
            for tree in ensemble.trees { expectSound(tree, ensemble) }
            for value in [0.0, -1, 1, 3, .nan, 1e300] {
                #expect(ensemble.margins(row: [Double](repeating: value, count: ensemble.featureCount)).count == ensemble.outputCount)
            }
        }
        #expect(readCount > 20)  // not all mutations break
    }

    private func expectSound(_ tree: DecisionTree, _ ensemble: TreeEnsemble) {
        #expect(tree.firstOutput >= 0 && tree.valueCount > 0 && tree.firstOutput + tree.valueCount <= ensemble.outputCount)
        #expect(tree.leafValues.allSatisfy(\.isFinite) && !tree.threshold.contains { $0.isNaN })
        #expect(tree.cover.isEmpty || tree.cover.count == tree.nodeCount)
        #expect(tree.categorySet.isEmpty || tree.categorySet.count == tree.nodeCount)
        for node in 0..<tree.nodeCount {
            if tree.isLeaf(node) {
                #expect((0..<tree.leafCount).contains(Int(tree.left[node])))
            } else {
                #expect((0..<ensemble.featureCount).contains(Int(tree.feature[node])))
                #expect(
                    (node + 1..<tree.nodeCount).contains(Int(tree.left[node]))
                        && (node + 1..<tree.nodeCount).contains(Int(tree.right[node])))
            }
        }
    }

    private func mutated(_ bytes: [UInt8], using rng: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &rng) {
            let index = Int.random(in: 0..<bytes.count, using: &rng)
            switch Int.random(in: 0..<6, using: &rng) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &rng)
            case 1: bytes.remove(at: index)
            case 2: bytes[index] = Array("0123456789-.e[]{},:\" <>/=".utf8).randomElement(using: &rng)!
            case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &rng)))
            case 4:
                let words = [
                    "-1", "99999999999999999999", "2147483647", "1e999", "NaN", "inf", "[[[[", "\u{0}", "num_leaves=4\n", "&a;",
                    "<!DOCTYPE",
                ]
                bytes.insert(contentsOf: words.randomElement(using: &rng)!.utf8, at: index)
            default:
                let end = min(bytes.count, index + Int.random(in: 1...40, using: &rng))
                bytes.insert(contentsOf: Array(bytes[index..<end]), at: Int.random(in: 0..<bytes.count, using: &rng))
            }
            if bytes.isEmpty { return [0] }
        }
        return bytes
    }
}

private let pmmlFuzzText = pmmlText(
    """
    <MiningModel functionName="regression"><MiningSchema/><Targets><Target rescaleFactor="2"/></Targets><Segmentation multipleModelMethod="sum">
    <Segment><True/><TreeModel functionName="regression" missingValueStrategy="defaultChild"><MiningSchema/>
    <Node id="0" score="9" defaultChild="2"><True/><Node id="1" score="1"><SimplePredicate field="x" operator="lessOrEqual" value="0.1"/></Node>
    <Node id="2"><SimplePredicate field="x" operator="greaterThan" value="0.1"/>
    <Node score="3"><SimpleSetPredicate field="w" booleanOperator="isIn"><Array type="string">red blue</Array></SimpleSetPredicate></Node>
    <Node score="4"><SimplePredicate field="w" operator="equal" value="green"/></Node></Node></Node></TreeModel></Segment></Segmentation></MiningModel>
    """)

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
