/// The values of a tree's leaves: a score, or a probability for each class.
struct PmmlLeaves {
    /// Empty for regression.
    let classLabels: [String]
    /// Scores are `Float`s (JPMML's `x-mathContext="float"`).
    let isFloat: Bool
    /// Every leaf is its most probable class's vote.
    var isVote = false

    var valueCount: Int { max(classLabels.count, 1) }

    func values(of node: XmlElement) throws(ImportFailure) -> [Double] {
        guard !classLabels.isEmpty else {
            guard let score = try node.number("score") else { throw node.fault("score is missing") }
            return [isFloat ? Double(Float(score)) : score]
        }
        let values = try probabilities(of: node)
        guard isVote else { return values }
        // The node's own word first: probabilities may tie.
        let winner = node["score"].flatMap { classLabels.firstIndex(of: $0) } ?? values.indices.max { values[$0] < values[$1] }
        return values.indices.map { $0 == winner ? 1 : 0 }
    }

    private func probabilities(of node: XmlElement) throws(ImportFailure) -> [Double] {
        let distribution = node.all("ScoreDistribution")
        var values = [Double](repeating: 0, count: classLabels.count)
        if distribution.isEmpty {
            let score = try node.required("score")
            guard let index = classLabels.firstIndex(of: score) else { throw node.fault("score \(score.prefix(64)) is no class") }
            values[index] = 1
            return values
        }
        let isProbability = distribution.allSatisfy { $0["probability"] != nil }
        var sum = 0.0
        for entry in distribution {
            let label = try entry.required("value")
            guard let index = classLabels.firstIndex(of: label) else { throw entry.fault("value \(label.prefix(64)) is no class") }
            guard let value = try entry.number(isProbability ? "probability" : "recordCount"), value >= 0 else {
                throw entry.fault("recordCount is missing or negative")
            }
            values[index] = value
            sum += value
        }
        guard !isProbability else { return values }
        guard sum > 0, sum.isFinite else { throw node.fault("recordCount: they are all 0") }
        return values.map { $0 / sum }
    }
}
