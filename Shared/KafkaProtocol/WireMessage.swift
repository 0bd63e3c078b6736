/// A request or a response of the protocol.
package protocol WireMessage: Sendable, Equatable {
    static var apiKey: ApiKey { get }
    /// What is offered of it.
    static var versions: ClosedRange<Int16> { get }
    /// The versions with compact lengths and tagged fields; nil when there is none.
    static var flexibleVersions: ClosedRange<Int16>? { get }

    /// Reads the message after its header. Fields that `version` lacks get their defaults; unknown tagged fields are skipped.
    init(from reader: inout WireReader, version: Int16) throws(WireFault)

    /// Writes the message after its header. Fields that `version` lacks are left out; null where it may not be is written as empty.
    ///
    /// - Precondition: `version` is one of `versions`.
    func encode(into writer: inout WireWriter, version: Int16)
}

/// A request, which knows its answer.
package protocol WireRequest: WireMessage {
    associatedtype Response: WireMessage
}
