import Forest
import ModelImport
import Testing

/// A tree of three tests, written by hand: `x0 <= 0.5 ? (x1 in {1, 3, 34}) : (x2 <= -1)`, leaves 0, 1 | 2, 3.
func lightGBMText(
    decisions: String = "2 1 2", objective: String = "binary sigmoid:1", version: String = "v4", extra: String = "", treeExtra: String = "",
    thresholds: String = "0.5 0 -1", children: String = "left_child=1 -1 -3\nright_child=2 -2 -4"
) -> String {
    """
    tree
    version=\(version)
    num_class=1
    num_tree_per_iteration=1
    label_index=0
    max_feature_idx=2
    objective=\(objective)\(extra)
    feature_names=amount terminal hour
    feature_infos=[0:1] 0:1:3:34 [-1:1]
    tree_sizes=1

    Tree=0
    num_leaves=4
    num_cat=1
    split_feature=0 1 2
    split_gain=3 2 1
    threshold=\(thresholds)
    decision_type=\(decisions)
    \(children)
    leaf_value=1 2 4 8
    leaf_weight=1 1 1 1
    leaf_count=10 20 30 40
    internal_value=0 0 0
    internal_weight=1 1 1
    internal_count=100 30 70
    cat_boundaries=0 2
    cat_threshold=10 4
    is_linear=0
    shrinkage=1\(treeExtra)


    end of trees

    feature_importances:
    amount=1
    """
}

func read(_ text: String) throws(ImportFailure) -> ImportedModel { try ImportedModel.read(Array(text.utf8)) }

extension ImportedModel {
    /// The source's numbers of a row's leaves.
    func leaves(_ row: [Double]) -> [Int32] {
        row.withUnsafeBufferPointer { row in
            LeafTable(ensemble, rows: row, rowCount: 1).leaves.enumerated().map { sourceLeaves[$0][Int($1)] }
        }
    }
}

private let zero = Double(1e-35 as Float)
let half = 0.5
let one = 1.0

struct LightGBMTests {
    @Test func aModelIsReadWithItsNamesCountsAndLink() throws {
        let model = try read(lightGBMText())
        #expect(model.features.map(\.name) == ["amount", "terminal", "hour"])
        #expect(model.classLabels == ["0", "1"])
        #expect(model.source == .lightGBM && model.version == "v4" && model.objective == "binary sigmoid:1")
        #expect(model.ensemble.link == .logistic && model.ensemble.aggregation == .sum && model.ensemble.inputPrecision == .double)
        #expect(model.ensemble.trees[0].cover == [100, 30, 10, 20, 70, 30, 40])
        #expect(model.sourceLeaves == [[0, 1, 2, 3]])
    }

    @Test(
        arguments: [
            ([0.5, 3, 0], 0), ([half.nextUp, 3, -1], 2), ([half.nextUp, 3, (-one).nextUp], 3), ([0, 2, 0], 1),
            ([0, 3.99, 0], 0), ([0, 34, 0], 0), ([0, 35, 0], 1), ([0, 64, 0], 1), ([0, -1, 0], 1), ([0, .nan, 0], 1), ([0, 3e9, 0], 1),
        ] as [([Double], Int32)])
    func valuesAreComparedAsDoublesAndCategoriesAreCutToIntegers(row: [Double], leaf: Int32) throws {
        #expect(try read(lightGBMText()).leaves(row) == [leaf])
    }

    /// The first node's decision type: bit 1 default left, bits 2 and 3 what is missing.
    @Test(
        arguments: [
            (0, .nan, true), (2, .nan, true), (4, .nan, false), (6, .nan, true), (8, .nan, false), (10, .nan, true), (0, 0, true),
            (4, 0, false),
            (6, 0, true), (4, zero, false), (4, -zero, false), (4, zero.nextUp, true), (8, 0, true),
        ] as [(Int, Double, Bool)])
    func whatIsMissingIsTheNodesMatter(decision: Int, value: Double, isLeft: Bool) throws {
        #expect(try read(lightGBMText(decisions: "\(decision) 1 2")).leaves([value, 1, 0]) == [isLeft ? 0 : 3])
    }

