/// An open `COPY … FROM STDIN`. Dropping it unfinished abandons the COPY: no row stays.
package struct CopyWriter: ~Copyable {
    private let session: PostgresSession
    private let statement: String

    init(_ session: PostgresSession, statement: String) {
        self.session = session
        self.statement = statement
    }

    deinit { session.abandonCopy() }

    /// Sends bytes in the COPY's format; they may end anywhere, also in the middle of a row.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(PostgresFailure) {
        try unsafe session.writeCopy(bytes, statement: statement)
    }

    package borrowing func write(_ bytes: [UInt8]) throws(PostgresFailure) {
        try unsafe bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(PostgresFailure) in
            unsafe try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Ends the COPY and returns how many rows it stored.
    package consuming func finish() throws(PostgresFailure) -> Int {
        try session.finishCopyIn(statement: statement)
    }
}

/// An open `COPY … TO STDOUT`. Dropping it unfinished reads the rest away.
package struct CopyReader: ~Copyable {
    private let session: PostgresSession
    private let statement: String

    init(_ session: PostgresSession, statement: String) {
        self.session = session
        self.statement = statement
    }

    deinit { session.abandonCopy() }

    /// Appends the next message, which the server ends at a row's end; false when there are no more.
    package borrowing func read(into bytes: inout [UInt8]) throws(PostgresFailure) -> Bool {
        try session.readCopy(into: &bytes)
    }

    /// Ends the COPY and returns how many rows it gave. Throws what the server reported midway.
    package consuming func finish() throws(PostgresFailure) -> Int {
        try session.finishCopyOut(statement: statement)
    }
}
