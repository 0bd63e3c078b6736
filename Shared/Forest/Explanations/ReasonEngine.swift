/// Says why a fraud model scores a row as it does: at most four reasons by exact Shapley values (``ShapEngine``), in the model's own
/// words (``Forest/words``). What the scorer tells with every decision.
///
/// A model whose file does not tell how many training rows came to its nodes is explained as if half of a node's rows had gone to each
/// side; a decision with such reasons is better than one without any.
///
/// A value of this type never changes, so any thread may explain with it, each with a ``ReasonScratch`` of its own; explaining allocates
/// nothing. The same row gives the same reasons, to the bit, on every machine.
package struct ReasonEngine: Sendable {
    private let shap: ShapEngine
    private let words: ReasonWords

    /// - Throws: ``ForestFailure`` for a model that is too large to explain.
    /// - Complexity: O(nodes × points).
    package init(_ forest: Forest) throws(ForestFailure) {
        shap = try ShapEngine(forest.ensemble.withCover)
        words = forest.words
    }

    /// The margin where nothing is known of a row: what the contributions are added to.
    package var base: Double { shap.base[0] }

    /// Room for one explanation at a time.
    package func makeScratch() -> ReasonScratch { ReasonScratch(shap) }

    /// Chooses the reasons of one row.
    ///
    /// - Parameters:
    ///   - row: One value per feature; NaN is a missing value.
    ///   - reasons: Overwritten; contributions are of the margin.
    ///   - scratch: Made by ``makeScratch()`` of this engine; holds every feature's contribution afterwards.
    /// - Complexity: O(nodes × points); allocates nothing.
    package func explain(_ row: UnsafeBufferPointer<Double>, into reasons: inout TopReasons, using scratch: ReasonScratch) {
        shap.explain(row, into: scratch.contributions, using: scratch.shap)
        words.reasons(contributions: UnsafeBufferPointer(scratch.contributions), row: row, into: &reasons)
    }
}

/// What explaining a row writes to on its way: belongs to one engine and is used by one thread at a time.
package final class ReasonScratch {
    /// One per feature, of the row explained last.
    package let contributions: UnsafeMutableBufferPointer<Double>
    fileprivate let shap: ShapScratch

    fileprivate init(_ engine: ShapEngine) {
        contributions = .allocate(capacity: engine.featureCount)
        contributions.initialize(repeating: 0)
        shap = engine.makeScratch()
    }

    deinit { contributions.deallocate() }
}

extension TreeEnsemble {
    /// The same trees, where those that do not tell their cover send half of a node's rows to each side.
    package var withCover: TreeEnsemble {
        guard trees.contains(where: \.cover.isEmpty) else { return self }
        var ensemble = self
        for index in ensemble.trees.indices where ensemble.trees[index].cover.isEmpty {
            let tree = ensemble.trees[index]
            var cover = [Double](repeating: 1, count: tree.nodeCount)
            // Children stand behind their parents. A tree has at most 256 levels: no half becomes 0.
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                cover[Int(tree.left[node])] = cover[node] / 2
                cover[Int(tree.right[node])] = cover[node] / 2
            }
            ensemble.trees[index].cover = cover
        }
        return ensemble
    }
}
