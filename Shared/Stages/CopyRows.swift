internal import Contracts
internal import Postgres
internal import RiskDomain

extension CopyBinaryEncoder {
    /// The event's entity keys as `text[]`.
    mutating func entities(of event: EventView) {
        texts(count: event.entityCount) { event.entity($0) }
    }

    /// Coordinates of every pass and of the reader itself, as three arrays side by side.
    mutating func passes(_ passes: PassList) {
        int32s(count: passes.count) { passes[$0].partition }
        int64s(count: passes.count) { passes[$0].offset }
        int32s(count: passes.count) { passes[$0].slot }
    }
}
