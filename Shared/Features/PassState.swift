/// Everything one pass remembers about one partition: its entities' histories and, in the first pass, the recent transactions.
///
/// A class, so that handing it around never copies the histories. It has exactly one user at a time.
///
/// `@unchecked Sendable`: the owner of the partition's lease folds records one after the other in one task and touches the state nowhere
/// else; it may hand the whole state to another task, and then no longer uses it. There is no lock, so two tasks must never share it.
package final class PassState: @unchecked Sendable {
    let layout: PassLayout
    var store: EntityStore
    var recent: RecentTransactions

    init(layout: PassLayout) {
        self.layout = layout
        store = EntityStore(plan: layout.plan)
        recent = RecentTransactions(horizonMicros: layout.duplicateHorizonMicros)
    }

    init(layout: PassLayout, store: consuming EntityStore, recent: consuming RecentTransactions) {
        self.layout = layout
        self.store = store
        self.recent = recent
    }

    /// Entities with a history.
    package var entityCount: Int { store.entities.count }

    /// Transactions kept for the windows, over all entities.
    package var transactionCount: Int {
        var count = 0
        for index in 0..<store.entities.count { count += Int(store.entities[index].end - store.entities[index].head) }
        return count
    }

    /// Transaction ids in memory for duplicate detection, expired ones that still hold a slot included.
    package var recentCount: Int { recent.usedCount }
}

extension PassState {
    /// Outcomes in memory, those of forgotten transactions that were not yet dropped included.
    package var labelCount: Int { store.labels.reduce(0) { $0 + $1.labels.count } }
}
