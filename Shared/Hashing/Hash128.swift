internal import CXxhash

/// A 128-bit XXH3 value: fast, stable across machines and versions, not cryptographic.
///
/// Used where two honest computations are compared (chains, digests, transaction identities), never against a forger.
/// Source: xxHash 0.8, `XXH3_128bits_withSeed`; its output is frozen since 0.8.0.
package struct Hash128: Hashable, Comparable, Sendable {
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    package static let zero = Hash128(low: 0, high: 0)

    /// Hash of some bytes.
    package init(of bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) {
        let value = XXH3_128bits_withSeed(bytes.baseAddress, bytes.count, seed)
        self.init(low: value.low64, high: value.high64)
    }

    package init(of bytes: [UInt8], seed: UInt64 = 0) {
        self = bytes.withUnsafeBytes { Hash128(of: $0, seed: seed) }
    }

    package static func < (lhs: Hash128, rhs: Hash128) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }

    /// Sum modulo 2¹²⁸: the order of the terms does not matter.
    package static func &+ (lhs: Hash128, rhs: Hash128) -> Hash128 {
        let (low, carry) = lhs.low.addingReportingOverflow(rhs.low)
        return Hash128(low: low, high: lhs.high &+ rhs.high &+ (carry ? 1 : 0))
    }

    /// Sixteen bytes, most significant first: the canonical form that is stored.
    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    }

    /// The value of sixteen canonical bytes; nil when there are not sixteen.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var low: UInt64 = 0
        var high: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.init(low: low, high: high)
    }
}
