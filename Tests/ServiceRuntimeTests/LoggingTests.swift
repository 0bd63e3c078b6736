import Synchronization
import Testing

@testable import ServiceRuntime

/// Keeps what was written.
final class Recorder: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
    var text: String { all.joined() }
}

/// A logger whose lines are kept, at a fixed time.
func recordingLogger(_ recorder: Recorder, level: Logger.Level = .info, format: LogSink.Format = .json) -> Logger {
    let sink = LogSink(format: format) {
        recorder.append(String(decoding: $0, as: UTF8.self))
    } now: {
        LogSink.Instant(seconds: 1_529_884_813, nanoseconds: 42_000)
    }
    return Logger(label: "kafka.consumer", sink: sink, level: level)
}

@Suite struct LoggingTests {
    @Test func aJsonLineHoldsTheEventWithSortedTypedMetadata() {
        let recorder = Recorder()
        var logger = recordingLogger(recorder)
        logger[metadataKey: LogKey.stage] = "scorer"
        logger.notice("Assigned", metadata: [LogKey.partition: .int(3), LogKey.topic: "a\"b\n\u{1}", "ratio": .double(.nan), "on": true])
        #expect(
            recorder.text
                == #"{"ts":"2018-06-25T00:00:13.000042Z","level":"notice","label":"kafka.consumer","message":"Assigned","metadata":"#
                + #"{"on":true,"partition":3,"ratio":"nan","stage":"scorer","topic":"a\"b\n\u0001"}}"# + "\n")
    }

    @Test func aTextLineStaysOnItsLine() {
        let recorder = Recorder()
        let logger = recordingLogger(recorder, format: .text)
        logger.error("Bad\nnews", metadata: [LogKey.error: "two words", LogKey.offset: .int(-1), LogKey.topic: "plain"])
        #expect(recorder.text == "2018-06-25T00:00:13.000042Z error kafka.consumer: Bad news error=\"two words\" offset=-1 topic=plain\n")
    }

    @Test func aDisabledLevelBuildsNothing() {
        let recorder = Recorder()
        var logger = recordingLogger(recorder, level: .warning)
        func expensive() -> String {
            recorder.append("built")
            return "x"
        }
        logger.info("\(expensive())", metadata: [LogKey.reason: "\(expensive())"])
        #expect(recorder.all.isEmpty)
        logger.logLevel = .trace
        logger.trace("now")
        #expect(recorder.all.count == 1)
    }

    @Test func concurrentLinesStayWhole() async {
        let recorder = Recorder()
        let logger = recordingLogger(recorder)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask { for _ in 0..<50 { logger.info("m", metadata: [LogKey.owner: .int(Int64(writer))]) } }
            }
        }
        #expect(recorder.all.count == 400)
        #expect(recorder.all.allSatisfy { $0.hasPrefix("{\"ts\"") && $0.hasSuffix("}}\n") })
    }
}
