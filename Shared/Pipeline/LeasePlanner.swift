/// Which partitions a replica should claim and which it should hand over: the fair share, with as few moves as possible.
///
/// With `n` partitions and `m` live replicas every replica holds `⌊n/m⌋` or `⌈n/m⌉`, and `n mod m` of them the larger
/// share. Who already holds the larger share keeps it. A free partition goes first to the replica that held it last; the
/// others leave it alone for one planning round, then anybody short of its share takes it.
package struct LeasePlanner: Sendable {
    /// One partition as `pipeline.progress` shows it.
    package struct Unit: Hashable, Sendable {
        package var partition: Int32
        /// Replica that holds the lease, or held it last.
        package var owner: String?
        /// Whether the lease holds by PostgreSQL's clock.
        package var isHeld: Bool

        package init(partition: Int32, owner: String?, isHeld: Bool) {
            self.partition = partition
            self.owner = owner
            self.isHeld = isHeld
        }
    }

    package struct Plan: Hashable, Sendable {
        /// To try to claim, best first; a claim may fail because another replica was faster.
        package var claim: [Int32] = []
        /// To finish, commit and give up.
        package var release: [Int32] = []

        package init(claim: [Int32] = [], release: [Int32] = []) {
            self.claim = claim
            self.release = release
        }
    }

    package let replica: String
    /// Free partitions that belonged to another live replica in the round before: they were left for it.
    private var reserved: Set<Int32> = []

    package init(replica: String) { self.replica = replica }

    /// - Parameters:
    ///   - units: Every partition of the stage.
    ///   - replicas: Live replicas, this one included.
    ///   - releasing: Partitions this replica is already giving up.
    package mutating func plan(units: [Unit], replicas: [String], releasing: Set<Int32> = []) -> Plan {
        let members = Set(replicas).union([replica]).count
        let small = units.count / members
        let largeShares = units.count % members
        var heldByOthers: [String: Int] = [:]
        var mine: [Int32] = []
        for unit in units where unit.isHeld {
            if unit.owner == replica {
                mine.append(unit.partition)
            } else if let owner = unit.owner {
                heldByOthers[owner, default: 0] += 1
            }
        }
        let live = Set(replicas)
        let othersWithLargeShare = heldByOthers.reduce(0) { $0 + (live.contains($1.key) && $1.value > small ? 1 : 0) }
        let staying = mine.filter { !releasing.contains($0) }.sorted()

        var plan = Plan()
        let free = units.filter { !$0.isHeld }.sorted { $0.partition < $1.partition }
        let isLargeShareOpen = othersWithLargeShare < largeShares
        let share = isLargeShareOpen ? small + 1 : small
        if staying.count < share {
            var wanted = share - staying.count
            // Beyond the small share, leave a first round to replicas that have less than theirs.
            for pass in 0..<2 where wanted > 0 {
                for unit in free where wanted > 0 && !plan.claim.contains(unit.partition) {
                    let isLeftForOther = unit.owner.map { $0 != replica && live.contains($0) } ?? false
                    let isFirstChoice = unit.owner == replica
                    if pass == 0 ? isFirstChoice : !isLeftForOther || reserved.contains(unit.partition) {
                        plan.claim.append(unit.partition)
                        wanted -= 1
                    }
                }
            }
        } else if staying.count > share {
            // Somebody must be there to take what is given up.
            let missing = live.subtracting([replica]).reduce(0) { $0 + max(0, small - (heldByOthers[$1] ?? 0)) }
            let surplus = staying.count - share
            let largeSurplus = staying.count > small + 1 ? staying.count - (small + 1) : 0
            let spare = max(largeSurplus, min(surplus, max(0, missing - free.count - releasing.count)))
            plan.release = Array(staying.suffix(spare))
        }
        reserved = []
        for unit in free {
            if let owner = unit.owner, owner != replica, live.contains(owner) { reserved.insert(unit.partition) }
        }
        return plan
    }
}
