import Testing

@testable import GroupCoordinator

/// Clients of one or two groups that join, work, crash, come back and lie about their generation, against a coordinator that is killed
/// and started again; one seed decides everything.
final class GroupSimulation {
    /// A consumer as a client library drives one.
    final class Client {
        enum Step: Hashable {
            case idle, down
            case joining(GroupToken)
            case syncing(GroupToken)
            case working
        }
        let name: String
        let group: String
        let instance: String?
        /// Rejoins with other metadata after an assignment, as cooperative members do that have given partitions up.
        let isCooperative: Bool
        let version: Int16
        let session: Int32
        let rebalance: Int32
        var step = Step.idle
        var memberId = ""
        var generation: Int32 = -1
        var metadata: UInt8 = 0
        var owesRejoin = false
        /// Ids that no living client answers for any more, and when their sessions are over at the latest.
        var ghosts: [(memberId: String, end: Int64)] = []

        init(name: String, group: String, instance: String?, isCooperative: Bool, version: Int16, session: Int32, rebalance: Int32) {
            self.name = name
            self.group = group
            self.instance = instance
            self.isCooperative = isCooperative
            self.version = version
            self.session = session
            self.rebalance = rebalance
        }

        var token: GroupToken? {
            switch step {
            case .joining(let token), .syncing(let token): token
            case .idle, .down, .working: nil
            }
        }
    }

    struct GroupGeneration: Hashable {
        var group: String
        var generation: Int32
    }

    struct Totals {
        var stableGenerations = 0
        var restarts = 0
        var commits = 0
        var answers = 0
    }

    let seed: UInt64
    let desk: Desk
    private var rng: SplitMix64
    private var clients: [Client] = []
    private var stamp: UInt8 = 0
    /// The one leader's assignment that each generation may hand out: who made it, and its number.
    private var assigned: [GroupGeneration: [UInt8]] = [:]
    /// What may be read of a partition: one value, or two when the process died between writing and answering.
    private var committed: [TopicPartition: [String: Set<Int64>]] = [:]
    private var nextOffset: Int64 = 0
    private(set) var totals = Totals()

    init(seed: UInt64) {
        self.seed = seed
        rng = SplitMix64(state: seed)
        var settings = GroupSettings()
        settings.initialRebalanceDelayMillis = Bool.random(using: &rng) ? 0 : 3_000
        settings.newMemberJoinTimeoutMillis = 30_000
        settings.membersPerGroupMax = Bool.random(using: &rng) ? 3 : 100
        desk = Desk(settings)
        for index in 0..<Int.random(in: 1...6, using: &rng) {
            clients.append(
                Client(
                    name: "client\(index)", group: Int.random(in: 0..<4, using: &rng) == 0 ? "other" : "g",
                    instance: Int.random(in: 0..<3, using: &rng) == 0 ? "instance\(index)" : nil,
                    isCooperative: Bool.random(using: &rng), version: [3, 4, 8, 9].randomElement(using: &rng) ?? 9,
                    session: [6_000, 10_000, 45_000].randomElement(using: &rng) ?? 6_000,
                    rebalance: [5_000, 60_000].randomElement(using: &rng) ?? 5_000))
        }
    }

    private var comment: String { "seed \(seed), tick \(desk.tick)" }

    // MARK: Running

    func run(steps: Int) {
        for _ in 0..<steps {
            if Int.random(in: 0..<40, using: &rng) == 0 { desk.actionsUntilDeath = Int.random(in: 0..<4, using: &rng) }
            step()
            if Int.random(in: 0..<80, using: &rng) == 0 { restart() }
            settle()
            while desk.hasDied {
                restart()
                settle()
            }
            check()
        }
        quiesce()
        end()
    }

    private func step() {
        guard let client = clients.randomElement(using: &rng) else { return }
        switch Int.random(in: 0..<20, using: &rng) {
        case 0: crash(client)
        case 1: reconnect(client)
        case 2: pretend(client)
        case 3: leave(client)
        case 4...7: pass(Int64.random(in: 0...3_000, using: &rng))
        case 8:
            if let deadline = desk.nextDeadline, deadline > desk.tick { pass(deadline - desk.tick) }
        case 9: try? desk.rewriteJournal()
        default: act(client)
        }
    }

    private func pass(_ millis: Int64) { desk.advance(by: millis) }

    /// The next thing a sound client does.
    private func act(_ client: Client) {
        switch client.step {
        case .down: client.step = .idle
        case .idle: join(client)
        case .joining, .syncing: break
        case .working:
            if client.owesRejoin {
                client.owesRejoin = false
                client.metadata &+= 1
                join(client)
            } else if Bool.random(using: &rng) {
                commit(client, generation: client.generation)
            } else {
                switch desk.heartbeat(client.memberId, generation: client.generation, instanceId: client.instance, group: client.group) {
                case nil, .some(.none): break
                case .rebalanceInProgress: join(client)
                case .fencedInstanceId: client.step = .down
                default: lose(client)
                }
            }
        }
    }

