import Foundation
import ModelTools
import Testing

@Suite struct ModelRowsTests {
    private let features = ["amount", "risk"]

    @Test(
        arguments: [
            (#"{"risk": 0.5, "amount": 12}"#, [12, 0.5]), (#"[12, 0.5]"#, [12, 0.5]),
            (#"[{"amount": 1, "risk": true}, [3, 4]]"#, [1, 1, 3, 4]),
            (#"[]"#, []), (#"[[1, 2]]"#, [1, 2]), (#"{"amount": 1e-3, "risk": -0}"#, [0.001, 0]),
        ] as [(String, [Double])])
    func jsonRowsAreReadByNameOrPlace(text: String, values: [Double]) throws {
        #expect(try ModelRows(json: Array(text.utf8), features: features).values == values)
    }

    @Test func whatIsNotThereIsMissing() throws {
        let rows = try ModelRows(json: Array(#"[{}, {"amount": null, "risk": 2}, [null, 1]]"#.utf8), features: features)
        #expect(rows.values.map(\.isNaN) == [true, true, true, false, true, false])
    }

    @Test(arguments: [
        #"{"amuont": 1}"#, #"[1]"#, #"[1, 2, 3]"#, #""text""#, #"{"amount": "1"}"#, #"{"amount": [1]}"#, #"[[1, "2"]]"#, "{", "",
        "[[1, 2], 3]",
        #"{"amount": {"a": 1}}"#,
    ])
    func otherJsonIsRefused(text: String) {
        #expect(throws: (any Error).self) { try ModelRows(json: Array(text.utf8), features: features) }
    }

    @Test func csvColumnsAreFoundByTheirNames() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("assay-rows-\(UUID().uuidString).csv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("risk,id,amount\n0.5,a,12\n,b,NaN\nTrue,c,1e3\n".utf8).write(to: URL(fileURLWithPath: path))
        let rows = try ModelRows(csv: path, features: features)
        #expect(rows.count == 3 && rows.row(0) == [12, 0.5] && rows.row(2) == [1_000, 1])
        #expect(rows.row(1).map(\.isNaN) == [true, true])
        #expect(try ModelRows(csv: path, features: features, rowCountMax: 1).count == 1)
        #expect(throws: ModelToolFailure.self) { try ModelRows(csv: path, features: ["amount", "absent"]) }
        #expect(throws: (any Error).self) { try ModelRows(csv: path, features: ["id"]) }
    }
}
