import Forest
import ModelImport
import Testing

/// Two trees written by hand. The first: `x0 < 0.5 ? (x1 in {1, 3} ? leaf 4 : leaf 3) : leaf 2`; the second is a leaf.
func xgboostText(
    objective: String = "binary:logistic", baseScore: String = "5E-1", version: String = "2,0,3", booster: String = "gbtree",
    leaf: String = "0.25",
    left: String = "[1,3,-1,-1,-1]", conditions: String = "[0.5,0,1,2,4]", features: String = "[0,1,0,0,0]", categories: String = "[1,3]",
    missing: String = "[1,0,0,0,0]", info: String = "[0,0]", classes: String = "0"
) -> String {
    let model = """
        {"gbtree_model_param":{"num_trees":"2","num_parallel_tree":"1"},"tree_info":\(info),"trees":[
        {"base_weights":[0,0,0,0,0],"categories":\(categories),"categories_nodes":[1],"categories_segments":[0],"categories_sizes":[2],
        "default_left":\(missing),"id":0,"left_children":\(left),"right_children":[2,4,-1,-1,-1],"loss_changes":[1,1,0,0,0],
        "parents":[2147483647,0,0,1,1],"split_conditions":\(conditions),"split_indices":\(features),"split_type":[0,1,0,0,0],
        "sum_hessian":[10,6,4,2.5,3.5],"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"5","size_leaf_vector":"1"}},
        {"default_left":[false],"left_children":[-1],"right_children":[-1],"split_conditions":[\(leaf)],"split_indices":[0],"sum_hessian":[10],
        "tree_param":{"num_nodes":"1","size_leaf_vector":"0"}}]}
        """
    let gradientBooster =
        booster == "dart"
        ? "{\"gbtree\":{\"model\":\(model),\"name\":\"gbtree\"},\"name\":\"dart\",\"weight_drop\":[1,0.5]}"
        : "{\"model\":\(model),\"name\":\"\(booster)\"}"
    return """
        {"learner":{"attributes":{},"feature_names":[],"feature_types":[],"gradient_booster":\(gradientBooster),
        "learner_model_param":{"base_score":"\(baseScore)","num_class":"\(classes)","num_feature":"2","num_target":"1"},
        "objective":{"name":"\(objective)"}},"version":[\(version)]}
        """
}

struct XGBoostTests {
    @Test func aModelIsReadInFloats() throws {
        let model = try read(xgboostText())
        #expect(model.features.map(\.name) == ["f0", "f1"])
        #expect(model.version == "2.0.3" && model.source == .xgboost && model.classLabels == ["0", "1"])
        #expect(model.ensemble.inputPrecision == .single && model.ensemble.sourceArithmetic == .xgboost)
        #expect(model.ensemble.link == .logistic && model.ensemble.baseScores == [0])
        #expect(model.ensemble.trees[0].cover == [10, 6, 2.5, 3.5, 4])
    }

    @Test(
        arguments: [
            ([0.5, 0], 2), ([Double((0.5 as Float).nextDown), 0], 3), ([half.nextDown, 0], 2), ([.nan, 0], 3), ([0, 1], 4), ([0, 3.5], 4),
            ([0, 2], 3),
            ([0, -1], 3), ([0, -0.5], 3), ([0, 1e9], 3), ([0, .nan], 4), ([0, 3e38], 3),
        ] as [([Double], Int32)])
    func lessGoesLeftAndNamedCategoriesGoRight(row: [Double], leaf: Int32) throws {
        #expect(try read(xgboostText()).leaves(row) == [leaf, 0])
    }

    @Test(
        arguments: [
            ("binary:logistic", "2E-1", [-1.3862944]), ("binary:logistic", "[2E-1]", [-1.3862944]), ("binary:logitraw", "2E-1", [0.2]),
            ("reg:gamma", "2E-1", [-1.609438]),
            ("reg:squarederror", "3E0", [3]), ("count:poisson", "1E0", [0]), ("multi:softprob", "5E-1", [0.5, 0.5, 0.5]),
            ("multi:softprob", "[1E0,2E0,-5E-1]", [1, 2, -0.5]),
        ] as [(String, String, [Float])])
    func baseScoresBecomeMargins(objective: String, baseScore: String, margins: [Float]) throws {
        let text = xgboostText(objective: objective, baseScore: baseScore, version: "3,1,0", classes: margins.count == 3 ? "3" : "0")
        #expect(try read(text).ensemble.baseScores.map { Float($0) } == margins)
    }

