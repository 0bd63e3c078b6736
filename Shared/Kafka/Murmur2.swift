/// Kafka's default partitioning of keyed records, so that records land where any Java producer would put them.
///
/// Source: MurmurHash2 by Austin Appleby (public domain), with the seed and sign rule of Kafka's `Utils.murmur2` and `toPositive`.
package enum Murmur2 {
    /// - Parameter count: partitions of the topic, at least 1.
    /// - Returns: `0..<count`.
    package static func partition(key: UnsafeRawBufferPointer, count: Int32) -> Int32 {
        precondition(count > 0, "a topic has at least one partition")
        return Int32(unsafe hash(key) & 0x7fff_ffff) % count
    }

    package static func partition(key: some Sequence<UInt8>, count: Int32) -> Int32 {
        let bytes = Array(key)
        return unsafe bytes.withUnsafeBytes { unsafe partition(key: $0, count: count) }
    }

    /// The 32-bit hash; any alignment.
    package static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: key.count)
        var at = 0
        while at + 4 <= key.count {
            var word = unsafe UInt32(littleEndian: key.loadUnaligned(fromByteOffset: at, as: UInt32.self)) &* multiplier
            word = (word ^ (word >> 24)) &* multiplier
            hash = (hash &* multiplier) ^ word
            at += 4
        }
        let rest = key.count - at
        if rest == 3 { unsafe hash ^= UInt32(key[at + 2]) << 16 }
        if rest >= 2 { unsafe hash ^= UInt32(key[at + 1]) << 8 }
        if rest >= 1 { unsafe hash = (hash ^ UInt32(key[at])) &* multiplier }
        hash = (hash ^ (hash >> 13)) &* multiplier
        return hash ^ (hash >> 15)
    }
}
