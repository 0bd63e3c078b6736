package import Forest
internal import Glibc

extension TreeEnsemble.Link {
    /// Scores of a row's margins.
    package func scores(of margins: [Double]) -> [Double] {
        switch self {
        case .identity: return margins
        case .logistic: return margins.map { 1 / (1 + exp(-$0)) }
        case .softmax:
            let greatest = margins.max() ?? 0
            let powers = margins.map { exp($0 - greatest) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        case .exponential: return margins.map { exp($0) }
        case .probit: return margins.map { 0.5 * erfc(-$0 / 2.0.squareRoot()) }
        case .normalized:
            let sum = margins.reduce(0, +)
            return margins.map { $0 / sum }
        }
    }
}
