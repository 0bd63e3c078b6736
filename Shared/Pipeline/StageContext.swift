package import Kafka
internal import Synchronization

/// What the units of a stage share in one process.
package struct StageContext: Sendable {
    package var store: ProgressStore
    package var consumer: KafkaConsumer
    package var producer: KafkaProducer
    package var steps: StepCoordinator?
    package var settings: PipelineSettings
    package var observer: PipelineObserver
    /// Wall clock, microseconds since the epoch.
    package var wallClock: @Sendable () -> Int64
    let knownDays = KnownDays()

    package init(
        store: ProgressStore, consumer: KafkaConsumer, producer: KafkaProducer, steps: StepCoordinator?, settings: PipelineSettings,
        observer: PipelineObserver, wallClock: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.consumer = consumer
        self.producer = producer
        self.steps = steps
        self.settings = settings
        self.observer = observer
        self.wallClock = wallClock
    }
}

/// Days whose tables are known to be there.
final class KnownDays: Sendable {
    private let days = Mutex<Set<Int32>>([])

    func missing(of wanted: [Int32]) -> [Int32] { days.withLock { days in wanted.filter { !days.contains($0) } } }
    func add(_ new: [Int32]) { days.withLock { $0.formUnion(new) } }
}
