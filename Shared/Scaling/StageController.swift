/// Keeps one stage at the replicas that its policy asks for. Event in, actions out; no clock, no process, no I/O.
///
/// Replicas are numbered from 1 and the first `replicasDesired` of them should run. One that dies is started again after a
/// wait; one that is not needed is stopped, and started again if it is needed after all once it has ended.
package struct StageController: Sendable {
    package enum Event: Hashable, Sendable {
        case sampled(StageSample)
        /// The driver confirmed the start.
        case replicaStarted(Int, at: Duration)
        /// A replica is gone: died, could not be started, or stopped as asked.
        case replicaEnded(Int, at: Duration)
        /// The instant of an earlier ``Action/wake(at:)`` has come, or any other instant.
        case clock(at: Duration)
    }

    package enum Action: Hashable, Sendable {
        case start(replica: Int)
        case stop(replica: Int)
        case record(ScalingDecision)
        /// Send ``Event/clock(at:)`` then; earlier or more often does no harm.
        case wake(at: Duration)
    }

    package enum ReplicaState: Hashable, Sendable {
        case absent
        case starting
        case running(since: Duration)
        case stopping
        case waiting(until: Duration)
    }

    package let policy: ScalingPolicy
    package private(set) var replicasDesired: Int
    /// Index 0 is replica 1.
    private var states: [ReplicaState]
    private var deathCounts: [Int]
    private var lastSample: StageSample?
    private var lastInputs: ScalingDecision.Inputs?
    private var changedAt: Duration?
    /// Since when fewer replicas have been enough, and the most that was called for since.
    private var enoughWithFewer: (since: Duration, peak: Int)?

    /// - Parameter running: Numbers of replicas that run already (an autoscaler that comes back adopts them).
    package init(policy: ScalingPolicy, running: [Int] = [], at now: Duration = .zero) {
        self.policy = policy
        let known = running.filter { 1...policy.replicaCountMax ~= $0 }
        replicasDesired = max(policy.replicaCountMin, known.max() ?? 0)
        states = Array(repeating: .absent, count: policy.replicaCountMax)
        deathCounts = Array(repeating: 0, count: policy.replicaCountMax)
        for number in known { states[number - 1] = .running(since: now) }
    }

    package var replicasLive: Int {
        states.count { if case .running = $0 { true } else { false } }
    }

    package func state(of replica: Int) -> ReplicaState {
        states.indices.contains(replica - 1) ? states[replica - 1] : .absent
    }

    /// The first actions: starts what should run and does not.
    package mutating func begin() -> [Action] { fill() }

    package mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .sampled(let sample): decide(sample) + wakeUps(at: sample.at)
        case .replicaStarted(let replica, let now): started(replica, at: now)
        case .replicaEnded(let replica, let now): ended(replica, at: now)
        case .clock(let now): wakeUps(at: now)
        }
    }

    private mutating func decide(_ sample: StageSample) -> [Action] {
        let rates = sample.rates(since: lastSample)
        lastSample = sample
        let inputs = ScalingDecision.Inputs(
            at: sample.at, lagTotal: sample.lagTotal, arrivalRate: rates.arrival, serviceRate: rates.service,
            partitionCount: sample.partitionCount, replicasLive: replicasLive, replicasDesired: replicasDesired,
            sinceChange: changedAt.map { sample.at - $0 }, policy: policy)
        lastInputs = inputs
        guard sample.partitionCount > 0 else {
            enoughWithFewer = nil
            return [
                .record(ScalingDecision(action: .hold(.partitionsUnknown), replicasWanted: replicasDesired, limit: nil, inputs: inputs))
            ]
        }
        let (wanted, bounded, limit) = policy.replicas(forLag: sample.lagTotal, partitionCount: sample.partitionCount)
        let action = change(to: bounded, at: sample.at)
        let decision = ScalingDecision(action: action, replicasWanted: wanted, limit: limit, inputs: inputs)
        guard case .scale(to: let count) = action else { return [.record(decision)] }
        replicasDesired = count
        changedAt = sample.at
        enoughWithFewer = nil
        return [.record(decision)] + fill()
    }

    /// The change that the cool-downs allow.
    private mutating func change(to bounded: Int, at now: Duration) -> ScalingDecision.Action {
        if bounded >= replicasDesired {
            enoughWithFewer = nil
            if bounded == replicasDesired { return .hold(.atTarget) }
            if let changedAt, now - changedAt < policy.cooldownUp { return .hold(.coolingDownUp) }
            return .scale(to: bounded)
        }
        let since = enoughWithFewer?.since ?? now
        let peak = max(enoughWithFewer?.peak ?? 0, bounded)
        enoughWithFewer = (since, peak)
        return now - since < policy.cooldownDown ? .hold(.coolingDownDown) : .scale(to: peak)
    }

    /// Brings every replica towards where it should be.
    private mutating func fill() -> [Action] {
        var actions: [Action] = []
        for index in states.indices {
            switch (states[index], index < replicasDesired) {
            case (.absent, true):
                states[index] = .starting
                actions.append(.start(replica: index + 1))
            case (.running, false), (.starting, false):
                states[index] = .stopping
                actions.append(.stop(replica: index + 1))
            case (.waiting, false):
                states[index] = .absent
                deathCounts[index] = 0
            case (.running, true), (.starting, true), (.waiting, true), (.stopping, _), (.absent, false):
                break
            }
        }
        return actions
    }

    private mutating func started(_ replica: Int, at now: Duration) -> [Action] {
        if case .starting = state(of: replica) { states[replica - 1] = .running(since: now) }
        return []
    }

    private mutating func ended(_ replica: Int, at now: Duration) -> [Action] {
        let index = replica - 1
        switch state(of: replica) {
        case .absent, .waiting: return []
        case .stopping:
            states[index] = .absent
            deathCounts[index] = 0
            return fill()
        case .running(let since) where now - since >= policy.restartBackoffReset:
            deathCounts[index] = 1
        case .running, .starting:
            deathCounts[index] += 1
        }
        let wait = policy.restartBackoff(afterDeaths: deathCounts[index])
        states[index] = .waiting(until: now + wait)
        var inputs =
            lastInputs
            ?? ScalingDecision.Inputs(
                at: now, lagTotal: 0, arrivalRate: nil, serviceRate: nil, partitionCount: 0, replicasLive: 0, replicasDesired: 0,
                sinceChange: nil, policy: policy)
        inputs.at = now
        inputs.replicasLive = replicasLive
        inputs.replicasDesired = replicasDesired
        inputs.sinceChange = changedAt.map { now - $0 }
        let decision = ScalingDecision(
            action: .restart(replica: replica, after: wait), replicasWanted: replicasDesired, limit: nil, inputs: inputs)
        return [.record(decision), .wake(at: now + wait)]
    }

    /// Starts the replicas whose wait is over.
    private mutating func wakeUps(at now: Duration) -> [Action] {
        var actions: [Action] = []
        for index in states.indices {
            guard case .waiting(let until) = states[index], until <= now else { continue }
            states[index] = .starting
            actions.append(.start(replica: index + 1))
        }
        return actions
    }
}
