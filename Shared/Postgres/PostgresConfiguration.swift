internal import CLibpq

/// Where and how to connect. The password never appears in a description.
package struct PostgresConfiguration: Sendable {
    /// libpq's `target_session_attrs`.
    package enum TargetSession: String, Sendable {
        case any, primary, standby
        case readWrite = "read-write"
        case readOnly = "read-only"
        case preferStandby = "prefer-standby"
    }

    /// libpq's `sslmode`.
    package enum TLSMode: String, Sendable {
        case disable, allow, prefer, require
        case verifyCA = "verify-ca"
        case verifyFull = "verify-full"
    }

    /// TCP keepalives; when the peer vanishes the connection dies after about `idle + interval × count` seconds.
    package struct Keepalives: Sendable {
        package var idleSeconds: Int
        package var intervalSeconds: Int
        package var countMax: Int

        package init(idleSeconds: Int = 10, intervalSeconds: Int = 5, countMax: Int = 3) {
            self.idleSeconds = idleSeconds
            self.intervalSeconds = intervalSeconds
            self.countMax = countMax
        }
    }

    /// A run-time parameter of the session, such as `search_path`.
    package struct Setting: Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A `key=value` conninfo string or a `postgresql://` URI. The typed options below win over it.
    package var conninfo: String
    package var password: String?
    package var targetSession: TargetSession?
    package var tlsMode: TLSMode?
    package var tlsRootCertificatePath: String?
    package var tlsCertificatePath: String?
    package var tlsKeyPath: String?
    /// Whole seconds for each host to answer; nil leaves it to the conninfo, and without one there to libpq (for ever).
    package var connectTimeoutSeconds: Int? = 5
    package var statementTimeoutMillis: Int?
    package var lockTimeoutMillis: Int?
    package var idleInTransactionTimeoutMillis: Int?
    package var applicationName: String?
    package var keepalives: Keepalives? = Keepalives()
    /// How long sent data may stay unacknowledged by the peer's kernel.
    package var tcpUserTimeoutMillis: Int?
    /// How long the server may stay silent while we wait for it; then the connection counts as lost. nil waits for ever.
    package var responseTimeoutMillis: Int?
    /// How many prepared statements one session keeps, at least 1; the least recently used one goes first.
    package var preparedStatementCountMax = 128
    package var settings: [Setting] = []
    /// Receives NOTICE, WARNING and the like, on the connection's own queue.
    package var onNotice: (@Sendable (PostgresNotice) -> Void)?

    package init(_ conninfo: String) { self.conninfo = conninfo }

    /// What goes to libpq, in order; a later keyword wins over an earlier one.
    func keywords() throws(PostgresFailure) -> [(keyword: String, value: String)] {
        var words = [("fallback_application_name", "assay"), ("dbname", conninfo), ("client_encoding", "UTF8")]
        func add(_ keyword: String, _ value: String?) {
            if let value { words.append((keyword, value)) }
        }
        add("password", password)
        add("target_session_attrs", targetSession?.rawValue)
        add("sslmode", tlsMode?.rawValue)
        add("sslrootcert", tlsRootCertificatePath)
        add("sslcert", tlsCertificatePath)
        add("sslkey", tlsKeyPath)
        add("connect_timeout", connectTimeoutSeconds.map(String.init))
        add("application_name", applicationName)
        if let keepalives {
            add("keepalives", "1")
            add("keepalives_idle", String(keepalives.idleSeconds))
            add("keepalives_interval", String(keepalives.intervalSeconds))
            add("keepalives_count", String(keepalives.countMax))
        }
        add("tcp_user_timeout", tcpUserTimeoutMillis.map(String.init))

        var session = settings
        if let statementTimeoutMillis { session.append(Setting("statement_timeout", String(statementTimeoutMillis))) }
        if let lockTimeoutMillis { session.append(Setting("lock_timeout", String(lockTimeoutMillis))) }
        if let idleInTransactionTimeoutMillis {
            session.append(Setting("idle_in_transaction_session_timeout", String(idleInTransactionTimeoutMillis)))
        }
        let given = try ConninfoParts(conninfo)
        if !session.isEmpty {
            var options = given["options"].map { [$0] } ?? []
            for setting in session { options.append("-c \(setting.name)=\(Self.escapedOption(setting.value))") }
            add("options", options.joined(separator: " "))
        }
        return words
    }

    /// `options` is split at spaces; a backslash keeps the next character.
    private static func escapedOption(_ value: String) -> String {
        var escaped = ""
        for character in value {
            if character == "\\" || character == " " { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        guard let parts = try? ConninfoParts(conninfo) else { return "PostgreSQL (malformed conninfo)" }
        let shown = ["host", "hostaddr", "port", "dbname", "user"].compactMap { key in parts[key].map { "\(key)=\($0)" } }
        return "PostgreSQL \(shown.joined(separator: " "))"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["conninfo": description]) }
}

/// The keywords a conninfo string sets.
struct ConninfoParts {
    private var values: [String: String] = [:]

    init(_ conninfo: String) throws(PostgresFailure) {
        // libpq takes a string without "=" that is no URI for a database's name.
        guard conninfo.contains("=") || conninfo.hasPrefix("postgres://") || conninfo.hasPrefix("postgresql://") else {
            values["dbname"] = conninfo
            return
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(conninfo, &message) else {
            // libpq's complaint quotes the string, so it stays out of `summary`.
            var failure = PostgresFailure(.usage, operation: "connect", summary: "the conninfo string cannot be parsed")
            if let words = unsafe message {
                failure.message = unsafe String(cString: words)
                unsafe PQfreemem(words)
            }
            throw failure
        }
        var index = 0
        while let keyword = unsafe options[index].keyword {
            if let value = unsafe options[index].val { values[unsafe String(cString: keyword)] = unsafe String(cString: value) }
            index += 1
        }
        unsafe PQconninfoFree(options)
    }

    subscript(_ keyword: String) -> String? { values[keyword] }
}
