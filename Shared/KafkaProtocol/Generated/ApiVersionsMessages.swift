// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `ApiVersions` request, versions 0 to 4, flexible from 3.
package struct ApiVersionsRequest: WireRequest {
    package typealias Response = ApiVersionsResponse
    package static var apiKey: ApiKey { .apiVersions }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...4 }

    package var clientSoftwareName: String  // from version 3
    package var clientSoftwareVersion: String  // from version 3

    package init(
        clientSoftwareName: String = "",
        clientSoftwareVersion: String = ""
    ) {
        self.clientSoftwareName = clientSoftwareName
        self.clientSoftwareVersion = clientSoftwareVersion
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        if version >= 3 {
            clientSoftwareName = try reader.readString(isFlexible)
        }
        if version >= 3 {
            clientSoftwareVersion = try reader.readString(isFlexible)
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ApiVersionsRequest")
        let isFlexible = version >= 3
        if version >= 3 {
            writer.writeString(clientSoftwareName, isFlexible)
        }
        if version >= 3 {
            writer.writeString(clientSoftwareVersion, isFlexible)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `ApiVersions` response, versions 0 to 4, flexible from 3.
package struct ApiVersionsResponse: WireMessage {
    package static var apiKey: ApiKey { .apiVersions }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...4 }

    package var errorCode: Int16
    package var apiKeys: [Api]
    package var throttleTimeMs: Int32  // from version 1
    package var supportedFeatures: [SupportedFeature]  // from version 3, tagged
    package var finalizedFeaturesEpoch: Int64  // from version 3, tagged
    package var finalizedFeatures: [FinalizedFeature]  // from version 3, tagged
    package var zkMigrationReady: Bool  // from version 3, tagged

    package init(
        errorCode: Int16 = 0,
        apiKeys: [Api] = [],
        throttleTimeMs: Int32 = 0,
        supportedFeatures: [SupportedFeature] = [],
        finalizedFeaturesEpoch: Int64 = -1,
        finalizedFeatures: [FinalizedFeature] = [],
        zkMigrationReady: Bool = false
    ) {
        self.errorCode = errorCode
        self.apiKeys = apiKeys
        self.throttleTimeMs = throttleTimeMs
        self.supportedFeatures = supportedFeatures
        self.finalizedFeaturesEpoch = finalizedFeaturesEpoch
        self.finalizedFeatures = finalizedFeatures
        self.zkMigrationReady = zkMigrationReady
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        errorCode = try reader.readInt16()
        apiKeys = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Api(from: &reader, version: version) }
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        if isFlexible {
            for _ in 0..<(try reader.readTagCount()) {
                let tag = try reader.readTag()
                switch tag.number {
                case 0: supportedFeatures = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try SupportedFeature(from: &reader, version: version) }
                case 1: finalizedFeaturesEpoch = try reader.readInt64()
                case 2: finalizedFeatures = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try FinalizedFeature(from: &reader, version: version) }
                case 3: zkMigrationReady = try reader.readBool()
                default: break
                }
                try reader.finish(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ApiVersionsResponse")
        let isFlexible = version >= 3
        writer.write(errorCode)
        writer.writeCount(apiKeys.count, isFlexible)
        for element in apiKeys {
            element.encode(into: &writer, version: version)
        }
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        if isFlexible {
            let hasSupportedFeatures = !supportedFeatures.isEmpty
            let hasFinalizedFeaturesEpoch = finalizedFeaturesEpoch != -1
            let hasFinalizedFeatures = !finalizedFeatures.isEmpty
            let hasZkMigrationReady = zkMigrationReady != false
            writer.writeUnsignedVarint((hasSupportedFeatures ? 1 : 0) + (hasFinalizedFeaturesEpoch ? 1 : 0) + (hasFinalizedFeatures ? 1 : 0) + (hasZkMigrationReady ? 1 : 0))
            if hasSupportedFeatures {
                let start = writer.beginTag(0)
                writer.writeCount(supportedFeatures.count, isFlexible)
                for element in supportedFeatures {
                    element.encode(into: &writer, version: version)
                }
                writer.endTag(start)
            }
            if hasFinalizedFeaturesEpoch {
                let start = writer.beginTag(1)
                writer.write(finalizedFeaturesEpoch)
                writer.endTag(start)
            }
            if hasFinalizedFeatures {
                let start = writer.beginTag(2)
                writer.writeCount(finalizedFeatures.count, isFlexible)
                for element in finalizedFeatures {
                    element.encode(into: &writer, version: version)
                }
                writer.endTag(start)
            }
            if hasZkMigrationReady {
                let start = writer.beginTag(3)
                writer.write(zkMigrationReady)
                writer.endTag(start)
            }
        }
    }

    /// An element of `apiKeys`.
    package struct Api: Sendable, Equatable {
        package var apiKey: Int16
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(
            apiKey: Int16 = 0,
            minVersion: Int16 = 0,
            maxVersion: Int16 = 0
        ) {
            self.apiKey = apiKey
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 3
            apiKey = try reader.readInt16()
            minVersion = try reader.readInt16()
            maxVersion = try reader.readInt16()
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 3
            writer.write(apiKey)
            writer.write(minVersion)
            writer.write(maxVersion)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }

    /// An element of `supportedFeatures`.
    package struct SupportedFeature: Sendable, Equatable {
        package var name: String
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(
            name: String = "",
            minVersion: Int16 = 0,
            maxVersion: Int16 = 0
        ) {
            self.name = name
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            name = try reader.readString(true)
            minVersion = try reader.readInt16()
            maxVersion = try reader.readInt16()
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeString(name, true)
            writer.write(minVersion)
            writer.write(maxVersion)
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `finalizedFeatures`.
    package struct FinalizedFeature: Sendable, Equatable {
        package var name: String
        package var maxVersionLevel: Int16
        package var minVersionLevel: Int16

        package init(
            name: String = "",
            maxVersionLevel: Int16 = 0,
            minVersionLevel: Int16 = 0
        ) {
            self.name = name
            self.maxVersionLevel = maxVersionLevel
            self.minVersionLevel = minVersionLevel
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            name = try reader.readString(true)
            maxVersionLevel = try reader.readInt16()
            minVersionLevel = try reader.readInt16()
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeString(name, true)
            writer.write(maxVersionLevel)
            writer.write(minVersionLevel)
            writer.writeUnsignedVarint(0)
        }
    }
}
