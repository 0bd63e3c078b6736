// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `IncrementalAlterConfigs` request, versions 0 to 1, flexible from 1.
package struct IncrementalAlterConfigsRequest: WireRequest {
    package typealias Response = IncrementalAlterConfigsResponse
    package static var apiKey: ApiKey { .incrementalAlterConfigs }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var flexibleVersions: ClosedRange<Int16>? { 1...1 }

    package var resources: [Resource]
    package var validateOnly: Bool

    package init(
        resources: [Resource] = [],
        validateOnly: Bool = false
    ) {
        self.resources = resources
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 1
        resources = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Resource(from: &reader, version: version) }
        validateOnly = try reader.readBool()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of IncrementalAlterConfigsRequest")
        let isFlexible = version >= 1
        writer.writeCount(resources.count, isFlexible)
        for element in resources {
            element.encode(into: &writer, version: version)
        }
        writer.write(validateOnly)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `resources`.
    package struct Resource: Sendable, Equatable {
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            configs: [Config] = []
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 1
            resourceType = try reader.readInt8()
            resourceName = try reader.readString(isFlexible)
            configs = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Config(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 1
            writer.write(resourceType)
            writer.writeString(resourceName, isFlexible)
            writer.writeCount(configs.count, isFlexible)
            for element in configs {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `configs`.
        package struct Config: Sendable, Equatable {
            package var name: String
            package var configOperation: Int8
            package var value: String?

            package init(
                name: String = "",
                configOperation: Int8 = 0,
                value: String? = nil
            ) {
                self.name = name
                self.configOperation = configOperation
                self.value = value
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 1
                name = try reader.readString(isFlexible)
                configOperation = try reader.readInt8()
                value = try reader.readNullableString(isFlexible)
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 1
                writer.writeString(name, isFlexible)
                writer.write(configOperation)
                writer.writeNullableString(value, isFlexible)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `IncrementalAlterConfigs` response, versions 0 to 1, flexible from 1.
package struct IncrementalAlterConfigsResponse: WireMessage {
    package static var apiKey: ApiKey { .incrementalAlterConfigs }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var flexibleVersions: ClosedRange<Int16>? { 1...1 }

    package var throttleTimeMs: Int32
    package var responses: [Resource]

    package init(
        throttleTimeMs: Int32 = 0,
        responses: [Resource] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.responses = responses
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 1
        throttleTimeMs = try reader.readInt32()
        responses = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Resource(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of IncrementalAlterConfigsResponse")
        let isFlexible = version >= 1
        writer.write(throttleTimeMs)
        writer.writeCount(responses.count, isFlexible)
        for element in responses {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `responses`.
    package struct Resource: Sendable, Equatable {
        package var errorCode: Int16
        package var errorMessage: String?
        package var resourceType: Int8
        package var resourceName: String

        package init(
            errorCode: Int16 = 0,
            errorMessage: String? = nil,
            resourceType: Int8 = 0,
            resourceName: String = ""
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 1
            errorCode = try reader.readInt16()
            errorMessage = try reader.readNullableString(isFlexible)
            resourceType = try reader.readInt8()
            resourceName = try reader.readString(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 1
            writer.write(errorCode)
            writer.writeNullableString(errorMessage, isFlexible)
            writer.write(resourceType)
            writer.writeString(resourceName, isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}