    @Test func dartWeighsTheLeavesOfATree() throws {
        #expect(try read(xgboostText(booster: "dart")).ensemble.margins(row: [1, 0]) == [1 + 0.125])
        #expect(try read(xgboostText()).ensemble.margins(row: [1, 0]) == [1 + 0.25])
    }

    @Test func nothingIsLessThanNegativeInfinity() throws {
        let model = try read(xgboostText(conditions: "[-Infinity,0,1,2,4]"))
        #expect(model.leaves([-.infinity, 0]) == [2, 0] && model.leaves([.nan, 0]) == [3, 0])
    }

    /// Midway between two floats but for its last digit, which rounding to Double first loses.
    @Test func numbersAreReadAsTheNearestFloat() throws {
        let model = try read(xgboostText(leaf: "1.00000005960464477539062500000001"))
        #expect(model.ensemble.trees[1].leafValues == [Double((1 as Float).nextUp)])
    }

    @Test func sumsInFloatsStartWithTheBaseScore() throws {
        let model = try read(xgboostText(objective: "reg:squarederror", baseScore: "1.6777216E7"))
        #expect(model.ensemble.inSourceArithmetic.margins(row: [1, 0]) == [16_777_216])  // + 1, then + 0.25: both are lost in a Float
        #expect(model.ensemble.margins(row: [1, 0]) == [16_777_217.25])
    }

    @Test func ubjsonSaysTheSame() throws {
        let text = xgboostText().replacing("[false]", with: "[0]")
        #expect(try ImportedModel.read(Ubjson.encode(text)) == read(text))
    }

    @Test(arguments: [
        ("gblinear", xgboostText(booster: "gblinear")), ("binary:hinge", xgboostText(objective: "binary:hinge")),
        ("binf", "binf" + xgboostText()), ("rank:new", xgboostText(objective: "rank:new")),
    ])
    func whatIsNotSupportedIsRefusedByName(name: String, text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .unsupported && failure.problem.hasPrefix(name), "\(failure)")
    }

    @Test(arguments: [
        xgboostText(left: "[1,0,-1,-1,-1]"), xgboostText(left: "[1,2,-1,-1,-1]"), xgboostText(left: "[5,3,-1,-1,-1]"),
        xgboostText(left: "[1,3,-1,-1]"),
        xgboostText(conditions: "[NaN,0,1,2,4]"), xgboostText(conditions: "[0,0,Infinity,2,4]"), xgboostText(features: "[2,1,0,0,0]"),
        xgboostText(features: "[-1,1,0,0,0]"), xgboostText(categories: "[-1,3]"), xgboostText(categories: "[1]"),
        xgboostText(info: "[0,1]"),
        xgboostText(info: "[0]"), xgboostText(baseScore: "x"), xgboostText(baseScore: "2E0"), xgboostText(baseScore: "[1,2]"),
        xgboostText().replacing("\"num_nodes\":\"5\"", with: "\"num_nodes\":\"6\""), String(xgboostText().dropLast()), xgboostText() + "}",
        xgboostText().replacing("\"id\":0", with: "\"default_left\":[]"), "{}", "{\"learner\":{}}",
        String(repeating: "{\"a\":", count: 100),
        "{\"a\":" + String(repeating: "[", count: 100_000),
    ])
    func brokenModelsAreRefused(text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .malformed, "\(failure)")
    }

    @Test func vectorLeavesAreReadInBothForms() throws {
        func text(_ leaves: String, right: String) -> String {
            """
            {"learner":{"gradient_booster":{"model":{"tree_info":[0],"trees":[{"default_left":[1,0,0],\(leaves),"left_children":[1,-1,-1],
            "right_children":\(right),"split_conditions":[0,0,0],"split_indices":[0,0,0],"sum_hessian":[2,1,1],
            "tree_param":{"num_nodes":"3","size_leaf_vector":"2"}}]},"name":"gbtree"},"learner_model_param":{"base_score":"0","num_class":"0",
            "num_feature":"1","num_target":"2"},"objective":{"name":"reg:squarederror"}},"version":[3,1,0]}
            """
        }
        for model in try [
            read(text("\"leaf_weights\":[1,2,3,4]", right: "[2,0,1]")), read(text("\"base_weights\":[0,0,1,2,3,4]", right: "[2,-1,-1]")),
        ] {
            #expect(model.ensemble.margins(row: [-1]) == [1, 2] && model.ensemble.margins(row: [0]) == [3, 4])
        }
    }
}
