internal import Forest

/// Puts the models of a document together.
struct PmmlModels {
    /// What a model computes: an ensemble in the making.
    struct Part {
        var trees: [DecisionTree] = []
        var sourceLeaves: [[Int32]] = []
        var outputCount = 1
        var baseScores: [Double] = [0]
        var isMean = false
        var link = TreeEnsemble.Link.identity
        var classLabels: [String] = []

        /// Multiplies what the trees give; base scores too.
        mutating func scale(by factor: Double, isFloat: Bool) {
            guard factor != 1 else { return }
            func scaled(_ value: Double) -> Double { isFloat ? Double(Float(value) * Float(factor)) : value * factor }
            for tree in trees.indices { trees[tree].leafValues = trees[tree].leafValues.map(scaled) }
            baseScores = baseScores.map(scaled)
        }

        mutating func append(_ other: Part, firstOutput: Int) {
            for var tree in other.trees {
                tree.firstOutput += firstOutput
                trees.append(tree)
            }
            sourceLeaves += other.sourceLeaves
        }
    }

    let limits: ImportLimits
    let isFloat: Bool
    /// Declared values of the target.
    let targetLabels: [String]
    private(set) var featuresNeeded: Set<Int> = []
    private var treeCount = 0
    /// Nodes that may still be made: compound predicates and nodes of many children can multiply.
    private var nodeBudget: Int

    /// - Parameter elementCount: Elements of the document.
    init(limits: ImportLimits, isFloat: Bool, targetLabels: [String], elementCount: Int) {
        self.limits = limits
        nodeBudget = 1_024 + 16 * elementCount
        self.isFloat = isFloat
        self.targetLabels = targetLabels
    }

    /// - Parameter depth: Models around it; reading recurses.
    mutating func part(of model: XmlElement, _ outer: PmmlFields, depth: Int, isVote: Bool = false) throws(ImportFailure) -> Part {
        guard depth < 16 else { throw ImportFailure(.tooLarge, at: model.place, "models are nested deeper than 16") }
        var fields = outer
        if let transformations = model.first("LocalTransformations") { try fields.addDerived(in: transformations) }
        if depth > 0 {
            for use in model.first("MiningSchema")?.all("MiningField") ?? [] where use["missingValueReplacement"] != nil {
                throw use.unsupported("missingValueReplacement in a model inside another")
            }
        }
        if model["isScorable"] == "false" { throw model.unsupported("isScorable false") }
        var part: Part
        switch model.name {
        case "TreeModel": part = try tree(model, fields, isVote: isVote)
        case "MiningModel": part = try ensemble(model, fields, depth: depth)
        default: throw model.unsupported("\(model.name): only TreeModel and MiningModel are read")
        }
        try applyTargets(of: model, to: &part)
        try applyOutput(of: model, to: &part)
        return part
    }

    private mutating func tree(_ model: XmlElement, _ fields: PmmlFields, isVote: Bool) throws(ImportFailure) -> Part {
        treeCount += 1
        guard treeCount <= limits.treeCountMax else {
            throw ImportFailure(.tooLarge, at: model.place, "more than \(limits.treeCountMax) trees")
        }
        let isClassifier = try model.required("functionName") == "classification"
        let labels = isClassifier ? classLabels(of: model) : []
        guard !isClassifier || !labels.isEmpty, labels.count <= limits.outputCountMax else {
            throw model.fault("it has no class, or too many")
        }
        let leaves = PmmlLeaves(classLabels: labels, isFloat: isFloat, isVote: isVote)
        var tree = try PmmlTree(model, fields, leaves)
        var treeLimits = limits
        treeLimits.treeNodeCountMax = min(limits.treeNodeCountMax, nodeBudget)
        let (decisionTree, sourceLeaves) = try tree.decisionTree(model, valueCount: leaves.valueCount, limits: treeLimits)
        nodeBudget -= decisionTree.nodeCount
        featuresNeeded.formUnion(tree.featuresNeeded)
        return Part(
            trees: [decisionTree], sourceLeaves: [sourceLeaves], outputCount: leaves.valueCount,
            baseScores: [Double](repeating: 0, count: leaves.valueCount), classLabels: labels)
    }

