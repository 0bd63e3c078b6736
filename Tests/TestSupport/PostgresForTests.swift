internal import Foundation
package import LocalStack
internal import Postgres
internal import Synchronization

/// One private PostgreSQL per test process, made at first use, with a database of its own for each test.
///
/// A watchdog shell waits for the end of this process, however it comes, and then stops the server and removes its files.
package enum PostgresForTests {
    private static let cluster: Result<PrivatePostgres, PrivatePostgres.Failure> = Result {
        () throws(PrivatePostgres.Failure) -> PrivatePostgres in
        let postgres = try ownServer("shared")
        try postgres.start()
        return postgres
    }

    /// A cluster for one test alone, not started yet, which may stop it. It is removed at the end of this process, if not before.
    ///
    /// - Parameter name: Tells it from the other clusters of this process.
    package static func ownServer(_ name: String) throws(PrivatePostgres.Failure) -> PrivatePostgres {
        var options = PrivatePostgres.Options()
        options.fsync = false
        options.connectionCountMax = 400
        options.sharedBuffersMiB = 64
        options.walSizeMaxMiB = 512
        // Commits stay synchronous to memory, so that tests see the order users see.
        options.settings = ["synchronous_commit = on", "deadlock_timeout = 50ms", "max_prepared_transactions = 10", "autovacuum = off"]
        let postgres = try PrivatePostgres(
            directory: "/var/tmp/assay-test-postgres-\(ProcessInfo.processInfo.processIdentifier)-\(name)", options: options)
        guard startWatchdog(postgres.removalCommand) else { throw PrivatePostgres.Failure(description: "cannot start the watchdog") }
        return postgres
    }

    private static let databaseCount = Atomic<Int>(0)

    /// The cluster; starts it when it is not running.
    package static func server() throws(PrivatePostgres.Failure) -> PrivatePostgres { try cluster.get() }

    /// Runs `body` with the conninfo of an empty database, which is dropped afterwards.
    package static func withDatabase<R>(_ body: (String) async throws -> R) async throws -> R {
        let server = try server()
        let name = "test_\(databaseCount.add(1, ordering: .relaxed).newValue)"
        let admin = try await PostgresConnection.connect(PostgresConfiguration(server.conninfo()))
        try await admin.execute("CREATE DATABASE \(name)")
        await admin.close()
        let result: Result<R, any Error>
        do { result = .success(try await body(server.conninfo(database: name))) } catch { result = .failure(error) }
        let cleaner = try await PostgresConnection.connect(PostgresConfiguration(server.conninfo()))
        _ = try? await cleaner.execute("DROP DATABASE \(name) WITH (FORCE)")
        await cleaner.close()
        return try result.get()
    }

    /// The shell reads a pipe of which only this process has the other end, and sees its end when this process is gone.
    private static func startWatchdog(_ command: String) -> Bool {
        var descriptors: [CInt] = [-1, -1]
        guard pipe(&descriptors) == 0 else { return false }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(descriptors[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, descriptors[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments = ["/usr/bin/setsid", "/bin/sh", "-c", "trap '' HUP INT TERM; read -r _; \(command)"]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        // The writing end stays open, on purpose, until the process ends.
        return posix_spawn(&process, arguments[0], &actions, nil, &words, environ) == 0
    }
}
