/// What precedes every request in its frame.
package struct RequestHeader: Equatable, Sendable {
    /// A number of the protocol, offered or not; see ``ApiKey/init(rawValue:)``.
    package var apiKey: Int16
    package var apiVersion: Int16
    package var correlationId: Int32
    package var clientId: String?

    package init(apiKey: Int16, apiVersion: Int16, correlationId: Int32, clientId: String? = nil) {
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.correlationId = correlationId
        self.clientId = clientId
    }

    /// Reads the header in the form that its API and version call for.
    ///
    /// An API or a version that is not offered still gives a header: its client id is in the same place in both forms,
    /// and what follows is not read.
    package init(from reader: inout WireReader) throws(WireFault) {
        apiKey = try reader.readInt16()
        apiVersion = try reader.readInt16()
        correlationId = try reader.readInt32()
        clientId = try reader.readNullableString(false)
        if let key = ApiKey(rawValue: apiKey), key.versions.contains(apiVersion), key.requestHeaderVersion(apiVersion) == 2 {
            try reader.skipTaggedFields()
        }
    }

    /// Writes the header in the form that its API and version call for.
    package func encode(into writer: inout WireWriter) {
        writer.write(apiKey)
        writer.write(apiVersion)
        writer.write(correlationId)
        writer.writeNullableString(clientId, false)
        if let key = ApiKey(rawValue: apiKey), key.requestHeaderVersion(apiVersion) == 2 { writer.writeUnsignedVarint(0) }
    }
}

/// What precedes every response in its frame.
package struct ResponseHeader: Equatable, Sendable {
    package var correlationId: Int32

    package init(correlationId: Int32) {
        self.correlationId = correlationId
    }

    /// - Parameter headerVersion: See ``ApiKey/responseHeaderVersion(_:)``.
    package init(from reader: inout WireReader, headerVersion: Int16) throws(WireFault) {
        correlationId = try reader.readInt32()
        if headerVersion >= 1 { try reader.skipTaggedFields() }
    }

    package func encode(into writer: inout WireWriter, headerVersion: Int16) {
        writer.write(correlationId)
        if headerVersion >= 1 { writer.writeUnsignedVarint(0) }
    }
}

extension ApiKey {
    package func isFlexible(_ version: Int16) -> Bool { flexibleVersions?.contains(version) ?? false }

    /// 2 in flexible versions, with tagged fields after the client id; else 1.
    package func requestHeaderVersion(_ version: Int16) -> Int16 { isFlexible(version) ? 2 : 1 }

    /// 1 in flexible versions, with tagged fields; else 0.
    ///
    /// Always 0 for `ApiVersions`: its answer must be readable by a client that asked in a version which is not offered (KIP-511).
    package func responseHeaderVersion(_ version: Int16) -> Int16 { self != .apiVersions && isFlexible(version) ? 1 : 0 }
}

extension WireRequest {
    /// A request with its header, without the frame's length before it.
    package func frame(version: Int16, correlationId: Int32, clientId: String?) -> WireWriter {
        var writer = WireWriter()
        RequestHeader(apiKey: Self.apiKey.rawValue, apiVersion: version, correlationId: correlationId, clientId: clientId).encode(
            into: &writer)
        encode(into: &writer, version: version)
        return writer
    }
}

extension WireMessage {
    /// Writes a response with its header.
    package func encodeResponse(into writer: inout WireWriter, version: Int16, correlationId: Int32) {
        ResponseHeader(correlationId: correlationId)
            .encode(into: &writer, headerVersion: Self.apiKey.responseHeaderVersion(version))
        encode(into: &writer, version: version)
    }

    /// Reads a response with its header; nothing may follow it.
    package static func decodeResponse(_ frame: UnsafeRawBufferPointer, version: Int16) throws(WireFault) -> (
        correlationId: Int32, response: Self
    ) {
        var reader = WireReader(frame)
        let header = try ResponseHeader(from: &reader, headerVersion: apiKey.responseHeaderVersion(version))
        let response = try Self(from: &reader, version: version)
        try reader.requireEnd()
        return (header.correlationId, response)
    }
}
