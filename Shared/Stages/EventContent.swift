package import Contracts
package import Hashing
internal import RiskDomain

/// Hash of what an event says, wherever and whenever it was recorded: id, time, entities and body.
package enum EventContent {
    package static func hash(_ event: EventView) -> Hash128 {
        let id = Hash128(of: event.id)
        return Hash128(of: event.content, seed: id.low ^ (id.high &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(bitPattern: event.time.micros))
    }
}

extension Hash128 {
    /// Hash of this value followed by some bits.
    func mixed(with bits: UInt64) -> Hash128 {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { scratch in
            scratch.storeBytes(of: low.littleEndian, toByteOffset: 0, as: UInt64.self)
            scratch.storeBytes(of: high.littleEndian, toByteOffset: 8, as: UInt64.self)
            scratch.storeBytes(of: bits.littleEndian, toByteOffset: 16, as: UInt64.self)
            return Hash128(of: UnsafeRawBufferPointer(scratch))
        }
    }
}
