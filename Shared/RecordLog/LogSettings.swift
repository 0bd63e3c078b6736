/// One partition's settings; every one may be altered while the log is open.
package struct LogSettings: Hashable, Sendable {
    /// Who says what time a record has.
    package enum TimestampType: Hashable, Sendable { case createTime, logAppendTime }

    /// `segment.bytes`: a segment is rolled before it would grow past this. 1...2,147,483,647.
    package var segmentBytes = 1 << 30
    /// `segment.ms`: a segment is rolled when a batch is this much younger than the segment's first. Milliseconds.
    package var segmentMillis: Int64 = 604_800_000
    /// `index.interval.bytes`: at most one index entry for this many bytes.
    package var indexIntervalBytes = 4096
    /// `retention.bytes`: oldest segments go while the rest is at least this large; -1 keeps all.
    package var retentionBytes: Int64 = -1
    /// `retention.ms`: segments whose youngest record is older than this go; -1 keeps all.
    package var retentionMillis: Int64 = -1
    /// `max.message.bytes`: the largest batch, its header included.
    package var messageBytesMax = 1_048_588
    package var timestampType = TimestampType.createTime
    /// `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`: how far a producer's time may lie in the past and in the
    /// future, in milliseconds. Of a compressed batch the first and the largest time are judged, as its header has them.
    package var timestampBeforeMaxMillis = Int64.max
    package var timestampAfterMaxMillis = Int64.max
    /// `producer.id.expiration.ms`: an idempotent producer that was silent this long is forgotten.
    package var producerIdExpirationMillis: Int64 = 86_400_000
    /// The most idempotent producers remembered; the ones silent for longest go first.
    package var producerIdCountMax = 10_000
    /// The most sealed segments whose files and indexes are kept open between reads.
    package var openSealedSegmentsMax = 4
    /// The most bytes a compressed batch may unfold to when its records' times are looked at.
    package var decompressedBytesMax = 16 << 20

    package init() {}

    /// The most bytes of a segment: positions in it are kept in 32 bits.
    var segmentBytesMax: Int { min(segmentBytes, Int(Int32.max)) }
}
