package import Forest
package import Hashing
internal import ModelImport
internal import Onnx
package import RiskDomain
internal import Training

/// The one place where formats are tied to the rooms that read and write them.
package enum ModelFormats {
    /// Files above this are refused before they are read.
    package static let byteCountMax = 1 << 30

    /// Reads a model file of any supported format.
    ///
    /// - Throws: The reader's failure; a file that cannot be used never traps.
    package static func read(_ bytes: [UInt8], path: String) throws -> LoadedModel {
        let format = ModelFormat(of: bytes)
        let hash = ContentHash(of: bytes)
        switch format {
        case .onnx:
            let (forest, isOwn) = try Forest.read(bytes)
            var model = LoadedModel(
                path: path, format: format, byteCount: bytes.count, hash: hash, ensemble: forest.ensemble, features: forest.features,
                forest: forest)
            // What a file from elsewhere does not tell is not shown as if it did.
            if isOwn {
                model.featureSet = forest.featureSet
                model.thresholds = forest.thresholds
                model.training = forest.training
            } else if let file = try? OnnxModel(decoding: bytes), !file.producerName.isEmpty {
                model.metadata = [("made by", "\(file.producerName) \(file.producerVersion)")]
            }
            return model
        case .lightGBM, .xgboostJson, .xgboostUbjson, .pmml:
            let imported = try ImportedModel.read(bytes)
            var metadata = [("made by", "\(imported.source.rawValue) \(imported.version)"), ("objective", imported.objective)]
            if !imported.classLabels.isEmpty { metadata.append(("classes", imported.classLabels.joined(separator: ", "))) }
            return LoadedModel(
                path: path, format: format, byteCount: bytes.count, hash: hash, ensemble: imported.ensemble,
                features: imported.features.map(\.name), metadata: metadata)
        }
    }

    /// Writes a model as services load it.
    package static func write(_ forest: Forest) -> [UInt8] { forest.encode() }

    /// What a conversion is told beside the model.
    package struct Conversion: Sendable {
        /// Names in the order of a row's values; nil for the model's own.
        package var features: [String]?
        package var featureSet: ContentHash?
        /// nil for the model's own.
        package var thresholds: DecisionThresholds?
        /// The words for its reasons; nil for the model's own, where its features keep their names.
        package var reasons: ReasonFile?
        /// Whether the model scores in the arithmetic of the library that it comes from.
        package var keepsSourceArithmetic = false

        package init(features: [String]? = nil, featureSet: ContentHash? = nil, thresholds: DecisionThresholds? = nil) {
            self.features = features
            self.featureSet = featureSet
            self.thresholds = thresholds
        }
    }

    /// The model in the services' form, with other names or thresholds where they are given.
    ///
    /// - Throws: ``ModelToolFailure`` where something is missing; `ForestFailure` where the services' form cannot hold the model.
    package static func convert(_ model: LoadedModel, _ conversion: Conversion) throws -> Forest {
        guard let thresholds = conversion.thresholds ?? model.thresholds else {
            throw ModelToolFailure("\(model.path): the model has no thresholds; give --review-at and --decline-at")
        }
        if let features = conversion.features, features.count != model.features.count {
            throw ModelToolFailure("\(model.path): the model has \(model.features.count) features, the feature set \(features.count)")
        }
        var ensemble = model.ensemble
        if conversion.keepsSourceArithmetic {
            guard ensemble.sourceArithmetic != .portable else {
                throw ModelToolFailure(
                    "\(model.path): the arithmetic of its source is not known, so scores cannot be that to the last bit; leave out --source-arithmetic"
                )
            }
            ensemble = ensemble.inSourceArithmetic
        }
        ensemble.sourceArithmetic = ensemble.arithmetic
        return try Forest(
            kind: model.forest?.kind ?? (model.ensemble.trees.count == 1 ? .tree : .forest),
            features: conversion.features ?? model.features, featureSet: conversion.featureSet ?? model.featureSet, thresholds: thresholds,
            training: model.training,
            reasons: conversion.reasons ?? ((conversion.features ?? model.features) == model.features ? model.forest?.reasons : nil),
            ensemble: ensemble)
    }

    /// The forest of several forests' trees: the parts of one training put together again, or the trees of forests in the order given.
    ///
    /// - Parameter thresholds: nil for the parts' means, or for those that all forests have.
    /// - Throws: ``ModelToolFailure`` unless they are forests over the same features, `ForestFailure` when a part is missing.
    package static func merge(_ models: [LoadedModel], thresholds: DecisionThresholds?) throws -> Forest {
        guard let first = models.first else { throw ModelToolFailure("there is nothing to merge") }
        let forests = try models.map { model in
            guard let forest = model.forest, forest.ensemble.aggregation == .mean, forest.ensemble.link == .identity else {
                throw ModelToolFailure("\(model.path): only forests whose score is the mean of their trees are merged")
            }
            return forest
        }
        if forests.contains(where: { $0.training?.parameters.contains { $0.name == "shard" } ?? false }) {
            let merged = try Forest.merged(forests)
            return try merged.replacing(thresholds: thresholds ?? merged.thresholds, training: merged.training)
        }
        var ensemble = forests[0].ensemble
        for (model, forest) in zip(models, forests).dropFirst() {
            guard forest.features == first.features else {
                let place = zip(forest.features, first.features).prefix { $0 == $1 }.count
                throw ModelToolFailure("\(model.path): its features differ from those of \(first.path), feature \(place + 1) is the first")
            }
            guard forest.featureSet == forests[0].featureSet else {
                throw ModelToolFailure("\(model.path): it was trained on another feature set than \(first.path)")
            }
            guard forest.ensemble.inputPrecision == ensemble.inputPrecision, forest.ensemble.arithmetic == ensemble.arithmetic,
                forest.ensemble.baseScores == ensemble.baseScores
            else {
                throw ModelToolFailure("\(model.path): it computes in another precision or from another base score than \(first.path)")
            }
            guard forest.reasons == forests[0].reasons else {
                throw ModelToolFailure("\(model.path): it tells reasons in other words than \(first.path)")
            }
            ensemble.trees += forest.ensemble.trees
        }
        let distinct = Set(models.compactMap(\.thresholds))
        guard let thresholds = thresholds ?? (distinct.count == 1 ? distinct.first : nil) else {
            throw ModelToolFailure("the models have different thresholds; give --review-at and --decline-at")
        }
        return try Forest(
            kind: .forest, features: first.features, featureSet: forests[0].featureSet, thresholds: thresholds,
            training: mergedRecord(models, treeCount: ensemble.trees.count), reasons: forests[0].reasons, ensemble: ensemble)
    }

    /// What is true of all of them; figures measured for each alone are not.
    private static func mergedRecord(_ models: [LoadedModel], treeCount: Int) -> TrainingRecord? {
        let records = models.compactMap(\.training)
        guard records.count == models.count, var record = records.first else { return nil }
        record.from = records.map(\.from).min() ?? record.from
        record.until = records.map(\.until).max() ?? record.until
        record.rowCount = records.map(\.rowCount).max() ?? record.rowCount
        record.fraudCount = records.map(\.fraudCount).max() ?? record.fraudCount
        record.parameters = record.parameters.filter { parameter in records.allSatisfy { $0.parameters.contains(parameter) } }
        record.parameters.removeAll { $0.name == "trees" || $0.name == "merged_from" }
        record.parameters += [.init("trees", "\(treeCount)"), .init("merged_from", "\(models.count)")]
        record.metrics = []
        return record
    }
}
