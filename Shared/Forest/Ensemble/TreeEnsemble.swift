/// A sum of decision trees as its source means it: the form that importers make, engines are compiled from, and explanations explain.
///
/// For a row `x` and output `k`, `margin[k] = baseScores[k] + Σ leaf values of all trees for k` (divided by the number of trees where
/// ``aggregation`` is ``Aggregation/mean``); ``link`` turns the margins into scores. To the last bit both are what ``arithmetic`` says.
package struct TreeEnsemble: Hashable, Sendable {
    /// The type of a row's values to the source.
    package enum Precision: UInt8, Hashable, Sendable { case single, double }

    package enum Aggregation: UInt8, Hashable, Sendable {
        case sum
        /// The sum of the leaf values divided by the number of trees, base scores added afterwards.
        case mean
    }

    /// How margins become scores.
    package enum Link: UInt8, Hashable, Sendable, CaseIterable {
        case identity
        /// `1 / (1 + e^-m)` of every output.
        case logistic
        /// `e^m / Σ e^m` over the outputs.
        case softmax
        /// `e^m`.
        case exponential
        /// The normal distribution's function, as ONNX's PROBIT inverts it.
        case probit
        /// Every output divided by their sum.
        case normalized
    }

    /// Values of a row.
    package var featureCount: Int
    /// ``Precision/single``: a value is rounded to `Float` before any test; thresholds are exact for every `Float` then.
    package var inputPrecision: Precision
    /// That of the library the trees come from; ``Arithmetic/portable`` where they are ours or none is its own.
    package var sourceArithmetic: Arithmetic
    /// That in which every engine sums and links.
    package var arithmetic = Arithmetic.portable
    package var outputCount: Int
    /// One per output.
    package var baseScores: [Double]
    package var aggregation: Aggregation
    package var link: Link
    package var trees: [DecisionTree]

    package init(
        featureCount: Int, inputPrecision: Precision = .double, sourceArithmetic: Arithmetic = .portable, outputCount: Int = 1,
        baseScores: [Double] = [0], aggregation: Aggregation = .sum, link: Link = .identity, trees: [DecisionTree]
    ) {
        self.featureCount = featureCount
        self.inputPrecision = inputPrecision
        self.sourceArithmetic = sourceArithmetic
        self.outputCount = outputCount
        self.baseScores = baseScores
        self.aggregation = aggregation
        self.link = link
        self.trees = trees
    }

    package var nodeCount: Int { trees.reduce(0) { $0 + $1.nodeCount } }
    /// Edges on the longest path of any tree. The trees must be valid.
    package var depth: Int { trees.reduce(0) { max($0, $1.depth) } }
}
