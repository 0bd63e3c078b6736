internal import Foundation

/// Reads a directory of migrations.
package enum MigrationFiles {
    /// Files whose names end otherwise than in `.sql` are passed over.
    ///
    /// - Returns: In order of their numbers, from 1 on and without a gap.
    package static func read(directory: String) throws(MigrationFailure) -> [Migration] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw MigrationFailure(.unreadable(path: directory, reason: "cannot be read as a directory of migrations"))
        }
        var problems: [MigrationFailure.Problem] = []
        var migrations: [Migration] = []
        for file in names.filter({ $0.hasSuffix(".sql") && !$0.hasPrefix(".") }).sorted() {
            guard let parts = Migration.parts(ofFileName: file) else {
                problems.append(.fileName(file: file))
                continue
            }
            guard let data = FileManager.default.contents(atPath: "\(directory)/\(file)") else {
                problems.append(.unreadable(path: "\(directory)/\(file)", reason: "cannot be read"))
                continue
            }
            guard let sql = String(validating: data, as: UTF8.self), !sql.utf8.contains(0) else {
                problems.append(.notText(file: file))
                continue
            }
            migrations.append(Migration(number: parts.number, name: parts.name, sql: sql))
        }
        guard problems.isEmpty else { throw MigrationFailure(problems) }
        try checkNumbers(migrations)
        return migrations
    }

    static func checkNumbers(_ migrations: [Migration]) throws(MigrationFailure) {
        var problems: [MigrationFailure.Problem] = []
        var previous: Migration?
        for migration in migrations {
            let next = (previous?.number ?? 0) + 1
            if let previous, previous.number == migration.number {
                problems.append(.duplicate(files: [previous.fileName, migration.fileName]))
            } else if migration.number != next {
                problems.append(.gap(missing: next, before: migration.fileName))
            }
            previous = migration
        }
        guard problems.isEmpty else { throw MigrationFailure(problems) }
    }
}
