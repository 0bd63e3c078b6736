internal import RiskDomain

/// The rows a tree is grown from.
package enum RowSample: Hashable, Sendable {
    /// Each once.
    case all
    /// So many, drawn with replacement.
    case withReplacement(Int)
    /// So many different ones.
    case withoutReplacement(Int)

    /// Writes how often each row is in the sample.
    func draw(rowCount: Int, into counts: UnsafeMutablePointer<UInt8>, _ random: inout SplitMix64) {
        switch self {
        case .all: counts.initialize(repeating: 1, count: rowCount)
        case .withReplacement(let drawCount):
            counts.initialize(repeating: 0, count: rowCount)
            // One row 256 times in as many draws as rows: less likely than 10⁻⁵⁰⁰.
            for _ in 0..<drawCount { counts[random.next(below: rowCount)] += 1 }
        case .withoutReplacement(let drawCount):
            // Knuth, "The art of computer programming", volume 2, algorithm S.
            var left = min(drawCount, rowCount)
            for row in 0..<rowCount {
                let isChosen = random.next(below: rowCount - row) < left
                counts[row] = isChosen ? 1 : 0
                if isChosen { left -= 1 }
            }
        }
    }
}
