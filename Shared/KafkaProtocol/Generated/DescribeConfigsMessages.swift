// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DescribeConfigs` request, versions 1 to 4, flexible from 4.
package struct DescribeConfigsRequest: WireRequest {
    package typealias Response = DescribeConfigsResponse
    package static var apiKey: ApiKey { .describeConfigs }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

    package var resources: [Resource]
    package var includeSynonyms: Bool
    package var includeDocumentation: Bool  // from version 3

    package init(
        resources: [Resource] = [],
        includeSynonyms: Bool = false,
        includeDocumentation: Bool = false
    ) {
        self.resources = resources
        self.includeSynonyms = includeSynonyms
        self.includeDocumentation = includeDocumentation
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        resources = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Resource(from: &reader, version: version) }
        includeSynonyms = try reader.readBool()
        if version >= 3 {
            includeDocumentation = try reader.readBool()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeConfigsRequest")
        let isFlexible = version >= 4
        writer.writeCount(resources.count, isFlexible)
        for element in resources {
            element.encode(into: &writer, version: version)
        }
        writer.write(includeSynonyms)
        if version >= 3 {
            writer.write(includeDocumentation)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `resources`.
    package struct Resource: Sendable, Equatable {
        package var resourceType: Int8
        package var resourceName: String
        package var configurationKeys: [String]?

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            configurationKeys: [String]? = nil
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configurationKeys = configurationKeys
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            resourceType = try reader.readInt8()
            resourceName = try reader.readString(isFlexible)
            configurationKeys = try reader.readNullableArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.write(resourceType)
            writer.writeString(resourceName, isFlexible)
            writer.writeNullableCount(configurationKeys?.count, isFlexible)
            for element in configurationKeys ?? [] {
                writer.writeString(element, isFlexible)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `DescribeConfigs` response, versions 1 to 4, flexible from 4.
package struct DescribeConfigsResponse: WireMessage {
    package static var apiKey: ApiKey { .describeConfigs }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

    package var throttleTimeMs: Int32
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        results: [Result] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        throttleTimeMs = try reader.readInt32()
        results = try reader.readArray(isFlexible, byteCountMin: 7) { (reader) throws(WireFault) in try Result(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeConfigsResponse")
        let isFlexible = version >= 4
        writer.write(throttleTimeMs)
        writer.writeCount(results.count, isFlexible)
        for element in results {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `results`.
    package struct Result: Sendable, Equatable {
        package var errorCode: Int16
        package var errorMessage: String?
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package init(
            errorCode: Int16 = 0,
            errorMessage: String? = nil,
            resourceType: Int8 = 0,
            resourceName: String = "",
            configs: [Config] = []
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            errorCode = try reader.readInt16()
            errorMessage = try reader.readNullableString(isFlexible)
            resourceType = try reader.readInt8()
            resourceName = try reader.readString(isFlexible)
            configs = try reader.readArray(isFlexible, byteCountMin: 9) { (reader) throws(WireFault) in try Config(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.write(errorCode)
            writer.writeNullableString(errorMessage, isFlexible)
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
            package var value: String?
            package var readOnly: Bool
            package var configSource: Int8
            package var isSensitive: Bool
            package var synonyms: [Synonym]
            package var configType: Int8  // from version 3
            package var documentation: String?  // from version 3

            package init(
                name: String = "",
                value: String? = nil,
                readOnly: Bool = false,
                configSource: Int8 = -1,
                isSensitive: Bool = false,
                synonyms: [Synonym] = [],
                configType: Int8 = 0,
                documentation: String? = nil
            ) {
                self.name = name
                self.value = value
                self.readOnly = readOnly
                self.configSource = configSource
                self.isSensitive = isSensitive
                self.synonyms = synonyms
                self.configType = configType
                self.documentation = documentation
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 4
                name = try reader.readString(isFlexible)
                value = try reader.readNullableString(isFlexible)
                readOnly = try reader.readBool()
                configSource = try reader.readInt8()
                isSensitive = try reader.readBool()
                synonyms = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Synonym(from: &reader, version: version) }
                if version >= 3 {
                    configType = try reader.readInt8()
                }
                if version >= 3 {
                    documentation = try reader.readNullableString(isFlexible)
                }
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 4
                writer.writeString(name, isFlexible)
                writer.writeNullableString(value, isFlexible)
                writer.write(readOnly)
                writer.write(configSource)
                writer.write(isSensitive)
                writer.writeCount(synonyms.count, isFlexible)
                for element in synonyms {
                    element.encode(into: &writer, version: version)
                }
                if version >= 3 {
                    writer.write(configType)
                }
                if version >= 3 {
                    writer.writeNullableString(documentation, isFlexible)
                }
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }

            /// An element of `synonyms`.
            package struct Synonym: Sendable, Equatable {
                package var name: String
                package var value: String?
                package var source: Int8

                package init(
                    name: String = "",
                    value: String? = nil,
                    source: Int8 = 0
                ) {
                    self.name = name
                    self.value = value
                    self.source = source
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    let isFlexible = version >= 4
                    name = try reader.readString(isFlexible)
                    value = try reader.readNullableString(isFlexible)
                    source = try reader.readInt8()
                    if isFlexible {
                        try reader.skipTaggedFields()
                    }
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    let isFlexible = version >= 4
                    writer.writeString(name, isFlexible)
                    writer.writeNullableString(value, isFlexible)
                    writer.write(source)
                    if isFlexible {
                        writer.writeUnsignedVarint(0)
                    }
                }
            }
        }
    }
}
