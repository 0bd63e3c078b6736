internal import CLibpq
internal import Glibc

/// Owns one `PGconn` in non-blocking mode; finished when the value goes out of scope.
///
/// Every wait is a `poll` of ours, so that a silent peer can be given up on and a full socket never dead-locks a pipeline.
@safe struct ConnectionHandle: ~Copyable {
    private let raw: OpaquePointer
    private let responseTimeoutMillis: Int?

    private init(adopting raw: OpaquePointer, responseTimeoutMillis: Int?) {
        unsafe self.raw = raw
        self.responseTimeoutMillis = responseTimeoutMillis
    }

    /// Connects, which may block for as long as the connect timeout allows each host.
    static func connect(_ configuration: PostgresConfiguration) throws(PostgresFailure) -> ConnectionHandle {
        let words = try configuration.keywords()
        let parts = try ConninfoParts(configuration.conninfo)
        let hostCount = (parts["host"] ?? parts["hostaddr"] ?? "").split(separator: ",").count
        let pointer: OpaquePointer? = unsafe withKeywords(words) { keywords, values in
            // Only libpq itself can go on to the next host when one is silent.
            hostCount > 1 ? unsafe PQconnectdbParams(keywords, values, 1) : unsafe PQconnectStartParams(keywords, values, 1)
        }
        guard let connection = unsafe pointer else {
            throw PostgresFailure(.connectionLost, operation: "connect", summary: "out of memory")
        }
        let handle = unsafe ConnectionHandle(adopting: connection, responseTimeoutMillis: configuration.responseTimeoutMillis)
        try handle.finishConnecting(configuration, hostCount: hostCount, parts: parts)
        return handle
    }

