/// Starts and stops the replicas of one service, wherever they run. Replicas are numbered from 1.
package protocol ReplicaDriver: Sendable {
    /// The service's name, as `scorer`.
    var service: String { get }
    /// Returns when the replica runs (not when it is ready). Does nothing when it runs already.
    func start(replica: Int) async throws(LocalStackFault)
    /// Asks the replica to end and returns when it has. Does nothing when it does not run.
    func stop(replica: Int) async throws(LocalStackFault)
    /// Numbers of the replicas that run, in order.
    func running() async throws(LocalStackFault) -> [Int]
    /// Replicas that have ended, asked to or not, as it happens. To be iterated once.
    var endings: AsyncStream<ReplicaEnding> { get }
}

/// A replica has ended.
package struct ReplicaEnding: Hashable, Sendable {
    package var replica: Int
    /// Exit status, 128 + signal when a signal ended it; nil where it is not known.
    package var status: Int32?

    package init(replica: Int, status: Int32?) {
        self.replica = replica
        self.status = status
    }
}