    /// As the target's field declares them, else in the order in which the tree names them.
    private func classLabels(of model: XmlElement) -> [String] {
        if !targetLabels.isEmpty { return targetLabels }
        var labels: [String] = []
        var seen: Set<String> = []
        var pending = model.all("Node")
        while let node = pending.popLast() {
            for label in node.all("ScoreDistribution").map({ $0["value"] }) + [node["score"]] {
                if let label, seen.insert(label).inserted { labels.append(label) }
            }
            pending.append(contentsOf: node.all("Node").reversed())
        }
        return labels
    }

    private mutating func ensemble(_ model: XmlElement, _ fields: PmmlFields, depth: Int) throws(ImportFailure) -> Part {
        guard let segmentation = model.first("Segmentation") else { throw model.unsupported("MiningModel without Segmentation") }
        let method = try segmentation.required("multipleModelMethod")
        var segments: [(model: XmlElement, weight: Double)] = []
        for segment in segmentation.all("Segment") {
            guard segment.first("True") != nil, let inner = segment.children.first(where: { !PmmlPredicate.names.contains($0.name) }) else {
                throw segment.unsupported("Segment: one that is not always taken, or has no model")
            }
            segments.append((inner, try segment.number("weight") ?? 1))
        }
        guard !segments.isEmpty else { throw segmentation.fault("Segment is missing") }
        if method == "modelChain" { return try chain(segments.map(\.model), fields, depth: depth) }
        if method == "selectFirst", segments.count == 1 { return try part(of: segments[0].model, fields, depth: depth + 1) }

        let isVote = method == "majorityVote" || method == "weightedMajorityVote"
        let isClassifier = model["functionName"] == "classification"
        let weightSum = segments.reduce(0) { $0 + $1.weight }
        guard !method.hasPrefix("weighted") || weightSum > 0 && weightSum.isFinite else {
            throw segmentation.fault("weights: they add up to nothing")
        }
        var whole: Part?
        for (inner, weight) in segments {
            var part = try part(of: inner, fields, depth: depth + 1, isVote: isVote)
            guard !part.isMean, part.link == .identity, part.outputCount == whole?.outputCount ?? part.outputCount,
                part.classLabels == whole?.classLabels ?? part.classLabels
            else { throw inner.unsupported("Segment: a model of another kind than its neighbours, or with a link or mean of its own") }
            switch method {
            case "sum" where !isClassifier: break
            case "x-weightedSum", "weightedSum": part.scale(by: weight, isFloat: isFloat)
            case "average", "majorityVote":
                guard part.trees.count == 1, part.baseScores.allSatisfy({ $0 == 0 }) else {
                    throw inner.unsupported("\(method): of more than trees")
                }
            case "weightedAverage", "weightedMajorityVote": part.scale(by: weight / weightSum, isFloat: isFloat)
            default: throw segmentation.unsupported("multipleModelMethod \(method)")
            }
            guard whole != nil else {
                whole = part
                continue
            }
            whole?.append(part, firstOutput: 0)
            for output in part.baseScores.indices { whole?.baseScores[output] += part.baseScores[output] }
        }
        guard var whole else { throw segmentation.fault("Segment is missing") }
        whole.isMean = method == "average" || method == "majorityVote"
        return whole
    }

