import Foundation
import Testing

@testable import Migrations

@Suite("Migration files")
struct MigrationFilesTests {
    private func read(_ files: [String: String]) throws -> [Migration] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "assay-migrations-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try MigrationFiles.read(directory: folder.path)
    }

    private func problems(_ files: [String: String]) throws -> [MigrationFailure.Problem] {
        do {
            _ = try read(files)
            return []
        } catch let failure as MigrationFailure { return failure.problems }
    }

    @Test("Files are read in the order of their numbers, and other files are passed over")
    func order() throws {
        let migrations = try read(["0002_b.sql": "2", "0001_a.sql": "1", "README.md": "", "0003_c.sql.orig": ""])
        #expect(migrations.map(\.fileName) == ["0001_a.sql", "0002_b.sql"])
    }

    @Test("Gaps and duplicates in the numbers are refused by name")
    func numbers() throws {
        #expect(try problems(["0001_a.sql": "", "0003_c.sql": ""]) == [.gap(missing: 2, before: "0003_c.sql")])
        #expect(try problems(["0002_b.sql": ""]) == [.gap(missing: 1, before: "0002_b.sql")])
        #expect(try problems(["0001_a.sql": "", "0001_b.sql": ""]) == [.duplicate(files: ["0001_a.sql", "0001_b.sql"])])
    }

    @Test(
        "A file with another kind of name is refused",
        arguments: ["1_a.sql", "0001-a.sql", "0001_.sql", "0001_A.sql", "0000_a.sql", "a.sql"])
    func names(file: String) throws {
        #expect(try problems([file: ""]) == [.fileName(file: file)])
    }

    @Test("A directory that is not there is said so")
    func absent() {
        #expect(throws: MigrationFailure.self) { try MigrationFiles.read(directory: "/nowhere/at/all") }
    }

    @Test("A character's line is counted as the server counts characters", arguments: [(1, 1), (3, 1), (4, 2), (5, 3)])
    func lines(position: Int, line: Int) {
        #expect(Migration(number: 1, name: "a", sql: "é🙂\n\nx").line(atCharacter: position) == line)
    }
}
