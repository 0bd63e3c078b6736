package import Forest
package import Hashing
package import RiskDomain

/// The one place where formats are tied to the rooms that read and write them.
package enum ModelFormats {
    /// Files above this are refused before they are read.
    package static let byteCountMax = 1 << 30

    /// Reads a model file of any supported format.
    ///
    /// - Throws: The reader's failure, or ``ModelToolFailure`` for a format that cannot be read.
    package static func read(_ bytes: [UInt8], path: String) throws -> LoadedModel {
        let format = ModelFormat(of: bytes)
        let hash = ContentHash(of: bytes)
        switch format {
        case .assay:
            let forest = try Forest.load(bytes)
            return LoadedModel(
                path: path, format: format, byteCount: bytes.count, hash: hash, ensemble: forest.ensemble, features: forest.features,
                featureSet: forest.featureSet, thresholds: forest.thresholds, training: forest.training, forest: forest)
        case .onnx, .lightGBM, .xgboostJson, .xgboostUbjson, .pmml:
            throw ModelToolFailure("\(path): a file of the format \(format.rawValue) cannot be read yet")
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

        package init(features: [String]? = nil, featureSet: ContentHash? = nil, thresholds: DecisionThresholds? = nil) {
            self.features = features
            self.featureSet = featureSet
            self.thresholds = thresholds
        }
    }

    /// The model in the services' form, with other names or thresholds where they are given.
    ///
    /// - Throws: ``ModelToolFailure`` where the services' form cannot hold the model or something is missing; `ForestFailure`.
    package static func convert(_ model: LoadedModel, _ conversion: Conversion) throws -> Forest {
        guard let thresholds = conversion.thresholds ?? model.thresholds else {
            throw ModelToolFailure("\(model.path): the model has no thresholds; give --review-at and --decline-at")
        }
        if let features = conversion.features, features.count != model.features.count {
            throw ModelToolFailure("\(model.path): the model has \(model.features.count) features, the feature set \(features.count)")
        }
        guard let forest = model.forest else {
            throw ModelToolFailure("\(model.path): a model of the format \(model.format.rawValue) cannot be converted yet")
        }
        return try Forest(
            kind: forest.kind, features: conversion.features ?? forest.features, featureSet: conversion.featureSet ?? forest.featureSet,
            thresholds: thresholds, training: forest.training, trees: forest.trees)
    }

    /// The forest of several forests' trees, in the order given: what one trainer with all their trees would have made.
    ///
    /// - Throws: ``ModelToolFailure`` unless they are forests over the same features.
    package static func merge(_ models: [LoadedModel], thresholds: DecisionThresholds?) throws -> Forest {
        guard let first = models.first else { throw ModelToolFailure("there is nothing to merge") }
        var trees: [Tree] = []
        for model in models {
            guard let forest = model.forest else { throw ModelToolFailure("\(model.path): only models that services load are merged") }
            guard forest.features == first.features else {
                let place = zip(forest.features, first.features).prefix { $0 == $1 }.count
                throw ModelToolFailure("\(model.path): its features differ from those of \(first.path) from the \(place + 1)th on")
            }
            guard forest.featureSet == first.featureSet else {
                throw ModelToolFailure("\(model.path): it was trained on another feature set than \(first.path)")
            }
            trees += forest.trees
        }
        let distinct = Set(models.compactMap(\.thresholds))
        guard let thresholds = thresholds ?? (distinct.count == 1 ? distinct.first : nil) else {
            throw ModelToolFailure("the models have different thresholds; give --review-at and --decline-at")
        }
        return try Forest(
            kind: .forest, features: first.features, featureSet: first.featureSet, thresholds: thresholds,
            training: mergedRecord(models, treeCount: trees.count), trees: trees)
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
        record.parameters.removeAll { $0.name == "trees" }
        record.parameters += [.init("trees", "\(treeCount)"), .init("merged_from", "\(models.count)")]
        record.metrics = []
        return record
    }
}
