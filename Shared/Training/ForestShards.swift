package import Forest
internal import RiskDomain

/// One of several parts of a forest's trees, for trainers that work side by side: `2/4` is the second of four.
package struct TrainingShard: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package let number: Int
    package let count: Int

    /// - Throws: ``TrainingFailure`` unless `1 <= number <= count`.
    package init(number: Int, count: Int) throws(TrainingFailure) {
        guard count >= 1, (1...count).contains(number) else {
            throw TrainingFailure(at: "shard", "\(number)/\(count); the first of four is 1/4, the last 4/4")
        }
        self.number = number
        self.count = count
    }

    /// Reads `2/4`.
    package init(_ text: String) throws(TrainingFailure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let count = parts[1] else {
            throw TrainingFailure(at: "shard", "\(text); two whole numbers are expected, such as 1/4")
        }
        try self.init(number: number, count: count)
    }

    package var description: String { "\(number)/\(count)" }

    /// The numbers of its trees: a run, so that the parts in their order are the whole.
    package func trees(of treeCount: Int) -> Range<Int> {
        (number - 1) * treeCount / count..<number * treeCount / count
    }
}

extension Forest {
    /// Name of the training parameter that says which part of a forest a model is.
    static let shardParameter = "shard"

    /// Puts the parts of a forest together again: its trees are those that one trainer would have grown, in their order, bit for bit.
    ///
    /// The thresholds are the parts' means by number of trees, and there are no figures: what one trainer would have chosen and measured takes
    /// the rows, which ``ModelRecipe/fitted(_:rows:featureSet:shard:grown:progress:)`` has.
    ///
    /// - Parameter shards: All parts, in any order.
    /// - Throws: ``ForestFailure`` when a part is missing or twice there, or they differ in anything but their trees.
    package static func merged(_ shards: [Forest]) throws(ForestFailure) -> Forest {
        var parts: [(shard: TrainingShard, forest: Forest)] = []
        for (index, forest) in shards.enumerated() {
            let text = forest.training?.parameters.first { $0.name == shardParameter }?.value ?? ""
            guard let shard = try? TrainingShard(text) else {
                throw ForestFailure(
                    at: "model \(index + 1)", "it is no part of a forest: its training record has no valid \(shardParameter)")
            }
            parts.append((shard, forest))
        }
        parts.sort { $0.shard.number < $1.shard.number }
        guard let first = parts.first, var training = first.forest.training else { throw ForestFailure(at: "models", "there are none") }
        guard parts.map(\.shard.number) == Array(1...first.shard.count), parts.allSatisfy({ $0.shard.count == first.shard.count }) else {
            throw ForestFailure(
                at: "models",
                "the parts are \(parts.map(\.shard.description).joined(separator: ", ")); each of 1 to \(first.shard.count) once is needed")
        }
        func common(_ forest: Forest) -> TrainingRecord? {
            var record = forest.training
            record?.parameters.removeAll { $0.name == shardParameter }
            record?.metrics = []
            return record
        }
        for part in parts {
            guard part.forest.features == first.forest.features, part.forest.featureSet == first.forest.featureSet,
                part.forest.reasons == first.forest.reasons, part.forest.ensemble.link == first.forest.ensemble.link,
                common(part.forest) == common(first.forest)
            else {
                throw ForestFailure(
                    at: "part \(part.shard)", "its features, reasons, rows, seed or parameters differ from those of part \(first.shard)")
            }
        }
        training.parameters.removeAll { $0.name == shardParameter }
        training.metrics = []
        var ensemble = first.forest.ensemble
        ensemble.trees = parts.flatMap(\.forest.ensemble.trees)
        func mean(_ value: (DecisionThresholds) -> Double) -> Double {
            min(1, parts.reduce(0) { $0 + value($1.forest.thresholds) * Double($1.forest.treeCount) } / Double(ensemble.trees.count))
        }
        let review = mean(\.review)
        return try Forest(
            kind: .forest, features: first.forest.features, featureSet: first.forest.featureSet,
            thresholds: DecisionThresholds(review: review, decline: max(review, mean(\.decline))), training: training,
            reasons: first.forest.reasons, ensemble: ensemble)
    }
}
