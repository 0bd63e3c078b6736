package import Features
internal import Forest
internal import Hashing
package import Intake
internal import Onnx
package import ServiceRuntime
package import Stages

/// The files that the services begin with, read and checked whole.
package enum SuiteFiles {
    package static func schema(_ configuration: Configuration) throws -> IntakeSchema {
        let path = configuration.string(FileKeys.schema)
        return try IntakeSchema.load(FileBytes.read(path, byteCountMax: 1 << 20), file: path)
    }

    package static func features(_ configuration: Configuration) throws -> FeatureSet {
        try features(path: configuration.string(FileKeys.features))
    }

    package static func features(path: String) throws -> FeatureSet {
        try FeatureSet(yaml: FileBytes.read(path, byteCountMax: 1 << 20), file: path)
    }

    /// The configured model, loaded into the stage; nil when none is configured.
    package static func model(_ configuration: Configuration, for stage: ScoreStage) throws -> StageHost.Genesis? {
        guard let path = configuration.optionalString(FileKeys.model), !path.isEmpty else { return nil }
        let content = try FileBytes.read(path, byteCountMax: 256 << 20)
        let hash = ContentHash(of: content)
        try stage.load(version: hash.bytes, content: content)
        return StageHost.Genesis(
            hash: hash.bytes, kind: "model", name: path.split(separator: "/").last.map(String.init) ?? path, content: content,
            features: try Forest.load(content).features)
    }
}
