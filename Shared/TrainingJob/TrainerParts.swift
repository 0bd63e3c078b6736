import Features
import Forest
import Onnx
import RiskDomain
import ServiceRuntime
import Training

/// Models that trainers grew with `--shard`, to be put together to the forest that one trainer would have grown.
struct TrainerParts {
    private let merged: Forest
    /// For errors: the files, as typed.
    private let names: String

    /// Parameters that say how thresholds are chosen, which is done when the parts are put together.
    private static let thresholdParameters: Set = [
        "alert_rate_max", "decline_precision_min", "threshold_choice", "costs", "alerts_per_day", "review_at", "decline_at",
    ]

    /// nil without parts.
    ///
    /// - Throws: ``TrainerFault`` for a file that is no part, or when parts are missing, twice there or of different trainings.
    init?(_ paths: [String]) throws {
        guard !paths.isEmpty else { return nil }
        var parts: [Forest] = []
        for path in paths {
            let bytes = try FileBytes.read(path, byteCountMax: ForestLimits.fileBytesMax)
            do { parts.append(try Forest.load(bytes)) } catch { throw TrainerFault("--part \(path): \(error)") }
        }
        names = paths.count == 1 ? paths[0] : "\(paths[0]) and \(paths.count - 1) more"
        do { merged = try Forest.merged(parts) } catch { throw TrainerFault("--part \(names): \(error)") }
    }

    /// The trees, once what the parts say of their rows and their growth is what this run would say.
    ///
    /// - Throws: ``TrainerFault`` that names the first difference.
    func trees(agreeingWith expected: TrainingRecord, _ features: FeatureSet) throws -> [DecisionTree] {
        func fault(_ what: String, _ theirs: String, _ ours: String) -> TrainerFault {
            TrainerFault("--part \(names): grown with \(what) \(theirs), and this run has \(ours)")
        }
        guard let record = merged.training else { throw TrainerFault("--part \(names): no training record") }
        guard merged.features == features.featureNames, merged.featureSet == features.hash else {
            throw TrainerFault("--part \(names): grown over other features than those of the features file")
        }
        let rows = [
            ("rows from", record.from.description, expected.from.description),
            ("rows until", record.until.description, expected.until.description),
            ("rows", "\(record.rowCount)", "\(expected.rowCount)"), ("frauds", "\(record.fraudCount)", "\(expected.fraudCount)"),
            ("seed", "\(record.seed)", "\(expected.seed)"),
        ]
        for (what, theirs, ours) in rows where theirs != ours { throw fault(what, theirs, ours) }
        func growth(_ record: TrainingRecord) -> [TrainingRecord.Parameter] {
            record.parameters.filter { !TrainerParts.thresholdParameters.contains($0.name) }
        }
        let (theirs, ours) = (growth(record), growth(expected))
        for parameter in theirs where !ours.contains(parameter) {
            throw fault(parameter.name, parameter.value, ours.first { $0.name == parameter.name }?.value ?? "none")
        }
        if let absent = ours.first(where: { !theirs.contains($0) }) { throw fault(absent.name, "none", absent.value) }
        return merged.ensemble.trees
    }
}