    /// Models that name what they give, and a regression over those names.
    private mutating func chain(_ models: [XmlElement], _ fields: PmmlFields, depth: Int) throws(ImportFailure) -> Part {
        guard let last = models.last, last.name == "RegressionModel" else {
            throw models[models.count - 1].unsupported("modelChain: one that does not end with a RegressionModel")
        }
        var parts: [String: Part] = [:]
        for model in models.dropLast() {
            let part = try part(of: model, fields, depth: depth + 1)
            guard part.outputCount == 1, part.link == .identity else {
                throw model.unsupported("modelChain: a link of \(part.classLabels.count) classes")
            }
            for output in model.first("Output")?.all("OutputField") ?? []
            where output["feature"] ?? "predictedValue" == "predictedValue" { parts[try output.required("name")] = part }
        }
        var tables = last.all("RegressionTable")
        let method = last["normalizationMethod"] ?? "none"
        let isClassifier = last["functionName"] == "classification"
        var labels = try isClassifier ? tables.map { table throws(ImportFailure) in try table.required("targetCategory") } : []
        var whole = Part()
        // A logit of two tables, the second of which says 0: what is left of the first.
        let lastIntercept = try tables.last?.number("intercept") ?? 0
        let isBinary = tables.count == 2 && tables[1].children.isEmpty && lastIntercept == 0
        switch (method, isClassifier) {
        case ("none", false): break
        case ("exp", false): whole.link = .exponential
        case ("logit", false): whole.link = .logistic
        case ("softmax", true): whole.link = .softmax
        case ("logit", true) where isBinary:
            // Our one output is the first table's, the class of high scores.
            whole.link = .logistic
            tables.removeLast()
            labels.reverse()
        default: throw last.unsupported("normalizationMethod \(method) with \(tables.count) tables")
        }
        guard !tables.isEmpty, tables.count <= limits.outputCountMax else { throw last.fault("\(tables.count) tables") }
        whole.classLabels = labels
        whole.outputCount = tables.count
        whole.baseScores = []
        for (output, table) in tables.enumerated() {
            var base = try table.number("intercept") ?? 0
            for term in table.children {
                guard term.name == "NumericPredictor", (try term.number("exponent") ?? 1) == 1 else {
                    throw term.unsupported("\(term.name)")
                }
                let name = try term.required("name")
                guard var part = parts[name] else {
                    throw term.unsupported("NumericPredictor \(name.prefix(64)): it is no output of a model before")
                }
                if part.isMean {
                    part.scale(by: 1 / Double(part.trees.count), isFloat: isFloat)
                    part.isMean = false
                }
                part.scale(by: try term.number("coefficient") ?? 1, isFloat: isFloat)
                base += part.baseScores[0]
                whole.append(part, firstOutput: output)
            }
            whole.baseScores.append(base)
        }
        return whole
    }

    private func applyTargets(of model: XmlElement, to part: inout Part) throws(ImportFailure) {
        guard let targets = model.first("Targets")?.all("Target"), let target = targets.first else { return }
        guard targets.count == 1 else { throw target.unsupported("Targets: more than one") }
        for name in ["castInteger", "min", "max"] as [StaticString] where target[name] != nil { throw target.unsupported("\(name)") }
        let factor = try target.number("rescaleFactor") ?? 1
        let constant = try target.number("rescaleConstant") ?? 0
        guard factor != 1 || constant != 0 else { return }
        guard part.classLabels.isEmpty, part.link == .identity else { throw target.unsupported("rescaleConstant of a classifier") }
        part.scale(by: factor, isFloat: isFloat)
        part.baseScores = part.baseScores.map { isFloat ? Double(Float($0) + Float(constant)) : $0 + constant }
    }

    /// A final output that is a function of the prediction makes it the link.
    private func applyOutput(of model: XmlElement, to part: inout Part) throws(ImportFailure) {
        for field in model.first("Output")?.all("OutputField") ?? []
        where field["feature"] == "transformedValue" && (field["isFinalResult"] ?? "true") == "true" {
            guard let function = field.first("Apply"), function["function"] == "exp", function.children.map(\.name) == ["FieldRef"],
                part.link == .identity
            else { throw field.unsupported("OutputField \((field["name"] ?? "").prefix(64)): a transformedValue other than exp") }
            part.link = .exponential
        }
    }
}