    private func finishConnecting(_ configuration: PostgresConfiguration, hostCount: Int, parts: ConninfoParts) throws(PostgresFailure) {
        if hostCount <= 1 {
            // Verbose errors carry the SQLSTATE, which libpq does not tell otherwise before there is a result.
            unsafe PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
            let limit = configuration.connectTimeoutSeconds ?? parts["connect_timeout"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
            if !pollConnect(limitMillis: limit.map { $0 * 1_000 }) {
                throw PostgresFailure(.connectionLost, operation: "connect", summary: "\(configuration): no answer within \(limit ?? 0) s")
            }
            unsafe PQsetErrorVerbosity(raw, PQERRORS_DEFAULT)
        }
        guard isUsable else {
            var failure = PostgresFailure(.connectionLost, operation: "connect", summary: lastErrorMessage)
            failure.sqlState = Self.sqlState(inVerbose: failure.summary)
            throw failure
        }
        unsafe PQsetnonblocking(raw, 1)
    }

    deinit { unsafe PQfinish(raw) }

    private static func withKeywords<R>(
        _ words: [(keyword: String, value: String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        let keywords = unsafe words.map { unsafe strdup($0.keyword) }
        let values = unsafe words.map { unsafe strdup($0.value) }
        defer {
            for index in words.indices {
                unsafe free(keywords[index])
                unsafe free(values[index])
            }
        }
        let keywordPointers = unsafe keywords.map { unsafe UnsafePointer($0) } + [nil]
        let valuePointers = unsafe values.map { unsafe UnsafePointer($0) } + [nil]
        return unsafe keywordPointers.withUnsafeBufferPointer { keywords in
            unsafe valuePointers.withUnsafeBufferPointer { values in
                guard let first = keywords.baseAddress, let second = values.baseAddress else {
                    preconditionFailure("an array of one or more")
                }
                return unsafe body(first, second)
            }
        }
    }

    /// "FATAL:  28P01: password …" gives 28P01.
    private static func sqlState(inVerbose message: String) -> String? {
        for word in message.split(separator: " ") where word.utf8.count == 6 && word.hasSuffix(":") {
            let code = word.dropLast()
            let isCode = code.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            if isCode, code.utf8.contains(where: { (0x30...0x39).contains($0) }) { return String(code) }
        }
        return nil
    }

    /// False when time ran out.
    private func pollConnect(limitMillis: Int?) -> Bool {
        let clock = ContinuousClock()
        let deadline = limitMillis.map { clock.now + .milliseconds($0) }
        var events = Int16(POLLOUT)
        while unsafe PQstatus(raw) != CONNECTION_BAD {
            var remaining: Int?
            if let deadline {
                let (seconds, attoseconds) = (deadline - clock.now).components
                remaining = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
            }
            if let remaining, remaining <= 0 { return false }
            guard poll(events, timeoutMillis: remaining) else { return false }
            switch unsafe PQconnectPoll(raw) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: return true
            }
        }
        return true
    }

    /// Waits until the socket is ready; false when time ran out. Errors show when the socket is used.
    private func poll(_ events: Int16, timeoutMillis: Int?) -> Bool {
        var descriptor = pollfd(fd: unsafe PQsocket(raw), events: events, revents: 0)
        while true {
            let ready = unsafe Glibc.poll(&descriptor, 1, CInt(clamping: timeoutMillis ?? -1))
            if ready > 0 { return true }
            if ready == 0 { return false }
            if errno != EINTR { return true }
        }
    }

    // MARK: State

    var isUsable: Bool { unsafe PQstatus(raw) == CONNECTION_OK }
    var transactionStatus: PGTransactionStatusType { unsafe PQtransactionStatus(raw) }
    var lastErrorMessage: String {
        var text = unsafe String(cString: PQerrorMessage(raw))
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
    var socket: CInt { unsafe PQsocket(raw) }
    var backendID: Int32 { unsafe PQbackendPID(raw) }
    var serverVersion: Int { Int(unsafe PQserverVersion(raw)) }
    func makeCancelHandle() -> CancelHandle? { unsafe PQgetCancel(raw).map { unsafe CancelHandle(adopting: $0) } }

    /// `sink` is not retained: its owner must outlive this handle.
    func setNoticeSink(_ sink: NoticeSink) {
        unsafe PQsetNoticeReceiver(raw, receiveNotice, Unmanaged.passUnretained(sink).toOpaque())
    }

    // MARK: Sending; false means libpq refused, and `lastErrorMessage` says why

    func sendScript(_ sql: String) -> Bool { unsafe PQsendQuery(raw, sql) == 1 }
    func sendCommand(_ sql: String) -> Bool { unsafe PQsendQueryParams(raw, sql, 0, nil, nil, nil, nil, 1) == 1 }
    func sendPrepare(_ name: String, _ sql: String, types: [Oid]) -> Bool {
        unsafe PQsendPrepare(raw, name, sql, CInt(types.count), types) == 1
    }
    func sendPrepared(_ name: String, _ parameters: ParameterBuffer) -> Bool {
        unsafe parameters.withPointers { count, values, lengths, formats in
            unsafe PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1) == 1
        }
    }
    func enterPipeline() -> Bool { unsafe PQenterPipelineMode(raw) == 1 }
    func exitPipeline() -> Bool { unsafe PQexitPipelineMode(raw) == 1 }
    func sendSync() -> Bool { unsafe PQpipelineSync(raw) == 1 }

    /// Queues bytes of a COPY. At most a gigabyte a call.
    func putCopyData(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe PQputCopyData(raw, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(bytes.count)) == 1
    }
    func putCopyEnd(abandonedBecause reason: String? = nil) -> Bool { unsafe PQputCopyEnd(raw, reason) == 1 }

    /// Sends what is queued, reading meanwhile so that neither side waits for the other.
    func flush(operation: String) throws(PostgresFailure) {
        while true {
            switch unsafe PQflush(raw) {
            case 0: return
            case 1:
                guard poll(Int16(POLLIN | POLLOUT), timeoutMillis: responseTimeoutMillis) else { throw silence(operation) }
                guard unsafe PQconsumeInput(raw) == 1 else { throw lost(operation) }
            default:
                // The server may have said why before it hung up; what it said becomes the next result.
                unsafe PQconsumeInput(raw)
                return
            }
        }
    }

    // MARK: Receiving

    /// The next result, or nil at the end of a command.
    func nextResult(operation: String) throws(PostgresFailure) -> ResultHandle? {
        while unsafe PQisBusy(raw) == 1 {
            guard poll(Int16(POLLIN), timeoutMillis: responseTimeoutMillis) else { throw silence(operation) }
            // After a failed read the reason is what PQgetResult gives.
            if unsafe PQconsumeInput(raw) == 0 { break }
        }
        return unsafe PQgetResult(raw).map { unsafe ResultHandle(adopting: $0) }
    }

    /// Reads what has arrived without waiting; false when the connection is gone.
    func consumeInput() -> Bool {
        // A backend that is ended says so first and hangs up then: two reads.
        repeat {
            if unsafe PQconsumeInput(raw) == 0 { return false }
        } while poll(Int16(POLLIN), timeoutMillis: 0)
        return true
    }

    func nextNotification() -> PostgresNotification? {
        guard let notify = unsafe PQnotifies(raw) else { return nil }
        defer { unsafe PQfreemem(notify) }
        return unsafe PostgresNotification(
            channel: String(cString: notify.pointee.relname), payload: String(cString: notify.pointee.extra),
            backendID: notify.pointee.be_pid)
    }

    /// Appends the next message of a COPY out; false at its end (the results follow).
    func appendCopyData(to bytes: inout [UInt8]) throws(PostgresFailure) -> Bool {
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = unsafe PQgetCopyData(raw, &buffer, 1)
            if count > 0, let data = unsafe buffer {
                unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: data, count: Int(count)))
                unsafe PQfreemem(data)
                return true
            }
            if count < 0 { return false }
            guard poll(Int16(POLLIN), timeoutMillis: responseTimeoutMillis) else { throw silence("COPY out") }
            guard unsafe PQconsumeInput(raw) == 1 else { return false }
        }
    }

    func lost(_ operation: String) -> PostgresFailure { PostgresFailure(.connectionLost, operation: operation, summary: lastErrorMessage) }

    private func silence(_ operation: String) -> PostgresFailure {
        // Half-closed both ways, so that every later use fails at once instead of taking a late answer for its own.
        unsafe shutdown(PQsocket(raw), CInt(SHUT_RDWR))
        return PostgresFailure(
            .connectionLost, operation: operation, summary: "the server was silent for \(responseTimeoutMillis ?? 0) ms")
    }
}

