import Scaling
import Testing

@Suite("Service load")
struct ServiceLoadTests {
    func load(_ second: Int, _ stages: [(String, Int64, Int64, Int)]) -> ServiceLoad {
        ServiceLoad(
            at: .seconds(second),
            stages: stages.map { .init(name: $0.0, arrivedTotal: $0.1, servedTotal: $0.2, partitionCount: $0.3) }, replicasPresent: 1)
    }

    @Test("Lags add up, and the stage with most partitions bounds the replicas")
    func sums() {
        let found = load(0, [("ingest.transactions", 1_000, 400, 4), ("ingest.outcomes", 50, 40, 2)])
        #expect(found.lagTotal == 610)
        #expect(found.sample == StageSample(at: .zero, arrivedTotal: 1_050, servedTotal: 440, partitionCount: 4))
    }

    @Test("A stage read a moment later than its input does not hide another one's lag")
    func ahead() {
        let found = load(0, [("a", 100, 130, 4), ("b", 500, 450, 4)])
        #expect(found.lagTotal == 50)
        #expect(found.sample.lagTotal == 50)
    }

    @Test("An unknown sample keeps the counters and has no partitions")
    func unknown() {
        let found = load(5, [("a", 100, 30, 4)]).unknownSample(at: .seconds(9))
        #expect(found == StageSample(at: .seconds(9), arrivedTotal: 100, servedTotal: 30, partitionCount: 0))
    }

    @Test("Rates are differences of successive measurements, over the stages that both know")
    func rates() {
        let before = load(10, [("a", 100, 50, 4)])
        let after = load(12, [("a", 300, 150, 4), ("b", 9_000, 1, 2)])
        let found = after.rates(since: before)
        #expect(found.arrival == 100)
        #expect(found.service == 50)
        #expect(before.rates(since: nil) == (nil, nil))
        #expect(before.rates(since: before) == (nil, nil))
    }

    @Test("A counter that went back gives no rate")
    func wentBack() {
        let found = load(12, [("a", 10, 60, 4)]).rates(since: load(10, [("a", 100, 50, 4)]))
        #expect(found.arrival == nil)
        #expect(found.service == 5)
    }
}

@Suite("Recording decisions")
struct DecisionRecordingTests {
    @Test("A hold is recorded when its reason or wanted count is new, and once a minute")
    func holds() {
        var filter = HoldFilter(intervalMax: .seconds(60))
        let script: [(String, Int, Int, Bool)] = [
            ("at_target", 0, 0, true), ("at_target", 0, 2, false), ("at_target", 1, 4, true), ("cooling_down_down", 1, 6, true),
            ("cooling_down_down", 1, 65, false), ("cooling_down_down", 1, 66, true), ("cooling_down_down", 1, 68, false),
        ]
        for (reason, wanted, second, expected) in script {
            let found = filter.shouldRecord(reason: reason, wanted: wanted, at: .seconds(second))
            #expect(found == expected, "\(reason) at \(second)")
        }
        filter.changed()
        let isNews = filter.shouldRecord(reason: "cooling_down_down", wanted: 1, at: .seconds(69))
        #expect(isNews)
    }

    @Test("A full backlog drops its oldest hold first, then its oldest change, and counts what it dropped")
    func backlog() {
        var backlog = DecisionBacklog<Int>(countMax: 3)
        backlog.append(1, isHold: false)
        backlog.append(2, isHold: true)
        backlog.append(3, isHold: false)
        backlog.append(4, isHold: false)
        #expect(backlog.droppedCount == 1)
        backlog.append(5, isHold: true)
        #expect(backlog.droppedCount == 2)
        backlog.append(6, isHold: false)
        #expect(backlog.droppedCount == 3)
        let oldest = backlog.take(upTo: 2)
        #expect(oldest == [3, 4])
        #expect(backlog.count == 1)
        let rest = backlog.take(upTo: 9)
        #expect(rest == [6])
        #expect(backlog.count == 0)
    }
}
