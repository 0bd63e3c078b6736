import Features
import Forest
import ServiceRuntime
import Training

extension TrainerOptions {
    /// How the model is grown and what is done to its trees.
    static let growthOptions: [Command.Option] = [
        .init(
            "model-set", .choice(["standard"]), default: "standard", doc: "The recipe to begin with; the options below change parts of it"),
        .init(
            "algorithm", .choice(["forest", "extra-trees", "tree"]), default: "forest",
            doc: "A random forest; extremely randomized trees, which draw thresholds and see all rows; or one Gini tree of depth 2"),
        .init(
            "criterion", .choice(SplitCriterion.allCases.map(\.rawValue).sorted()),
            doc: "What makes a split good: entropy is information gain"),
        .init("trees", .int(1...10_000), doc: "Trees of a forest"),
        .init("depth", .int(0...256), doc: "Greatest depth of a tree"),
        .init("leaf", .int(1...1_000_000_000), doc: "Fewest rows of a leaf; a row that a tree's sample holds twice counts once"),
        .init("split-rows", .int(2...1_000_000_000), doc: "Fewest rows of a node that is split, counted as for --leaf (default 2)"),
        .init(
            "impurity-decrease", .double(0...1),
            doc: "Least decrease of impurity that a split must bring, by the node's share of the rows (default 0)"),
        .init("sample", doc: "Features that a split looks at: all, sqrt or a number"),
        .init("bootstrap", .double(0...1), doc: "Rows that each tree draws with replacement, as a share of all (a forest's default: 1)"),
        .init("subsample", .double(0...1), doc: "Rows that each tree draws without replacement, as a share of all; 1: each tree sees all"),
        .init(
            "class-weights",
            doc: "What a legitimate row and a fraud weigh, such as 1:25; balanced: both classes weigh alike (default 1:1)"),
        .init(
            "monotone", isRepeated: true,
            doc: "FEATURE=up or FEATURE=down: as the feature grows and the others stay, each tree's answer never falls, or never rises"),
        .init("categorical", isRepeated: true, doc: "Feature whose values are names: splits part them into two sets"),
        .init(
            "splits", .choice(SplitMode.allCases.map(\.rawValue).sorted()), default: SplitMode.automatic.rawValue,
            doc: "Where a feature may be split; exact: between any two values; histogram: at 65,534 places at most; automatic: "
                + "exact up to 65,535 values"),
        .init(
            "prune",
            doc:
                "Strength of cost-complexity pruning; auto: the one with the least squared error on rows that trees have not seen (default 0)"
        ),
        .init(
            "calibrate", .choice(ModelRecipe.CalibrationMethod.allCases.map(\.rawValue).sorted()),
            doc: "Make scores probabilities, on rows that trees have not seen; platt: a sigmoid of the score; isotonic: for one tree"),
        .init(
            "compress", .choice(["decimal", "float32", "merge"]),
            doc:
                "Make the model smaller; merge: splits with equal sides go; decimal, float32: thresholds get as few digits as, or are 32-bit "
                + "numbers where, the rows are parted alike, too"),
        .init(
            "drop-trees", .double(0...1),
            doc: "Drop trees while the squared error on rows they have not seen grows by at most this share; 0: those that do not help"),
        .init(
            "shard", doc: "Grow only this part of the trees, such as 1/4; with all parts at hand, --part makes the whole of them"),
        .init(
            "part", .path, isRepeated: true,
            doc: "A model made with --shard, each of them once, and with options as here: their trees in place of growing the forest"),
        .init("threads", .int(1...1_024), doc: "Threads that work at the same time; the model is the same (default: one per processor)"),
    ]

