import Pipeline

/// One unit, two owners, and everything that may go wrong, driven from a seed.
///
/// The world holds what outlives a process: the progress row, the committed rows, and the output topic. Owners hold a
/// `UnitMachine` and work of theirs that is under way: outputs not yet in the topic, a transaction not yet answered.
/// Each turn the seed picks an owner and something that could happen to it next. The fold is `record → value(record)`,
/// where the value depends on the version in force, which changes at a control record in the input.
struct TwoOwnersSimulation {
    struct Faults {
        var isLeaseChecked = true
        var isOffsetChecked = true
        /// The version changes where an owner chooses and commits first, instead of at a record in the input.
        var isActivationOutsideInput = false
    }

    private enum Pending: Hashable {
        case send(UnitMachine.Range, next: Int64)
        case commit(UnitMachine.Range)
        case readProgress
        case release
    }

    private struct Owner {
        var machine: UnitMachine
        var lease: Int
        var pending: [Pending] = []
        /// Version in force for this owner, when activation is outside the input.
        var active: Int64?
    }

    private let recordCount: Int64 = 24
    private let controlAt: Int64 = 11
    private let faults: Faults
    private var rng: SplitMix64

    private var nextOffset: Int64 = 0
    private var lease: Int?
    private var leaseCount = 0
    private var rows: [Int64: Int] = [:]
    private var duplicatedRows = 0
    private var topic: [(sequence: Int64, value: Int)] = []
    private var activatedAt: Int64?
    private var owners: [Owner?] = [nil, nil]
    private(set) var crashes = 0
    private(set) var fencings = 0
    private(set) var unknownCommits = 0

    init(seed: UInt64, faults: Faults = Faults()) {
        rng = SplitMix64(seed: seed)
        self.faults = faults
    }

    /// Runs to the end of the input and says what a reader of the output topic finds wrong; nil when nothing is.
    mutating func run() -> String? {
        var turns = 0
        while !(nextOffset == recordCount && owners.allSatisfy { $0 == nil }) {
            turns += 1
            if turns > 200_000 { return "no end after \(turns) turns at offset \(nextOffset)" }
            turn(rng.below(2), isCalm: turns > 4_000)
        }
        return verdict()
    }

    private mutating func turn(_ index: Int, isCalm: Bool) {
        guard var owner = owners[index] else {
            // Claim when the lease is free, or has run out: any time at all, as far as a frozen owner can tell.
            let isFree = lease == nil || !owners.contains { $0?.lease == lease }
            guard nextOffset < recordCount, isFree || (!isCalm && rng.chance(5)) else { return }
            leaseCount += 1
            lease = leaseCount
            owners[index] = Owner(
                machine: UnitMachine(committed: nextOffset, batchesInFlightMax: 1 + rng.below(3)), lease: leaseCount, active: activatedAt)
            return
        }
        if !isCalm, rng.chance(3) {
            crashes += 1
            owners[index] = nil  // outputs under way may or may not have reached the topic: those sent so far have
            return
        }
        if rng.chance(20) { perform(owner.machine.handle(.commitDue), on: &owner) }
        if owner.pending.isEmpty || (owner.machine.mayFold && rng.chance(40)) {
            if owner.machine.mayFold, owner.machine.folded < recordCount {
                if faults.isActivationOutsideInput, owner.active == nil, rng.chance(30) {
                    if lease == owner.lease, nextOffset == owner.machine.folded {
                        activatedAt = nextOffset
                        owner.active = nextOffset
                    }
                }
                let to = min(recordCount, owner.machine.folded + 1 + Int64(rng.below(4)))
                perform(owner.machine.handle(.folded(.init(from: owner.machine.folded, to: to))), on: &owner)
            } else if owner.machine.isSettled, owner.machine.folded == recordCount || rng.chance(10) {
                perform(owner.machine.handle(rng.chance(50) ? .releaseRequested : .leaseLost), on: &owner)
            }
        } else {
            step(&owner, isCalm: isCalm)
        }
        owners[index] = owner.machine.ending == nil ? owner : nil
    }

    private mutating func step(_ owner: inout Owner, isCalm: Bool) {
        // Sends of one owner stay in order (one idempotent producer); anything else may overtake.
        var choice = rng.below(owner.pending.count)
        if case .send = owner.pending[choice] {
            choice = owner.pending.firstIndex { if case .send = $0 { true } else { false } } ?? choice
        }
        let pending = owner.pending.remove(at: choice)
        switch pending {
        case .send(let range, let next):
            topic.append((next, value(next, active: owner.active)))
            if next + 1 < range.to {
                owner.pending.insert(.send(range, next: next + 1), at: choice)
            } else if !isCalm && rng.chance(2) {
                perform(owner.machine.handle(.sendFailed("time-out")), on: &owner)
            } else {
                perform(owner.machine.handle(.acknowledged(range)), on: &owner)
            }
        case .commit(let range):
            if !isCalm && rng.chance(4) { return perform(owner.machine.handle(.commitFailed(range)), on: &owner) }
            let isUnknown = !isCalm && rng.chance(8)
            if isUnknown && rng.chance(50) {  // cut before the server took it
                unknownCommits += 1
                return perform(owner.machine.handle(.commitUnknown(range)), on: &owner)
            }
            let matches =
                (!faults.isLeaseChecked || lease == owner.lease) && (!faults.isOffsetChecked || nextOffset == range.from)
            guard matches else {
                fencings += 1
                return perform(owner.machine.handle(.fenced), on: &owner)
            }
            nextOffset = range.to
            for record in range.from..<range.to {
                if rows[record] != nil { duplicatedRows += 1 }
                rows[record] = value(record, active: owner.active)
            }
            if isUnknown { unknownCommits += 1 }
            perform(owner.machine.handle(isUnknown ? .commitUnknown(range) : .committed(range)), on: &owner)
        case .readProgress:
            perform(owner.machine.handle(.progressRead(isLeaseOurs: lease == owner.lease, nextOffset: nextOffset)), on: &owner)
        case .release:
            if lease == owner.lease { lease = nil }
            perform(owner.machine.handle(.released), on: &owner)
        }
    }

    private mutating func perform(_ actions: [UnitMachine.Action], on owner: inout Owner) {
        for action in actions {
            switch action {
            case .send(let range): owner.pending.append(.send(range, next: range.from))
            case .commit(let range): owner.pending.append(.commit(range))
            case .readProgress: owner.pending.append(.readProgress)
            case .release: owner.pending.append(.release)
            case .stop: owner.pending.removeAll()
            }
        }
    }

    private func value(_ record: Int64, active: Int64?) -> Int {
        let isNew = faults.isActivationOutsideInput ? record >= (active ?? .max) : record >= controlAt
        return Int(record) * 10 + (isNew ? 2 : 1)
    }

    /// What the next stage finds, reading the topic once with one integer.
    private func verdict() -> String? {
        var lanes = LaneTable(outgoingCount: 0)
        let source = LaneSource(stage: 9, partition: 0)
        var taken: Int64 = 0
        for record in topic {
            switch lanes.receive(from: source, first: UInt64(record.sequence), count: 1) {
            case .accept(repeated: 1): continue
            case .accept:
                guard rows[record.sequence] == record.value else {
                    return "record \(record.sequence): the topic says \(record.value), the database \(rows[record.sequence] ?? -1)"
                }
                taken += 1
            case .gap(let expected, let found): return "gap: expected \(expected), found \(found)"
            }
        }
        if taken != recordCount { return "\(taken) of \(recordCount) records reached the reader" }
        if duplicatedRows > 0 { return "\(duplicatedRows) rows were written twice" }
        return nil
    }
}
