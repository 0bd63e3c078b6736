internal import Hashing
internal import Kafka
internal import Postgres

/// The shell around one claimed unit: performs what ``UnitMachine`` decides.
struct UnitRunner<S: Stage>: Sendable {
    let stage: S
    let context: StageContext
    let mailbox: UnitMailbox

    private var identity: StageIdentity { stage.identity }
    private var settings: PipelineSettings { context.settings }

    /// Runs until the unit is released or lost; begins again from what is committed after trouble of our own.
    func run(_ first: ProgressStore.Claim) async {
        var claim = first
        var attempt = 0
        var isCareful = false
        while true {
            let began = ContinuousClock.now
            let life = await runOnce(claim, isCareful: isCareful)
            // After a message that could not be folded, go message by message, so that all before it is committed.
            isCareful = life.wasParked
            switch life.ending {
            case .released:
                return context.observer.note(.released(stage: identity.name, partition: claim.partition))
            case .fenced:
                return context.observer.note(.fenced(stage: identity.name, partition: claim.partition))
            case .restart(let why):
                if life.isReleasing { return await letGo(claim) }
                context.observer.note(.restarting(stage: identity.name, partition: claim.partition, why: why))
            }
            if began.duration(to: .now) > .seconds(30) { attempt = 0 }
            attempt += 1
            switch await pause(claim, for: .milliseconds(min(5_000, 100 << min(attempt, 6)))) {
            case nil: break
            case .released: return context.observer.note(.released(stage: identity.name, partition: claim.partition))
            default: return context.observer.note(.fenced(stage: identity.name, partition: claim.partition))
            }
            while true {
                if Task.isCancelled { return }
                do throws(PostgresFailure) {
                    guard let again = try await context.store.read(stage: identity.name, partition: claim.partition, lease: claim.lease)
                    else { return context.observer.note(.fenced(stage: identity.name, partition: claim.partition)) }
                    claim = again
                    break
                } catch {
                    context.observer.note(.troubled(stage: identity.name, what: "read progress", why: "\(error)"))
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
        }
    }

    // MARK: One life

    private func runOnce(
        _ claim: ProgressStore.Claim, isCareful: Bool
    ) async -> (ending: UnitMachine.Ending, wasParked: Bool, isReleasing: Bool) {
        var machine = UnitMachine(committed: claim.nextOffset, batchesInFlightMax: settings.batchesInFlightMax)
        let fold: UnitFold<S>
        let reader: PartitionReader
        do {
            fold = try await recover(claim)
            reader = try await context.consumer.openPartition(
                topic: identity.inputTopic, partition: claim.partition, at: fold.nextOffset)
        } catch let failure as PipelineFailure {
            return (await parkAndWait(claim, failure), true, false)
        } catch {
            return (.restart("\(error)"), isCareful, false)
        }
        await context.steps?.advance(
            stage: identity.name, partition: claim.partition, step: fold.standing.step ?? .min, position: claim.nextOffset)
        let ending = await loop(claim, &machine, fold, reader, isCareful: isCareful)
        await context.steps?.forget(stage: identity.name, partition: claim.partition)
        await reader.close()
        return (ending, machine.isParked, machine.isReleasing)
    }

    private func loop(
        _ claim: ProgressStore.Claim, _ machine: inout UnitMachine, _ fold: UnitFold<S>, _ reader: PartitionReader,
        isCareful: Bool
    ) async -> UnitMachine.Ending {
        let (batches, feed) = AsyncStream<Batch>.makeStream()
        var machineInside = machine
        let ending = await withDiscardingTaskGroup { group -> UnitMachine.Ending in
            group.addTask { await send(batches, of: claim) }
            group.addTask { for await _ in reader.wakeup.signals { mailbox.wakeup.raise() } }
            var life = UnitLife(claim: claim, began: .now, replayFrom: fold.nextOffset, isCareful: isCareful)
            var messages = MessageBatch()
            mailbox.wakeup.raise()
            for await _ in mailbox.wakeup.signals {
                var actions: [UnitMachine.Action] = []
                for event in mailbox.take() {
                    if event == .releaseRequested, !machineInside.isReleasing { group.addTask { await boundRelease() } }
                    actions += machineInside.handle(event)
                }
                life.inFlight.removeAll { $0.range.to <= machineInside.committed }
                if machineInside.mayFold {
                    do {
                        actions += try foldMore(reader, &messages, fold, &life, &machineInside)
                    } catch let failure as PipelineFailure {
                        life.parked = failure
                        actions += machineInside.handle(.parked)
                    } catch {
                        let failure = KafkaTrouble.failure(error, topic: identity.inputTopic, claim: claim)
                        if let failure {
                            life.parked = failure
                            actions += machineInside.handle(.parked)
                        } else {
                            actions += machineInside.handle(.sendFailed("\(error)"))
                        }
                    }
                }
                for action in actions { perform(action, fold, &life, feed, in: &group) }
                if let ending = machineInside.ending {
                    feed.finish()
                    group.cancelAll()
                    return ending
                }
                if let failure = life.parked, machineInside.isSettled {
                    feed.finish()
                    group.cancelAll()
                    return await parkAndWait(claim, failure)
                }
            }
            feed.finish()
            group.cancelAll()
            return .fenced
        }
        machine = machineInside
        return ending
    }

    /// Drains and folds one batch; nothing when the queue is empty.
    private func foldMore(
        _ reader: PartitionReader, _ messages: inout MessageBatch, _ fold: UnitFold<S>, _ life: inout UnitLife,
        _ machine: inout UnitMachine
    ) throws -> [UnitMachine.Action] {
        let countMax = life.isCareful ? 1 : settings.batchMessagesMax
        var count = try reader.drain(into: &messages, countMax: countMax, byteCountMax: settings.batchBytesMax)
        let now = context.wallClock()
        let liveStep = (now - settings.liveWindow.micros) / settings.stepSpanMicros
        fold.begin(stampMicros: now, gatedBeforeStep: context.steps == nil ? .min : liveStep)
        if fold.isReplaying, fold.nextOffset >= life.claim.nextOffset { try endReplay(fold, &life) }
        while count > 0 {
            for index in 0..<messages.count {
                let message = messages[index]
                if fold.isReplaying, message.offset >= life.claim.nextOffset { try endReplay(fold, &life) }
                try fold.fold(message: message.payload, offset: message.offset, timestampMicros: message.timestampMillis * 1_000)
            }
            if !fold.isReplaying { break }
            if fold.nextOffset >= life.claim.nextOffset { try endReplay(fold, &life) }
            count = try reader.drain(into: &messages, countMax: countMax, byteCountMax: settings.batchBytesMax)
        }
        guard !fold.isReplaying, fold.hasPendingBatch else { return [] }
        let isSnapshotDue =
            identity.hasHistory
            && (fold.accepted - life.snapshotAccepted >= settings.snapshotRecordsMax
                || (fold.accepted > life.snapshotAccepted && life.snapshotAt.duration(to: .now) >= settings.snapshotInterval))
        guard let batch = fold.takeBatch(withSnapshot: isSnapshotDue) else { return [] }
        if let snapshot = batch.snapshot {
            life.snapshotAccepted = fold.accepted
            life.snapshotAt = .now
            context.observer.note(.snapshotTaken(stage: identity.name, partition: life.claim.partition, byteCount: snapshot.count))
        }
        life.inFlight.append(batch)
        return machine.handle(.folded(batch.range))
    }

    private func endReplay(_ fold: UnitFold<S>, _ life: inout UnitLife) throws(PipelineFailure) {
        fold.endReplay(at: life.claim.nextOffset)
        let standing = fold.standing
        guard standing.chain == life.claim.chain else {
            throw .chainBroken(
                offset: life.claim.nextOffset, stored: life.claim.chain.bytes.hex, computed: standing.chain.bytes.hex)
        }
        life.snapshotAccepted = fold.accepted
        context.observer.note(
            .recovered(
                stage: identity.name, partition: life.claim.partition, from: life.replayFrom,
                records: life.claim.nextOffset - life.replayFrom, took: life.began.duration(to: .now)))
    }

    // MARK: Actions

    private func perform(
        _ action: UnitMachine.Action, _ fold: UnitFold<S>, _ life: inout UnitLife, _ feed: AsyncStream<Batch>.Continuation,
        in group: inout DiscardingTaskGroup
    ) {
        let claim = life.claim
        switch action {
        case .send(let range):
            guard let batch = life.inFlight.first(where: { $0.range == range }) else {
                preconditionFailure("batch \(range) is to be sent but is not in flight")
            }
            feed.yield(batch)
        case .commit(let range):
            let batches = life.inFlight.filter { $0.range.from >= range.from && $0.range.to <= range.to }
            group.addTask { await commit(batches, range, claim) }
            group.addTask {
                try? await Task.sleep(for: settings.commitInterval)
                mailbox.post(.commitDue)
            }
        case .readProgress:
            group.addTask { await readProgress(claim) }
        case .release:
            // A record that failed in the middle of a run leaves a state that stands nowhere.
            let snapshot = identity.hasHistory && !fold.isReplaying && life.parked == nil ? fold.snapshot() : nil
            let offset = fold.isReplaying ? claim.nextOffset : fold.nextOffset
            group.addTask { await release(claim, at: offset, snapshot: snapshot) }
        case .stop: break
        }
    }

    private func send(_ batches: AsyncStream<Batch>, of claim: ProgressStore.Claim) async {
        var topics: [ProducerTopic] = []
        await withDiscardingTaskGroup { group in
            for await batch in batches {
                do throws(KafkaFailure) {
                    if topics.isEmpty {
                        for output in identity.outputs { topics.append(try context.producer.topic(output.topic)) }
                    }
                    let whole = DeliveryTicket()
                    for segment in batch.segments {
                        guard let step = segment.step, let steps = context.steps else {
                            try await produce(batch, segment.messages, to: topics, claim, whole)
                            continue
                        }
                        let began = ContinuousClock.now
                        await steps.advance(stage: identity.name, partition: claim.partition, step: step, position: batch.range.from)
                        guard await steps.wait(stage: identity.name, partition: claim.partition, step: step) else { return }
                        context.observer.note(
                            .keptInStep(
                                stage: identity.name, partition: claim.partition, step: step, waited: began.duration(to: .now)))
                        let ticket = DeliveryTicket()
                        try await produce(batch, segment.messages, to: topics, claim, ticket)
                        try await ticket.delivered()
                    }
                    group.addTask {
                        do throws(KafkaFailure) {
                            try await whole.delivered()
                            await context.steps?.advance(
                                stage: identity.name, partition: claim.partition, step: batch.stepReached ?? .min,
                                position: batch.range.to)
                            mailbox.post(.acknowledged(batch.range))
                        } catch {
                            mailbox.post(.sendFailed("\(error)"))
                        }
                    }
                } catch {
                    return mailbox.post(.sendFailed("\(error)"))
                }
            }
        }
    }

    private func produce(
        _ batch: Batch, _ messages: Range<Int>, to topics: [ProducerTopic], _ claim: ProgressStore.Claim, _ ticket: DeliveryTicket
    ) async throws(KafkaFailure) {
        for message in batch.messages[messages] {
            let output = identity.outputs[message.output]
            let headers = output.isPublic ? LaneHeader.headers(stage: identity.number, partition: claim.partition, message.sequence) : nil
            while true {
                let admission = try batch.withBytes(of: message) { (key, value) throws(KafkaFailure) in
                    try context.producer.produce(
                        to: topics[message.output], partition: message.partition, key: key, value: value, headers: headers, ticket: ticket)
                }
                if case .queued = admission { break }
                try await context.producer.awaitRoom()
            }
        }
    }

    private func commit(_ batches: [Batch], _ range: UnitMachine.Range, _ claim: ProgressStore.Claim) async {
        let began = ContinuousClock.now
        do throws(PostgresFailure) {
            let days = context.knownDays.missing(of: Array(Set(batches.flatMap(\.days))))
            if !days.isEmpty {
                try await context.store.ensureDays(days, tables: identity.tablesByDay)
                context.knownDays.add(days)
            }
            guard try await context.store.commit(batches, identity: identity, claim: claim) else { return mailbox.post(.fenced) }
            context.observer.note(
                .committed(
                    stage: identity.name, partition: claim.partition, batches: batches.count,
                    records: batches.reduce(0) { $0 + $1.recordCount }, bytes: batches.reduce(0) { $0 + $1.bytes.count },
                    took: began.duration(to: .now)))
            mailbox.post(.committed(range))
        } catch {
            if Task.isCancelled { return }
            context.observer.note(.troubled(stage: identity.name, what: "commit", why: "\(error)"))
            if error.isCommitOutcomeUnknown { return mailbox.post(.commitUnknown(range)) }
            try? await Task.sleep(for: .milliseconds(200))
            mailbox.post(.commitFailed(range))
        }
    }

    private func readProgress(_ claim: ProgressStore.Claim) async {
        while !Task.isCancelled {
            do throws(PostgresFailure) {
                let row = try await context.store.read(stage: identity.name, partition: claim.partition, lease: claim.lease)
                return mailbox.post(.progressRead(isLeaseOurs: row != nil, nextOffset: row?.nextOffset ?? -1))
            } catch {
                context.observer.note(.troubled(stage: identity.name, what: "read progress", why: "\(error)"))
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Ends a hand-over that cannot finish, such as one whose outputs wait for a unit that nobody runs to come into step.
    private func boundRelease() async {
        do { try await Task.sleep(for: settings.releaseTimeout) } catch { return }
        mailbox.post(.sendFailed("the hand-over took longer than \(settings.releaseTimeout)"))
    }

    /// Gives the lease back without a snapshot: what is not committed is for the next owner to fold again.
    private func letGo(_ claim: ProgressStore.Claim) async {
        let isDone = try? await context.store.release(identity: identity, claim: claim, at: nil, snapshot: nil)
        let (stage, partition) = (identity.name, claim.partition)
        context.observer.note(isDone == false ? .fenced(stage: stage, partition: partition) : .released(stage: stage, partition: partition))
    }

    private func release(_ claim: ProgressStore.Claim, at offset: Int64, snapshot: [UInt8]?) async {
        do throws(PostgresFailure) {
            let isDone = try await context.store.release(identity: identity, claim: claim, at: offset, snapshot: snapshot)
            mailbox.post(isDone ? .released : .fenced)
        } catch {
            // The lease runs out by itself.
            context.observer.note(.troubled(stage: identity.name, what: "release", why: "\(error)"))
            mailbox.post(.released)
        }
    }

    // MARK: Beginning and parking

    /// The fold as it stands at the newest usable snapshot, or at the beginning.
    private func recover(_ claim: ProgressStore.Claim) async throws -> UnitFold<S> {
        let outgoing = identity.outputs.reduce(0) { $0 + $1.partitionCount }
        if let version = claim.version, !stage.loadedVersions.contains(version) {
            guard let content = try await context.store.artifact(version) else {
                throw PipelineFailure.versionMissing(kind: identity.versionKind ?? "version", hash: version.hex)
            }
            try stage.load(version: version, content: content)
        }
        guard identity.hasHistory else {
            let standing = UnitStanding(
                nextOffset: claim.nextOffset, lanes: try LaneTable(decoding: claim.lanes, outgoingCount: outgoing), chain: claim.chain,
                accepted: claim.accepted, repeated: claim.repeated, version: claim.version, sourceMicros: claim.sourceMicros)
            return UnitFold(
                stage: stage, partition: claim.partition,
                state: try stage.makeState(partition: claim.partition, version: claim.version), standing: standing,
                stepSpanMicros: settings.stepSpanMicros)
        }
        let (content, damaged) = try await context.store.snapshot(
            identity: identity, partition: claim.partition, notAfter: claim.nextOffset)
        if damaged > 0 {
            try await context.store.report(
                stage: identity.name, partition: claim.partition, kind: "damaged_snapshot",
                detail: "\(damaged) snapshots with a wrong checksum were passed over")
        }
        let fold: UnitFold<S>
        if let content {
            let (standing, rest) = try UnitStanding.decode(content, outgoingCount: outgoing)
            let state = try stage.decodeState(Array(rest), partition: claim.partition, version: standing.version)
            fold = UnitFold(
                stage: stage, partition: claim.partition, state: state, standing: standing, stepSpanMicros: settings.stepSpanMicros)
        } else {
            let standing = UnitStanding(nextOffset: 0, lanes: LaneTable(outgoingCount: outgoing), version: claim.version)
            fold = UnitFold(
                stage: stage, partition: claim.partition,
                state: try stage.makeState(partition: claim.partition, version: claim.version), standing: standing,
                stepSpanMicros: settings.stepSpanMicros)
        }
        fold.isReplaying = fold.nextOffset < claim.nextOffset
        if !fold.isReplaying, fold.standing.chain != claim.chain {
            throw PipelineFailure.chainBroken(
                offset: claim.nextOffset, stored: claim.chain.bytes.hex, computed: fold.standing.chain.bytes.hex)
        }
        return fold
    }

    /// Keeps the unit, says what is wrong, and begins again after a while; a release ends the wait.
    private func parkAndWait(_ claim: ProgressStore.Claim, _ failure: PipelineFailure) async -> UnitMachine.Ending {
        context.observer.note(.parked(stage: identity.name, partition: claim.partition, failure: failure))
        try? await context.store.report(
            stage: identity.name, partition: claim.partition, kind: failure.kind, detail: failure.description)
        return await pause(claim, for: settings.parkedRetry) ?? .restart(failure.description)
    }

    /// Waits, with the lease held and no state; a release or the loss of the lease ends the wait.
    ///
    /// The mailbox is listened to by this task itself: a cancelled listener would end its stream for good.
    private func pause(_ claim: ProgressStore.Claim, for duration: Duration) async -> UnitMachine.Ending? {
        let end = ContinuousClock.now.advanced(by: duration)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await Task.sleep(until: end)
                mailbox.wakeup.raise()
            }
            defer { group.cancelAll() }
            mailbox.wakeup.raise()
            for await _ in mailbox.wakeup.signals {
                for event in mailbox.take() {
                    switch event {
                    case .releaseRequested:
                        let isDone = try? await context.store.release(identity: identity, claim: claim, at: nil, snapshot: nil)
                        return isDone == false ? .fenced : .released
                    case .leaseLost, .fenced: return .fenced
                    default: continue
                    }
                }
                if ContinuousClock.now >= end { return nil }
            }
            return .fenced
        }
    }
}

/// What one life of a unit keeps beside the machine and the fold.
private struct UnitLife {
    var claim: ProgressStore.Claim
    var began: ContinuousClock.Instant
    var replayFrom: Int64
    /// One message a batch.
    var isCareful: Bool
    var inFlight: [Batch] = []
    var snapshotAccepted: Int64
    var snapshotAt: ContinuousClock.Instant
    var parked: PipelineFailure?

    init(claim: ProgressStore.Claim, began: ContinuousClock.Instant, replayFrom: Int64, isCareful: Bool) {
        self.isCareful = isCareful
        self.claim = claim
        self.began = began
        self.replayFrom = replayFrom
        snapshotAccepted = claim.accepted
        snapshotAt = began
    }
}

/// Failures of a partition's reading that mean more than "try again".
enum KafkaTrouble {
    static func failure(_ error: any Error, topic: String, claim: ProgressStore.Claim) -> PipelineFailure? {
        guard let error = error as? KafkaFailure else { return nil }
        if error.isOffsetOutOfRange {
            return .historyLost(
                """
                offset \(claim.nextOffset) or what must be replayed before it is not in \(topic)/\(claim.partition) any more: either the \
                topic was made anew or lost records (restore it), or PostgreSQL went back in time (restore the newer one)
                """)
        }
        if error.isUnknownTopicOrPartition {
            return .historyLost("\(topic)/\(claim.partition) is gone from Kafka, but PostgreSQL remembers offset \(claim.nextOffset)")
        }
        return nil
    }
}

/// The header that numbers the messages of public topics: `assay-lane: stage/partition/sequence`.
enum LaneHeader {
    static func headers(stage: UInt32, partition: Int32, _ sequence: UInt64) -> OutgoingHeaders {
        var headers = OutgoingHeaders()
        headers.append("assay-lane", "\(stage)/\(partition)/\(sequence)".utf8)
        return headers
    }
}

extension Batch {
    func withBytes<R, E: Error>(
        of message: Message, _ body: (_ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        // Array's own closure rethrows `any Error`; the typed result leaves as a value.
        let result = bytes.withUnsafeBytes { all -> Result<R, E> in
            let key = message.key.map { UnsafeRawBufferPointer(rebasing: all[$0]) }
            do throws(E) {
                return .success(try body(key, UnsafeRawBufferPointer(rebasing: all[message.value])))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal.
    package var hex: String {
        let digits = [UInt8]("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
