// The model file: an ONNX graph of trees, and in its metadata what a fraud model says beyond them (keys in MetadataKey).
//
// A file from elsewhere has no such metadata. Its features then have numbers for names, or its inputs' names, and its thresholds are 1:
// it scores, and alerts of nothing, until whoever puts it in force says where to review and decline.

package import Forest
package import Hashing
internal import RiskDomain
internal import Yaml

extension Forest {
    /// The model file's bytes; equal forests give equal bytes.
    package func encode() -> [UInt8] {
        var metadata: [OnnxModel.Property] = [
            .init(MetadataKey.version, MetadataKey.versionValue), .init(MetadataKey.kind, kind.rawValue),
            .init(MetadataKey.features, features.joined(separator: "\n")),
        ]
        if let featureSet { metadata.append(.init(MetadataKey.featureSet, featureSet.description)) }
        if let reasons { metadata.append(.init(MetadataKey.reasons, reasons.text)) }
        metadata += [
            .init(MetadataKey.reviewThreshold, thresholds.review.description),
            .init(MetadataKey.declineThreshold, thresholds.decline.description),
        ]
        if ensemble.arithmetic != .portable { metadata.append(.init(MetadataKey.arithmetic, ensemble.arithmetic.rawValue)) }
        if let training { metadata += training.properties }
        do throws(ForestFailure) { return try ensemble.onnxModel(metadata: metadata).encode() } catch {
            preconditionFailure("a valid forest can be written: \(error)")
        }
    }

    /// The name by which decisions remember the model: SHA-256 of ``encode()``.
    package var contentHash: ContentHash { ContentHash(of: encode()) }

    /// Reads and checks a model file.
    ///
    /// - Throws: ``ForestFailure`` with the place in the file.
    /// - Complexity: O(bytes); sizes are bounded by ``ForestLimits`` and ``OnnxLimits``.
    package static func load(_ bytes: [UInt8]) throws(ForestFailure) -> Forest { try read(bytes).forest }

    /// Reads and checks a model file, and says whether it is one of this project's, which knows its features' names and its thresholds.
    package static func read(_ bytes: [UInt8]) throws(ForestFailure) -> (forest: Forest, isOwn: Bool) {
        let model = try OnnxModel(decoding: bytes)
        let metadata = try Metadata(model)
        let pipeline = try ModelPipeline(model, columnCount: metadata?.features.count)
        var ensemble = try pipeline.ensemble()
        guard let metadata else {
            let names = pipeline.inputs.count > 1 && pipeline.inputs.allSatisfy { $0.columnCount == 1 }
            let forest = try Forest(
                kind: ensemble.trees.count == 1 ? .tree : .forest,
                features: names ? pipeline.inputs.map(\.name) : (1...ensemble.featureCount).map { "feature \($0)" },
                thresholds: DecisionThresholds(review: 1, decline: 1), ensemble: ensemble)
            return (forest, false)
        }
        ensemble.arithmetic = metadata.arithmetic
        ensemble.sourceArithmetic = metadata.arithmetic
        let forest = try Forest(
            kind: metadata.kind, features: metadata.features, featureSet: metadata.featureSet, thresholds: metadata.thresholds,
            training: metadata.training, reasons: metadata.reasons, ensemble: ensemble)
        return (forest, true)
    }
}

/// The fraud model's metadata, checked.
private struct Metadata {
    var kind: Forest.Kind
    var features: [String]
    var featureSet: ContentHash?
    var thresholds: DecisionThresholds
    var training: TrainingRecord?
    var reasons: ReasonFile?
    var arithmetic = TreeEnsemble.Arithmetic.portable

