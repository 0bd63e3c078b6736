/// Keeping in step: while a stage works through the past, no unit sends outputs of a step of source time before every
/// other unit of the group has sent all of the step before.
///
/// A step is a span of source time (an hour, say), counted from the epoch. With it, loading years of history interleaves
/// lanes downstream as the live run would, up to one step. A record that only informs others (an outcome) is counted one
/// step earlier than its time, so that whatever depends on it, at its time or later, finds it already there.
package struct StepGate: Sendable {
    /// A unit of the group as last seen.
    package struct Unit: Hashable, Sendable {
        package var stage: String
        package var partition: Int32
        /// No output of an earlier step will come from this unit.
        package var step: Int64
        /// Offset below which everything is sent and acknowledged.
        package var position: Int64

        package init(stage: String, partition: Int32, step: Int64, position: Int64) {
            self.stage = stage
            self.partition = partition
            self.step = step
            self.position = position
        }
    }

    /// Units that hold a sender at `step` back unless they are drained: their high watermark has to be looked up.
    package static func behind(_ step: Int64, in units: [Unit], except own: (stage: String, partition: Int32)) -> [Unit] {
        units.filter { $0.step < step && !($0.stage == own.stage && $0.partition == own.partition) }
    }

    /// Whether a sender may send outputs of `step`.
    ///
    /// - Parameter highWatermark: End of the unit's input, asked of the broker after the record to be sent was read; nil
    ///   when it could not be asked.
    package static func isOpen(
        for step: Int64, units: [Unit], except own: (stage: String, partition: Int32), highWatermark: (Unit) -> Int64?
    ) -> Bool {
        behind(step, in: units, except: own).allSatisfy { unit in
            guard let end = highWatermark(unit) else { return false }
            return unit.position >= end
        }
    }
}
