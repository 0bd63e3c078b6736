// The model file, version 1: one JSON object.
//
//   format       "assay-forest/1"
//   kind         "tree" or "forest"
//   features     names of the inputs, in the order of a row's values
//   featureSet   SHA-256 of the feature-set file, 64 hexadecimal digits; absent when not known
//   thresholds   {"review": number, "decline": number}, 0 <= review <= decline <= 1
//   training     absent for an imported model; else from, until (RFC 3339), rows, frauds, seed, parameters (texts), metrics (numbers)
//   trees        array of objects of parallel arrays, one entry a node, root first, children behind their parent:
//                feature (-1: leaf), threshold, left, right (-1: leaf), missingGoesLeft (0 or 1), value, cover
//
// Numbers are the shortest text that reads back to the same bits. Members may come in any order; unknown, repeated and missing ones
// are refused. The file names no place for its own hash: a model is known by the SHA-256 of the file's bytes.

package import Hashing
internal import RiskDomain

extension Forest {
    private static let format = "assay-forest/1"

    /// The model file's bytes; equal forests give equal bytes.
    package func encode() -> [UInt8] {
        var json = JsonText()
        json.object(lines: true) { json in
            json.key("format")
            json.string(Forest.format)
            json.key("kind")
            json.string(kind.rawValue)
            json.key("features")
            json.array(lines: true) { json in
                for name in features {
                    json.element()
                    json.string(name)
                }
            }
            if let featureSet {
                json.key("featureSet")
                json.string(featureSet.description)
            }
            json.key("thresholds")
            json.object { json in
                json.key("review")
                json.number(thresholds.review)
                json.key("decline")
                json.number(thresholds.decline)
            }
            if let training {
                json.key("training")
                training.write(to: &json)
            }
            json.key("trees")
            json.array(lines: true) { json in
                for tree in trees {
                    json.element()
                    tree.write(to: &json)
                }
            }
        }
        json.newline()
        return json.bytes
    }

    /// The name by which decisions remember the model: SHA-256 of ``encode()``.
    package var contentHash: ContentHash { ContentHash(of: encode()) }

    /// Reads and checks a model file.
    ///
    /// - Throws: ``ForestFailure`` with the place in the file, such as `trees[3].threshold[17]`.
    /// - Complexity: O(bytes); sizes are bounded by ``ForestLimits``.
    package static func load(_ bytes: [UInt8]) throws(ForestFailure) -> Forest {
        guard bytes.count <= ForestLimits.fileBytesMax else {
            throw ForestFailure(at: "file", "\(bytes.count) bytes; at most \(ForestLimits.fileBytesMax) are read")
        }
        do { return try read(bytes) } catch {
            var failure = error
            if failure.place.first == "." { failure.place.removeFirst() }
            if failure.place.isEmpty { failure.place = "file" }
            throw failure
        }
    }

    private static func read(_ bytes: [UInt8]) throws(ForestFailure) -> Forest {
        var reader = ModelReader(bytes)
        var format: String?
        var kind: Kind?
        var features: [String]?
        var featureSet: ContentHash?
        var thresholds: DecisionThresholds?
        var training: TrainingRecord?
        var trees: [Tree]?
        try reader.object { reader, key throws(ForestFailure) in
            switch key {
            case "format":
                format = try reader.string()
                guard format == Forest.format else { throw reader.fault("another format than \"\(Forest.format)\"") }
            case "kind":
                kind = Kind(rawValue: try reader.string())
                guard kind != nil else { throw reader.fault("a kind that is neither \"tree\" nor \"forest\"") }
            case "features":
                var names: [String] = []
                try reader.array(countMax: ForestLimits.featureCountMax) { reader throws(ForestFailure) in names.append(try reader.string())
                }
                features = names
            case "featureSet":
                featureSet = ContentHash(hexadecimal: try reader.string())
                guard featureSet != nil else { throw reader.fault("something else than 64 lower-case hexadecimal digits") }
            case "thresholds": thresholds = try DecisionThresholds(from: &reader)
            case "training": training = try TrainingRecord(from: &reader)
            case "trees": trees = try Tree.readTrees(from: &reader)
            default: throw reader.fault("a key this version does not know")
            }
        }
        try reader.end()
        _ = try required(format, "format")
        return try Forest(
            kind: try required(kind, "kind"), features: try required(features, "features"), featureSet: featureSet,
            thresholds: try required(thresholds, "thresholds"), training: training, trees: try required(trees, "trees"))
    }
}

private func required<Value>(_ value: Value?, _ key: String) throws(ForestFailure) -> Value {
    guard let value else { throw ForestFailure(at: "." + key, "missing") }
    return value
}

extension DecisionThresholds {
    fileprivate init(from reader: inout ModelReader) throws(ForestFailure) {
        var review: Double?
        var decline: Double?
        try reader.object { reader, key throws(ForestFailure) in
            switch key {
            case "review": review = try reader.double()
            case "decline": decline = try reader.double()
            default: throw reader.fault("a key this version does not know")
            }
        }
        let pair = (review: try required(review, "review"), decline: try required(decline, "decline"))
        guard 0 <= pair.review, pair.review <= pair.decline else {
            throw reader.fault("review \(pair.review) and decline \(pair.decline), which are not 0 <= review <= decline")
        }
        self.init(review: pair.review, decline: pair.decline)
    }
}