    /// nil for a file of another origin.
    init?(_ model: OnnxModel) throws(ForestFailure) {
        var values: [String: String] = [:]
        var parameters: [TrainingRecord.Parameter] = []
        var metrics: [TrainingRecord.Metric] = []
        for property in model.metadata where property.key.hasPrefix("assay.") {
            guard values.updateValue(property.value, forKey: property.key) == nil else {
                throw ForestFailure(at: "metadata.\(property.key.prefix(96))", "given twice")
            }
            if property.key.hasPrefix(MetadataKey.parameter) {
                parameters.append(.init(String(property.key.dropFirst(MetadataKey.parameter.count)), property.value))
            } else if property.key.hasPrefix(MetadataKey.metric) {
                metrics.append(
                    .init(String(property.key.dropFirst(MetadataKey.metric.count)), try Metadata.number(property.value, property.key)))
            } else if !MetadataKey.all.contains(property.key) {
                throw ForestFailure(at: "metadata.\(property.key.prefix(96))", "a key that this version does not know")
            }
        }
        func required(_ key: String) throws(ForestFailure) -> String {
            guard let value = values[key] else { throw ForestFailure(at: "metadata.\(key)", "missing") }
            return value
        }
        func integer<Value: FixedWidthInteger>(_ key: String, _: Value.Type = Value.self) throws(ForestFailure) -> Value {
            let text = try required(key)
            guard let value = Value(text) else { throw ForestFailure(at: "metadata.\(key)", "\"\(text.prefix(40))\" is no integer here") }
            return value
        }
        func instant(_ key: String) throws(ForestFailure) -> EventTime {
            let text = try required(key)
            do { return try EventTime(rfc3339: text.utf8) } catch {
                throw ForestFailure(at: "metadata.\(key)", "\"\(text.prefix(40))\" is no RFC 3339 instant")
            }
        }
        guard let version = values[MetadataKey.version] else {
            guard values.isEmpty else { throw ForestFailure(at: "metadata.\(MetadataKey.version)", "missing") }
            return nil
        }
        guard version == MetadataKey.versionValue else {
            throw ForestFailure(at: "metadata.\(MetadataKey.version)", "version \"\(version.prefix(40))\"; 1 is read")
        }
        guard let kind = Forest.Kind(rawValue: try required(MetadataKey.kind)) else {
            throw ForestFailure(at: "metadata.\(MetadataKey.kind)", "neither \"tree\" nor \"forest\"")
        }
        self.kind = kind
        features = try required(MetadataKey.features).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let text = values[MetadataKey.featureSet] {
            guard let hash = ContentHash(hexadecimal: text) else {
                throw ForestFailure(at: "metadata.\(MetadataKey.featureSet)", "something else than 64 lower-case hexadecimal digits")
            }
            featureSet = hash
        }
        if let text = values[MetadataKey.reasons] {
            guard text.utf8.count <= ReasonFile.byteCountMax else {
                throw ForestFailure(at: "metadata.\(MetadataKey.reasons)", "more than \(ReasonFile.byteCountMax) bytes")
            }
            do throws(YamlFailure) { reasons = try ReasonFile(yaml: Array(text.utf8), file: MetadataKey.reasons) } catch {
                throw ForestFailure(at: "metadata.\(MetadataKey.reasons)", "\(error)")
            }
        }
        if let text = values[MetadataKey.arithmetic] {
            guard let known = TreeEnsemble.Arithmetic(rawValue: text) else {
                throw ForestFailure(at: "metadata.\(MetadataKey.arithmetic)", "\"\(text.prefix(40))\", which this version does not know")
            }
            arithmetic = known
        }
        let review = try Metadata.number(try required(MetadataKey.reviewThreshold), MetadataKey.reviewThreshold)
        let decline = try Metadata.number(try required(MetadataKey.declineThreshold), MetadataKey.declineThreshold)
        guard 0 <= review, review <= decline else {
            throw ForestFailure(
                at: "metadata.\(MetadataKey.declineThreshold)", "review \(review) and decline \(decline), not 0 <= review <= decline")
        }
        thresholds = DecisionThresholds(review: review, decline: decline)
        if values[MetadataKey.trainingFrom] != nil {
            training = TrainingRecord(
                from: try instant(MetadataKey.trainingFrom), until: try instant(MetadataKey.trainingUntil),
                rowCount: try integer(MetadataKey.trainingRows), fraudCount: try integer(MetadataKey.trainingFrauds),
                seed: try integer(MetadataKey.trainingSeed), parameters: parameters, metrics: metrics)
        }
    }

    private static func number(_ text: String, _ key: String) throws(ForestFailure) -> Double {
        guard let value = Double(text), value.isFinite else {
            throw ForestFailure(at: "metadata.\(key.prefix(96))", "\"\(text.prefix(40))\" is no finite number")
        }
        return value
    }
}

extension TrainingRecord {
    fileprivate var properties: [OnnxModel.Property] {
        [
            .init(MetadataKey.trainingFrom, from.description), .init(MetadataKey.trainingUntil, until.description),
            .init(MetadataKey.trainingRows, "\(rowCount)"), .init(MetadataKey.trainingFrauds, "\(fraudCount)"),
            .init(MetadataKey.trainingSeed, "\(seed)"),
        ] + parameters.map { .init(MetadataKey.parameter + $0.name, $0.value) }
            + metrics.map { .init(MetadataKey.metric + $0.name, $0.value.description) }
    }
}

extension ContentHash {
    /// The hash whose ``description`` is `text`; nil for anything else.
    fileprivate init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 64, digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        self.init(
            bytes: stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) })
    }
}
