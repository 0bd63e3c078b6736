import Foundation
import KafkaMessageGenerator

/// Writes the Swift of `messages.txt`, or with `--listing` prints what it describes.
///
///     swift run generate-kafka-messages [--listing] [FOLDER OF KafkaProtocol]

let arguments = CommandLine.arguments.dropFirst()
let folder = URL(fileURLWithPath: arguments.first { !$0.hasPrefix("--") } ?? "Shared/KafkaProtocol")
do {
    let description = try String(contentsOf: folder.appendingPathComponent("messages.txt"), encoding: .utf8)
    let schema = try SchemaParser.parse(description)
    if arguments.contains("--listing") {
        print(ApiListing(schema).text())
    } else {
        let target = folder.appendingPathComponent("Generated")
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        for file in SwiftEmitter(schema).files() {
            try file.content.write(to: target.appendingPathComponent(file.name), atomically: true, encoding: .utf8)
        }
    }
} catch {
    FileHandle.standardError.write(Data("generate-kafka-messages: \(error)\n".utf8))
    exit(1)
}
