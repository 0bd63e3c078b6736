import Foundation
import RecordLog
import Synchronization

/// A directory that goes away with its owner.
final class Scratch {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("record-log-\(UUID().uuidString)").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    static func copy(_ from: String, to: String) {
        try? FileManager.default.removeItem(atPath: to)
        try! FileManager.default.copyItem(atPath: from, toPath: to)
    }

    static func files(_ directory: String, suffix: String) -> [String] {
        try! FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(suffix) }.sorted().map {
            directory + "/" + $0
        }
    }

    static func bytes(_ path: String) -> [UInt8] { Array(FileManager.default.contents(atPath: path)!) }

    static func write(_ bytes: [UInt8], _ path: String) { try! Data(bytes).write(to: URL(fileURLWithPath: path)) }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

/// A disk that does what a test says.
final class ScriptedDisk: DiskFaults {
    private struct Script {
        var atPoint: (@Sendable (CrashPoint) -> Void)?
        var answer: (@Sendable (DiskOperation) -> DiskVerdict)?
    }
    private let script = Mutex(Script())

    func atPoint(_ body: (@Sendable (CrashPoint) -> Void)?) { script.withLock { $0.atPoint = body } }
    func answer(_ body: (@Sendable (DiskOperation) -> DiskVerdict)?) { script.withLock { $0.answer = body } }

    func reached(_ point: CrashPoint) { script.withLock { $0.atPoint }?(point) }
    func verdict(on operation: DiskOperation) -> DiskVerdict { script.withLock { $0.answer }?(operation) ?? .proceed }
}