/// Owns one `PGcancel`, which may be used on any thread.
///
/// `@unchecked Sendable`: a `PGcancel` never changes, and libpq documents `PQcancel` as safe on other threads.
@safe struct CancelHandle: ~Copyable, @unchecked Sendable {
    private let raw: OpaquePointer

    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe PQfreeCancel(raw) }

    /// Asks the server to cancel what the session is doing; blocks for a connection's round trip.
    func send() {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            _ = unsafe PQcancel(raw, message.baseAddress, CInt(message.count))
        }
    }
}

/// Where libpq's notice receiver puts what it hears.
final class NoticeSink: Sendable {
    let receive: @Sendable (PostgresNotice) -> Void
    init(_ receive: @escaping @Sendable (PostgresNotice) -> Void) { self.receive = receive }
}

/// Runs inside libpq calls; the result is borrowed and freed by libpq.
private func receiveNotice(context: UnsafeMutableRawPointer?, result: OpaquePointer?) {
    guard let context = unsafe context, let result = unsafe result else { return }
    let sink = unsafe Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue()
    func field(_ field: ResultHandle.ErrorField) -> String {
        unsafe PQresultErrorField(result, CInt(field.rawValue)).map { unsafe String(cString: $0) } ?? ""
    }
    sink.receive(PostgresNotice(severity: field(.severity), sqlState: field(.sqlState), message: field(.message)))
}
