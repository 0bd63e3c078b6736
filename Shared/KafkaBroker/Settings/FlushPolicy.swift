/// When written records are forced to the disk. Whatever the choice, `kill -9` of the broker loses nothing that was
/// acknowledged: the page cache belongs to the kernel. The choice is about the machine losing power.
package enum FlushPolicy: Hashable, Sendable {
    /// The kernel writes back when it likes, as Apache Kafka does by default.
    case never
    /// All logs are flushed about this often, in the background; acknowledgements do not wait.
    case interval(millis: Int64)
    /// An acknowledgement waits for the flush of what it acknowledges; waiting requests share one flush.
    case every
}
