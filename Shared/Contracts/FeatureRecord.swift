package import RiskDomain

/// Where the passes over a record accepted it, in their order; at most eight, kept in place.
package struct PassList: Sendable {
    private var stamps = [8 of PassCoordinates](repeating: PassCoordinates(partition: 0, offset: 0, slot: 0))
    package private(set) var count = 0

    /// Most passes that a record may have, one per entity.
    package static let countMax = 8

    package init() {}

    package subscript(index: Int) -> PassCoordinates {
        precondition(index >= 0 && index < count)
        return stamps[index]
    }

    /// - Precondition: `count < PassList.countMax`.
    package mutating func append(_ stamp: PassCoordinates) {
        precondition(count < PassList.countMax)
        stamps[count] = stamp
        count += 1
    }
}

/// A decoded feature record that borrows event, values and hash from the message's bytes. One pass, no allocation.
///
/// Valid while the bytes are. The event inside is not decoded here. Values must be packed in one piece, as every
/// proto3 writer does.
package struct FeatureRecordView {
    /// The encoded Event, verbatim.
    package private(set) var event: UnsafeRawBufferPointer
    package private(set) var passes = PassList()
    package private(set) var marker = Marker.none
    /// Content hash of the feature set, thirty-two bytes; empty before a first pass has chosen one.
    package private(set) var featureSet: UnsafeRawBufferPointer
    private var values: UnsafeRawBufferPointer

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        event = UnsafeRawBufferPointer(start: nil, count: 0)
        featureSet = event
        values = event
        var reader = ProtobufReader(bytes)
        var hasValues = false
        while let tag = try reader.next() {
            switch tag.field {
            case 1: event = try reader.bytes(tag)
            case 2:
                guard passes.count < PassList.countMax else { throw reader.failure(.tooMany) }
                passes.append(try FeatureRecordView.stamp(try reader.bytes(tag)))
            case 3:
                guard !hasValues else { throw reader.failure(.repeated) }
                hasValues = true
                values = try reader.bytes(tag)
                guard values.count % 8 == 0 else { throw reader.failure(.wrongLength) }
            case 4:
                let number = try reader.uint32(tag)
                guard let known = UInt8(exactly: number).flatMap(Marker.init(rawValue:)) else { throw reader.failure(.outOfRange) }
                marker = known
            case 5:
                featureSet = try reader.bytes(tag)
                guard featureSet.isEmpty || featureSet.count == 32 else { throw reader.failure(.wrongLength) }
            default: try reader.skip(tag)
            }
        }
        guard !event.isEmpty else { throw ContractFailure(.missing, field: 1, position: bytes.count) }
    }

    package var valueCount: Int { values.count / 8 }

    /// The value at `index`; NaN is missing.
    ///
    /// - Precondition: `0 <= index < valueCount`.
    package func value(_ index: Int) -> Double {
        precondition(index >= 0 && index < valueCount)
        return Double(bitPattern: UInt64(littleEndian: values.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)))
    }

    /// Copies all values to the front of `target`.
    ///
    /// - Precondition: `target.count >= valueCount`.
    package func copyValues(into target: UnsafeMutableBufferPointer<Double>) {
        precondition(target.count >= valueCount)
        for index in 0..<valueCount { target[index] = value(index) }
    }

    private static func stamp(_ body: UnsafeRawBufferPointer) throws(ContractFailure) -> PassCoordinates {
        var stamp = PassCoordinates(partition: 0, offset: 0, slot: 0)
        var reader = ProtobufReader(body)
        while let tag = try reader.next() {
            switch tag.field {
            case 1: stamp.partition = try reader.nonNegativeInt32(tag)
            case 2: stamp.offset = try reader.nonNegativeInt64(tag)
            case 3: stamp.slot = try reader.nonNegativeInt32(tag)
            default: try reader.skip(tag)
            }
        }
        return stamp
    }
}

/// Appends the canonical bytes of a feature record.
package enum FeatureRecordEncoder {
    /// - Parameters:
    ///   - event: An encoded Event; copied as it is.
    ///   - values: In the feature set's order; every NaN becomes the one quiet NaN.
    ///   - featureSet: Thirty-two bytes, or none.
    package static func encode(
        event: UnsafeRawBufferPointer, passes: PassList, values: UnsafeBufferPointer<Double>, marker: Marker,
        featureSet: UnsafeRawBufferPointer, into output: inout [UInt8]
    ) {
        ProtobufWriter.bytes(1, event, into: &output)
        for index in 0..<passes.count {
            let stamp = passes[index]
            let mark = ProtobufWriter.beginMessage(2, into: &output)
            ProtobufWriter.unsigned(1, UInt64(UInt32(bitPattern: stamp.partition)), into: &output)
            ProtobufWriter.int64(2, stamp.offset, into: &output)
            ProtobufWriter.unsigned(3, UInt64(UInt32(bitPattern: stamp.slot)), into: &output)
            ProtobufWriter.endMessage(mark, in: &output)
        }
        ProtobufWriter.packedDoubles(3, values, into: &output)
        ProtobufWriter.unsigned(4, UInt64(marker.rawValue), into: &output)
        ProtobufWriter.bytes(5, featureSet, into: &output)
    }
}
