internal import CLibrdkafka
internal import Synchronization

/// What a client's callbacks and events write to; outlives the client, which holds it as its opaque.
final class ClientState: Sendable {
    let hooks: KafkaHooks
    private let faults = Atomic<Int>(0)
    private let fatal = Mutex<KafkaFailure?>(nil)
    private let latest = Mutex<KafkaStatistics?>(nil)
    private let wakeups = Mutex<[ObjectIdentifier: Wakeup]>([:])
    /// Tasks waiting for room in the producer's queue.
    let room = RoomWaiters()

    /// Of a group's member: what its rebalances write to.
    let group: GroupSession?

    init(hooks: KafkaHooks, group: GroupSession? = nil) {
        self.hooks = hooks
        self.group = group
    }

    var faultCount: Int { faults.load(ordering: .relaxed) }
    var fatalFailure: KafkaFailure? { fatal.withLock { $0 } }
    var statistics: KafkaStatistics? { latest.withLock { $0 } }

    func note(_ failure: KafkaFailure) {
        faults.add(1, ordering: .relaxed)
        hooks.fault(failure)
    }

    /// The client can do no more: every reader is woken to find out.
    func noteFatal(_ failure: KafkaFailure) {
        fatal.withLock { $0 = $0 ?? failure }
        note(failure)
        for wakeup in wakeups.withLock({ Array($0.values) }) { wakeup.raise() }
    }

    func register(_ wakeup: Wakeup) { wakeups.withLock { $0[ObjectIdentifier(wakeup)] = wakeup } }
    func unregister(_ wakeup: Wakeup) { _ = wakeups.withLock { $0.removeValue(forKey: ObjectIdentifier(wakeup)) } }

    func note(_ statistics: KafkaStatistics) {
        latest.withLock { $0 = statistics }
        hooks.statistics(statistics)
    }
}
