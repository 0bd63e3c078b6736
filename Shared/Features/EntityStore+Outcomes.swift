internal import RiskDomain

/// What became known about one entity's transactions, ordered by the time it became known (ties in arrival order).
///
/// A transaction's verdict at `t` is that of its latest outcome with time `<= t`. All outcomes of a kept transaction are kept, because one
/// that arrives late may fall between two others; they go when the transaction goes.
struct LabelHistory: Sendable {
    struct Label: Sendable {
        var outcomeTime: Int64
        var transactionTime: Int64
        var id: UInt64
        var isFraud: Bool
    }

    var labels: [Label] = []
    /// Labels with time up to the entity's newest event: they are in the running totals.
    var effectiveCount = 0
    /// Number of labels from which the next forgetting drops those of forgotten transactions.
    private var sweepAt = 8

    /// First label later than `time`.
    func firstLabel(laterThan time: Int64) -> Int {
        var low = 0
        var high = labels.count
        while low < high {
            let middle = (low + high) / 2
            if labels[middle].outcomeTime <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The latest label of a transaction before place `end`.
    func latestLabel(before end: Int, transactionTime: Int64, id: UInt64) -> Int? {
        labels[..<end].lastIndex { $0.transactionTime == transactionTime && $0.id == id }
    }

    /// Drops the labels of transactions up to `time` whenever the list has doubled, so that it costs O(1) amortised.
    mutating func forget(through time: Int64) {
        guard labels.count >= sweepAt else { return }
        let future = labels[effectiveCount...].count { $0.transactionTime > time }
        labels.removeAll { $0.transactionTime <= time }
        effectiveCount = labels.count - future
        sweepAt = max(8, labels.count * 2)
    }
}

extension EntityStore {
    /// The slot of a transaction, found by its time or, when the outcome's source has another idea of the time, by its id alone.
    private func slot(of entity: Int, id: UInt64, time: Int64) -> Int? {
        slot(of: entity, id: id, exactTime: time) ?? slot(of: entity, id: id)
    }

    func slot(of entity: Int, id: UInt64, exactTime time: Int64) -> Int? {
        let end = firstSlot(of: entity, laterThan: time)
        let head = Int(entities[entity].head)
        let times = times(entity)
        let ids = ids(entity)
        var slot = end - 1
        while slot >= head, times[slot] == time {
            if ids[slot] == id { return slot }
            slot -= 1
        }
        return nil
    }

    private func slot(of entity: Int, id: UInt64) -> Int? {
        let ids = ids(entity)
        return (Int(entities[entity].head)..<Int(entities[entity].end)).first { ids[$0] == id }
    }

    /// Records an outcome and corrects the running totals if it is already in force.
    mutating func foldOutcome(id: UInt64, time: Int64, transactionTime: Int64, isFraud: Bool, entity: Int) -> Marker {
        guard let slot = slot(of: entity, id: id, time: transactionTime) else { return .labelUnmatched }
        if entities[entity].labels == Entity.noLabels {
            entities.base[entity].labels = UInt32(labels.count)
            labels.append(LabelHistory())
        }
        let history = Int(entities[entity].labels)
        let storedTime = times(entity)[slot]
        let place = labels[history].firstLabel(laterThan: time)
        let isInForce = time <= entities[entity].newest
        let earlier = labels[history].latestLabel(before: place, transactionTime: storedTime, id: id)
        let marker: Marker
        if let earlier, labels[history].labels[earlier].isFraud == isFraud { marker = .labelRepeated } else { marker = .labelFolded }
        if let earlier, labels[history].labels[earlier].outcomeTime == time {
            if marker == .labelRepeated { return marker }
            // Two outcomes of one instant: the later arrival is the verdict.
            labels[history].labels[earlier].isFraud = isFraud
        } else {
            labels[history].labels.insert(
                LabelHistory.Label(outcomeTime: time, transactionTime: storedTime, id: id, isFraud: isFraud), at: place)
            if isInForce { labels[history].effectiveCount += 1 }
        }
        flags(entity)[slot] |= Flag.labelled
        if isInForce, let latest = labels[history].latestLabel(before: labels[history].effectiveCount, transactionTime: storedTime, id: id)
        {
            setFraud(labels[history].labels[latest].isFraud, slot: slot, entity: entity)
        }
        return marker
    }

    /// Brings labels up to `time` into force.
    mutating func applyLabels(_ entity: Int, through time: Int64) {
        let history = Int(entities[entity].labels)
        while labels[history].effectiveCount < labels[history].labels.count {
            let label = labels[history].labels[labels[history].effectiveCount]
            if label.outcomeTime > time { break }
            labels[history].effectiveCount += 1
            // A transaction that was forgotten in the meantime has no slot.
            if let slot = slot(of: entity, id: label.id, exactTime: label.transactionTime) {
                setFraud(label.isFraud, slot: slot, entity: entity)
            }
        }
    }

    private mutating func setFraud(_ isFraud: Bool, slot: Int, entity: Int) {
        let flags = flags(entity)
        guard (flags[slot] & Flag.fraud != 0) != isFraud else { return }
        flags[slot] ^= Flag.fraud
        for edge in entity * boundaryAges.count..<(entity + 1) * boundaryAges.count where edges[edge].cursor > slot {
            if isFraud { edges.base[edge].frauds &+= 1 } else { edges.base[edge].frauds &-= 1 }
        }
    }

    /// Counts into ``late`` the transactions that were known as fraud at `time`.
    mutating func countLateFrauds(_ entity: Int, at time: Int64) {
        let history = labels[Int(entities[entity].labels)]
        let flags = flags(entity)
        let end = history.firstLabel(laterThan: time)
        // From the latest on, so that the first label met of a transaction is its verdict.
        for label in history.labels[..<end].reversed() {
            guard let slot = slot(of: entity, id: label.id, exactTime: label.transactionTime), flags[slot] & Flag.visited == 0 else {
                continue
            }
            flags[slot] |= Flag.visited
            guard label.isFraud else { continue }
            for window in 0..<late.count where late[window].start <= slot && slot < late[window].end { late.base[window].frauds += 1 }
        }
        for label in history.labels[..<end] {
            if let slot = slot(of: entity, id: label.id, exactTime: label.transactionTime) { flags[slot] &= ~Flag.visited }
        }
    }
}
