package import Hashing

/// The hash chain over accepted records: `chain = H(chain, lane, sequence, output bits)`.
///
/// A live run, a replay of its recorded order and the same run with crashes end with equal chains; that is the suite's
/// first test of truth.
package struct Chain: Hashable, Sendable {
    package private(set) var value: Hash128
    private var scratch: [UInt8] = Array(repeating: 0, count: 48)

    package init(_ value: Hash128 = .zero) { self.value = value }

    /// Links one accepted record.
    ///
    /// - Parameters:
    ///   - lane: Where the record came from.
    ///   - sequence: Its number in the lane.
    ///   - output: Hash of every byte that the fold sent for it, in order.
    package mutating func link(lane: LaneSource, sequence: UInt64, output: Hash128) {
        scratch.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: value.low.littleEndian, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: value.high.littleEndian, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: lane.stage.littleEndian, toByteOffset: 16, as: UInt32.self)
            bytes.storeBytes(of: lane.partition.littleEndian, toByteOffset: 20, as: UInt32.self)
            bytes.storeBytes(of: sequence.littleEndian, toByteOffset: 24, as: UInt64.self)
            bytes.storeBytes(of: output.low.littleEndian, toByteOffset: 32, as: UInt64.self)
            bytes.storeBytes(of: output.high.littleEndian, toByteOffset: 40, as: UInt64.self)
        }
        value = Hash128(of: scratch)
    }

    package static func == (lhs: Chain, rhs: Chain) -> Bool { lhs.value == rhs.value }
    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
