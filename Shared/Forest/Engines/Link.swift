internal import RiskDomain

extension TreeEnsemble.Link {
    /// Turns the margins of one row into its scores, in place, in `Double`, with the same bits on every machine.
    package func apply(to margins: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .identity: break
        case .logistic: for index in margins.indices { margins[index] = 1 / (1 + PortableMath.exp(-margins[index])) }
        case .exponential: for index in margins.indices { margins[index] = PortableMath.exp(margins[index]) }
        case .softmax:
            // Less the greatest, so that no exponential overflows.
            let greatest = margins.max() ?? 0
            var sum = 0.0
            for index in margins.indices {
                margins[index] = PortableMath.exp(margins[index] - greatest)
                sum += margins[index]
            }
            for index in margins.indices { margins[index] /= sum }
        case .probit: for index in margins.indices { margins[index] = 2.0.squareRoot() * inverseErrorFunction(2 * margins[index] - 1) }
        case .normalized:
            var sum = 0.0
            for margin in margins { sum += margin }
            for index in margins.indices { margins[index] /= sum }
        }
    }
}

/// The inverse of the error function as ONNX Runtime approximates it: Winitzki, "A handy approximation for the error function and its
/// inverse", 2008.
private func inverseErrorFunction(_ value: Double) -> Double {
    let logarithm = PortableMath.log((1 - value) * (1 + value))
    let half = 2 / (Double.pi * 0.147) + logarithm / 2
    return (value < 0 ? -1 : 1) * ((half * half - logarithm / 0.147).squareRoot() - half).squareRoot()
}
