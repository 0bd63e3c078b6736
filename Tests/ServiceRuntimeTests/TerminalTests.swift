import Synchronization
import Testing

@testable import ServiceRuntime

/// A clock that tests move.
private final class ManualClock: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { instant.withLock { $0 } }
    func advance(_ duration: Duration) { instant.withLock { $0 += duration } }
}

@Suite struct TerminalTests {
    @Test func aTableAlignsTextLeftAndNumbersRight() {
        var table = TextTable(columns: ["stage", "rate", "p99"])
        table.append(["ingest", "1,200", "3.5 ms"])
        table.append(["scorer", "80", "-"])
        #expect(table.render() == "stage    rate     p99\ningest  1,200  3.5 ms\nscorer     80       -\n")
        #expect(TextTable(columns: ["a", "b"]).render() == "a  b\n")
    }

    @Test func numbersReadTheSameEverywhere() {
        #expect(TextNumber.grouped(1_234_567) == "1,234,567")
        #expect(TextNumber.grouped(-100) == "-100")
        #expect(TextNumber.grouped(Int.min) == "-9,223,372,036,854,775,808")
        #expect(TextNumber.fixed(1.005, decimals: 1) == "1.0")
        #expect(TextNumber.fixed(-0.04, decimals: 1) == "0.0")
        #expect(TextNumber.fixed(12.345, decimals: 2) == "12.35")
        #expect(TextNumber.fixed(.nan, decimals: 2) == "-")
    }

    @Test func onATerminalTheLineIsRedrawnAtMostTenTimesASecondWithinItsWidth() {
        let (recorder, clock) = (Recorder(), ManualClock())
        let bar = ProgressBar(
            "Loading", total: 1_000, unit: "rows",
            output: .init(isTerminal: true, width: 80, write: recorder.append, now: { clock.now }))
        for _ in 0..<100 {
            clock.advance(.milliseconds(10))
            bar.advance(by: 5)
        }
        #expect((9...11).contains(recorder.all.count))
        bar.set(to: 1_000)
        bar.finish()
        bar.finish()
        #expect(recorder.all.allSatisfy { $0.hasPrefix("\r\u{1B}[K") && $0.count - 4 <= 80 })
        #expect(recorder.all.last?.contains("100 %  1,000/1,000 rows") == true)
        #expect(recorder.all.last?.hasSuffix("\n") == true)
        #expect(recorder.all.dropLast().allSatisfy { !$0.contains("\n") && $0.contains("[") && $0.contains("ETA") })
    }

    @Test func elsewhereALineComesAtEachTenth() {
        let (recorder, clock) = (Recorder(), ManualClock())
        let output = ProgressBar.Output(isTerminal: false, width: 80, write: recorder.append, now: { clock.now })
        let bar = ProgressBar("Loading", total: 1_000, unit: "rows", output: output)
        for _ in 0..<1_000 {
            clock.advance(.milliseconds(1))
            bar.advance()
        }
        bar.finish()
        #expect(recorder.all.count == 10)
        #expect(recorder.all[0] == "Loading  10 %  100/1,000 rows  1,000/s  ETA 0.9s\n")
        let unknown = ProgressBar("Reading", total: 0, unit: "bytes", output: output)
        clock.advance(.seconds(10))
        unknown.advance(by: 5_000_000)
        #expect(recorder.all.last == "Reading  5.0 MB  0.5 MB/s  in 10s\n")
    }
}
