internal import Glibc
internal import RiskDomain

extension TreeEnsemble.Link {
    /// Turns the margins of one row into its scores, in place. In ``TreeEnsemble/Arithmetic/portable`` arithmetic they have the same bits on
    /// every machine; in others wherever the C library is the same.
    package func apply(to margins: UnsafeMutableBufferPointer<Double>, in arithmetic: TreeEnsemble.Arithmetic = .portable) {
        switch self {
        case .identity: break
        case .logistic: for index in margins.indices { margins[index] = arithmetic.logistic(margins[index]) }
        case .exponential: for index in margins.indices { margins[index] = arithmetic.exponential(margins[index]) }
        case .softmax:
            // Less the greatest, so that no exponential overflows.
            let greatest = margins.max() ?? 0
            var sum = 0.0
            for index in margins.indices {
                margins[index] = arithmetic.exponential(margins[index] - greatest)
                sum += margins[index]
                if arithmetic.roundsPowerSums { sum = Double(Float(sum)) }
            }
            // XGBoost adds them in Double and rounds once.
            if arithmetic.roundsMargins { sum = Double(Float(sum)) }
            for index in margins.indices {
                margins[index] /= sum
                if arithmetic.roundsMargins { margins[index] = Double(Float(margins[index])) }
            }
        case .probit: for index in margins.indices { margins[index] = 2.0.squareRoot() * inverseErrorFunction(2 * margins[index] - 1) }
        case .normalized:
            var sum = 0.0
            for margin in margins { sum += margin }
            for index in margins.indices { margins[index] /= sum }
        }
    }
}

extension TreeEnsemble.Arithmetic {
    /// `e^x`.
    func exponential(_ value: Double) -> Double {
        switch self {
        case .portable: PortableMath.exp(value)
        case .float64: exp(value)
        case .xgboost, .onnxRuntime, .onnxRuntimeDouble: Double(expf(Float(value)))
        }
    }

    /// `1 / (1 + e^-x)`.
    func logistic(_ value: Double) -> Double {
        switch self {
        case .portable, .float64: return 1 / (1 + exponential(-value))
        case .xgboost:
            // The least number that keeps the divisor from 0 is theirs, and so is the greatest exponent.
            let power = expf(min(-Float(value), 88.7))
            return Double(1 / (power + 1 + 1e-16))
        case .onnxRuntime, .onnxRuntimeDouble:
            let share = 1 / (1 + expf(-Float(value).magnitude))
            return Double(value < 0 ? 1 - share : share)
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
