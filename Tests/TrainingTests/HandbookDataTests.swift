import Evaluation
import Forest
import Foundation
import OracleSupport
import RiskDomain
import Testing
import Training

private var dataFolder: String? { ProcessInfo.processInfo.environment["ASSAY_TEST_DATA"] }

/// The Fraud Detection Handbook's simulated transactions, where `ASSAY_TEST_DATA` names a folder that holds them.
@Suite(.enabled(if: dataFolder != nil)) struct HandbookDataTests {
    /// Counts of the published protocol: 67,240 rows with 598 frauds to learn from, 58,264 with 385 to test on.
    @Test func thePublishedSplitHasItsPublishedCounts() throws {
        var columns = Transactions()
        try columns.read(pattern: "^[0-9]+,2018-0(7-2[5-9]|7-3|8)")
        let set = try TrainingSet(
            features: ["amount"], columns: [columns.amounts], isFraud: columns.isFraud, times: columns.times, customers: columns.customers)
        #expect(set.rowCount == 201_295)
        let (train, test) = HandbookProtocol.published.split(set)
        #expect(train.count == 67_240 && set.fraudCount(of: train) == 598)
        #expect(test.count == 58_264 && set.fraudCount(of: test) == 385)
    }

    /// Leaves as scikit-learn's DecisionTreeClassifier(max_depth=2) has them for the same week and features.
    @Test func theTreeOfDepthTwoHasTheLeavesOfScikitLearn() throws {
        var columns = Transactions()
        try columns.read(pattern: "^[0-9]+,2018-07-(2[5-9]|3)")
        let placeOfID = Dictionary(uniqueKeysWithValues: zip(columns.ids, columns.ids.indices))
        var features = [[Double]](repeating: [Double](repeating: .nan, count: columns.ids.count), count: 15)
        features[0] = columns.amounts
        for line in try lines(of: "handbook-7d-features-train.csv.gz", pattern: "^[0-9]") {
            let fields = line.split(separator: UInt8(ascii: ","))
            let place = try #require(placeOfID[number(fields[0])])
            for feature in 1..<15 { features[feature][place] = try #require(Double(String(decoding: fields[feature], as: UTF8.self))) }
        }
        #expect(features.allSatisfy { !$0.contains(where: \.isNaN) })
        let set = try TrainingSet(
            features: features.indices.map { "f\($0)" }, columns: features, isFraud: columns.isFraud, times: columns.times,
            customers: columns.customers)
        let tree = ForestTrainer(set, rows: Array(0..<set.rowCount)).tree(TreeParameters(depthMax: 2))
        let leaves = (0..<tree.nodeCount).filter { tree.isLeaf($0) }.map { tree.value[$0] }.sorted()
        let expected = [0.0035364282075104145, 0.09027777777777778, 0.9527896995708155, 0.9844961240310077]
        #expect(leaves.count == 4 && zip(leaves, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    private struct Transactions {
        var ids: [Int64] = []
        var amounts: [Double] = []
        var isFraud: [Bool] = []
        var times: [EventTime] = []
        var customers: [Int64] = []

        mutating func read(pattern: String) throws {
            for line in try lines(of: "handbook-7d.csv.gz", pattern: pattern) {
                let fields = line.split(separator: UInt8(ascii: ","))
                ids.append(number(fields[0]))
                times.append(try EventTime(rfc3339: fields[1]))
                customers.append(number(fields[2]))
                amounts.append(try #require(Double(String(decoding: fields[4], as: UTF8.self))))
                isFraud.append(number(fields[5]) == 1)
            }
        }
    }
}

private func number(_ digits: some Sequence<UInt8>) -> Int64 { digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) } }

/// The lines of a compressed file that match an extended regular expression.
private func lines(of file: String, pattern: String) throws -> [ArraySlice<UInt8>] {
    let bytes = try OracleTool.run(["/bin/sh", "-c", "gzip -dc \"$0\" | grep -E \"$1\"", "\(dataFolder!)/\(file)", pattern])
    return bytes.split(separator: UInt8(ascii: "\n"))
}
