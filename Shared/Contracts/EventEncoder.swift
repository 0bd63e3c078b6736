package import RiskDomain

/// Appends the canonical bytes of an event, piece by piece, in this order:
/// ``begin(id:time:source:sourceTimestampMicros:into:)``, ``entity(_:into:)`` for each, then either
/// ``beginTransaction(amountMinor:currency:into:)``, attributes, ``endTransaction(_:in:)``, or
/// ``outcome(_:transactionTime:into:)``.
///
/// Pieces rather than one call, so that a caller who finds the parts one after the other keeps none of them.
package enum EventEncoder {
    /// - Returns: Where in `output` the id now lies.
    @discardableResult
    package static func begin(
        id: UnsafeRawBufferPointer, time: EventTime, source: SourceCoordinates, sourceTimestampMicros: Int64,
        into output: inout [UInt8]
    ) -> Range<Int> {
        ProtobufWriter.bytes(1, id, into: &output)
        let idRange = (output.count - id.count)..<output.count
        ProtobufWriter.int64(2, time.micros, into: &output)
        let mark = ProtobufWriter.beginMessage(3, into: &output)
        ProtobufWriter.unsigned(1, UInt64(source.topic.rawValue), into: &output)
        ProtobufWriter.unsigned(2, UInt64(UInt32(bitPattern: source.partition)), into: &output)
        ProtobufWriter.int64(3, source.offset, into: &output)
        ProtobufWriter.int64(4, sourceTimestampMicros, into: &output)
        ProtobufWriter.endMessage(mark, in: &output)
        return idRange
    }

    /// - Returns: Where in `output` the key now lies.
    @discardableResult
    package static func entity(_ key: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Range<Int> {
        ProtobufWriter.presentBytes(4, key, into: &output)
        return (output.count - key.count)..<output.count
    }

    package static func beginTransaction(
        amountMinor: Int64, currency: UnsafeRawBufferPointer, into output: inout [UInt8]
    ) -> ProtobufWriter.MessageMark {
        let mark = ProtobufWriter.beginMessage(5, into: &output)
        ProtobufWriter.sint64(1, amountMinor, into: &output)
        ProtobufWriter.bytes(2, currency, into: &output)
        return mark
    }

    /// An attribute of the transaction that is open.
    package static func attribute(name: UnsafeRawBufferPointer, value: AttributeView.Value, into output: inout [UInt8]) {
        let mark = ProtobufWriter.beginMessage(3, into: &output)
        ProtobufWriter.bytes(1, name, into: &output)
        switch value {
        case .text(let text): ProtobufWriter.presentBytes(2, text, into: &output)
        case .integer(let integer): ProtobufWriter.present(3, ProtobufWriter.zigzag(integer), into: &output)
        case .number(let number): ProtobufWriter.presentDouble(4, number, into: &output)
        case .flag(let flag): ProtobufWriter.present(5, flag ? 1 : 0, into: &output)
        }
        ProtobufWriter.endMessage(mark, in: &output)
    }

    package static func endTransaction(_ mark: ProtobufWriter.MessageMark, in output: inout [UInt8]) {
        ProtobufWriter.endMessage(mark, in: &output)
    }

    package static func outcome(_ verdict: Verdict, transactionTime: EventTime, into output: inout [UInt8]) {
        let mark = ProtobufWriter.beginMessage(6, into: &output)
        ProtobufWriter.unsigned(1, UInt64(verdict.rawValue), into: &output)
        ProtobufWriter.int64(2, transactionTime.micros, into: &output)
        ProtobufWriter.endMessage(mark, in: &output)
    }
}
