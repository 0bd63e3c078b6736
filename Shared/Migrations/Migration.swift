package import Hashing

/// One numbered SQL file: `0003_scoring.sql` is migration 3, `scoring`.
package struct Migration: Hashable, Sendable {
    package var number: Int
    /// Without number and ending.
    package var name: String
    package var sql: String
    /// SHA-256 of the file's bytes.
    package var checksum: ContentHash

    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
        checksum = ContentHash(of: sql.utf8)
    }

    package var fileName: String { Migration.fileName(number, name) }

    static func fileName(_ number: Int, _ name: String) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_\(name).sql"
    }

    /// Number and name out of `NNNN_name.sql`; nil for any other name.
    static func parts(ofFileName file: String) -> (number: Int, name: String)? {
        guard file.hasSuffix(".sql") else { return nil }
        let stem = file.dropLast(4)
        let digits = stem.prefix(4)
        let name = stem.dropFirst(5)
        guard digits.utf8.count == 4, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(digits), number > 0,
            stem.dropFirst(4).first == "_", !name.isEmpty,
            name.utf8.allSatisfy({ 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F })
        else { return nil }
        return (number, String(name))
    }
}

/// A migration that the database remembers.
package struct AppliedMigration: Hashable, Sendable {
    package var number: Int
    package var name: String
    package var checksum: ContentHash

    package init(number: Int, name: String, checksum: ContentHash) {
        self.number = number
        self.name = name
        self.checksum = checksum
    }

    package var fileName: String { Migration.fileName(number, name) }
}
