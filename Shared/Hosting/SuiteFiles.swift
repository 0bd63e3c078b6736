package import Features
package import Forest
internal import Glibc
internal import Hashing
package import Intake
internal import Onnx
package import Pipeline
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

    package static func reasons(path: String) throws -> ReasonFile {
        try ReasonFile(yaml: FileBytes.read(path, byteCountMax: ReasonFile.byteCountMax), file: path)
    }

    /// The words that lie beside a features file, `card-reasons.yaml` by `card-features.yaml`; nil where there are none.
    package static func reasons(beside features: String) throws -> ReasonFile? {
        let suffix = "-features.yaml"
        guard features.hasSuffix(suffix) else { return nil }
        let path = features.dropLast(suffix.count) + "-reasons.yaml"
        guard access(String(path), F_OK) == 0 else { return nil }
        return try reasons(path: String(path))
    }

    /// The configured model, loaded into the stage; nil when none is configured.
    package static func model(_ configuration: Configuration, for stage: ScoreStage) throws -> Artifact? {
        guard let path = configuration.optionalString(FileKeys.model), !path.isEmpty else { return nil }
        let content = try FileBytes.read(path, byteCountMax: 256 << 20)
        let model: ScoringModel
        do throws(ForestFailure) { model = try ScoringModel(forest: try Forest.load(content), hash: ContentHash(of: content)) } catch {
            throw PipelineFailure.invalid("model.file \(path): \(error)")
        }
        stage.load(model)
        return Artifact(
            model: model.forest, hash: model.hash, name: path.split(separator: "/").last.map(String.init) ?? path, content: content)
    }
}