    private func join(_ client: Client) {
        let names = client.isCooperative ? ["cooperative-sticky", "range"] : ["range"]
        let input = JoinInput.of(
            client.memberId, instance: client.instance, group: client.group, protocols: names.map { ($0, [client.metadata]) },
            session: client.session, rebalance: client.rebalance, version: client.version)
        client.step = .joining(desk.join(input))
    }

    private func lose(_ client: Client) {
        client.memberId = ""
        client.generation = -1
        client.step = .idle
    }

    /// The process is gone: a dynamic member's id with it.
    private func crash(_ client: Client) {
        if let token = client.token { desk.forget(token) }
        if !client.memberId.isEmpty { client.ghosts.append((client.memberId, desk.tick + Int64(client.session))) }
        lose(client)
        client.step = .down
    }

    /// The connection is gone, the client is not: it asks again.
    private func reconnect(_ client: Client) {
        guard let token = client.token else { return }
        desk.forget(token)
        if client.memberId.isEmpty { lose(client) } else { join(client) }
    }

    /// A leader of some other generation assigns, a member of another generation commits: nobody must believe it.
    private func pretend(_ client: Client) {
        guard !client.memberId.isEmpty, client.token == nil, client.generation > 0 else { return }
        for generation in [client.generation - 1, client.generation + 1]
        where generation != desk.generation(client.group) && !desk.hasDied {
            let token = desk.sync(.of(client.memberId, generation: generation, assign: [(client.memberId, [0xEE])], group: client.group))
            if desk.synced(token)?.error == GroupError.none { Issue.record("Another generation's sync is taken: \(comment)") }
            if desk.open.contains(token) && !desk.hasDied { Issue.record("Another generation's sync is parked: \(comment)") }
            commit(client, generation: generation)
        }
    }

    private func leave(_ client: Client) {
        guard case .working = client.step, client.instance == nil else { return }
        let reply = desk.leave([LeavingMember(memberId: client.memberId, instanceId: nil)], group: client.group)
        if reply != nil && desk.describe(client.group).members.contains(where: { $0.memberId == client.memberId }) {
            Issue.record("Who has left is there: \(comment)")
        }
        if reply == nil { client.ghosts.append((client.memberId, desk.tick + Int64(client.session))) }
        lose(client)
    }

    private func commit(_ client: Client, generation: Int32) {
        nextOffset += 1
        let partition = Int32.random(in: 0..<3, using: &rng)
        let key = TopicPartition(topic: "t", partition: partition)
        let isCurrent = generation == desk.generation(client.group)
        let errors = desk.commit(
            .of(client.memberId, generation: generation, instance: client.instance, group: client.group, [(partition, nextOffset)]))
        totals.commits += 1
        switch errors {
        case [GroupError.none]:
            if !isCurrent { Issue.record("Another generation's commit is taken: \(comment)") }
            committed[key, default: [:]][client.group] = [nextOffset]
        case nil:
            // The process died: written or not.
            committed[key, default: [:]][client.group, default: [-1]].insert(nextOffset)
        default: break
        }
    }

    private func restart() {
        totals.restarts += 1
        desk.restart()
        for client in clients {
            client.ghosts = client.ghosts.map { ($0.memberId, desk.tick + Int64(client.session)) }
            switch client.step {
            case .joining:
                if client.memberId.isEmpty { lose(client) } else { join(client) }
            case .syncing: join(client)
            case .idle, .down, .working: break
            }
        }
        checkCommits()
    }

    // MARK: Answers

    private func settle() {
        var rounds = 0
        while true {
            let arrivals = desk.takeArrivals()
            if arrivals.isEmpty || desk.hasDied { return }
            rounds += 1
            if rounds > 10_000 {
                Issue.record("The clients never come to rest: \(comment)")
                return
            }
            for token in arrivals {
                totals.answers += 1
                guard let client = clients.first(where: { $0.token == token }) else { continue }
                if let reply = desk.joined(token) { take(reply, client) }
                if let reply = desk.synced(token) { take(reply, client) }
            }
        }
    }

    private func take(_ reply: JoinReply, _ client: Client) {
        switch reply.error {
        case .none:
            if !client.memberId.isEmpty && client.memberId != reply.memberId { Issue.record("The id has changed: \(comment)") }
            client.memberId = reply.memberId
            client.generation = reply.generation
            sync(client, reply)
        case .memberIdRequired:
            client.memberId = reply.memberId
            join(client)
        case .rebalanceInProgress: join(client)
        case .fencedInstanceId:
            lose(client)
            client.step = .down
        default: lose(client)
        }
    }

