internal import CLibpq

/// What a connection can do, synchronously: this is what the closures of ``PostgresConnection`` get.
///
/// Not `Sendable`: it lives on its connection's executor and its calls block that thread, no other. A transaction's BEGIN
/// travels with its first statement, so it costs no round trip.
package final class PostgresSession {
    let handle: ConnectionHandle
    let canceller: Canceller
    private let noticeSink: NoticeSink
    private var statements: StatementCache
    private var parameters = ParameterBuffer()
    /// The BEGIN that the next statement takes along.
    private var pendingBegin: String?
    private var transactionDepth = 0
    private(set) var isCopyOpen = false
    /// Set when the peer was lost in a way libpq has not noticed.
    private var isBroken = false

    init(_ configuration: PostgresConfiguration, canceller: Canceller) throws(PostgresFailure) {
        handle = try ConnectionHandle.connect(configuration)
        self.canceller = canceller
        statements = StatementCache(countMax: configuration.preparedStatementCountMax)
        // Always one of ours: libpq's own prints to standard error.
        noticeSink = NoticeSink(configuration.onNotice ?? { _ in })
        handle.setNoticeSink(noticeSink)
        canceller.adopt(handle.makeCancelHandle())
    }

    deinit { canceller.adopt(nil) }

    /// Process id of the server's backend.
    package var backendID: Int32 { handle.backendID }
    /// Such as 150020 for 15.20.
    package var serverVersion: Int { handle.serverVersion }
    package var isUsable: Bool { !isBroken && handle.isUsable }
    package var isInTransaction: Bool { transactionDepth > 0 || handle.transactionStatus != PQTRANS_IDLE }
    var preparedStatementCount: Int { statements.count }

    // MARK: Statements

    /// Runs one statement and returns its rows.
    package func query(_ sql: String, _ parameters: [PostgresValue] = []) throws(PostgresFailure) -> PostgresRows {
        PostgresRows(storage: ResultStorage(try run(sql, parameters, operation: "query")))
    }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue] = []) throws(PostgresFailure) -> Int {
        try run(sql, parameters, operation: "execute").affectedRowCount
    }

    /// Runs several statements without parameters, separated by semicolons; results are dropped.
    package func executeScript(_ sql: String) throws(PostgresFailure) {
        try makeReady("script")
        try simple(sql, operation: "script")
    }

    private func run(_ sql: String, _ values: [PostgresValue], operation: String) throws(PostgresFailure) -> ResultHandle {
        do {
            return try runOnce(sql, values, operation: operation)
        } catch {
            // A plan that a schema change made stale, or a statement someone deallocated: prepare anew, once, where it is safe.
            let isStale = error.sqlState == SQLState.invalidStatementName || error.sqlState == SQLState.featureNotSupported
            guard isStale, forgetStatement(sql), isUsable, handle.transactionStatus == PQTRANS_IDLE else { throw error }
            return try runOnce(sql, values, operation: operation)
        }
    }

    /// True when the statement of the last parameters was cached.
    private func forgetStatement(_ sql: String) -> Bool {
        let key = StatementCache.Key(sql: sql, types: parameters.types)
        guard statements.name(for: key) != nil else { return false }
        statements.remove(key)
        return true
    }

    private func runOnce(_ sql: String, _ values: [PostgresValue], operation: String) throws(PostgresFailure) -> ResultHandle {
        try makeReady(operation)
        parameters.encode(values)
        let key = StatementCache.Key(sql: sql, types: parameters.types)
        if pendingBegin == nil, let name = statements.name(for: key) {
            try sent(handle.sendPrepared(name, parameters), operation, sql)
            try handle.flush(operation: operation)
            return try lastResult(operation: operation, statement: sql)
        }
        var results = try pipelined([PostgresStatement(sql, values)], operation: operation)
        guard let result = results.popLast() else { preconditionFailure("a pipeline of one statement gave no result") }
        return result.take(operation)
    }

    // MARK: Pipeline

    /// Sends all statements at once and returns their results in order: one round trip.
    ///
    /// Outside a transaction they form one (implicit) transaction. The first error aborts the rest, and is what is thrown; its
    /// `summary` says which statement it was.
    package func pipeline(_ batch: [PostgresStatement]) throws(PostgresFailure) -> [PostgresRows] {
        try makeReady("pipeline")
        if batch.isEmpty { return [] }
        var rows: [PostgresRows] = []
        rows.reserveCapacity(batch.count)
        for result in try pipelined(batch, operation: "pipeline") {
            rows.append(PostgresRows(storage: ResultStorage(result.take("pipeline"))))
        }
        return rows
    }

    /// A result in an array: arrays cannot hold values that are not copyable.
    final class Boxed {
        private var result: ResultHandle?
        init(_ result: consuming ResultHandle) { self.result = consume result }
        func take(_ operation: String) -> ResultHandle {
            guard let taken = result.take() else { preconditionFailure("the result of \(operation) was taken twice") }
            return taken
        }
    }

    private enum Sent {
        case begin
        case prepare(StatementCache.Key, name: String)
        case deallocate
        case statement(index: Int)
    }

    private func pipelined(_ batch: [PostgresStatement], operation: String) throws(PostgresFailure) -> [Boxed] {
        try sent(handle.enterPipeline(), operation, nil)
        var queue: [Sent] = []
        queue.reserveCapacity(batch.count + 2)
        if let begin = pendingBegin {
            try sent(handle.sendCommand(begin), operation, begin)
            queue.append(.begin)
            pendingBegin = nil
        }
        var fresh: [StatementCache.Key: String] = [:]
        for (index, statement) in batch.enumerated() {
            parameters.encode(statement.parameters)
            let key = StatementCache.Key(sql: statement.sql, types: parameters.types)
            var name = statements.name(for: key) ?? fresh[key]
            if name == nil {
                let new = statements.newName()
                try sent(handle.sendPrepare(new, statement.sql, types: parameters.types), operation, statement.sql)
                queue.append(.prepare(key, name: new))
                fresh[key] = new
                name = new
            }
            try sent(handle.sendPrepared(name ?? "", parameters), operation, statement.sql)
            queue.append(.statement(index: index))
            // Bounds what waits in memory; the flush also reads, so results gather on this side.
            if index % 64 == 63 { try handle.flush(operation: operation) }
        }
        try sent(handle.sendSync(), operation, nil)
        try handle.flush(operation: operation)

        var results: [Boxed] = []
        results.reserveCapacity(batch.count)
        var first: PostgresFailure?
        var obsolete: [String] = []
        for item in queue {
            guard let result = try handle.nextResult(operation: operation) else { throw broken(handle.lost(operation)) }
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                switch item {
                case .begin, .deallocate: break
                case .prepare(let key, let name):
                    if let old = statements.insert(key, name: name) { obsolete.append(old) }
                case .statement: results.append(Boxed(result))
                }
            case PGRES_PIPELINE_ABORTED: break
            default:
                if first == nil {
                    var statement: String?
                    var position: String?
                    switch item {
                    case .statement(let index):
                        statement = batch[index].sql
                        if batch.count > 1 { position = "statement \(index + 1) of \(batch.count); the rest was aborted" }
                    case .prepare(let key, _): statement = key.sql
                    case .begin, .deallocate: break
                    }
                    var failure = result.failure(operation: operation, statement: statement)
                    failure.summary = position ?? ""
                    first = failure
                }
            }
            if !handle.isUsable { throw broken(first ?? handle.lost(operation)) }
            while try handle.nextResult(operation: operation) != nil {}
        }
        // The sync's own result.
        while let end = try handle.nextResult(operation: operation) {
            if end.status == PGRES_PIPELINE_SYNC { break }
            if !handle.isUsable { throw broken(first ?? handle.lost(operation)) }
        }
        try sent(handle.exitPipeline(), operation, nil)
        if let first { throw broken(first) }
        for name in obsolete { try simple("DEALLOCATE \(name)", operation: "deallocate") }
        return results
    }

    // MARK: COPY

    /// Copies encoded rows; `target` is a table, or a table and its columns: `"event_log (id, at)"`. Returns the row count.
    @discardableResult
    package func copy(into target: String, from rows: CopyBinaryEncoder) throws(PostgresFailure) -> Int {
        let writer = try copyIn("COPY \(target) FROM STDIN (FORMAT binary)")
        try unsafe rows.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(PostgresFailure) in unsafe try writer.write(bytes) }
        try writer.write([0xFF, 0xFF])  // the trailer
        return try writer.finish()
    }

    /// Begins a `COPY … FROM STDIN`. Until the writer is finished the session takes no other statement.
    package func copyIn(_ sql: String) throws(PostgresFailure) -> CopyWriter {
        try beginCopy(sql, expecting: PGRES_COPY_IN, operation: "COPY in")
        return CopyWriter(self, statement: sql)
    }

    /// Begins a `COPY … TO STDOUT`. Until the reader is finished the session takes no other statement.
    package func copyOut(_ sql: String) throws(PostgresFailure) -> CopyReader {
        try beginCopy(sql, expecting: PGRES_COPY_OUT, operation: "COPY out")
        return CopyReader(self, statement: sql)
    }

    private func beginCopy(_ sql: String, expecting: ExecStatusType, operation: String) throws(PostgresFailure) {
        try makeReady(operation)
        try sent(handle.sendScript(takeBegin(sql)), operation, sql)
        try handle.flush(operation: operation)
        var failure: PostgresFailure?
        while let result = try handle.nextResult(operation: operation) {
            switch result.status {
            case expecting:
                isCopyOpen = true
                return
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // The wrong direction: leave the COPY, then report.
                isCopyOpen = true
                abandonCopy()
                throw PostgresFailure(.usage, operation: operation, summary: "the statement is a COPY in the other direction")
            default: if failure == nil { failure = result.failure(operation: operation, statement: sql) }
            }
            if !handle.isUsable { break }
        }
        throw broken(failure ?? PostgresFailure(.usage, operation: operation, summary: "the statement is no COPY"))
    }

    /// One message a call costs memory in libpq; this size keeps it small and in cache, and the server reads as much at once.
    private static let copyChunkByteCount = 65_536

    func writeCopy(_ bytes: UnsafeRawBufferPointer, statement: String) throws(PostgresFailure) {
        var rest = unsafe bytes[...]
        while !(unsafe rest.isEmpty) {
            let chunk = unsafe rest.prefix(Self.copyChunkByteCount)
            unsafe rest = rest.dropFirst(Self.copyChunkByteCount)
            try sent(unsafe handle.putCopyData(UnsafeRawBufferPointer(rebasing: chunk)), "COPY in", statement)
            try handle.flush(operation: "COPY in")
        }
    }

    func finishCopyIn(statement: String) throws(PostgresFailure) -> Int {
        isCopyOpen = false
        try sent(handle.putCopyEnd(), "COPY in", statement)
        try handle.flush(operation: "COPY in")
        return try lastResult(operation: "COPY in", statement: statement).affectedRowCount
    }

    func readCopy(into bytes: inout [UInt8]) throws(PostgresFailure) -> Bool { try handle.appendCopyData(to: &bytes) }

    func finishCopyOut(statement: String) throws(PostgresFailure) -> Int {
        isCopyOpen = false
        return try lastResult(operation: "COPY out", statement: statement).affectedRowCount
    }

    /// Leaves a COPY that nobody finished. The session stays usable, a transaction does not.
    func abandonCopy() {
        guard isCopyOpen else { return }
        isCopyOpen = false
        _ = handle.putCopyEnd(abandonedBecause: "the client gave up")
        do {
            try handle.flush(operation: "COPY")
            var dropped: [UInt8] = []
            while try handle.appendCopyData(to: &dropped) { dropped.removeAll(keepingCapacity: true) }
            while try handle.nextResult(operation: "COPY") != nil, handle.isUsable {}
        } catch {
            isBroken = true
        }
    }

    // MARK: Transactions

    /// Runs `body` in a transaction and commits or rolls back as it says; rolls back when it throws.
    ///
    /// Inside another transaction this is a savepoint, and `options` must be the defaults.
    /// - Throws: What `body` throws; or COMMIT's failure, whose `isCommitOutcomeUnknown` tells the one case in which the caller
    ///   must look at the database.
    package func transaction<Value>(
        _ options: TransactionOptions = TransactionOptions(),
        _ body: (PostgresSession) throws(PostgresFailure) -> TransactionEnd<Value>
    ) throws(PostgresFailure) -> Value {
        guard transactionDepth == 0 else {
            precondition(options == TransactionOptions(), "a transaction inside a transaction is a savepoint and takes no options")
            return try savepoint(body)
        }
        try makeReady("BEGIN")
        guard handle.transactionStatus == PQTRANS_IDLE else {
            throw PostgresFailure(.usage, operation: "BEGIN", summary: "a transaction begun with a statement is still open")
        }
        pendingBegin = options.begin
        transactionDepth = 1
        defer {
            transactionDepth = 0
            pendingBegin = nil
        }
        let end: TransactionEnd<Value>
        do {
            end = try body(self)
            if case .commit = end { try makeReady("COMMIT") }
        } catch {
            rollback()
            throw error
        }
        switch end {
        case .commit(let value):
            try commit()
            return value
        case .rollback(let value):
            rollback()
            return value
        }
    }

    private func commit() throws(PostgresFailure) {
        // Nothing was sent, so there is nothing to commit.
        if pendingBegin != nil { return }
        let tag: String
        do {
            try sent(handle.sendScript("COMMIT"), "COMMIT", nil)
            try handle.flush(operation: "COMMIT")
            tag = try lastResult(operation: "COMMIT", statement: nil).commandTag
        } catch {
            // An ERROR rolled back. Anything that ended the session leaves open on which side of the commit record it did.
            var failure = error
            failure.isCommitOutcomeUnknown = error.isConnectionLost
            if isUsable { rollback() }
            throw failure
        }
        // The server answers COMMIT of a failed transaction with ROLLBACK.
        if tag != "COMMIT" {
            throw PostgresFailure(
                .server, operation: "COMMIT", summary: "a statement of the transaction had failed, so the server rolled back",
                sqlState: SQLState.inFailedTransaction)
        }
    }

    /// Leaves the transaction; a session that cannot is not usable any more.
    private func rollback() {
        canceller.end()
        abandonCopy()
        pendingBegin = nil
        guard isUsable, handle.transactionStatus != PQTRANS_IDLE else { return }
        do { try simple("ROLLBACK", operation: "ROLLBACK") } catch { isBroken = true }
    }

    /// Runs `body` under a savepoint of the transaction that is open.
    package func savepoint<Value>(
        _ body: (PostgresSession) throws(PostgresFailure) -> TransactionEnd<Value>
    ) throws(PostgresFailure) -> Value {
        precondition(transactionDepth > 0, "a savepoint needs a transaction")
        let name = "savepoint_\(transactionDepth)"
        try makeReady("SAVEPOINT")
        try simple("SAVEPOINT \(name)", operation: "SAVEPOINT")
        transactionDepth += 1
        defer { transactionDepth -= 1 }
        func undo() throws(PostgresFailure) {
            abandonCopy()
            try simple("ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)", operation: "ROLLBACK TO SAVEPOINT")
        }
        let end: TransactionEnd<Value>
        do { end = try body(self) } catch {
            if isUsable { try undo() }
            throw error
        }
        switch end {
        case .commit(let value):
            try simple("RELEASE SAVEPOINT \(name)", operation: "RELEASE SAVEPOINT")
            return value
        case .rollback(let value):
            try undo()
            return value
        }
    }

    // MARK: Plumbing

    private func makeReady(_ operation: String) throws(PostgresFailure) {
        guard isUsable else { throw PostgresFailure(.connectionLost, operation: operation, summary: "the connection was lost before") }
        guard !isCopyOpen else { throw PostgresFailure(.usage, operation: operation, summary: "a COPY is open on this connection") }
        if canceller.isRequested { throw PostgresFailure(.cancelled, operation: operation, summary: "cancelled before it was sent") }
    }

    private func takeBegin(_ sql: String) -> String {
        guard let begin = pendingBegin else { return sql }
        pendingBegin = nil
        return "\(begin); \(sql)"
    }

    private func sent(_ isAccepted: Bool, _ operation: String, _ statement: String?) throws(PostgresFailure) {
        if isAccepted { return }
        var failure = PostgresFailure(handle.isUsable ? .usage : .connectionLost, operation: operation, summary: handle.lastErrorMessage)
        failure.statement = statement
        // libpq refused in the middle of something, perhaps of a pipeline: what is queued cannot be taken back.
        isBroken = true
        throw failure
    }

    /// Notes the loss of the connection on the way out.
    private func broken(_ failure: PostgresFailure) -> PostgresFailure {
        if failure.isConnectionLost { isBroken = true }
        return failure
    }

    private func simple(_ sql: String, operation: String) throws(PostgresFailure) {
        try sent(handle.sendScript(takeBegin(sql)), operation, sql)
        try handle.flush(operation: operation)
        _ = try lastResult(operation: operation, statement: sql)
    }

    /// Reads to the end of the command; throws the first error, or gives the last result.
    private func lastResult(operation: String, statement: String?) throws(PostgresFailure) -> ResultHandle {
        var last: ResultHandle?
        var failure: PostgresFailure?
        do throws(PostgresFailure) {
            while let result = try handle.nextResult(operation: operation) {
                switch result.status {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = consume result
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    isCopyOpen = true
                    abandonCopy()
                    throw PostgresFailure(.usage, operation: operation, summary: "COPY needs copyIn or copyOut")
                default: if failure == nil { failure = result.failure(operation: operation, statement: statement) }
                }
                if !handle.isUsable { break }
            }
        } catch { throw broken(error) }
        if let failure { throw broken(failure) }
        guard let result = last.take() else { throw broken(handle.lost(operation)) }
        return result
    }
}
