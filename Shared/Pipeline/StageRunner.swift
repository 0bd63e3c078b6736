internal import Kafka
internal import Postgres
internal import Synchronization

/// Runs a stage in this process: keeps its leases, holds its fair share of partitions, and runs a unit for each.
package final class StageRunner<S: Stage>: Sendable {
    private let stage: S
    private let context: StageContext
    private let wakeup = Wakeup()
    private let state = Mutex(State())

    private struct State {
        var units: [Int32: Running] = [:]
        var isStopping = false
        var isReady = false
        var lastTrouble: String?
    }
    private struct Running {
        var claim: ProgressStore.Claim
        var mailbox: UnitMailbox
        var isReleasing = false
    }

    package init(stage: S, context: StageContext) {
        self.stage = stage
        self.context = context
    }

    /// Nil when the stage is at work; otherwise what keeps it from it.
    package var unreadiness: String? {
        state.withLock { state in
            state.isReady ? nil : state.lastTrouble ?? "\(stage.identity.name) has not looked at its partitions yet"
        }
    }

    /// Partitions held now.
    package var heldCount: Int { state.withLock { $0.units.count } }

    /// Asks for a graceful end: units finish, commit and are given back; then ``run()`` returns.
    package func stop() {
        let mailboxes = state.withLock { state in
            state.isStopping = true
            for partition in state.units.keys { state.units[partition]?.isReleasing = true }
            return state.units.values.map(\.mailbox)
        }
        for mailbox in mailboxes { mailbox.post(.releaseRequested) }
        wakeup.raise()
    }

    package func run() async {
        let name = stage.identity.name
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: self.context.settings.heartbeat)
                    self.wakeup.raise()
                }
            }
            var planner = LeasePlanner(replica: context.store.replica)
            wakeup.raise()
            for await _ in wakeup.signals {
                let isDone = state.withLock { $0.isStopping && $0.units.isEmpty }
                if isDone || Task.isCancelled { break }
                do throws(PostgresFailure) {
                    try await beat(&planner, in: &group)
                    state.withLock {
                        $0.isReady = true
                        $0.lastTrouble = nil
                    }
                } catch {
                    state.withLock {
                        $0.isReady = false
                        $0.lastTrouble = "\(name): \(error)"
                    }
                    context.observer.note(.troubled(stage: name, what: "heartbeat", why: "\(error)"))
                }
            }
            group.cancelAll()
        }
        try? await context.store.leave(stage: name)
    }

    private func beat(_ planner: inout LeasePlanner, in group: inout DiscardingTaskGroup) async throws(PostgresFailure) {
        try await loadNewVersions()
        let before = state.withLock { $0.units.mapValues { ($0.claim.lease, $0.isReleasing) } }
        let view = try await context.store.heartbeat(
            stage: stage.identity.name, leases: before.sorted { $0.key < $1.key }.map(\.value.0), loaded: stage.loadedVersions)
        // Only leases that were asked about: a unit claimed or ended meanwhile is not in the answer.
        for (partition, unit) in before where !view.ours.contains(partition) {
            let mailbox = state.withLock { state -> UnitMailbox? in
                guard let running = state.units[partition], running.claim.lease == unit.0, !running.isReleasing else { return nil }
                return running.mailbox
            }
            mailbox?.post(.leaseLost)
        }
        if state.withLock({ $0.isStopping }) { return }
        let plan = planner.plan(
            units: view.units, replicas: view.replicas, releasing: Set(before.filter(\.value.1).map(\.key)))
        for partition in plan.release {
            let mailbox = state.withLock { state -> UnitMailbox? in
                state.units[partition]?.isReleasing = true
                return state.units[partition]?.mailbox
            }
            mailbox?.post(.releaseRequested)
        }
        for partition in plan.claim where before[partition] == nil {
            guard let claim = try await context.store.claim(stage: stage.identity.name, partition: partition) else { continue }
            start(claim, in: &group)
        }
    }

    private func start(_ claim: ProgressStore.Claim, in group: inout DiscardingTaskGroup) {
        context.observer.note(.claimed(stage: stage.identity.name, partition: claim.partition, nextOffset: claim.nextOffset))
        let mailbox = UnitMailbox()
        let isStopping = state.withLock { state in
            state.units[claim.partition] = Running(claim: claim, mailbox: mailbox, isReleasing: state.isStopping)
            return state.isStopping
        }
        if isStopping { mailbox.post(.releaseRequested) }
        let runner = UnitRunner(stage: stage, context: context, mailbox: mailbox)
        group.addTask {
            await runner.run(claim)
            self.state.withLock { state in
                if state.units[claim.partition]?.claim.lease == claim.lease { state.units[claim.partition] = nil }
            }
            self.wakeup.raise()
        }
    }

    /// Versions stored since the last look are loaded before anything can name them.
    private func loadNewVersions() async throws(PostgresFailure) {
        guard let kind = stage.identity.versionKind else { return }
        let loaded = stage.loadedVersions
        for hash in try await context.store.artifacts(kind: kind) where !loaded.contains(hash) {
            guard let content = try await context.store.artifact(hash) else { continue }
            do throws(PipelineFailure) {
                try stage.load(version: hash, content: content)
            } catch {
                try await context.store.report(stage: stage.identity.name, partition: nil, kind: error.kind, detail: error.description)
            }
        }
    }
}
