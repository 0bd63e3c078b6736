// Path-dependent TreeSHAP by quadrature.
//
// Idea: let every feature be known independently with probability t. The expected margin is then a polynomial in t, and a feature's
// Shapley value is the integral over t in 0...1 of the margin's derivative by that feature's own probability (Owen, "Multilinear
// extensions of games", 1972). A path through d different features gives a derivative of degree d − 1, so Gauss and Legendre's rule
// with ⌈d/2⌉ points is exact: four points do for eight features on a path, whatever the depth. Points and weights are positive and inside
// the interval, so nothing cancels, and no subset weights, divisions or special cases are left. Leaves that need more points than others
// are explained as a tree of their own (``TreeParts``).
//
// At one point the derivative by all features at once is the usual walk back through a computation: down the tree with the weight W
// that a node is reached with, up with the expectation E below it. With l and r the shares of the training rows that went left and right,
// and k the probability that the feature is known, a node is left to the left with probability p = l + a·k, where a is r for a row that the
// node sends left, −l for one that it sends right, and
//
//     W(left) = W·p    W(right) = W − W(left)    E = E(right) + p·(E(left) − E(right))    sum[feature] += W·a·s·(E(left) − E(right))
//
// where s is dk/dt. For a feature met for the first time k = t and s = 1. If it was asked about further up, with z the product of the
// shares of the sides taken there: where the row went that way too, what is known of the feature is known with probability
// k = t / (t + (1 − t)z), and s is z / (t + (1 − t)z)². Where it did not (the row is past the node) nothing is known, which a = 0 says.
//
// Layout: the lanes of a vector are the points. A row is first turned into ranks (``ShapColumns``), then into one answer a node, which says
// what a is, so the walks have no branches to guess. A few trees, as many as the first-level cache has room for, are walked together,
// breadth first over all of them, so that there is work while a result is waited for; a node's children's W and E lie side by side, so no
// address depends on a row. Small subtrees, which hold three of four nodes, are walked as one, down and up again, with all between kept in
// registers (``ShapShape``); of a node with two leaves E and the difference are numbers known in advance.
//
// Cost: O(points × nodes) a row. The walks are C for the sake of AVX2 and AVX-512; every instruction set gives the same bits.

internal import CShap

/// Shapley values of a row's features, path-dependent (a feature that is not known divides as the training rows did), exact but for
/// rounding: `base` and the contributions sum to the margin.
///
/// A value of this type never changes, so any thread may explain with it, each with a ``ShapScratch`` of its own; explaining allocates
/// nothing.
package struct ShapEngine: Sendable {
    /// Which instructions the walks use. Results have the same bits with all.
    package enum Instructions: Int32, Comparable, CaseIterable, Sendable {
        case portable, avx2, avx512
        /// The best that this machine has.
        package static let best = Instructions(rawValue: cshap_level()) ?? .portable
        package static func < (left: Instructions, right: Instructions) -> Bool { left.rawValue < right.rawValue }
    }

    package let featureCount: Int
    package let outputCount: Int
    /// By output: the margin where nothing is known of a row.
    package let base: [Double]
    let plans: [ShapPlan]
    let columns: ShapColumns
    private let treeWeight: Double

    /// Compiles the ensemble, which must be valid.
    ///
    /// - Throws: ``ForestFailure`` when a tree does not tell its cover, or when too many nodes lie below more than 32 features.
    package init(_ ensemble: TreeEnsemble) throws(ForestFailure) {
        featureCount = ensemble.featureCount
        outputCount = ensemble.outputCount
        base = try ensemble.expectedMargins()
        treeWeight = ensemble.treeWeight
        columns = ShapColumns(ensemble)
        var builders: [Int: ShapPlanBuilder] = [:]
        // By lanes: lanes of all inner nodes. Offsets of slots and factors have 31 bits.
        var laneSums: [Int: Int] = [:]
        for (index, tree) in ensemble.trees.enumerated() where tree.nodeCount > 1 {
            for part in TreeParts(tree).parts {
                let paths = TreePaths(part.tree)
                laneSums[part.laneCount, default: 0] +=
                    (part.tree.nodeCount - part.tree.leafCount) * part.laneCount * part.tree.valueCount
                guard laneSums[part.laneCount]! <= 1 << 26 else {
                    throw ForestFailure(
                        at: "trees[\(index)]", "too large to explain: more than 2^26 inner nodes times points (\(part.laneCount))")
                }
                for value in 0..<tree.valueCount where part.tree.isVaried(value) {
                    let shares = try CoverShares(part.tree, value: value, place: "trees[\(index)]")
                    builders[
                        part.laneCount, default: ShapPlanBuilder(laneCount: part.laneCount, featureCount: ensemble.featureCount)
                    ].append(part.tree, value, paths, shares)
                }
            }
        }
        let columns = columns
        plans = builders.keys.sorted().map { laneCount in
            builders[laneCount]!.finish(columns)
            return ShapPlan(builders[laneCount]!)
        }
    }

    /// Explains one row.
    ///
    /// - Parameters:
    ///   - row: One value per feature.
    ///   - contributions: `outputCount × featureCount`, row-major, overwritten.
    ///   - scratch: Made by ``makeScratch()`` of this engine.
    /// - Complexity: O(points × nodes); allocates nothing.
    package func explain(
        _ row: UnsafeBufferPointer<Double>, into contributions: UnsafeMutableBufferPointer<Double>, using scratch: ShapScratch,
        instructions: Instructions = .best
    ) {
        precondition(row.count == featureCount, "a row has one value per feature")
        precondition(contributions.count == outputCount * featureCount, "one contribution per output and feature")
        precondition(instructions <= .best, "this machine lacks these instructions")
        scratch.check(belongsTo: self)
        contributions.update(repeating: 0)
        columns.fill(scratch.columns, from: row)
        for plan in plans { plan.add(to: contributions, outputCount: outputCount, scratch, instructions) }
        if treeWeight != 1 { for index in contributions.indices { contributions[index] *= treeWeight } }
    }

    package func explain(
        _ row: [Double], into contributions: inout [Double], using scratch: ShapScratch, instructions: Instructions = .best
    ) {
        row.withUnsafeBufferPointer { row in
            contributions.withUnsafeMutableBufferPointer { explain(row, into: $0, using: scratch, instructions: instructions) }
        }
    }

    /// Room for one explanation at a time.
    package func makeScratch() -> ShapScratch { ShapScratch(self) }
}