    static func recipe(_ invocation: CommandInvocation) throws(CommandUsageFailure) -> ModelRecipe {
        func usage(_ problem: String) -> CommandUsageFailure { CommandUsageFailure(path: invocation.path, problem: problem) }
        var recipe = ModelRecipe.standard
        recipe.targets = ThresholdTargets(
            alertRateMax: invocation.double("alert-rate"), declinePrecisionMin: invocation.double("decline-precision"))
        recipe.seed = UInt64(invocation.int("seed"))
        recipe.workerCount = invocation.optionalInt("threads")
        recipe.splitMode = SplitMode(rawValue: invocation.string("splits")) ?? .automatic
        if case .forest(let forest) = recipe.algorithm { recipe.algorithm = try algorithm(invocation, forest) }
        recipe.tree = try changed(recipe.tree, invocation)
        switch invocation.optionalString("class-weights") {
        case nil: break
        case "balanced": recipe.isBalancing = true
        case let text?:
            let weights = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
            guard weights.count == 2, let legitimate = weights[0], let fraud = weights[1],
                (1e-6...1e6).contains(legitimate), (1e-6...1e6).contains(fraud)
            else {
                throw usage(
                    "--class-weights must be balanced, or two numbers of 1e-6 to 1e6 such as 1:25 for legitimate rows and frauds, got \"\(text.prefix(40))\""
                )
            }
            recipe.tree.classWeights = ClassWeights(legitimate: legitimate, fraud: fraud)
        }
        switch invocation.optionalString("prune") {
        case nil: break
        case "auto": recipe.isChoosingPruning = true
        case let text?:
            guard let alpha = Double(text), (0...1).contains(alpha) else {
                throw usage("--prune must be auto or a number of 0 to 1, got \"\(text.prefix(40))\"")
            }
            recipe.tree.pruningAlpha = alpha
        }
        recipe.calibration = invocation.optionalString("calibrate").flatMap(ModelRecipe.CalibrationMethod.init)
        if recipe.calibration == .isotonic, recipe.treeCount > 1 {
            throw usage(
                "--calibrate isotonic is for one tree: a step function of the mean of several is no sum of trees and cannot be served")
        }
        recipe.compression = try compression(invocation, recipe)
        return recipe
    }

    /// - Parameter forest: The recipe's.
    private static func algorithm(
        _ invocation: CommandInvocation, _ forest: ForestParameters
    ) throws(CommandUsageFailure) -> ModelRecipe.Algorithm {
        func usage(_ problem: String) -> CommandUsageFailure { CommandUsageFailure(path: invocation.path, problem: problem) }
        let name = invocation.string("algorithm")
        let (bootstrap, subsample) = (invocation.optionalDouble("bootstrap"), invocation.optionalDouble("subsample"))
        if name == "tree" {
            guard invocation.optionalInt("trees") == nil else { throw usage("--trees is for --algorithm forest and extra-trees") }
            guard bootstrap == nil, subsample == nil else {
                throw usage("--\(bootstrap != nil ? "bootstrap" : "subsample") is for forests; a tree is grown from all rows")
            }
            return .tree(TreeParameters(criterion: .gini, depthMax: 2))
        }
        var forest = forest
        if name == "extra-trees" { forest = .extraTrees(treeCount: forest.treeCount, tree: forest.tree) }
        if let count = invocation.optionalInt("trees") { forest.treeCount = count }
        if bootstrap != nil, subsample != nil { throw usage("--bootstrap and --subsample contradict each other: rows are drawn one way") }
        guard (bootstrap ?? subsample ?? 1) > 0 else {
            throw usage("--\(bootstrap != nil ? "bootstrap" : "subsample") must be above 0, got 0")
        }
        if let bootstrap { (forest.isBootstrapped, forest.sampleFraction) = (true, bootstrap) }
        if let subsample { (forest.isBootstrapped, forest.sampleFraction) = (false, subsample) }
        return .forest(forest)
    }

    private static func changed(_ tree: TreeParameters, _ invocation: CommandInvocation) throws(CommandUsageFailure) -> TreeParameters {
        var tree = tree
        if let criterion = invocation.optionalString("criterion").flatMap(SplitCriterion.init) { tree.criterion = criterion }
        if let depth = invocation.optionalInt("depth") { tree.depthMax = depth }
        if let leaf = invocation.optionalInt("leaf") { tree.leafRowsMin = leaf }
        if let rows = invocation.optionalInt("split-rows") { tree.splitRowsMin = rows }
        if let decrease = invocation.optionalDouble("impurity-decrease") { tree.impurityDecreaseMin = decrease }
        switch invocation.optionalString("sample") {
        case nil: break
        case "all": tree.featureSample = .all
        case "sqrt": tree.featureSample = .squareRoot
        case let text?:
            guard let count = Int(text), count >= 1 else {
                throw CommandUsageFailure(
                    path: invocation.path, problem: "--sample must be all, sqrt or a whole number of at least 1, got \"\(text.prefix(40))\""
                )
            }
            tree.featureSample = .count(count)
        }
        return tree
    }

    private static func compression(
        _ invocation: CommandInvocation, _ recipe: ModelRecipe
    ) throws(CommandUsageFailure) -> ForestCompression? {
        let dropped = invocation.optionalDouble("drop-trees")
        if dropped != nil {
            guard case .forest(let forest) = recipe.algorithm, forest.isSampling else {
                throw CommandUsageFailure(
                    path: invocation.path,
                    problem: "--drop-trees needs a forest whose trees leave rows out; add --bootstrap, or --subsample below 1")
            }
        }
        let thresholds: ForestCompression.Thresholds? =
            switch invocation.optionalString("compress") {
            case "merge": .kept
            case "decimal": .shortestDecimal
            case "float32": .float32
            default: nil
            }
        guard dropped != nil || thresholds != nil else { return nil }
        return ForestCompression(isMerging: thresholds != nil, thresholds: thresholds ?? .kept, errorGrowthMax: dropped)
    }

