import LocalStack

/// Starts and stops nothing: somebody else acts on the decisions that are recorded.
final class RecommendingDriver: ReplicaDriver {
    let service: String
    let endings: AsyncStream<ReplicaEnding>
    private let ended: AsyncStream<ReplicaEnding>.Continuation

    init(service: String) {
        self.service = service
        // One ending at most for each stop that was asked for.
        (endings, ended) = AsyncStream.makeStream()
    }

    func start(replica: Int) async throws(LocalStackFault) {}
    func stop(replica: Int) async throws(LocalStackFault) { ended.yield(ReplicaEnding(replica: replica, status: nil)) }
    func running() async throws(LocalStackFault) -> [Int] { [] }
}
