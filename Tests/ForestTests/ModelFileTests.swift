import Forest
import Hashing
import RiskDomain
import Testing

@Suite struct ModelFileTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func encodingThenLoadingIsIdentity(seed: UInt64) throws {
        var random = Seeded(seed)
        let forest = try Forest.arbitrary(using: &random)
        let bytes = forest.encode()
        let loaded = try Forest.load(bytes)
        #expect(loaded == forest)
        #expect(loaded.encode() == bytes)
        #expect(forest.contentHash == ContentHash(of: bytes))
    }

    @Test func theFileIsTheDocumentedText() throws {
        let forest = try Forest(
            kind: .tree, features: ["amount", "night"], featureSet: ContentHash(of: "abc".utf8),
            thresholds: DecisionThresholds(review: 0.2, decline: 0.5), trees: [handTree()])
        #expect(
            String(decoding: forest.encode(), as: UTF8.self) == """
                {
                  "format": "assay-forest/1",
                  "kind": "tree",
                  "features": [
                    "amount",
                    "night"
                  ],
                  "featureSet": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                  "thresholds": {"review":0.2,"decline":0.5},
                  "trees": [
                    {"feature":[0,1,-1,-1,-1],"threshold":[220.0,0.5,0.0,0.0,0.0],"left":[1,3,-1,-1,-1],"right":[2,4,-1,-1,-1],\
                "missingGoesLeft":[1,0,0,0,0],"value":[0.1,0.05,0.9,0.01,0.2],"cover":[100.0,90.0,10.0,70.0,20.0]}
                  ]
                }

                """)
    }

    /// One edit of a good file, and where the failure is said to lie.
    @Test(
        arguments: [
            ("\"assay-forest/1\"", "\"assay-forest/2\"", "format"),
            ("\"kind\": \"tree\"", "\"kind\": \"shrub\"", "kind"),
            ("\"kind\": \"tree\"", "\"kind\": \"tree\", \"kind\": \"tree\"", "file"),
            ("\"kind\": \"tree\",", "", "kind"),
            ("\"kind\"", "\"king\"", "king"),
            ("\"night\"", "\"amount\"", "features[1]"),
            ("\"night\"", "7", "features[1]"),
            ("\"night\"", "\"\"", "features[1]"),
            ("\"night\"", "\"a\\u0000\"", "features[1]"),
            ("\"night\"", "\"\\ud800\"", "features[1]"),
            ("\"night\"", "\"\\q\"", "features[1]"),
            ("\"thresholds\"", "\"featureSet\": \"BA78\", \"thresholds\"", "featureSet"),
            ("\"review\":0.2", "\"review\":0.6", "thresholds"),
            ("\"review\":0.2", "\"review\":-0.1", "thresholds"),
            ("\"review\":0.2", "\"review\":NaN", "thresholds.review"),
            ("\"decline\":0.5", "\"decline\":1.5", "thresholds.decline"),
            (",\"decline\":0.5", "", "thresholds.decline"),
            ("\"trees\": [", "\"trees\": [], \"x\": [", "x"),
            ("[220.0,0.5", "[1e999,0.5", "trees[0].threshold[0]"),
            ("[220.0,0.5", "[220.0,.5", "trees[0].threshold[1]"),
            ("[220.0,0.5", "[220.0,00.5", "trees[0].threshold[1]"),
            ("[220.0,0.5", "[220.0,0.", "trees[0].threshold[1]"),
            ("[220.0,0.5", "[220.0,0.5e", "trees[0].threshold[1]"),
            ("[220.0,0.5", "[220.0", "trees[0].threshold"),
            ("[220.0,0.5,0.0", "[220.0,0.5,7.0", "trees[0].feature[2]"),
            ("\"feature\":[0,1", "\"feature\":[0,2", "trees[0].feature[1]"),
            ("\"feature\":[0,1", "\"feature\":[0,-2", "trees[0].feature[1]"),
            ("\"feature\":[0,1", "\"feature\":[0,1.5", "trees[0].feature[1]"),
            ("\"feature\":[0,1", "\"feature\":[0,3000000000", "trees[0].feature[1]"),
            ("\"feature\":[0,1,-1,-1,-1]", "\"feature\":[]", "trees[0]"),
            ("\"left\":[1,3", "\"left\":[0,3", "trees[0].left[0]"),
            ("\"left\":[1,3", "\"left\":[1,0", "trees[0].left[1]"),
            ("\"left\":[1,3", "\"left\":[1,2", "trees[0].left[1]"),
            ("\"left\":[1,3", "\"left\":[1,5", "trees[0].left[1]"),
            ("\"left\":[1,3", "\"left\":[3,1", "trees[0].left[1]"),
            ("\"left\":[1,3,-1", "\"left\":[1,3,4", "trees[0].feature[2]"),
            ("\"missingGoesLeft\":[1", "\"missingGoesLeft\":[2", "trees[0].missingGoesLeft[0]"),
            ("\"missingGoesLeft\":[1", "\"missingGoesLeft\":[true", "trees[0].missingGoesLeft[0]"),
            ("0.01,0.2]", "0.01,1.2]", "trees[0].value[4]"),
            ("0.01,0.2]", "0.01]", "trees[0].value"),
            ("[100.0", "[0", "trees[0].cover[0]"),
            ("[100.0", "[-1", "trees[0].cover[0]"),
            ("\"cover\"", "\"covet\"", "trees[0].covet"),
            ("}\n", "}\n!", "file"),
            ("{\n", "", "file"),
        ] as [(String, String, String)])
    func aMalformedFileIsRefusedByPlace(found: String, replacement: String, place: String) throws {
        let good = String(decoding: try handForest().encode(), as: UTF8.self)
        var text = good
        // The file's last brace and first brace carry a line end, so the needles are unique where it matters.
        let range = try #require(found == "}\n" ? text.lastRange(of: found) : text.firstRange(of: found))
        text.replaceSubrange(range, with: replacement)
        let failure = #expect(throws: ForestFailure.self) { try Forest.load(Array(text.utf8)) }
        #expect(failure?.place == place)
    }

    @Test func everyPrefixOfAFileIsRefused() throws {
        let bytes = try handForest().encode()
        for count in 0..<bytes.count - 1 {
            #expect(throws: ForestFailure.self) { try Forest.load(Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func damagedBytesLoadOrThrowButNeverTrap(seed: UInt64) throws {
        var random = Seeded(seed)
        let good = try Forest.arbitrary(using: &random).encode()
        for _ in 0..<40 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if let forest = try? Forest.load(bytes) {
                #expect((0...1).contains(FlatEngine(forest).score(forest.features.map { _ in 0.0 })))
            }
        }
    }

    @Test func aTreeDeeperThanTheBoundIsRefused() throws {
        var tree = Tree()
        var tip = tree.appendLeaf(value: 0.5, cover: 1)
        for _ in 0...ForestLimits.depthMax {
            let left = tree.appendLeaf(value: 0.5, cover: 1)
            let right = tree.appendLeaf(value: 0.5, cover: 1)
            tree.split(tip, feature: 0, threshold: 1, left: left, right: right, missingGoesLeft: false)
            tip = right
        }
        #expect(throws: ForestFailure.self) { try handForest([tree]) }
    }

    @Test func aTrainingRecordIsChecked() throws {
        let day = EventTime.microsPerDay
        func forest(_ record: TrainingRecord) throws -> Forest {
            try handForest().replacing(thresholds: DecisionThresholds(review: 0, decline: 0), training: record)
        }
        var record = TrainingRecord(from: EventTime(micros: 0), until: EventTime(micros: day), rowCount: 2, fraudCount: 1, seed: .max)
        #expect(try Forest.load(forest(record).encode()).training == record)
        record.metrics = [.init("auc", .nan)]
        #expect(throws: ForestFailure.self) { try forest(record) }
        record.metrics = [.init("auc", 1), .init("auc", 1)]
        #expect(throws: ForestFailure.self) { try forest(record) }
        record.metrics = []
        record.fraudCount = 3
        #expect(throws: ForestFailure.self) { try forest(record) }
    }
}

extension String {
    fileprivate func lastRange(of needle: String) -> Range<String.Index>? {
        ranges(of: needle).last
    }
}
