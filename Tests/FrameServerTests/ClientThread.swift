import Dispatch
import Synchronization

/// Does something with a client on a thread of its own while the test goes on.
final class ClientThread: Sendable {
    private let isDone = DispatchSemaphore(value: 0)
    private let hasFailed = Mutex(false)

    /// Hands the client to two threads: one may send while the other receives, as the system's calls allow.
    private struct Shared: @unchecked Sendable {
        let client: PlainClient
    }

    init(_ client: PlainClient, _ work: @escaping @Sendable (PlainClient) throws -> Void) {
        let shared = Shared(client: client)
        DispatchQueue(label: "client").async { [self] in
            do { try work(shared.client) } catch { hasFailed.withLock { $0 = true } }
            isDone.signal()
        }
    }

    func finished() -> Bool { isDone.wait(timeout: .now() + RunningServer.patience) == .success && !hasFailed.withLock { $0 } }
}
