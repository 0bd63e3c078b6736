import Features
import Forest
import Hashing
import Onnx
import RiskDomain
import ServiceRuntime

/// A model file that fits a feature set.
struct ModelFile {
    /// Why a model cannot be used with the feature set.
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    var name: String
    var content: [UInt8]
    var hash: ContentHash
    var forest: Forest

    /// - Parameter thresholds: What to review and to decline from; needed for an ONNX file from elsewhere, which knows none. It is
    ///   taken to have the feature set's features in their order, and stored as a model file of ours that says so.
    /// - Parameter reasons: The words to tell reasons in; the file's own where nil.
    /// - Throws: a failure that names what is wrong in the file, or the first feature that differs.
    init(path: String, fitting features: FeatureSet, thresholds: DecisionThresholds? = nil, reasons: ReasonFile? = nil) throws {
        content = try FileBytes.read(path, byteCountMax: 256 << 20)
        name = path.split(separator: "/").last.map(String.init) ?? path
        let wanted = features.featureNames
        let isOwn: Bool
        (forest, isOwn) = try Forest.read(content)
        if !isOwn {
            guard forest.features.count == wanted.count else {
                throw Mismatch(
                    description:
                        "\(path): the model takes \(forest.features.count) features, the feature set \"\(features.name)\" has \(wanted.count)"
                )
            }
            guard let thresholds else {
                throw Mismatch(
                    description: "\(path): the model comes from elsewhere and has no thresholds; give --review-at and --decline-at")
            }
            forest = try forest.replacing(features: wanted, featureSet: features.hash).replacing(thresholds: thresholds, training: nil)
            content = forest.encode()
        } else if let thresholds, thresholds != forest.thresholds {
            forest = try forest.replacing(thresholds: thresholds, training: forest.training)
            content = forest.encode()
        }
        if let reasons, reasons != forest.reasons {
            forest = try forest.replacing(reasons: reasons)
            content = forest.encode()
        }
        hash = ContentHash(of: content)
        guard forest.features == wanted else {
            let place = zip(forest.features, wanted).prefix { $0 == $1 }.count
            let found = place < forest.features.count ? "\"\(forest.features[place])\"" : "nothing"
            let expected = place < wanted.count ? "\"\(wanted[place])\"" : "nothing"
            throw Mismatch(
                description:
                    "\(path): the model's feature \(place + 1) is \(found), the feature set \"\(features.name)\" has \(expected) there; train it on this feature set"
            )
        }
        if let trainedOn = forest.featureSet, trainedOn != features.hash {
            throw Mismatch(
                description:
                    "\(path): the model was trained on feature set \(trainedOn.short), the file in use is \(features.hash.short); the scorer would refuse its records"
            )
        }
    }
}
