// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DeleteGroups` request, versions 0 to 2, flexible from 2.
package struct DeleteGroupsRequest: WireRequest {
    package typealias Response = DeleteGroupsResponse
    package static var apiKey: ApiKey { .deleteGroups }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...2 }

    package var groupsNames: [String]

    package init(
        groupsNames: [String] = []
    ) {
        self.groupsNames = groupsNames
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        groupsNames = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteGroupsRequest")
        let isFlexible = version >= 2
        writer.writeCount(groupsNames.count, isFlexible)
        for element in groupsNames {
            writer.writeString(element, isFlexible)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `DeleteGroups` response, versions 0 to 2, flexible from 2.
package struct DeleteGroupsResponse: WireMessage {
    package static var apiKey: ApiKey { .deleteGroups }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...2 }

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
        let isFlexible = version >= 2
        throttleTimeMs = try reader.readInt32()
        results = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Result(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteGroupsResponse")
        let isFlexible = version >= 2
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
        package var groupId: String
        package var errorCode: Int16

        package init(
            groupId: String = "",
            errorCode: Int16 = 0
        ) {
            self.groupId = groupId
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 2
            groupId = try reader.readString(isFlexible)
            errorCode = try reader.readInt16()
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 2
            writer.writeString(groupId, isFlexible)
            writer.write(errorCode)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}
