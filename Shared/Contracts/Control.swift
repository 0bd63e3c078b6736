/// A control record: a version takes effect where it lies in the partition.
package struct Control: Hashable, Sendable {
    /// What the artifact is.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case model
        case featureSet = "feature_set"
    }

    /// SHA-256 of the artifact's file: thirty-two bytes.
    package var artifact: [UInt8]
    package var kind: Kind
    /// Number of the activation, the same in every partition.
    package var activation: UInt64

    /// - Precondition: `artifact` has thirty-two bytes.
    package init(artifact: [UInt8], kind: Kind, activation: UInt64) {
        precondition(artifact.count == 32)
        self.artifact = artifact
        self.kind = kind
        self.activation = activation
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        var reader = ProtobufReader(bytes)
        var artifact: [UInt8] = []
        var kind: Kind?
        activation = 0
        while let tag = try reader.next() {
            switch tag.field {
            case 1: artifact = Array(try reader.bytes(tag))
            case 2:
                let word = try reader.bytes(tag)
                kind = Kind.allCases.first { $0.rawValue.utf8.elementsEqual(word) }
                guard kind != nil else { throw reader.failure(.outOfRange) }
            case 3: activation = try reader.varint(tag)
            default: try reader.skip(tag)
            }
        }
        guard artifact.count == 32 else { throw ContractFailure(.wrongLength, field: 1, position: bytes.count) }
        guard let kind else { throw ContractFailure(.missing, field: 2, position: bytes.count) }
        self.artifact = artifact
        self.kind = kind
    }

    package init(decoding bytes: [UInt8]) throws(ContractFailure) {
        // Array's own closure only rethrows `any Error`, so the typed one leaves as a value.
        self = try bytes.withUnsafeBytes { bytes in
            Result { () throws(ContractFailure) in try Control(decoding: bytes) }
        }.get()
    }

    /// Appends the canonical bytes.
    package func encode(into output: inout [UInt8]) {
        artifact.withUnsafeBytes { ProtobufWriter.bytes(1, $0, into: &output) }
        ProtobufWriter.string(2, kind.rawValue, into: &output)
        ProtobufWriter.unsigned(3, activation, into: &output)
    }
}
