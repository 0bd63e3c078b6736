package import Forest
package import Hashing
internal import Synchronization

/// A model ready to score.
package final class LoadedModel: Sendable {
    package let forest: Forest
    package let engine: FlatEngine
    package let hash: ContentHash
    /// First eight bytes of the hash, for digests.
    let hashBits: UInt64

    package init(forest: Forest, hash: ContentHash) {
        self.forest = forest
        self.hash = hash
        engine = FlatEngine(forest)
        hashBits = hash.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Models by hash. Looked up when a version takes effect, never per record.
final class ModelShelf: Sendable {
    private let models = Mutex<[LoadedModel]>([])

    var hashes: [[UInt8]] { models.withLock { $0.map(\.hash.bytes) } }

    func add(_ model: LoadedModel) {
        models.withLock { models in
            if !models.contains(where: { $0.hash == model.hash }) { models.append(model) }
        }
    }

    func find(_ hash: [UInt8]) -> LoadedModel? { models.withLock { $0.first { $0.hash.bytes == hash } } }
}
