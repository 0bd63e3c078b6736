/// What the pipeline tells the outside: one value per happening, for logs and metrics.
package struct PipelineObserver: Sendable {
    package enum Happening: Sendable {
        case claimed(stage: String, partition: Int32, nextOffset: Int64)
        /// A claimed unit has its state again; `records` were replayed from `from`.
        case recovered(stage: String, partition: Int32, from: Int64, records: Int64, took: Duration)
        case released(stage: String, partition: Int32)
        case fenced(stage: String, partition: Int32)
        case restarting(stage: String, partition: Int32, why: String)
        case parked(stage: String, partition: Int32, failure: PipelineFailure)
        case committed(stage: String, partition: Int32, batches: Int, records: Int, bytes: Int, took: Duration)
        case snapshotTaken(stage: String, partition: Int32, byteCount: Int)
        /// The database or the broker could not be used; it is tried again.
        case troubled(stage: String, what: String, why: String)
        /// Waited for other units to come into step.
        case keptInStep(stage: String, partition: Int32, step: Int64, waited: Duration)
    }

    package var note: @Sendable (Happening) -> Void

    package init(note: @escaping @Sendable (Happening) -> Void = { _ in }) { self.note = note }
}
