import Features
import Forest
import Hashing
import Onnx
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

    /// - Throws: a failure that names what is wrong in the file, or the first feature that differs.
    init(path: String, fitting features: FeatureSet) throws {
        content = try FileBytes.read(path, byteCountMax: 256 << 20)
        hash = ContentHash(of: content)
        name = path.split(separator: "/").last.map(String.init) ?? path
        forest = try Forest.load(content)
        let wanted = features.featureNames
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
