/// Keys of the model's metadata: what a fraud model says beyond its trees.
enum MetadataKey {
    /// Present in every model file of this project; its value is the version of these keys.
    static let version = "assay.model"
    static let versionValue = "1"
    static let kind = "assay.kind"
    /// Names in the order of a row's values, one a line.
    static let features = "assay.features"
    /// SHA-256 of the feature-set file, 64 hexadecimal digits.
    static let featureSet = "assay.feature_set"
    /// Text of the file that puts reasons into words.
    static let reasons = "assay.reasons"
    static let reviewThreshold = "assay.threshold.review"
    static let declineThreshold = "assay.threshold.decline"
    /// ``TreeEnsemble/Arithmetic`` in which the model scores; absent for the portable one.
    static let arithmetic = "assay.arithmetic"
    /// RFC 3339.
    static let trainingFrom = "assay.training.from"
    static let trainingUntil = "assay.training.until"
    static let trainingRows = "assay.training.rows"
    static let trainingFrauds = "assay.training.frauds"
    static let trainingSeed = "assay.training.seed"
    /// Followed by the parameter's or metric's name.
    static let parameter = "assay.training.parameter."
    static let metric = "assay.training.metric."
    /// `truncated`: categories are looked up after the value is cut to an integer, where the graph has no operators that do.
    static let categories = "assay.categories"

    /// All but those that end in a name.
    static let all = [
        version, kind, features, featureSet, reasons, reviewThreshold, declineThreshold, arithmetic, trainingFrom, trainingUntil,
        trainingRows, trainingFrauds, trainingSeed, categories,
    ]
}
