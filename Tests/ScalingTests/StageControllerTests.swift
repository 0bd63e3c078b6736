import Scaling
import Testing

/// Scripts: events in, actions out.
@Suite("Stage controller")
struct StageControllerTests {
    let policy: ScalingPolicy

    init() throws {
        policy = try ScalingPolicy(
            replicaCountMin: 1, replicaCountMax: 4, lagPerReplicaTarget: 1_000, cooldownUp: .seconds(10), cooldownDown: .seconds(60),
            restartBackoffMin: .seconds(1), restartBackoffMax: .seconds(8), restartBackoffReset: .seconds(100))
    }

    /// A sample `second` seconds in, with a lag.
    func sample(_ second: Int, lag: Int64, served: Int64 = 0, partitions: Int = 8) -> StageController.Event {
        .sampled(StageSample(at: .seconds(second), arrivedTotal: served + lag, servedTotal: served, partitionCount: partitions))
    }

    /// A controller with its first replica running since 0.
    func running(_ count: Int = 1) -> StageController {
        StageController(policy: policy, running: Array(1...count))
    }

    func decisions(_ actions: [StageController.Action]) -> [ScalingDecision.Action] {
        actions.compactMap { if case .record(let decision) = $0 { decision.action } else { nil } }
    }

    func orders(_ actions: [StageController.Action]) -> [StageController.Action] {
        actions.filter { if case .record = $0 { false } else { true } }
    }

    @Test("The fewest replicas start first, and those that run already are adopted")
    func begin() {
        var fresh = StageController(policy: policy)
        #expect(fresh.begin() == [.start(replica: 1)])
        #expect(fresh.begin() == [])
        var adopted = StageController(policy: policy, running: [3, 1, 99])
        #expect(adopted.begin() == [.start(replica: 2)])
        #expect(adopted.replicasDesired == 3)
    }

    @Test("Lag grows the stage at once, and again only after the cool-down")
    func growth() {
        var controller = running()
        var actions = controller.handle(sample(0, lag: 1_500))
        #expect(decisions(actions) == [.scale(to: 2)])
        #expect(orders(actions) == [.start(replica: 2)])
        #expect(controller.handle(.replicaStarted(2, at: .seconds(1))) == [])
        #expect(controller.replicasLive == 2)
        actions = controller.handle(sample(9, lag: 3_500))
        #expect(decisions(actions) == [.hold(.coolingDownUp)])
        actions = controller.handle(sample(10, lag: 3_500))
        #expect(decisions(actions) == [.scale(to: 4)])
        #expect(orders(actions) == [.start(replica: 3), .start(replica: 4)])
    }

    @Test("The stage shrinks to the most that was called for during the cool-down")
    func reduction() {
        var controller = running(4)
        #expect(decisions(controller.handle(sample(0, lag: 900))) == [.hold(.coolingDownDown)])
        #expect(decisions(controller.handle(sample(30, lag: 1_900))) == [.hold(.coolingDownDown)])
        let actions = controller.handle(sample(60, lag: 0))
        #expect(decisions(actions) == [.scale(to: 2)])
        #expect(orders(actions) == [.stop(replica: 3), .stop(replica: 4)])
        #expect(controller.handle(.replicaEnded(4, at: .seconds(61))) == [])
        #expect(controller.state(of: 4) == .absent)
    }

    @Test("A moment that calls for all replicas begins the cool-down anew")
    func reductionInterrupted() {
        var controller = running(2)
        #expect(decisions(controller.handle(sample(0, lag: 0))) == [.hold(.coolingDownDown)])
        #expect(decisions(controller.handle(sample(50, lag: 1_001))) == [.hold(.atTarget)])
        #expect(decisions(controller.handle(sample(70, lag: 0))) == [.hold(.coolingDownDown)])
        #expect(decisions(controller.handle(sample(130, lag: 0))) == [.scale(to: 1)])
    }

    @Test("There are never more replicas than partitions, and nothing changes while partitions are unknown")
    func partitions() {
        var controller = running()
        #expect(decisions(controller.handle(sample(0, lag: 9_000, partitions: 0))) == [.hold(.partitionsUnknown)])
        #expect(decisions(controller.handle(sample(1, lag: 9_000, partitions: 3))) == [.scale(to: 3)])
        #expect(decisions(controller.handle(sample(2, lag: 9_000, partitions: 3))) == [.hold(.atTarget)])
    }

