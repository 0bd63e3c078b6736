import Glibc
import ServiceRuntime

/// `assay train`: the trainer as one of the tool's commands, with the same options and exit code.
///
/// The options are named here, so that they are known and listed, and judged by the trainer, to which they go as they were typed.
enum TrainCommand {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    static let command = Command(
        "train", abstract: "Fits, evaluates and writes a model.",
        discussion: "Runs assay-trainer, which stands beside this executable; its own --help gives types and defaults.",
        options: [
            option("csv", "Labelled transactions, plain or .gz; repeat in order of time"),
            option("features", "The features file"),
            option("outcome-delay", "How long after its transaction a fraud becomes known, such as 7d"),
            option("protocol", "How rows are parted: handbook"),
            option("train-from", "First day to learn from, such as 2018-07-25"),
            option("train-days", "Days to learn from"),
            option("delay-days", "Days between learning and testing"),
            option("test-days", "Days to test on"),
            option("model-set", "The recipe to begin with: standard"),
            option("algorithm", "forest or tree"),
            option("criterion", "gini or entropy"),
            option("trees", "Trees of a forest"),
            option("depth", "Greatest depth of a tree"),
            option("leaf", "Fewest rows of a leaf"),
            option("sample", "Features that a split looks at: all, sqrt or a number"),
            option("seed", "Seed of all that is random"),
            option("review-at", "Scores from here are reviewed"),
            option("decline-at", "Scores from here are declined"),
            option("out", "Where the model goes"),
            option("report", "Where the report goes, as JSON"),
            option("config", "Configuration file"),
            option("set", "key=value: one setting"),
        ],
        flags: [
            Command.Flag("from-postgres", doc: "Read transactions and outcomes from the ledger"),
            Command.Flag("compare", doc: "Set two trees of depth 2 beside the model"),
            Command.Flag("json", doc: "Print the report as JSON"),
            Command.Flag("print-config", doc: "Print the effective settings and end"),
        ]
    ) { _ in
        // The parser has found `train` in the first place, else this would not run.
        try become("assay-trainer", Array(CommandLine.arguments.dropFirst(2)))
    }

    private static func option(_ name: String, _ doc: String) -> Command.Option {
        Command.Option(name, isRepeated: true, doc: doc)
    }

    /// Replaces this process by a sibling executable; only comes back when that fails.
    private static func become(_ name: String, _ arguments: [String]) throws(Fault) -> Never {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        guard count > 0 else { throw Fault(description: "/proc/self/exe cannot be read: \(String(cString: strerror(errno)))") }
        let own = String(decoding: buffer[..<count], as: UTF8.self)
        let path = own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/" + name
        var words: [UnsafeMutablePointer<CChar>?] = ([String(path)] + arguments).map { strdup($0) }
        words.append(nil)
        execv(String(path), words)
        throw Fault(description: "\(path) cannot be started: \(String(cString: strerror(errno))); build or install it there")
    }
}
