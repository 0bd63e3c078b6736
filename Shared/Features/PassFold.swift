package import Hashing
package import RiskDomain

/// What a state was made for; states and folds of different layouts do not mix.
struct PassLayout: Sendable {
    let plan: PassPlan
    let pass: Int
    let featureSetHash: ContentHash
    let duplicateHorizonMicros: Int64
    /// Only the first pass sees all of a key's arrivals in order.
    var detectsDuplicates: Bool { pass == 0 }
}

/// The fold of one pass: an event and the state of its partition give the pass's features, exactly, and the state after it.
///
/// Rules, beside those of ``Window``:
/// - Features are those of the event's own time, from everything that has arrived so far, in whatever order it arrived.
/// - A transaction counts as fraud at `t` when the latest of its outcomes with time `<= t` says fraud.
/// - A mean or a rate is one correctly rounded division of integers.
/// - Histories are kept for the farthest reach of a window plus the set's lateness, by event time, relative to the entity's newest
///   transaction. Arrivals at most the lateness behind always find their windows whole. One farther behind still gets every feature whose
///   window is whole; a feature whose window reaches into what was forgotten is `NaN`, never a guess. One older than everything kept
///   changes no window and is marked ``Marker/tooLate``.
package struct PassFold: Sendable {
    /// Currency exponents that amounts may have: minor units of 10⁻⁹ to 1.
    package static let currencyExponents = 0...9

    let layout: PassLayout

    /// - Precondition: `pass` is a pass of the set.
    package init(_ featureSet: FeatureSet, pass: Int) {
        precondition(featureSet.passes.indices.contains(pass), "the feature set has no pass \(pass)")
        layout = PassLayout(
            plan: PassPlan(featureSet, pass: pass), pass: pass, featureSetHash: featureSet.hash,
            duplicateHorizonMicros: featureSet.duplicateHorizonMicros)
    }

    /// A state that has seen nothing.
    package func emptyState() -> PassState { PassState(layout: layout) }

    /// Columns that ``transaction(id:bodyHash:time:amountMinor:currencyExponent:entity:into:values:)`` appends.
    package var featureCount: Int { layout.plan.steps.count }

    /// Folds a transaction and appends this pass's features to `values`.
    ///
    /// - Parameters:
    ///   - id: The transaction's id, any bytes.
    ///   - bodyHash: Hash of the canonical body; used by the first pass only, to tell a repetition from a conflict.
    ///   - amountMinor: In units of 10^-`currencyExponent`.
    ///   - currencyExponent: One of ``currencyExponents``.
    ///   - entity: Key of this pass's entity, any bytes.
    ///   - values: Gains ``featureCount`` values, unless the marker is `duplicate` or `conflict`.
    /// - Returns: `none`; `tooLate` (features appended, windows unchanged); or, from the first pass, `duplicate` or `conflict`, which leave
    ///   state and `values` alone.
    /// - Complexity: O(features) amortised for an entity's newest event; allocates nothing once warm.
    package func transaction(
        id: UnsafeRawBufferPointer, bodyHash: Hash128, time: EventTime, amountMinor: Int64, currencyExponent: Int,
        entity: UnsafeRawBufferPointer, into state: PassState, values: inout [Double]
    ) -> Marker {
        precondition(PassFold.currencyExponents.contains(currencyExponent), "currency exponent \(currencyExponent) is not 0...9")
        assert(state.layout.featureSetHash == layout.featureSetHash && state.layout.pass == layout.pass, "a state of another pass")
        let idHash = Hash128(of: id)
        if layout.detectsDuplicates {
            let marker = state.recent.admit(id: idHash, body: bodyHash, time: time.micros)
            if marker != .none { return marker }
        }
        // The very first instant stands for "never" inside; no clock shows it.
        let arrival = Arrival(
            time: max(time.micros, Int64.min + 1), amountMinor: amountMinor, exponent: UInt8(currencyExponent), id: idHash.low)
        return state.store.transaction(arrival, entity: entity, values: &values)
    }

    /// Folds an outcome: what became known at `time` about an earlier transaction.
    ///
    /// - Parameters:
    ///   - id: Id of the transaction.
    ///   - transactionTime: The transaction's own time, by which it is found; one with another time is found by its id, more slowly.
    /// - Returns: `labelFolded`; `labelRepeated` when the verdict was known as such at that time; `labelUnmatched` when the entity's
    ///   history does not hold the transaction; `none` when this pass computes nothing from outcomes.
    package func outcome(
        id: UnsafeRawBufferPointer, time: EventTime, transactionTime: EventTime, verdict: Verdict, entity: UnsafeRawBufferPointer,
        into state: PassState
    ) -> Marker {
        guard layout.plan.needsLabels else { return .none }
        guard let index = state.store.find(entity) else { return .labelUnmatched }
        return state.store.foldOutcome(
            id: Hash128(of: id).low, time: time.micros, transactionTime: transactionTime.micros, isFraud: verdict.isFraud, entity: index)
    }
}

extension EntityStore {
    /// One exclusive access to the store for the whole event.
    fileprivate mutating func transaction(_ arrival: Arrival, entity: UnsafeRawBufferPointer, values: inout [Double]) -> Marker {
        var placement = Placement.newest
        var index = 0
        if plan.keepsHistory {
            index = findOrInsert(entity)
            placement = fold(arrival, entity: index)
        }
        let instant = EventTime(micros: arrival.time)
        for step in plan.steps {
            switch step.source {
            case .amount: values.append(exactQuotient(Int128(arrival.amountMinor), PowerOfTen.value(Int(arrival.exponent))))
            case .weekend: values.append(instant.isoWeekday >= 6 ? 1 : 0)
            case .night: values.append(isNight(arrival.time) ? 1 : 0)
            case .count, .sum, .mean, .fraudCount, .fraudRate:
                values.append(aggregate(step, entity: index, isNewest: placement == .newest))
            }
        }
        return placement == .tooLate ? .tooLate : .none
    }

    /// Hour 0...6 UTC, at any instant whatever.
    private func isNight(_ micros: Int64) -> Bool {
        let remainder = micros % EventTime.microsPerDay
        return (remainder < 0 ? remainder + EventTime.microsPerDay : remainder) < 7 * 3_600 * EventTime.microsPerSecond
    }

    private func aggregate(_ step: PassPlan.Step, entity: Int, isNewest: Bool) -> Double {
        let count: Int64
        var frauds: Int64 = 0
        var amount: Int128 = 0
        if isNewest {
            let first = entity * boundaryAges.count
            let near = edges[first + step.near]
            let far = edges[first + step.far]
            count = Int64(near.cursor) - Int64(far.cursor)
            frauds = Int64(near.frauds &- far.frauds)
            if step.source == .mean || step.source == .sum { amount = amountTotals[first + step.near] &- amountTotals[first + step.far] }
        } else {
            let window = late[step.window]
            if !window.isWhole { return .nan }
            count = window.count
            frauds = window.frauds
            amount = window.amount
        }
        let scale = PowerOfTen.value(Int(entities[entity].exponent))
        switch step.source {
        case .count: return Double(count)
        case .sum: return exactQuotient(amount, scale)
        case .mean: return count == 0 ? 0 : exactQuotient(amount, count * scale)
        case .fraudCount: return Double(frauds)
        case .fraudRate: return count == 0 ? 0 : Double(frauds) / Double(count)
        case .amount, .weekend, .night: preconditionFailure("\(step.source) is not an aggregate")
        }
    }
}
