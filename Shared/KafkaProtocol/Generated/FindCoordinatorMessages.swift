// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `FindCoordinator` request, versions 0 to 6, flexible from 3.
package struct FindCoordinatorRequest: WireRequest {
    package typealias Response = FindCoordinatorResponse
    package static var apiKey: ApiKey { .findCoordinator }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...6 }

    package var key: String  // versions 0 to 3
    package var keyType: Int8  // from version 1
    package var coordinatorKeys: [String]  // from version 4

    package init(
        key: String = "",
        keyType: Int8 = 0,
        coordinatorKeys: [String] = []
    ) {
        self.key = key
        self.keyType = keyType
        self.coordinatorKeys = coordinatorKeys
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        if version <= 3 {
            key = try reader.readString(isFlexible)
        }
        if version >= 1 {
            keyType = try reader.readInt8()
        }
        if version >= 4 {
            coordinatorKeys = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of FindCoordinatorRequest")
        let isFlexible = version >= 3
        if version <= 3 {
            writer.writeString(key, isFlexible)
        }
        if version >= 1 {
            writer.write(keyType)
        }
        if version >= 4 {
            writer.writeCount(coordinatorKeys.count, isFlexible)
            for element in coordinatorKeys {
                writer.writeString(element, isFlexible)
            }
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `FindCoordinator` response, versions 0 to 6, flexible from 3.
package struct FindCoordinatorResponse: WireMessage {
    package static var apiKey: ApiKey { .findCoordinator }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...6 }

    package var throttleTimeMs: Int32  // from version 1
    package var errorCode: Int16  // versions 0 to 3
    package var errorMessage: String?  // versions 1 to 3
    package var nodeId: Int32  // versions 0 to 3
    package var host: String  // versions 0 to 3
    package var port: Int32  // versions 0 to 3
    package var coordinators: [Coordinator]  // from version 4

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        errorMessage: String? = nil,
        nodeId: Int32 = 0,
        host: String = "",
        port: Int32 = 0,
        coordinators: [Coordinator] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.nodeId = nodeId
        self.host = host
        self.port = port
        self.coordinators = coordinators
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        if version <= 3 {
            errorCode = try reader.readInt16()
        }
        if version >= 1 && version <= 3 {
            errorMessage = try reader.readNullableString(isFlexible)
        }
        if version <= 3 {
            nodeId = try reader.readInt32()
        }
        if version <= 3 {
            host = try reader.readString(isFlexible)
        }
        if version <= 3 {
            port = try reader.readInt32()
        }
        if version >= 4 {
            coordinators = try reader.readArray(isFlexible, byteCountMin: 14) { (reader) throws(WireFault) in try Coordinator(from: &reader, version: version) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of FindCoordinatorResponse")
        let isFlexible = version >= 3
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        if version <= 3 {
            writer.write(errorCode)
        }
        if version >= 1 && version <= 3 {
            writer.writeNullableString(errorMessage, isFlexible)
        }
        if version <= 3 {
            writer.write(nodeId)
        }
        if version <= 3 {
            writer.writeString(host, isFlexible)
        }
        if version <= 3 {
            writer.write(port)
        }
        if version >= 4 {
            writer.writeCount(coordinators.count, isFlexible)
            for element in coordinators {
                element.encode(into: &writer, version: version)
            }
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `coordinators`.
    package struct Coordinator: Sendable, Equatable {
        package var key: String
        package var nodeId: Int32
        package var host: String
        package var port: Int32
        package var errorCode: Int16
        package var errorMessage: String?

        package init(
            key: String = "",
            nodeId: Int32 = 0,
            host: String = "",
            port: Int32 = 0,
            errorCode: Int16 = 0,
            errorMessage: String? = nil
        ) {
            self.key = key
            self.nodeId = nodeId
            self.host = host
            self.port = port
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            key = try reader.readString(true)
            nodeId = try reader.readInt32()
            host = try reader.readString(true)
            port = try reader.readInt32()
            errorCode = try reader.readInt16()
            errorMessage = try reader.readNullableString(true)
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeString(key, true)
            writer.write(nodeId)
            writer.writeString(host, true)
            writer.write(port)
            writer.write(errorCode)
            writer.writeNullableString(errorMessage, true)
            writer.writeUnsignedVarint(0)
        }
    }
}
