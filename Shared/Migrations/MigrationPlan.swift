/// What is to be done so that a database has all migrations: decided from the files and the database's memory alone.
package struct MigrationPlan: Hashable, Sendable {
    /// Already there, in order.
    package var applied: [AppliedMigration]
    /// To apply, in order.
    package var pending: [Migration]

    /// - Parameters:
    ///   - files: In order of their numbers, which leave no gap (``MigrationFiles``).
    ///   - applied: In order of their numbers.
    /// - Throws: ``MigrationFailure`` with every disagreement: history is never rewritten, so only files after it may be new.
    package init(files: [Migration], applied: [AppliedMigration]) throws(MigrationFailure) {
        var problems: [MigrationFailure.Problem] = []
        let byNumber = Dictionary(files.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for past in applied {
            guard let file = byNumber[past.number] else {
                problems.append(.missing(file: past.fileName, recorded: past.checksum))
                continue
            }
            if file.name != past.name {
                problems.append(.renamed(file: file.fileName, appliedAs: past.fileName))
            } else if file.checksum != past.checksum {
                problems.append(.edited(file: file.fileName, recorded: past.checksum, found: file.checksum))
            }
        }
        let known = Set(applied.map(\.number))
        let pending = files.filter { !known.contains($0.number) }
        if let last = applied.last {
            for file in pending where file.number < last.number {
                problems.append(.outOfOrder(file: file.fileName, lastApplied: last.fileName))
            }
        }
        guard problems.isEmpty else { throw MigrationFailure(problems) }
        self.applied = applied
        self.pending = pending
    }
}