    @Test("A replica that dies starts again after a wait that doubles")
    func restart() {
        var controller = running()
        var actions = controller.handle(.replicaEnded(1, at: .seconds(5)))
        #expect(decisions(actions) == [.restart(replica: 1, after: .seconds(1))])
        #expect(orders(actions) == [.wake(at: .seconds(6))])
        #expect(controller.handle(.clock(at: .milliseconds(5_999))) == [])
        #expect(controller.handle(.clock(at: .seconds(6))) == [.start(replica: 1)])
        #expect(controller.handle(.clock(at: .seconds(6))) == [])
        // The start fails.
        actions = controller.handle(.replicaEnded(1, at: .seconds(7)))
        #expect(decisions(actions) == [.restart(replica: 1, after: .seconds(2))])
        // A sample is an instant like any other.
        #expect(orders(controller.handle(sample(9, lag: 0))) == [.start(replica: 1)])
        #expect(controller.handle(.replicaStarted(1, at: .seconds(10))) == [])
        // It ran long enough to be trusted again.
        actions = controller.handle(.replicaEnded(1, at: .seconds(110)))
        #expect(decisions(actions) == [.restart(replica: 1, after: .seconds(1))])
    }

    @Test("A replica that is needed again while it stops starts once it has ended")
    func stoppingIsWantedAgain() {
        var controller = running(2)
        _ = controller.handle(sample(0, lag: 0))
        #expect(orders(controller.handle(sample(60, lag: 0))) == [.stop(replica: 2)])
        let actions = controller.handle(sample(70, lag: 2_000))
        #expect(decisions(actions) == [.scale(to: 2)])
        #expect(orders(actions) == [])
        #expect(controller.handle(.replicaEnded(2, at: .seconds(71))) == [.start(replica: 2)])
    }

    @Test("A replica that waits for its restart and is not needed is forgotten")
    func waitingIsNotNeeded() {
        var controller = running(2)
        _ = controller.handle(sample(0, lag: 0))
        _ = controller.handle(.replicaEnded(2, at: .milliseconds(59_500)))
        #expect(controller.state(of: 2) == .waiting(until: .milliseconds(60_500)))
        let actions = controller.handle(sample(60, lag: 0))
        #expect(decisions(actions) == [.scale(to: 1)])
        #expect(orders(actions) == [])
        #expect(controller.handle(.clock(at: .seconds(61))) == [])
        #expect(controller.state(of: 2) == .absent)
    }

    @Test("A decision carries everything that it rests on, rates between samples included")
    func inputs() throws {
        var controller = running()
        _ = controller.handle(sample(0, lag: 100, served: 1_000))
        let actions = controller.handle(sample(10, lag: 600, served: 6_000))
        guard case .record(let decision) = try #require(actions.first) else {
            Issue.record("no decision")
            return
        }
        #expect(decision.kind == "hold")
        #expect(decision.replicasWanted == 1)
        #expect(decision.limit == nil)
        let inputs = decision.inputs
        #expect(inputs.at == .seconds(10))
        #expect(inputs.lagTotal == 600)
        #expect(inputs.arrivalRate == 550)
        #expect(inputs.serviceRate == 500)
        #expect(inputs.partitionCount == 8)
        #expect((inputs.replicasLive, inputs.replicasDesired) == (1, 1))
        #expect(inputs.sinceChange == nil)
        #expect(inputs.policy == policy)
    }

    @Test("Counters that went back give no rate, and a negative lag is none")
    func countersWentBack() throws {
        var controller = running()
        _ = controller.handle(sample(0, lag: 100, served: 1_000))
        let actions = controller.handle(
            .sampled(StageSample(at: .seconds(1), arrivedTotal: 10, servedTotal: 20, partitionCount: 8)))
        guard case .record(let decision) = try #require(actions.first) else {
            Issue.record("no decision")
            return
        }
        #expect(decision.inputs.arrivalRate == nil)
        #expect(decision.inputs.serviceRate == nil)
        #expect(decision.inputs.lagTotal == 0)
    }

    @Test("Whatever happens in whatever order, no more than the limit ever run", arguments: UInt64(0)..<50)
    func anyOrder(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func draw(_ bound: UInt64) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % bound)
        }
        var controller = StageController(policy: policy)
        var alive = Set<Int>()
        var now = Duration.zero
        func perform(_ actions: [StageController.Action]) {
            for case .start(let replica) in actions {
                #expect(alive.insert(replica).inserted, "replica \(replica) was started twice")
            }
        }
        perform(controller.begin())
        for _ in 0..<300 {
            now += .milliseconds(draw(20_000))
            switch draw(3) {
            case 0:
                let lag = Int64(draw(6_000))
                perform(
                    controller.handle(.sampled(StageSample(at: now, arrivedTotal: lag, servedTotal: 0, partitionCount: 1 + draw(6)))))
            case 1:
                let replica = 1 + draw(4)
                if alive.contains(replica), case .starting = controller.state(of: replica), draw(2) == 0 {
                    perform(controller.handle(.replicaStarted(replica, at: now)))
                } else if alive.remove(replica) != nil {
                    perform(controller.handle(.replicaEnded(replica, at: now)))
                }
            default: perform(controller.handle(.clock(at: now)))
            }
            #expect(alive.count <= 4)
            #expect(1...4 ~= controller.replicasDesired)
        }
    }
}
