// Sums and what is made of them, in the types and the order of ONNX Runtime: where the input is of floats so are thresholds and sums. Its
// special rules for two classes with one weight a leaf are in `finishPair`.
//
// Source: microsoft/onnxruntime, `core/providers/cpu/ml/tree_ensemble_aggregator.h` and `ml_common.h`.

internal import Forest
internal import Glibc

extension TreeOperator {
    /// - Returns: A classifier's labels and scores, a regressor's scores.
    func evaluate(_ tensor: PipelineTensor, at place: String) throws(ForestFailure) -> [PipelineTensor] {
        let rows = try tensor.doubles(at: place)
        let columns = ensemble.featureCount
        guard tensor.columnCount == columns else {
            throw ForestFailure(at: place, "\(tensor.columnCount) columns where the trees were read for \(columns)")
        }
        let rowCount = rows.count / columns
        return rows.withUnsafeBufferPointer { rows in
            ensemble.sourceArithmetic == .onnxRuntime
                ? evaluate(rows, rowCount, Float.self) : evaluate(rows, rowCount, Double.self)
        }
    }

    private func evaluate<Value: BinaryFloatingPoint & LinkValue>(
        _ rows: UnsafeBufferPointer<Double>, _ rowCount: Int, _: Value.Type
    ) -> [PipelineTensor] {
        let columns = ensemble.featureCount
        let outputs = ensemble.outputCount
        var scores: [Value] = []
        scores.reserveCapacity(rowCount * max(outputs, 2))
        var picked: [Int] = []
        var sums = [Value](repeating: 0, count: outputs)
        for row in 0..<rowCount {
            let values = UnsafeBufferPointer(rebasing: rows[row * columns..<(row + 1) * columns])
            for output in sums.indices { sums[output] = 0 }
            for (index, tree) in ensemble.trees.enumerated() {
                let leaf = Int(tree.left[ensemble.leaf(of: index, row: values)])
                for value in 0..<tree.valueCount {
                    sums[tree.firstOutput + value] += Value(tree.leafValues[leaf * tree.valueCount + value])
                }
            }
            if ensemble.aggregation == .mean { for output in sums.indices { sums[output] /= Value(ensemble.trees.count) } }
            if labels == nil {
                for output in sums.indices { sums[output] += Value(ensemble.baseScores[output]) }
                // A single target knows no link but PROBIT.
                if outputs > 1 || postTransform == .probit { postTransform.apply(to: &sums, 0..<outputs) }
                scores += sums
            } else if outputs == 2 {
                picked.append(finishPair(sums, into: &scores))
            } else {
                for output in sums.indices { sums[output] += Value(ensemble.baseScores[output]) }
                var best = 0
                for output in sums.indices.dropFirst() where sums[output] > sums[best] { best = output }
                picked.append(best)
                postTransform.apply(to: &sums, 0..<outputs)
                scores += sums
            }
        }
        let result: PipelineTensor
        switch outputPrecision {
        case .single: result = PipelineTensor(scores.map { Float($0) }, shape: [rowCount, outputs])
        case .double: result = PipelineTensor(scores.map { Double($0) }, shape: [rowCount, outputs])
        }
        guard let labels else { return [result] }
        return [labels.tensor(of: picked), result]
    }

    /// Scores of two classes; returns the one that is picked.
    private func finishPair<Value: BinaryFloatingPoint & LinkValue>(_ sums: [Value], into scores: inout [Value]) -> Int {
        var pair = [sums[0], sums[1]]
        var isPair = isWeighted[1]
        switch baseValueCount {
        case 2 where isWeighted[1]:
            // The first class's base value is not used.
            pair[1] = Value(ensemble.baseScores[1]) + sums[0]
            pair[0] = -pair[1]
        case 2:
            pair[0] += Value(ensemble.baseScores[0])
            pair[1] += Value(ensemble.baseScores[1])
            isPair = true
        case 1: pair[0] += Value(ensemble.baseScores[0])
        default: break
        }
        let deciding = isWeighted[1] ? pair[1] : pair[0]
        let isPositive = deciding > (isBinaryCase && areWeightsAllPositive ? 0.5 : 0)
        if isPair {
            // A class that no leaf speaks of has no score, whatever its base value.
            for output in 0...1 where !isWeighted[output] { pair[output] = 0 }
            postTransform.apply(to: &pair, 0..<2)
        } else if postTransform == .probit {
            postTransform.apply(to: &pair, 0..<1)
            pair[1] = 0
        } else if postTransform == .logistic {
            pair = [.link(logistic: -pair[0]), .link(logistic: pair[0])]
        } else {
            pair = [isBinaryCase && areWeightsAllPositive ? 1 - pair[0] : -pair[0], pair[0]]
        }
        scores += pair
        return isPositive ? 1 : 0
    }
}

/// Numbers that ONNX Runtime's links are computed in.
protocol LinkValue {
    static func link(logistic value: Self) -> Self
    static func link(probit value: Self) -> Self
    static func link(exponential value: Self) -> Self
}

/// As ONNX Runtime has it: of the magnitude, so that nothing overflows.
func logistic(_ value: Float) -> Float {
    let share = 1 / (1 + expf(-value.magnitude))
    return value < 0 ? 1 - share : share
}

extension Float: LinkValue {
    static func link(logistic value: Float) -> Float { logistic(value) }
    static func link(exponential value: Float) -> Float { expf(value) }

    /// Inverse of the normal distribution's function, by Winitzki's approximation, as ONNX Runtime has it.
    static func link(probit value: Float) -> Float {
        let x = 2 * value - 1
        let sign: Float = x < 0 ? -1 : 1
        let logarithm = logf((1 - x) * (1 + x))
        let v = 2 / (3.14159 * 0.147) + 0.5 * logarithm
        let v2 = 1 / 0.147 * logarithm
        return 1.41421356 * (sign * (-v + (v * v - v2).squareRoot()).squareRoot())
    }
}

extension Double: LinkValue {
    /// In floats, as ONNX Runtime links doubles.
    static func link(logistic value: Double) -> Double { Double(logistic(Float(value))) }
    static func link(probit value: Double) -> Double { Double(Float.link(probit: Float(value))) }
    static func link(exponential value: Double) -> Double { exp(value) }
}

extension TreeOperator.PostTransform {
    /// Applies the link to some scores of one row.
    func apply<Value: BinaryFloatingPoint & LinkValue>(to scores: inout [Value], _ range: Range<Int>) {
        switch self {
        case .none: return
        case .logistic: for index in range { scores[index] = .link(logistic: scores[index]) }
        case .probit: for index in range { scores[index] = .link(probit: scores[index]) }
        case .softmax, .softmaxZero:
            var greatest = -Value.greatestFiniteMagnitude
            for index in range where scores[index] > greatest { greatest = scores[index] }
            var sum: Value = 0
            for index in range {
                if self == .softmaxZero, scores[index].magnitude <= 0.000_000_1 {
                    scores[index] *= .link(exponential: -greatest)
                } else {
                    scores[index] = .link(exponential: scores[index] - greatest)
                    sum += scores[index]
                }
            }
            for index in range { scores[index] /= sum }
        }
    }
}
