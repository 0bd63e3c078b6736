// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DescribeCluster` request, versions 0 to 2, flexible from 0.
package struct DescribeClusterRequest: WireRequest {
    package typealias Response = DescribeClusterResponse
    package static var apiKey: ApiKey { .describeCluster }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 0...2 }

    package var includeClusterAuthorizedOperations: Bool
    package var endpointType: Int8  // from version 1
    package var includeFencedBrokers: Bool  // from version 2

    package init(
        includeClusterAuthorizedOperations: Bool = false,
        endpointType: Int8 = 1,
        includeFencedBrokers: Bool = false
    ) {
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.endpointType = endpointType
        self.includeFencedBrokers = includeFencedBrokers
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        includeClusterAuthorizedOperations = try reader.readBool()
        if version >= 1 {
            endpointType = try reader.readInt8()
        }
        if version >= 2 {
            includeFencedBrokers = try reader.readBool()
        }
        try reader.skipTaggedFields()
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeClusterRequest")
        writer.write(includeClusterAuthorizedOperations)
        if version >= 1 {
            writer.write(endpointType)
        }
        if version >= 2 {
            writer.write(includeFencedBrokers)
        }
        writer.writeUnsignedVarint(0)
    }
}

/// `DescribeCluster` response, versions 0 to 2, flexible from 0.
package struct DescribeClusterResponse: WireMessage {
    package static var apiKey: ApiKey { .describeCluster }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 0...2 }

    package var throttleTimeMs: Int32
    package var errorCode: Int16
    package var errorMessage: String?
    package var endpointType: Int8  // from version 1
    package var clusterId: String
    package var controllerId: Int32
    package var brokers: [Broker]
    package var clusterAuthorizedOperations: Int32

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        errorMessage: String? = nil,
        endpointType: Int8 = 1,
        clusterId: String = "",
        controllerId: Int32 = -1,
        brokers: [Broker] = [],
        clusterAuthorizedOperations: Int32 = -2147483648
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.endpointType = endpointType
        self.clusterId = clusterId
        self.controllerId = controllerId
        self.brokers = brokers
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        throttleTimeMs = try reader.readInt32()
        errorCode = try reader.readInt16()
        errorMessage = try reader.readNullableString(true)
        if version >= 1 {
            endpointType = try reader.readInt8()
        }
        clusterId = try reader.readString(true)
        controllerId = try reader.readInt32()
        brokers = try reader.readArray(true, byteCountMin: 11) { (reader) throws(WireFault) in try Broker(from: &reader, version: version) }
        clusterAuthorizedOperations = try reader.readInt32()
        try reader.skipTaggedFields()
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeClusterResponse")
        writer.write(throttleTimeMs)
        writer.write(errorCode)
        writer.writeNullableString(errorMessage, true)
        if version >= 1 {
            writer.write(endpointType)
        }
        writer.writeString(clusterId, true)
        writer.write(controllerId)
        writer.writeCount(brokers.count, true)
        for element in brokers {
            element.encode(into: &writer, version: version)
        }
        writer.write(clusterAuthorizedOperations)
        writer.writeUnsignedVarint(0)
    }

    /// An element of `brokers`.
    package struct Broker: Sendable, Equatable {
        package var brokerId: Int32
        package var host: String
        package var port: Int32
        package var rack: String?
        package var isFenced: Bool  // from version 2

        package init(
            brokerId: Int32 = 0,
            host: String = "",
            port: Int32 = 0,
            rack: String? = nil,
            isFenced: Bool = false
        ) {
            self.brokerId = brokerId
            self.host = host
            self.port = port
            self.rack = rack
            self.isFenced = isFenced
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            brokerId = try reader.readInt32()
            host = try reader.readString(true)
            port = try reader.readInt32()
            rack = try reader.readNullableString(true)
            if version >= 2 {
                isFenced = try reader.readBool()
            }
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.write(brokerId)
            writer.writeString(host, true)
            writer.write(port)
            writer.writeNullableString(rack, true)
            if version >= 2 {
                writer.write(isFenced)
            }
            writer.writeUnsignedVarint(0)
        }
    }
}