extension TrainingRecord {
    fileprivate func write(to json: inout JsonText) {
        json.object(lines: true) { json in
            json.key("from")
            json.string(from.description)
            json.key("until")
            json.string(until.description)
            json.key("rows")
            json.number(rowCount)
            json.key("frauds")
            json.number(fraudCount)
            json.key("seed")
            json.number(seed)
            json.key("parameters")
            json.object(lines: true) { json in
                for parameter in parameters {
                    json.key(parameter.name)
                    json.string(parameter.value)
                }
            }
            json.key("metrics")
            json.object(lines: true) { json in
                for metric in metrics {
                    json.key(metric.name)
                    json.number(metric.value)
                }
            }
        }
    }

    fileprivate init(from reader: inout ModelReader) throws(ForestFailure) {
        var from: EventTime?
        var until: EventTime?
        var rows: Int?
        var frauds: Int?
        var seed: UInt64?
        var parameters: [Parameter]?
        var metrics: [Metric]?
        func instant(_ reader: inout ModelReader) throws(ForestFailure) -> EventTime {
            let text = try reader.string()
            do { return try EventTime(rfc3339: text.utf8) } catch { throw reader.fault("something else than an RFC 3339 instant") }
        }
        try reader.object { reader, key throws(ForestFailure) in
            switch key {
            case "from": from = try instant(&reader)
            case "until": until = try instant(&reader)
            case "rows": rows = try reader.integer()
            case "frauds": frauds = try reader.integer()
            case "seed": seed = try reader.integer()
            case "parameters":
                var entries: [Parameter] = []
                try reader.object { reader, name throws(ForestFailure) in entries.append(Parameter(name, try reader.string())) }
                parameters = entries
            case "metrics":
                var entries: [Metric] = []
                try reader.object { reader, name throws(ForestFailure) in entries.append(Metric(name, try reader.double())) }
                metrics = entries
            default: throw reader.fault("a key this version does not know")
            }
        }
        self.init(
            from: try required(from, "from"), until: try required(until, "until"), rowCount: try required(rows, "rows"),
            fraudCount: try required(frauds, "frauds"), seed: try required(seed, "seed"),
            parameters: try required(parameters, "parameters"), metrics: try required(metrics, "metrics"))
    }
}

extension Tree {
    fileprivate func write(to json: inout JsonText) {
        json.object { json in
            json.key("feature")
            json.numbers(feature)
            json.key("threshold")
            json.numbers(threshold)
            json.key("left")
            json.numbers(left)
            json.key("right")
            json.numbers(right)
            json.key("missingGoesLeft")
            json.numbers(missingGoesLeft.map { $0 ? 1 : 0 as Int32 })
            json.key("value")
            json.numbers(value)
            json.key("cover")
            json.numbers(cover)
        }
    }

    /// Reads the trees; stops as soon as they hold more nodes than a model may.
    fileprivate static func readTrees(from reader: inout ModelReader) throws(ForestFailure) -> [Tree] {
        var trees: [Tree] = []
        var nodesLeft = ForestLimits.nodeCountMax
        try reader.array(countMax: ForestLimits.treeCountMax) { reader throws(ForestFailure) in
            let tree = try Tree(from: &reader, nodeCountMax: nodesLeft)
            nodesLeft -= tree.nodeCount
            trees.append(tree)
        }
        return trees
    }

    private init(from reader: inout ModelReader, nodeCountMax: Int) throws(ForestFailure) {
        var feature: [Int32]?
        var threshold: [Double]?
        var left: [Int32]?
        var right: [Int32]?
        var missingGoesLeft: [Bool]?
        var value: [Double]?
        var cover: [Double]?
        try reader.object { reader, key throws(ForestFailure) in
            switch key {
            case "feature": feature = try reader.integers(countMax: nodeCountMax)
            case "threshold": threshold = try reader.doubles(countMax: nodeCountMax)
            case "left": left = try reader.integers(countMax: nodeCountMax)
            case "right": right = try reader.integers(countMax: nodeCountMax)
            case "missingGoesLeft":
                var flags: [Bool] = []
                try reader.array(countMax: nodeCountMax) { reader throws(ForestFailure) in
                    let flag = try reader.integer(Int32.self)
                    guard flag == 0 || flag == 1 else { throw reader.fault("\(flag) instead of 0 or 1") }
                    flags.append(flag == 1)
                }
                missingGoesLeft = flags
            case "value": value = try reader.doubles(countMax: nodeCountMax)
            case "cover": cover = try reader.doubles(countMax: nodeCountMax)
            default: throw reader.fault("a key this version does not know")
            }
        }
        self.init(
            feature: try required(feature, "feature"), threshold: try required(threshold, "threshold"), left: try required(left, "left"),
            right: try required(right, "right"), missingGoesLeft: try required(missingGoesLeft, "missingGoesLeft"),
            value: try required(value, "value"), cover: try required(cover, "cover"))
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
