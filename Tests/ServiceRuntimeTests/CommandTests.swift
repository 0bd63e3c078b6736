import Testing

@testable import ServiceRuntime

private let key = ConfigurationKey.int("batch.count.max", in: 1...9, default: 5, unit: "records", doc: "Records of a batch")

private func makeTool(_ recorder: Recorder) -> Command {
    Command(
        "assay", abstract: "Risk scoring.",
        subcommands: [
            Command(
                "train", abstract: "Trains a model.",
                options: [
                    .init("csv", short: "c", .path, isRequired: true, doc: "History"),
                    .init("depth", .int(1...64), default: "8", doc: "Depth"),
                    .init("tag", isRepeated: true, doc: "Tags"),
                ],
                flags: [.init("json", short: "j", doc: "JSON output")],
                arguments: [
                    .init("model", .path, doc: "File to write"),
                    .init("more", .int(-9...9), isOptional: true, isRepeated: true, doc: "More"),
                ]
            ) { invocation in
                recorder.append(
                    "\(invocation.path) \(invocation.string("csv")) \(invocation.int("depth")) \(invocation.strings("tag")) "
                        + "\(invocation.flag("json")) \(invocation.string("model")) \(invocation.strings("more"))")
            },
            Command("serve", abstract: "Serves.", configurationKeys: [key]) { invocation in
                recorder.append("\(invocation.configuration.int(key))")
            },
            Command("fail", abstract: "Fails.") { _ in throw Broken() },
        ])
}

private struct Broken: Error, CustomStringConvertible { var description: String { "the disk\nis full" } }

private func run(_ arguments: [String], environment: [String: String] = [:]) async -> (
    code: Int32, ran: String, output: String, error: String
) {
    let (ran, output, error) = (Recorder(), Recorder(), Recorder())
    let surroundings = Command.Surroundings(environment: environment, writeOutput: output.append, writeError: error.append)
    let code = await makeTool(ran).execute(arguments, in: surroundings)
    return (code, ran.text, output.text, error.text)
}

@Suite struct CommandTests {
    @Test func optionsFlagsAndArgumentsAreRead() async {
        let full = await run(["train", "--csv", "a.csv", "--depth=3", "--tag", "x", "-j", "m.bin", "--tag=y", "-5", "7"])
        #expect(full.code == 0, "\(full.error)")
        #expect(full.ran == "assay train a.csv 3 [\"x\", \"y\"] true m.bin [\"-5\", \"7\"]")
        let short = await run(["train", "-ca.csv", "--", "-m"])
        #expect(short.ran == "assay train a.csv 8 [] false -m []")
    }

    @Test(
        arguments: [
            ([], "assay: name a command: train, serve, fail; see assay --help\n"),
            (["trian"], "assay: unknown command \"trian\", did you mean train?; see assay --help\n"),
            (["train", "m"], "assay train: --csv is required: History; see assay train --help\n"),
            (["train", "--csv", "a"], "assay train: <model> is missing: File to write; see assay train --help\n"),
            (
                ["train", "--csv", "a", "--depth", "99", "m"],
                "assay train: --depth must be a whole number from 1 to 64, got \"99\"; see assay train --help\n"
            ),
            (["train", "--csv"], "assay train: --csv wants a value; see assay train --help\n"),
            (["train", "--cvs", "a"], "assay train: unknown option \"--cvs\", did you mean --csv?; see assay train --help\n"),
            (["train", "-x"], "assay train: unknown option \"-x\"; see assay train --help\n"),
            (["train", "--json=1", "m"], "assay train: --json takes no value; see assay train --help\n"),
            (["train", "-ca", "-cb", "m"], "assay train: --csv is given twice; see assay train --help\n"),
            (["fail", "x"], "assay fail: unexpected argument \"x\"; see assay fail --help\n"),
            (["serve", "--set", "novalue"], "assay serve: --set wants key=value; see assay serve --help\n"),
            (["--loud"], "assay: unknown option \"--loud\"; see assay --help\n"),
        ] as [([String], String)])
    func mistakesExitWith64AndOneLine(arguments: [String], expected: String) async {
        let result = await run(arguments)
        #expect(result.code == 64)
        #expect(result.error == expected)
        #expect(result.output.isEmpty && result.ran.isEmpty)
    }

    @Test func failuresExitWith1AndOneLine() async {
        let result = await run(["fail"])
        #expect(result.code == 1)
        #expect(result.error == "assay: the disk is full\n")
        let configured = await run(["serve", "--set", "batch.count.max=lots"])
        #expect(configured.code == 1)
        #expect(
            configured.error
                == "assay: configuration: batch.count.max: must be a whole number from 1 to 9, got \"lots\" (command line)\n")
        #expect(configured.ran.isEmpty)
        let missing = await run(["serve", "--config", "/nonexistent.yaml"])
        #expect(missing.code == 1)
        #expect(missing.error.hasPrefix("assay: /nonexistent.yaml:1:1: cannot read the file"))
    }

    @Test func helpVersionAndEffectiveConfigurationArePrinted() async {
        let top = await run(["--help"])
        #expect(top.code == 0)
        #expect(top.output.contains("  train  Trains a model.\n"))
        let train = await run(["train", "-h"])
        #expect(train.output.contains("Usage: assay train --csv <path> [options] <model> [<more>…]"))
        #expect(train.output.contains("(default 8)"))
        let serve = await run(["serve", "--help"])
        #expect(serve.output.contains("batch.count.max  [whole number from 1 to 9, records, default 5]\n      Records of a batch."))
        #expect(await run(["--version"]).output == "assay \(AssayVersion.current)\n")
        let printed = await run(["serve", "--print-config"], environment: ["ASSAY_BATCH_COUNT_MAX": "7"])
        #expect(printed.output == "key              value  source\nbatch.count.max      7  environment ASSAY_BATCH_COUNT_MAX\n")
        #expect(printed.ran.isEmpty)
        #expect(await run(["serve", "--set=batch.count.max=9"], environment: ["ASSAY_BATCH_COUNT_MAX": "7"]).ran == "9")
    }
}
