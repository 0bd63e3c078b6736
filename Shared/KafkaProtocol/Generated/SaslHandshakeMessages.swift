// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `SaslHandshake` request, versions 0 to 1, never flexible.
package struct SaslHandshakeRequest: WireRequest {
    package typealias Response = SaslHandshakeResponse
    package static var apiKey: ApiKey { .saslHandshake }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var flexibleVersions: ClosedRange<Int16>? { nil }

    package var mechanism: String

    package init(
        mechanism: String = ""
    ) {
        self.mechanism = mechanism
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        mechanism = try reader.readString(false)
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of SaslHandshakeRequest")
        writer.writeString(mechanism, false)
    }
}

/// `SaslHandshake` response, versions 0 to 1, never flexible.
package struct SaslHandshakeResponse: WireMessage {
    package static var apiKey: ApiKey { .saslHandshake }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var flexibleVersions: ClosedRange<Int16>? { nil }

    package var errorCode: Int16
    package var mechanisms: [String]

    package init(
        errorCode: Int16 = 0,
        mechanisms: [String] = []
    ) {
        self.errorCode = errorCode
        self.mechanisms = mechanisms
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        errorCode = try reader.readInt16()
        mechanisms = try reader.readArray(false, byteCountMin: 2) { (reader) throws(WireFault) in try reader.readString(false) }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of SaslHandshakeResponse")
        writer.write(errorCode)
        writer.writeCount(mechanisms.count, false)
        for element in mechanisms {
            writer.writeString(element, false)
        }
    }
}
