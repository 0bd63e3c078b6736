/// A transaction as a pass sees it.
struct Arrival {
    /// Microseconds.
    var time: Int64
    var amountMinor: Int64
    var exponent: UInt8
    /// 64 bits of the id's hash; within one entity that is plenty.
    var id: UInt64
}

extension EntityStore {
    /// Where the aggregates of a folded transaction stand.
    enum Placement {
        /// It is the entity's newest: its windows are the running totals.
        case newest
        /// It is older than its entity's newest: its windows are in ``late``.
        case late
        /// As `late`, and it is older than everything that is kept, so it was not stored.
        case tooLate
    }

    /// Stores a transaction and brings the windows to its time.
    ///
    /// - Complexity: O(boundaries) amortised in order; late arrivals take time proportional to the windows' content.
    mutating func fold(_ arrival: Arrival, entity: Int) -> Placement {
        if arrival.time < entities[entity].newest { return foldLate(arrival, entity: entity) }
        if arrival.exponent > entities[entity].exponent, plan.needsAmounts { refineExponent(of: entity, to: arrival.exponent) }
        makeRoom(entity)
        let slot = Int(entities[entity].end)
        write(arrival, entity: entity, slot: slot)
        entities.base[entity].end += 1
        entities.base[entity].newest = arrival.time
        if entities[entity].labels != Entity.noLabels { applyLabels(entity, through: arrival.time) }
        advance(entity)
        return .newest
    }

    @inline(__always)
    func write(_ arrival: Arrival, entity: Int, slot: Int) {
        times(entity)[slot] = arrival.time
        if plan.needsAmounts { amounts(entity)[slot] = arrival.amountMinor }
        if plan.needsLabels { ids(entity)[slot] = arrival.id }
        flags(entity)[slot] = arrival.exponent
    }

    /// Moves every boundary to the entity's newest time and forgets what no window can reach any more.
    mutating func advance(_ entity: Int) {
        let newest = entities[entity].newest
        let end = Int(entities[entity].end)
        let times = times(entity)
        let flags = flags(entity)
        let entityExponent = entities[entity].exponent
        let boundaryCount = boundaryAges.count
        for boundary in 0..<boundaryCount {
            let edge = edges.base + entity * boundaryCount + boundary
            let limit = newest.subtractingSaturated(boundaryAges[boundary])
            var cursor = Int(edge.pointee.cursor)
            if cursor == end || times[cursor] > limit { continue }
            var frauds = edge.pointee.frauds
            var total: Int128 = 0
            let amounts = amounts(entity)
            repeat {
                if flags[cursor] & Flag.fraud != 0 { frauds &+= 1 }
                if plan.needsAmounts {
                    total &+= scaledAmount(amounts[cursor], exponent: flags[cursor] & Flag.exponent, entityExponent: entityExponent)
                }
                cursor += 1
            } while cursor < end && times[cursor] <= limit
            edge.pointee.cursor = UInt32(cursor)
            edge.pointee.frauds = frauds
            if plan.needsAmounts { amountTotals.base[entity * boundaryCount + boundary] &+= total }
        }
        let limit = newest.subtractingSaturated(plan.retentionMicros)
        var head = Int(entities[entity].head)
        guard times[head] <= limit else { return }
        var forgetsLabels = false
        repeat {
            if flags[head] & Flag.labelled != 0 { forgetsLabels = true }
            entities.base[entity].forgottenThrough = times[head]
            head += 1
        } while head < end && times[head] <= limit
        entities.base[entity].head = UInt32(head)
        if forgetsLabels { labels[Int(entities[entity].labels)].forget(through: limit) }
    }

    // MARK: Late arrivals

    /// The exact way for a transaction that is older than its entity's newest: look at the windows as of its own time.
    private mutating func foldLate(_ arrival: Arrival, entity: Int) -> Placement {
        if arrival.exponent > entities[entity].exponent, plan.needsAmounts { refineExponent(of: entity, to: arrival.exponent) }
        let newest = entities[entity].newest
        if arrival.time <= newest.subtractingSaturated(plan.retentionMicros) {
            measure(as: arrival, entity: entity, isStored: false)
            entities.base[entity].forgottenThrough = max(entities[entity].forgottenThrough, arrival.time)
            return .tooLate
        }
        makeRoom(entity)
        let slot = firstSlot(of: entity, laterThan: arrival.time)
        openSlot(slot, entity: entity)
        write(arrival, entity: entity, slot: slot)
        for boundary in 0..<boundaryAges.count where arrival.time <= newest.subtractingSaturated(boundaryAges[boundary]) {
            let edge = entity * boundaryAges.count + boundary
            edges.base[edge].cursor += 1
            if plan.needsAmounts {
                amountTotals.base[edge] &+= scaledAmount(
                    arrival.amountMinor, exponent: arrival.exponent, entityExponent: entities[entity].exponent)
            }
        }
        measure(as: arrival, entity: entity, isStored: true)
        return .late
    }

    /// Moves the slots from `slot` on up by one. There is room.
    private mutating func openSlot(_ slot: Int, entity: Int) {
        let moved = Int(entities[entity].end) - slot
        let times = times(entity) + slot
        (times + 1).update(from: times, count: moved)
        if plan.needsAmounts {
            let amounts = amounts(entity) + slot
            (amounts + 1).update(from: amounts, count: moved)
        }
        if plan.needsLabels {
            let ids = ids(entity) + slot
            (ids + 1).update(from: ids, count: moved)
        }
        let flags = flags(entity) + slot
        (flags + 1).update(from: flags, count: moved)
        entities.base[entity].end += 1
    }

    /// Fills ``late`` with the windows at the arrival's time.
    private mutating func measure(as arrival: Arrival, entity: Int, isStored: Bool) {
        let entityExponent = entities[entity].exponent
        for index in 0..<late.count {
            let window = plan.windows[index]
            let near = arrival.time.subtractingSaturated(window.delayMicros)
            let far = arrival.time.subtractingSaturated(window.reachMicros)
            var content = LateWindow()
            content.start = firstSlot(of: entity, laterThan: far)
            content.end = firstSlot(of: entity, laterThan: near)
            content.count = Int64(content.end - content.start)
            content.isWhole = far >= entities[entity].forgottenThrough
            if plan.needsAmounts, content.start < content.end {
                let amounts = amounts(entity)
                let flags = flags(entity)
                for slot in content.start..<content.end {
                    content.amount &+= scaledAmount(amounts[slot], exponent: flags[slot] & Flag.exponent, entityExponent: entityExponent)
                }
            }
            if !isStored, window.delayMicros == 0 {
                content.count += 1
                if plan.needsAmounts {
                    content.amount &+= scaledAmount(arrival.amountMinor, exponent: arrival.exponent, entityExponent: entityExponent)
                }
            }
            late[index] = content
        }
        if entities[entity].labels != Entity.noLabels { countLateFrauds(entity, at: arrival.time) }
    }
}
