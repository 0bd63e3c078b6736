package import Contracts
internal import Pipeline

/// The message that puts a version in force: a run of one control record in the control lane, the same in every partition.
package enum ActivationMessage {
    /// - Parameters:
    ///   - artifact: SHA-256 of the version's file, thirty-two bytes.
    ///   - sequence: The activation's number, from 0 without a gap; it is also the record's number in the lane.
    /// - Returns: The message's value.
    package static func run(artifact: [UInt8], kind: Control.Kind, sequence: Int64) -> [UInt8] {
        var record: [UInt8] = []
        Control(artifact: artifact, kind: kind, activation: UInt64(sequence)).encode(into: &record)
        var run = RunBuilder()
        run.start(
            sourceStage: LaneSource.control.stage, sourcePartition: Int32(LaneSource.control.partition), firstSequence: sequence,
            kind: .control)
        record.withUnsafeBytes { run.append($0) }
        run.finish()
        return run.bytes
    }
}