    static func features(
        _ invocation: CommandInvocation
    ) throws(CommandUsageFailure) -> (monotone: [(feature: String, direction: Monotonicity)], categorical: [String]) {
        func usage(_ problem: String) -> CommandUsageFailure { CommandUsageFailure(path: invocation.path, problem: problem) }
        var monotone: [(feature: String, direction: Monotonicity)] = []
        for text in invocation.strings("monotone") {
            guard let mark = text.lastIndex(of: "="),
                let direction = ["up": Monotonicity.rising, "down": .falling][text[mark...].dropFirst()]
            else { throw usage("--monotone must be FEATURE=up or FEATURE=down, got \"\(text.prefix(80))\"") }
            let feature = String(text[..<mark])
            guard !monotone.contains(where: { $0.feature == feature }) else {
                throw usage("--monotone \(feature.prefix(80)) is given twice")
            }
            monotone.append((feature, direction))
        }
        let categorical = invocation.strings("categorical")
        if let both = monotone.first(where: { categorical.contains($0.feature) }) {
            throw usage("\(both.feature.prefix(80)) is given to --monotone and to --categorical: names have no order to rise with")
        }
        return (monotone, categorical)
    }

    static func parts(
        _ invocation: CommandInvocation, _ recipe: ModelRecipe
    ) throws(CommandUsageFailure) -> (shard: TrainingShard?, paths: [String]) {
        func usage(_ problem: String) -> CommandUsageFailure { CommandUsageFailure(path: invocation.path, problem: problem) }
        let paths = invocation.strings("part")
        guard let text = invocation.optionalString("shard") else {
            if !paths.isEmpty {
                guard case .forest = recipe.algorithm else { throw usage("--part is for forests") }
            }
            return (nil, paths)
        }
        guard paths.isEmpty else { throw usage("--shard grows a part and --part puts all together; choose one") }
        let shard: TrainingShard
        do { shard = try TrainingShard(text) } catch {
            throw usage("--shard must be a part and their number, such as 1/4, got \"\(text.prefix(40))\"")
        }
        guard case .forest(let parameters) = recipe.algorithm else { throw usage("--shard is for forests") }
        guard !shard.trees(of: parameters.treeCount).isEmpty else {
            throw usage("--shard \(text.prefix(40)): \(parameters.treeCount) trees do not fill so many parts")
        }
        let later = [
            ("--calibrate", recipe.calibration != nil), ("--compress or --drop-trees", recipe.compression != nil),
            ("--prune auto", recipe.isChoosingPruning),
        ]
        if let option = later.first(where: \.1)?.0 {
            throw usage("\(option) takes the whole forest: give it with --part, where the parts are put together")
        }
        return (shard, [])
    }

    /// The recipe with what is said of features by their names.
    ///
    /// - Throws: `CommandUsageFailure` for a feature that the features file does not have.
    func recipe(for features: FeatureSet) throws(CommandUsageFailure) -> ModelRecipe {
        var recipe = recipe
        func place(_ option: String, _ name: String) throws(CommandUsageFailure) -> Int {
            guard let place = features.featureNames.firstIndex(of: name) else {
                throw CommandUsageFailure(path: command, problem: "\(option) \(name.prefix(80)): the features file has no such feature")
            }
            return place
        }
        for slice in slices { _ = try place("--slice", slice) }
        if !monotone.isEmpty {
            recipe.tree.monotonicity = Array(repeating: .free, count: features.featureCount)
            for (name, direction) in monotone { recipe.tree.monotonicity[try place("--monotone", name)] = direction }
        }
        var names: [Int] = []
        for name in categorical {
            let place = try place("--categorical", name)
            if !names.contains(place) { names.append(place) }
        }
        recipe.tree.categoricalFeatures = names.sorted()
        return recipe
    }
}

extension ModelRecipe {
    var criterion: SplitCriterion { tree.criterion }

    /// What tables call it: `forest of 100, entropy, depth 12`.
    var name: String {
        let shape = "\(tree.criterion.rawValue), depth \(tree.depthMax.map { "\($0)" } ?? "any")"
        switch algorithm {
        case .tree: return "tree, \(shape)"
        case .forest(let forest):
            return "\(forest.tree.choice == .random ? "extra-trees" : "forest") of \(forest.treeCount), \(shape)"
        }
    }
}
