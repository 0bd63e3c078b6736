package import Forest
package import Hashing
package import Pipeline
internal import Synchronization

/// A model ready to score.
package final class ScoringModel: Sendable {
    package let forest: Forest
    package let engine: ForestScorer
    package let reasons: ReasonEngine
    package let hash: ContentHash
    /// First eight bytes of the hash, for digests.
    let hashBits: UInt64

    /// - Throws: ``ForestFailure`` for a model that is too large to explain.
    package init(forest: Forest, hash: ContentHash) throws(ForestFailure) {
        self.forest = forest
        self.hash = hash
        engine = ForestScorer(forest)
        reasons = try ReasonEngine(forest)
        hashBits = hash.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension Artifact {
    /// A model as `model.artifact` keeps it.
    ///
    /// - Parameter content: The bytes that `hash` is of.
    package init(model forest: Forest, hash: ContentHash, name: String, content: [UInt8]) {
        self.init(
            hash: hash.bytes, kind: "model", name: name, content: content, features: forest.features,
            reasonCodes: forest.words.entries.map(\.code), reasonTexts: forest.words.texts)
    }
}

/// Models by hash. Looked up when a version takes effect, never per record.
final class ModelShelf: Sendable {
    private let models = Mutex<[ScoringModel]>([])

    var hashes: [[UInt8]] { models.withLock { $0.map(\.hash.bytes) } }

    func add(_ model: ScoringModel) {
        models.withLock { models in
            if !models.contains(where: { $0.hash == model.hash }) { models.append(model) }
        }
    }

    func find(_ hash: [UInt8]) -> ScoringModel? { models.withLock { $0.first { $0.hash.bytes == hash } } }
}
