/// The decisions of one owner of one unit, from claim to release: event in, actions out, no I/O.
///
/// A unit's life: replay to the committed offset, then fold batches, send their outputs, and commit them once their
/// outputs are acknowledged. Up to `batchesInFlightMax` batches are folded ahead of the commit, so that sending never waits
/// for it; a commit takes all acknowledged batches at the front together, at most once per commit interval. Commits happen
/// in order and one at a time; each is a compare-and-set on the offset and the lease, so that whatever is lost, an owner
/// that is no longer the owner cannot move the unit.
///
/// The same rules are checked by a Spin model (docs/model.md says how they correspond).
package struct UnitMachine: Sendable {
    /// Ends of a batch in the input partition: `from ..< to`.
    package struct Range: Hashable, Sendable {
        package var from: Int64
        package var to: Int64

        package init(from: Int64, to: Int64) {
            self.from = from
            self.to = to
        }
    }

    package enum Event: Hashable, Sendable {
        /// The next batch is folded; it begins where the last one ended.
        case folded(Range)
        /// Every output of the batch is acknowledged by the broker.
        case acknowledged(Range)
        /// Outputs of the batch may be missing from the broker.
        case sendFailed(String)
        /// The commit interval has passed since the last commit was begun.
        case commitDue
        /// The transaction is committed and had touched exactly one progress row.
        case committed(Range)
        /// The compare-and-set touched no row; the transaction is rolled back.
        case fenced
        /// The transaction failed before COMMIT: nothing of it is stored.
        case commitFailed(Range)
        /// The connection was cut on COMMIT: it may or may not have happened.
        case commitUnknown(Range)
        /// The progress row as it stands, read after an unknown commit.
        case progressRead(isLeaseOurs: Bool, nextOffset: Int64)
        /// The lease is held by somebody else, or has been given up.
        case leaseLost
        /// Hand the unit over, or shut down: finish what is folded, then let go.
        case releaseRequested
        /// The fold met something it must not pass over.
        case parked
        /// The release has been written.
        case released
    }

    package enum Action: Hashable, Sendable {
        /// Produce the outputs and report the acknowledgement.
        case send(Range)
        /// Write rows and progress in one transaction.
        case commit(Range)
        /// Read the progress row again.
        case readProgress
        /// Write that the lease is free.
        case release
        /// Forget the state; the unit is over for this owner.
        case stop(Ending)
    }

    package enum Ending: Hashable, Sendable {
        /// Given up in order; the next owner can begin at once.
        case released
        /// Another owner has the lease, or the offset is not where we left it.
        case fenced
        /// Our own trouble: drop the state and begin again from what is committed.
        case restart(String)
    }

    private enum Phase: Hashable { case sent, acknowledged, committing, unknown }
    private struct InFlight: Hashable {
        var range: Range
        var phase: Phase
    }

    package let batchesInFlightMax: Int
    /// First offset that is not committed.
    package private(set) var committed: Int64
    /// First offset that is not folded.
    package private(set) var folded: Int64
    package private(set) var isReleasing = false
    package private(set) var isParked = false
    package private(set) var ending: Ending?
    private var inFlight: [InFlight] = []
    private var isReleaseAsked = false
    private var isCommitDue = true

    /// A claimed unit whose state stands at `committed`.
    package init(committed: Int64, batchesInFlightMax: Int = 2) {
        precondition(batchesInFlightMax >= 1)
        self.committed = committed
        self.folded = committed
        self.batchesInFlightMax = batchesInFlightMax
    }

    /// Whether the owner may fold another batch now.
    package var mayFold: Bool { ending == nil && !isReleasing && !isParked && inFlight.count < batchesInFlightMax }

    /// Whether nothing is folded that is not committed.
    package var isSettled: Bool { inFlight.isEmpty }

    package mutating func handle(_ event: Event) -> [Action] {
        if ending != nil { return [] }
        switch event {
        case .folded(let range):
            precondition(mayFold && range.from == folded && range.to > range.from, "folded \(range) at \(folded)")
            folded = range.to
            inFlight.append(InFlight(range: range, phase: .sent))
            return [.send(range)]

        case .acknowledged(let range):
            guard let index = inFlight.firstIndex(where: { $0.range == range && $0.phase == .sent }) else { return [] }
            inFlight[index].phase = .acknowledged
            return commitHead()

        case .sendFailed(let why):
            return stop(.restart(why))

        case .commitDue:
            isCommitDue = true
            return commitHead()

        case .committed(let range):
            guard front(.committing) == range else { return [] }
            return frontCommitted()

        case .fenced, .leaseLost:
            return stop(.fenced)

        case .commitFailed(let range):
            guard front(.committing) == range else { return [] }
            setFront(.committing, to: .acknowledged)
            return commitHead(isRetry: true)

        case .commitUnknown(let range):
            guard front(.committing) == range else { return [] }
            setFront(.committing, to: .unknown)
            return [.readProgress]

        case .progressRead(let isLeaseOurs, let nextOffset):
            guard let range = front(.unknown) else { return [] }
            guard isLeaseOurs else { return stop(.fenced) }
            if nextOffset == range.to { return frontCommitted() }
            if nextOffset == range.from {
                setFront(.unknown, to: .acknowledged)
                return commitHead(isRetry: true)
            }
            return stop(.fenced)

        case .releaseRequested:
            isReleasing = true
            let commit = commitHead()
            return commit.isEmpty ? releaseIfSettled() : commit

        case .parked:
            isParked = true
            return []

        case .released:
            return stop(.released)
        }
    }

    /// The range of the batches at the front that are in `phase`; nil when the first one is not.
    private func front(_ phase: Phase) -> Range? {
        guard let first = inFlight.first, first.phase == phase else { return nil }
        let last = inFlight.prefix { $0.phase == phase }.last ?? first
        return Range(from: first.range.from, to: last.range.to)
    }

    private mutating func setFront(_ phase: Phase, to next: Phase) {
        for index in inFlight.indices {
            guard inFlight[index].phase == phase else { return }
            inFlight[index].phase = next
        }
    }

    private mutating func commitHead(isRetry: Bool = false) -> [Action] {
        guard isRetry || isCommitDue || isReleasing, let range = front(.acknowledged) else { return [] }
        isCommitDue = false
        setFront(.acknowledged, to: .committing)
        return [.commit(range)]
    }

    private mutating func frontCommitted() -> [Action] {
        while let first = inFlight.first, first.phase == .committing || first.phase == .unknown {
            committed = first.range.to
            inFlight.removeFirst()
        }
        let next = commitHead()
        return next.isEmpty ? releaseIfSettled() : next
    }

    private mutating func releaseIfSettled() -> [Action] {
        guard isReleasing, inFlight.isEmpty, !isReleaseAsked else { return [] }
        isReleaseAsked = true
        return [.release]
    }

    private mutating func stop(_ ending: Ending) -> [Action] {
        self.ending = ending
        inFlight.removeAll()
        return [.stop(ending)]
    }
}
