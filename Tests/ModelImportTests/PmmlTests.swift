import Forest
import ModelImport
import Testing

/// A model of two numbers (`x` a double, `y` a float) and a word (`w`: red, green, blue).
func pmmlText(_ model: String, use: String = "", target: String = "", transformations: String = "") -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
      <Header/>
      <DataDictionary>
        <DataField name="x" optype="continuous" dataType="double"/>
        <DataField name="y" optype="continuous" dataType="float"/>
        <DataField name="w" optype="categorical" dataType="string"><Value value="red"/><Value value="green"/><Value value="blue"/></DataField>
        <DataField name="class" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>
      </DataDictionary>
      <TransformationDictionary>\(transformations)</TransformationDictionary>
      \(model.replacing("<MiningSchema/>", with: """
        <MiningSchema><MiningField name="x" \(use)/><MiningField name="y"/><MiningField name="w" \(use)/>\(target)</MiningSchema>
        """))
    </PMML>
    """
}

func tree(_ nodes: String, _ attributes: String = "", function: String = "regression") -> String {
    "<TreeModel functionName=\"\(function)\" \(attributes)><MiningSchema/>\(nodes)</TreeModel>"
}

private let split = """
    <Node id="0" score="9" defaultChild="2"><True/>
    <Node id="1" score="1"><SimplePredicate field="x" operator="lessOrEqual" value="0.1"/></Node>
    <Node id="2" score="2"><SimplePredicate field="x" operator="greaterThan" value="0.1"/></Node></Node>
    """
private let classifier = """
    <Node><True/><Node score="no"><SimplePredicate field="x" operator="lessThan" value="1"/>
    <ScoreDistribution value="no" recordCount="3"/><ScoreDistribution value="yes" recordCount="1"/></Node>
    <Node score="yes"><True/><ScoreDistribution value="yes" recordCount="5"/></Node></Node>
    """
private let target = "<MiningField name=\"class\" usageType=\"target\"/>"

struct PmmlTests {
    private func margins(_ text: String, _ row: [Double]) throws -> [Double] { try read(text).ensemble.margins(row: row) }

    @Test func namesWordsAndVersionAreRead() throws {
        let model = try read(pmmlText(tree(split)))
        #expect(model.features.map(\.name) == ["x", "y", "w"])
        #expect(model.features[2].categories == ["red", "green", "blue"])
        #expect(model.source == .pmml && model.version == "4.4" && model.ensemble.inputPrecision == .double)
        #expect(model.sourceLeaves == [[1, 2]] && model.ensemble.trees[0].nodeCount == 3)
    }

    /// What becomes of a missing value: 1 and 2 are the children's scores, 9 the parent's.
    @Test(
        arguments: [
            ("missingValueStrategy=\"defaultChild\"", 2), ("missingValueStrategy=\"lastPrediction\"", 9),
            ("noTrueChildStrategy=\"returnLastPrediction\"", 9),
            ("missingValueStrategy=\"none\" noTrueChildStrategy=\"returnLastPrediction\"", 9),
        ] as [(String, Double)])
    func missingValuesGoWhereTheModelSays(attributes: String, score: Double) throws {
        let text = pmmlText(tree(split, attributes))
        #expect(try margins(text, [.nan, 0, 0]) == [score])
        #expect(try margins(text, [0.1, 0, 0]) == [1] && margins(text, [(half / 5).nextUp, 0, 0]) == [2])
        #expect(try read(text).featuresNeeded == [])
    }

    @Test(arguments: ["", "missingValueStrategy=\"nullPrediction\""]) func aFeatureWithoutWhichThereIsNoPredictionIsTold(attributes: String)
        throws
    {
        let model = try read(pmmlText(tree(split, attributes)))
        #expect(model.featuresNeeded == [0] && model.ensemble.trees[0].nodeCount == 3)
    }

    @Test func aMissingValueIsReplaced() throws {
        let text = pmmlText(tree(split), use: "missingValueReplacement=\"0\"").replacing(
            "name=\"w\" missingValueReplacement=\"0\"", with: "name=\"w\"")
        #expect(try margins(text, [.nan, 0, 0]) == [1])
        #expect(try read(text).featuresNeeded == [])
    }

    @Test(
        arguments: [
            ("lessThan", 0.3, false), ("lessOrEqual", 0.3, true), ("greaterThan", 0.3, false), ("greaterOrEqual", 0.3, true),
            ("equal", 0.3, true),
            ("notEqual", 0.3, false), ("equal", 0.4, false), ("notEqual", 0.4, true), ("isMissing", 0.3, false),
            ("isNotMissing", 0.3, true),
            ("lessOrEqual", 0.2, true), ("greaterThan", 0.4, true), ("isMissing", .nan, true), ("isNotMissing", .nan, false),
        ] as [(String, Double, Bool)])
    func operatorsCompare(operation: String, value: Double, isTrue: Bool) throws {
        let constant = operation.hasSuffix("Missing") ? "" : "value=\"0.3\""
        let nodes = """
            <Node score="0"><True/><Node score="1"><SimplePredicate field="x" operator="\(operation)" \(constant)/></Node></Node>
            """
        #expect(try margins(pmmlText(tree(nodes, "noTrueChildStrategy=\"returnLastPrediction\"")), [value, 0, 0]) == [isTrue ? 1 : 0])
    }

    /// `y` is a float: the double that is tested is rounded first, ties to even.
    @Test func aFloatFieldIsRoundedBeforeItIsTested() throws {
        let nodes = """
            <Node score="0"><True/><Node score="1"><SimplePredicate field="y" operator="lessOrEqual" value="0.1"/></Node></Node>
            """
        let model = try read(pmmlText(tree(nodes, "noTrueChildStrategy=\"returnLastPrediction\"")))
        let single = 0.1 as Float
        var seen: Set<Double> = []
        for neighbour in [single.nextDown, single, single.nextUp] {
            let middle = (Double(neighbour) + Double(neighbour.nextUp)) / 2
            for value in [Double(neighbour), middle, middle.nextDown, middle.nextUp] {
                let answer = model.ensemble.margins(row: [0, value, 0])[0]
                #expect(answer == (Float(value) <= single ? 1 : 0))
                seen.insert(answer)
            }
        }
        #expect(seen == [0, 1])
    }

    @Test(arguments: [(0, 1), (1, 2), (2, 1), (.nan, 7)] as [(Double, Double)])
    func setsOfWordsAreMembership(code: Double, score: Double) throws {
        let nodes = """
            <Node score="7"><True/>
            <Node score="1"><SimpleSetPredicate field="w" booleanOperator="isIn"><Array type="string" n="2">red "blue"</Array></SimpleSetPredicate></Node>
            <Node score="2"><SimpleSetPredicate field="w" booleanOperator="isIn"><Array type="string" n="1">green</Array></SimpleSetPredicate></Node></Node>
            """
        #expect(try margins(pmmlText(tree(nodes, "missingValueStrategy=\"lastPrediction\"")), [0, 0, code]) == [score])
    }

    @Test func valuesThatAreNotDeclaredCanCountAsMissing() throws {
        let nodes = """
            <Node score="7"><True/><Node score="1"><SimplePredicate field="w" operator="equal" value="red"/></Node>
            <Node score="2"><SimplePredicate field="w" operator="notEqual" value="red"/></Node></Node>
            """
        let strategy = "missingValueStrategy=\"lastPrediction\""
        #expect(try margins(pmmlText(tree(nodes, strategy), use: "invalidValueTreatment=\"asMissing\""), [0, 0, 5]) == [7])
        #expect(try margins(pmmlText(tree(nodes, strategy), use: "invalidValueTreatment=\"asIs\""), [0, 0, 5]) == [2])
    }

    /// Rows of x, y and the score, 0 where the predicate is false or unknown.
    @Test(
        arguments: [
            ("and", 0, 0, 1), ("and", 1, 0, 0), ("and", 0, 1, 0), ("and", .nan, 0, 0), ("or", 1, 0, 1), ("or", 1, 1, 0), ("or", .nan, 0, 1),
            ("or", .nan, 1, 0),
            ("surrogate", 0, 1, 1), ("surrogate", 1, 0, 0), ("surrogate", .nan, 0, 1), ("surrogate", .nan, 1, 0),
            ("surrogate", .nan, .nan, 0),
        ] as [(String, Double, Double, Double)])
    func compoundPredicatesKnowThreeValues(operation: String, x: Double, y: Double, score: Double) throws {
        let nodes = """
            <Node score="0"><True/><Node score="1"><CompoundPredicate booleanOperator="\(operation)">
            <SimplePredicate field="x" operator="lessThan" value="0.5"/><SimplePredicate field="y" operator="lessThan" value="0.5"/>
            </CompoundPredicate></Node></Node>
            """
        #expect(try margins(pmmlText(tree(nodes, "noTrueChildStrategy=\"returnLastPrediction\"")), [x, y, 0]) == [score])
    }

    @Test func everyValueIsUnderInfinity() throws {
        let nodes = split.replacing("0.1", with: "Infinity")
        let text = pmmlText(tree(nodes, "missingValueStrategy=\"defaultChild\""))
        #expect(try margins(text, [.infinity, 0, 0]) == [1] && margins(text, [.nan, 0, 0]) == [2])
    }

    @Test func distributionsBecomeProbabilities() throws {
        let model = try read(pmmlText(tree(classifier, function: "classification"), target: target))
        #expect(model.classLabels == ["no", "yes"])
        #expect(model.ensemble.margins(row: [0, 0, 0]) == [0.75, 0.25] && model.ensemble.margins(row: [1, 0, 0]) == [0, 1])
    }

    @Test(
        arguments: [
            ("sum", 3, .sum), ("average", 1.5, .mean), ("weightedAverage", 1.75, .sum), ("x-weightedSum", 7, .sum),
        ] as [(String, Double, TreeEnsemble.Aggregation)])
    func segmentsAreAddedUp(method: String, margin: Double, aggregation: TreeEnsemble.Aggregation) throws {
        let text = pmmlText(
            """
            <MiningModel functionName="regression"><MiningSchema/><Targets><Target rescaleFactor="2" rescaleConstant="0.5"/></Targets>
            <Segmentation multipleModelMethod="\(method)">
            <Segment weight="1"><True/>\(tree("<Node score=\"1\"><True/></Node>"))</Segment>
            <Segment weight="3"><True/>\(tree("<Node score=\"2\"><True/></Node>"))</Segment></Segmentation></MiningModel>
            """)
        let model = try read(text)
        #expect(model.ensemble.margins(row: [0, 0, 0]) == [margin * 2 + 0.5] && model.ensemble.aggregation == aggregation)
    }

    @Test func votesAreCounted() throws {
        let segment = "<Segment><True/>\(tree(classifier, function: "classification"))</Segment>"
        let text = pmmlText(
            """
            <MiningModel functionName="classification"><MiningSchema/><Segmentation multipleModelMethod="majorityVote">\(segment)\(segment)
            </Segmentation></MiningModel>
            """, target: target)
        #expect(try margins(text, [0, 0, 0]) == [1, 0])
    }

    @Test func aChainEndsWithALink() throws {
        func chain(_ tables: String, _ method: String) -> String {
            pmmlText(
                """
                <MiningModel functionName="classification"><MiningSchema/><Segmentation multipleModelMethod="modelChain">
                <Segment><True/>\(tree(split).replacing("<MiningSchema/>", with: "<MiningSchema/><Output><OutputField name=\"m\"/></Output>"))</Segment>
                <Segment><True/><RegressionModel functionName="classification" normalizationMethod="\(method)"><MiningSchema/>\(tables)
                </RegressionModel></Segment></Segmentation></MiningModel>
                """, target: target)
        }
        let term = "<NumericPredictor name=\"m\" coefficient=\"3\"/>"
        let logit = try read(
            chain(
                "<RegressionTable targetCategory=\"yes\" intercept=\"0.5\">\(term)</RegressionTable><RegressionTable targetCategory=\"no\" intercept=\"0\"/>",
                "logit"))
        #expect(logit.ensemble.link == .logistic && logit.classLabels == ["no", "yes"] && logit.ensemble.margins(row: [0, 0, 0]) == [3.5])
        let softmax = try read(
            chain(
                "<RegressionTable targetCategory=\"no\" intercept=\"1\"/><RegressionTable targetCategory=\"yes\" intercept=\"0\">\(term)</RegressionTable>",
                "softmax"))
        #expect(softmax.ensemble.link == .softmax && softmax.ensemble.margins(row: [1, 0, 0]) == [1, 6])
    }

    @Test(arguments: [
        ("missingValueStrategy aggregateNodes", pmmlText(tree(split, "missingValueStrategy=\"aggregateNodes\""))),
        ("missingValueStrategy weightedConfidence", pmmlText(tree(split, "missingValueStrategy=\"weightedConfidence\""))),
        ("NeuralNetwork", pmmlText("<NeuralNetwork functionName=\"regression\"><MiningSchema/></NeuralNetwork>")),
        ("booleanOperator xor", pmmlText(tree("<Node score=\"1\"><CompoundPredicate booleanOperator=\"xor\"/></Node>"))),
        ("version 3.2", pmmlText(tree(split)).replacing("version=\"4.4\"", with: "version=\"3.2\"")),
        (
            "noTrueChildStrategy",
            pmmlText(tree("<Node><True/><Node score=\"1\"><SimplePredicate field=\"x\" operator=\"lessThan\" value=\"1\"/></Node></Node>"))
        ),
        ("DOCTYPE", "<!DOCTYPE PMML [<!ENTITY a \"aaaa\">]><PMML version=\"4.4\">&a;</PMML>"),
        (
            "DerivedField z: Apply",
            pmmlText(
                tree(split.replacing("field=\"x\"", with: "field=\"z\"")),
                transformations:
                    "<DerivedField name=\"z\" optype=\"continuous\" dataType=\"double\"><Apply function=\"exp\"/></DerivedField>")
        ),
        (
            "multipleModelMethod median",
            pmmlText(
                """
                <MiningModel functionName="regression"><MiningSchema/><Segmentation multipleModelMethod="median"><Segment><True/>\(tree(split))
                </Segment></Segmentation></MiningModel>
                """)
        ),
    ])
    func whatIsNotSupportedIsRefusedByName(name: String, text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .unsupported && failure.problem.hasPrefix(name), "\(failure)")
    }

    @Test(arguments: [
        pmmlText(tree("")), pmmlText(tree("<Node><True/></Node>")), pmmlText(tree("<Node score=\"nan\"><True/></Node>")),
        pmmlText(tree("<Node score=\"1\"/>")),
        pmmlText(tree(split.replacing("0.1", with: "x"))), pmmlText(tree(split.replacing("field=\"x\"", with: "field=\"q\""))),
        pmmlText(tree(split, "missingValueStrategy=\"defaultChild\"").replacing("defaultChild=\"2\"", with: "defaultChild=\"3\"")),
        pmmlText(tree(classifier.replacing("recordCount=\"5\"", with: "recordCount=\"0\""), function: "classification"), target: target),
        pmmlText(tree(split)).replacing("</PMML>", with: ""), "<a/>", "<PMML version=\"4.4\"/>", "<",
    ])
    func brokenModelsAreRefused(text: String) throws {
        let failure = try #require(throws: ImportFailure.self) { try read(text) }
        #expect(failure.kind == .malformed, "\(failure)")
    }

    @Test func depthIsLimited() throws {
        let deep = String(repeating: "<Node score=\"1\"><True/>", count: 50_000)
        let failure = try #require(throws: ImportFailure.self) { try read(pmmlText(tree(deep))) }
        #expect(failure.kind == .tooLarge)
    }

    @Test func manySidedNodesBecomeBinaryOnesWithoutBlowingUp() throws {
        let children = (0..<200).map {
            "<Node score=\"\($0)\"><SimplePredicate field=\"x\" operator=\"lessOrEqual\" value=\"\($0)\"/></Node>"
        }.joined()
        let model = try read(pmmlText(tree("<Node score=\"-1\"><True/>\(children)</Node>", "noTrueChildStrategy=\"returnLastPrediction\"")))
        #expect(model.ensemble.trees[0].nodeCount == 401)
        #expect(model.ensemble.margins(row: [17.5, 0, 0]) == [18] && model.ensemble.margins(row: [.nan, 0, 0]) == [-1])
    }
}
