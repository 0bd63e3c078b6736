import RecordLog

/// One partition at work: its log and who waits for it. Belongs to the loop.
final class Partition {
    let topic: String
    let index: Int32
    let log: PartitionLog
    /// Fetches to look at again when something is appended.
    var waiters: [WaitingFetch] = []
    /// In the list of what is to be flushed.
    var isDirty = false
    /// A flush failed: what the disk holds is unknown, so nothing more is written until a restart reads it again.
    var isOffline = false

    init(topic: String, index: Int32, log: PartitionLog) {
        self.topic = topic
        self.index = index
        self.log = log
    }
}