    @Test(
        arguments: [
            (zero, zero, true), (zero, zero.nextUp, false), (0, zero, true), (-zero, -zero, false), (-zero, (-zero).nextDown, true),
            (-1e-36, 0, false),
        ] as [(Double, Double, Bool)])
    func valuesAsSmallAsZeroAreZero(threshold: Double, value: Double, isLeft: Bool) throws {
        let model = try read(lightGBMText(decisions: "8 1 2", thresholds: "\(threshold) 0 -1"))
        #expect(model.leaves([value, 1, 0]) == [isLeft ? 0 : 3])
    }

    @Test(
        arguments: [
            ("multiclassova num_class:1 sigmoid:2", .logistic, 2), ("regression", .identity, 1), ("poisson", .exponential, 1),
            ("tweedie", .exponential, 1), ("cross_entropy", .logistic, 1), ("lambdarank", .identity, 1),
            ("binary sigmoid:0.5", .logistic, 0.5),
        ] as [(String, TreeEnsemble.Link, Double)])
    func objectivesBecomeLinks(objective: String, link: TreeEnsemble.Link, scale: Double) throws {
        let model = try read(lightGBMText(objective: objective))
        #expect(model.ensemble.link == link)
        #expect(model.ensemble.margins(row: [0, 1, 0]) == [scale])
    }

    @Test func theMeanOfAForestIsAMean() throws {
        #expect(try read(lightGBMText(extra: "\naverage_output")).ensemble.aggregation == .mean)
    }

    @Test(arguments: [
        ("linear_tree", lightGBMText().replacing("is_linear=0", with: "is_linear=1")), ("version v2", lightGBMText(version: "v2")),
        ("reg_sqrt", lightGBMText(objective: "regression sqrt")), ("cross_entropy_lambda", lightGBMText(objective: "cross_entropy_lambda")),
    ])
    func whatIsNotSupportedIsRefusedByName(name: String, text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .unsupported && failure.problem.hasPrefix(name), "\(failure)")
    }

    @Test(arguments: [
        lightGBMText(children: "left_child=1 -1 0\nright_child=2 -2 -4"), lightGBMText(children: "left_child=1 -1 -3\nright_child=1 -2 -4"),
        lightGBMText(children: "left_child=1 -1 -3\nright_child=2 -2 -5"),
        lightGBMText(children: "left_child=1 -1 -3\nright_child=3 -2 -4"),
        lightGBMText(children: "left_child=1 -1\nright_child=2 -2 -4"), lightGBMText(thresholds: "nan 0 -1"),
        lightGBMText(thresholds: "0.5 1 -1"),
        lightGBMText(thresholds: "0.5 0"), lightGBMText(decisions: "14 1 2"),
        lightGBMText().replacing("split_feature=0", with: "split_feature=3"),
        lightGBMText().replacing("cat_boundaries=0 2", with: "cat_boundaries=0 3"),
        lightGBMText().replacing("leaf_value=1", with: "leaf_value=inf"),
        lightGBMText().replacing("end of trees", with: ""), lightGBMText().replacing("tree_sizes=1", with: "tree_sizes=1 2"),
        lightGBMText().replacing("feature_names=amount", with: "feature_names="),
        lightGBMText().replacing("num_leaves=4", with: "num_leaves=0"),
        lightGBMText().replacing("num_leaves=4", with: "num_leaves=4\nnum_leaves=4"),
    ])
    func brokenModelsAreRefused(text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .malformed, "\(failure)")
    }

    @Test func aTreeOfOneLeafNeedsNoInnerNodes() throws {
        let text = """
            tree
            version=v3
            num_tree_per_iteration=1
            max_feature_idx=0
            feature_names=a
            Tree=0
            num_leaves=1
            num_cat=0
            split_feature=
            leaf_value=0.25
            end of trees

            """
        #expect(try read(text).ensemble.margins(row: [7]) == [0.25])
    }
}
