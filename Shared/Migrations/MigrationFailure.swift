package import Hashing
package import Postgres

/// Why nothing, or nothing more, was applied. Names the files; safe to log.
package struct MigrationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        case unreadable(path: String, reason: String)
        case fileName(file: String)
        case notText(file: String)
        case duplicate(files: [String])
        case gap(missing: Int, before: String)
        case edited(file: String, recorded: ContentHash, found: ContentHash)
        case missing(file: String, recorded: ContentHash)
        case renamed(file: String, appliedAs: String)
        case outOfOrder(file: String, lastApplied: String)
        /// The file's own transaction was rolled back whole.
        case failed(file: String, line: Int?, failure: PostgresFailure)
        case endsTransaction(file: String)
        /// Reading or keeping the memory of what was applied.
        case database(PostgresFailure)
    }

    package var problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }
    init(_ problem: Problem) { problems = [problem] }

    package var description: String { problems.map(\.description).joined(separator: "; ") }

    /// The first failure of PostgreSQL's among the problems.
    package var postgresFailure: PostgresFailure? {
        for problem in problems {
            switch problem {
            case .failed(_, _, let failure), .database(let failure): return failure
            default: continue
            }
        }
        return nil
    }
}

extension MigrationFailure.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .fileName(let file): "\(file): not a migration's name; use four digits, an underscore, lower-case letters and digits, .sql"
        case .notText(let file): "\(file): not UTF-8"
        case .duplicate(let files): "\(files.joined(separator: " and ")) have one number; give the newer one the next free number"
        case .gap(let missing, let before): "no migration \(missing), but there is \(before); numbers begin at 1 and leave no gap"
        case .edited(let file, let recorded, let found):
            "\(file) was edited after it was applied (applied with SHA-256 \(recorded), is now \(found)); restore it and put the change in a new file"
        case .missing(let file, let recorded): "\(file) was applied (SHA-256 \(recorded)) but is missing; restore it"
        case .renamed(let file, let appliedAs): "\(file) was applied as \(appliedAs); give it its old name back"
        case .outOfOrder(let file, let lastApplied):
            "\(file) is new but numbered below \(lastApplied), which is applied; give it the next free number"
        case .failed(let file, let line, let failure):
            "\(file)\(line.map { ":\($0)" } ?? ""): \(failure)" + (failure.message.isEmpty ? "" : ": \(failure.message)")
                + "; the file was rolled back whole"
        case .endsTransaction(let file):
            "\(file) ends its transaction (COMMIT or ROLLBACK); what it did before that may be in the database. Take the word out: each file is one transaction"
        case .database(let failure): "\(failure)"
        }
    }
}
