package import Hashing

/// Where a unit stands in its input, apart from the stage's own state.
package struct UnitStanding: Hashable, Sendable {
    package var nextOffset: Int64
    package var lanes: LaneTable
    package var chain: Hash128
    package var accepted: Int64
    package var repeated: Int64
    package var version: [UInt8]?
    package var step: Int64?
    package var sourceMicros: Int64?

    package init(
        nextOffset: Int64, lanes: LaneTable, chain: Hash128 = .zero, accepted: Int64 = 0, repeated: Int64 = 0, version: [UInt8]? = nil,
        step: Int64? = nil, sourceMicros: Int64? = nil
    ) {
        self.nextOffset = nextOffset
        self.lanes = lanes
        self.chain = chain
        self.accepted = accepted
        self.repeated = repeated
        self.version = version
        self.step = step
        self.sourceMicros = sourceMicros
    }

    /// Appends the stored form.
    package func encode(into output: inout [UInt8]) {
        output.append(1)
        output.appendLittleEndian(nextOffset)
        output.append(contentsOf: chain.bytes)
        output.appendLittleEndian(accepted)
        output.appendLittleEndian(repeated)
        output.appendLittleEndian(step ?? .min)
        output.appendLittleEndian(sourceMicros ?? .min)
        let version = version ?? []
        output.appendLittleEndian(UInt32(version.count))
        output.append(contentsOf: version)
        var table: [UInt8] = []
        lanes.encode(into: &table)
        output.appendLittleEndian(UInt32(table.count))
        output.append(contentsOf: table)
    }

    /// Reads the stored form and says what follows it.
    package static func decode(_ bytes: [UInt8], outgoingCount: Int) throws(PipelineFailure) -> (UnitStanding, rest: ArraySlice<UInt8>) {
        var reader = LittleEndianReader(bytes)
        let damage = PipelineFailure.damaged(what: "snapshot of \(bytes.count) bytes")
        guard reader.byte() == 1, let next = reader.uint64(), let chainBytes = reader.take(16), let chain = Hash128(bytes: chainBytes),
            let accepted = reader.uint64(), let repeated = reader.uint64(), let step = reader.uint64(), let source = reader.uint64(),
            let versionCount = reader.uint32(), let version = reader.take(Int(versionCount)), let tableCount = reader.uint32(),
            let table = reader.take(Int(tableCount)), let rest = reader.take(reader.remaining)
        else { throw damage }
        func optional(_ bits: UInt64) -> Int64? { Int64(bitPattern: bits) == .min ? nil : Int64(bitPattern: bits) }
        let standing = UnitStanding(
            nextOffset: Int64(bitPattern: next), lanes: try LaneTable(decoding: Array(table), outgoingCount: outgoingCount), chain: chain,
            accepted: Int64(bitPattern: accepted), repeated: Int64(bitPattern: repeated), version: version.isEmpty ? nil : Array(version),
            step: optional(step), sourceMicros: optional(source))
        return (standing, rest)
    }
}
