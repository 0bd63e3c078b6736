import Features
import Forest
import Hashing
import Hosting
import ModelTools
import RiskDomain
import ServiceRuntime

/// What the commands about models share.
enum ModelCommandSupport {
    static let modelArgument = Command.Argument("model", .path, doc: "The model's file, of any format that can be read")
    static let csvOption = Command.Option("csv", .path, doc: "Rows: a CSV file, plain or gzip, with a column for each feature")
    static let jsonRowsOption = Command.Option(
        "row", doc: "A row as JSON: {\"FEATURE\": 1.5, …} or an array in the model's order; or an array of rows; @FILE reads it from a file"
    )
    static let seedOption = Command.Option("seed", .int(0...Int.max), default: "0", doc: "Seed of the rows that are made up")
    static let jsonFlag = Command.Flag("json", doc: "Prints JSON")
    static let reviewOption = Command.Option("review-at", .double(0...1), doc: "Scores from here are reviewed")
    static let declineOption = Command.Option("decline-at", .double(0...1), doc: "Scores from here are declined")
    static let outOption = Command.Option("out", .path, isRequired: true, doc: "Where the model goes")

    static func load(_ path: String) throws -> LoadedModel {
        let bytes = try FileBytes.read(path, byteCountMax: ModelFormats.byteCountMax)
        // Readers know the place in the file; which of several files it is, they do not.
        do { return try ModelFormats.read(bytes, path: path) } catch { throw ModelToolFailure("\(path): \(error)") }
    }

    /// Rows from `--csv` or `--row`; nil when neither is given.
    static func rows(_ invocation: CommandInvocation, _ model: LoadedModel, rowCountMax: Int = .max) throws -> ModelRows? {
        switch (invocation.optionalString("csv"), invocation.optionalString("row")) {
        case (nil, nil): return nil
        case (let path?, nil): return try ModelRows(csv: path, features: model.features, rowCountMax: rowCountMax)
        case (nil, let text?):
            let bytes = text.hasPrefix("@") ? try FileBytes.read(String(text.dropFirst()), byteCountMax: 1 << 28) : Array(text.utf8)
            return try ModelRows(json: bytes, features: model.features)
        default: throw CommandUsageFailure(path: invocation.path, problem: "name the rows once: either --csv or --row")
        }
    }

    /// `--review-at` and `--decline-at`, which go together.
    static func thresholds(_ invocation: CommandInvocation) throws -> DecisionThresholds? {
        switch (invocation.optionalDouble("review-at"), invocation.optionalDouble("decline-at")) {
        case (nil, nil): return nil
        case (let review?, let decline?):
            guard review <= decline else {
                throw CommandUsageFailure(path: invocation.path, problem: "--review-at is greater than --decline-at")
            }
            return DecisionThresholds(review: review, decline: decline)
        default: throw CommandUsageFailure(path: invocation.path, problem: "give --review-at and --decline-at together")
        }
    }

    static func write(_ forest: Forest, _ invocation: CommandInvocation, trees: String) throws {
        let bytes = ModelFormats.write(forest)
        let path = invocation.string("out")
        try FileBytes.write(bytes, to: path)
        let hash = ContentHash(of: bytes)
        if invocation.flag("json") {
            return CommandSupport.printJson([
                "out": .text(path), "sha256": .text("\(hash)"), "bytes": .int(bytes.count), "trees": .int(forest.treeCount),
            ])
        }
        print("\(path): \(trees), \(TextNumber.grouped(bytes.count)) bytes, sha256 \(hash)")
    }

    /// A number of a table: enough digits to see differences by, or `missing`.
    static func number(_ value: Double) -> String { value.isNaN ? "missing" : "\(value)" }
}

/// JSON text of reports with parts within parts.
struct ReportJson {
    private(set) var json = JsonText()

    init(_ body: (inout JsonText) -> Void) {
        json.object(lines: true, body)
        json.newline()
    }

    func print() { Swift.print(String(decoding: json.bytes, as: UTF8.self), terminator: "") }
}

extension JsonText {
    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int) {
        key(name)
        number(value)
    }

    /// Null for what JSON has no text for.
    mutating func member(_ name: String, _ value: Double) {
        key(name)
        if value.isFinite { number(value) } else { null() }
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    mutating func list<Element>(_ name: String, _ elements: [Element], _ body: (inout JsonText, Element) -> Void) {
        key(name)
        array(lines: true) { json in
            for element in elements {
                json.element()
                json.object { body(&$0, element) }
            }
        }
    }
}
