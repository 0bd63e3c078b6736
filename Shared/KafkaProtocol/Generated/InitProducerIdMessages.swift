// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `InitProducerId` request, versions 0 to 5, flexible from 2.
package struct InitProducerIdRequest: WireRequest {
    package typealias Response = InitProducerIdResponse
    package static var apiKey: ApiKey { .initProducerId }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...5 }

    package var transactionalId: String?
    package var transactionTimeoutMs: Int32
    package var producerId: Int64  // from version 3
    package var producerEpoch: Int16  // from version 3

    package init(
        transactionalId: String? = nil,
        transactionTimeoutMs: Int32 = 0,
        producerId: Int64 = -1,
        producerEpoch: Int16 = -1
    ) {
        self.transactionalId = transactionalId
        self.transactionTimeoutMs = transactionTimeoutMs
        self.producerId = producerId
        self.producerEpoch = producerEpoch
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        transactionalId = try reader.readNullableString(isFlexible)
        transactionTimeoutMs = try reader.readInt32()
        if version >= 3 {
            producerId = try reader.readInt64()
        }
        if version >= 3 {
            producerEpoch = try reader.readInt16()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of InitProducerIdRequest")
        let isFlexible = version >= 2
        writer.writeNullableString(transactionalId, isFlexible)
        writer.write(transactionTimeoutMs)
        if version >= 3 {
            writer.write(producerId)
        }
        if version >= 3 {
            writer.write(producerEpoch)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `InitProducerId` response, versions 0 to 5, flexible from 2.
package struct InitProducerIdResponse: WireMessage {
    package static var apiKey: ApiKey { .initProducerId }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...5 }

    package var throttleTimeMs: Int32
    package var errorCode: Int16
    package var producerId: Int64
    package var producerEpoch: Int16

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        producerId: Int64 = -1,
        producerEpoch: Int16 = 0
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.producerId = producerId
        self.producerEpoch = producerEpoch
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        throttleTimeMs = try reader.readInt32()
        errorCode = try reader.readInt16()
        producerId = try reader.readInt64()
        producerEpoch = try reader.readInt16()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of InitProducerIdResponse")
        let isFlexible = version >= 2
        writer.write(throttleTimeMs)
        writer.write(errorCode)
        writer.write(producerId)
        writer.write(producerEpoch)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}