    private func sync(_ client: Client, _ reply: JoinReply) {
        var assignments: [(String, [UInt8])] = []
        if reply.leaderId == reply.memberId && !reply.skipAssignment {
            stamp &+= 1
            if !reply.members.contains(where: { $0.memberId == reply.memberId }) { Issue.record("The leader is not listed: \(comment)") }
            assignments = reply.members.map { ($0.memberId, [stamp] + Array(($0.instanceId ?? $0.memberId).utf8)) }
        }
        client.step = .syncing(
            desk.sync(
                .of(
                    client.memberId, generation: reply.generation, instance: client.instance, assign: assignments, name: reply.protocolName,
                    group: client.group)))
    }

    private func take(_ reply: SyncReply, _ client: Client) {
        switch reply.error {
        case .none:
            check(reply, client)
            client.step = .working
            client.owesRejoin = client.isCooperative && Int.random(in: 0..<3, using: &rng) == 0
        case .rebalanceInProgress: join(client)
        case .fencedInstanceId:
            lose(client)
            client.step = .down
        default: lose(client)
        }
    }

    /// Whoever is told an assignment in a generation is told one of the same leader's, and its own.
    private func check(_ reply: SyncReply, _ client: Client) {
        let key = GroupGeneration(group: client.group, generation: client.generation)
        guard let stamp = reply.assignment.first else {
            Issue.record("\(client.name) got no assignment: \(comment)")
            return
        }
        if let known = assigned[key] {
            if known != [stamp] { Issue.record("Two assignments in generation \(key.generation): \(comment)") }
        } else {
            assigned[key] = [stamp]
            totals.stableGenerations += 1
        }
        if Array(reply.assignment.dropFirst()) != Array((client.instance ?? client.memberId).utf8) {
            Issue.record("\(client.name) got another's assignment: \(comment)")
        }
    }

    // MARK: What must hold

    private func check() {
        desk.checkInvariants(comment)
        checkCommits()
        for client in clients {
            let members = desk.describe(client.group).members.map(\.memberId)
            for ghost in client.ghosts where desk.tick > ghost.end && members.contains(ghost.memberId) {
                Issue.record("\(ghost.memberId) has outlived its session: \(comment)")
            }
            client.ghosts.removeAll { desk.tick > $0.end }
        }
    }

    private func checkCommits() {
        for (key, values) in committed {
            for (group, allowed) in values {
                let read = desk.offset(key.topic, key.partition, group: group) ?? -1
                if !allowed.contains(read) { Issue.record("Read \(read) of \(allowed): \(comment)") }
                committed[key]?[group] = [read]
            }
        }
    }

    /// Left in peace, every living client of a group comes to work in one stable generation.
    private func quiesce() {
        desk.actionsUntilDeath = nil
        if desk.settings.membersPerGroupMax < clients.count { return }
        for client in clients where client.step == .down { client.step = .idle }
        for round in 0..<140 {
            for client in clients {
                client.owesRejoin = false
                act(client)
                settle()
            }
            pass(1_000)
            settle()
            if round % 10 == 0 { check() }
        }
        check()
        for group in ["g", "other"] {
            let own = clients.filter { $0.group == group }
            let described = desk.describe(group)
            if own.isEmpty { continue }
            if described.state != .stable { Issue.record("\(group) is \(described.state) after peace: \(comment)") }
            if Set(own.map(\.generation)).count != 1 { Issue.record("\(group) has several generations: \(comment)") }
            if Set(described.members.map(\.memberId)) != Set(own.map(\.memberId)) { Issue.record("\(group) has other members: \(comment)") }
        }
    }

    /// Nobody says anything any more: all sessions end, every parked request is answered.
    private func end() {
        for _ in 0..<400 { desk.advance(by: 1_000) }
        desk.checkInvariants(comment)
        for group in ["g", "other"] where !desk.describe(group).members.isEmpty {
            Issue.record("\(group) has members after silence: \(comment)")
        }
        if !desk.open.isEmpty { Issue.record("\(desk.open.count) requests are never answered: \(comment)") }
        if desk.timerCount > 0 { Issue.record("\(desk.timerCount) timers run for nobody: \(comment)") }
        checkCommits()
    }
}

@Suite struct GroupSimulationTests {
    /// Many short cases, so that no case holds a thread of the pool for long. 3,000 seeds have been run; they take half a minute.
    @Test(.timeLimit(.minutes(10)), arguments: 0..<20 as Range<UInt64>)
    func theRulesHoldWhateverClientsAndRestartsDo(block: UInt64) {
        var stable = 0
        for seed in block * 20..<(block + 1) * 20 {
            let simulation = GroupSimulation(seed: seed)
            simulation.run(steps: 250)
            stable += simulation.totals.stableGenerations
        }
        #expect(stable > 100)
    }
}