/// What explaining a row writes to on its way: belongs to one engine and is used by one thread at a time.
package final class ShapScratch {
    let columns: UnsafeMutableBufferPointer<Int32>
    let answers: UnsafeMutableBufferPointer<UInt8>
    let weights: UnsafeMutableBufferPointer<Double>
    let expectations: UnsafeMutableBufferPointer<Double>
    let turns: UnsafeMutableBufferPointer<Double>
    let sums: UnsafeMutableBufferPointer<Double>

    fileprivate init(_ engine: ShapEngine) {
        let slotDoubles = engine.plans.map { $0.slotCount * $0.laneCount }.max() ?? 0
        columns = .allocate(capacity: engine.columns.count)
        columns.initialize(repeating: 0)
        answers = .allocate(capacity: engine.plans.map(\.answerCount).max() ?? 0)
        answers.initialize(repeating: 0)
        weights = AlignedDoubles.allocate(slotDoubles)
        expectations = AlignedDoubles.allocate(slotDoubles)
        // A node has two slots, and two vectors of its own.
        turns = AlignedDoubles.allocate(slotDoubles)
        sums = AlignedDoubles.allocate((engine.plans.map(\.sumCount).max() ?? 0) * engine.outputCount)
    }

    deinit {
        columns.deallocate()
        answers.deallocate()
        weights.deallocate()
        expectations.deallocate()
        turns.deallocate()
        sums.deallocate()
    }

    fileprivate func check(belongsTo engine: ShapEngine) {
        precondition(columns.count == engine.columns.count, "the scratch belongs to another engine")
        for plan in engine.plans {
            precondition(
                answers.count >= plan.answerCount && weights.count >= plan.slotCount * plan.laneCount
                    && sums.count >= plan.sumCount * engine.outputCount, "the scratch belongs to another engine")
        }
    }
}

/// Memory for vectors: begins on a cache line.
enum AlignedDoubles {
    static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Double> {
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count) * 8, alignment: 64)
        let doubles = raw.bindMemory(to: Double.self)
        doubles.initialize(repeating: 0)
        return doubles
    }
}

extension DecisionTree {
    /// Whether leaves differ in one of the tree's values.
    func isVaried(_ value: Int) -> Bool {
        (0..<leafCount).contains { leafValues[$0 * valueCount + value] != leafValues[value] }
    }
}
