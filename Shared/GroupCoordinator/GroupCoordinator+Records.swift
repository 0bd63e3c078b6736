// What is written down, and what comes back of it.

extension GroupCoordinator {
    /// An entry that was asked for with `persist` has been written: offsets and deletions take effect now.
    package mutating func didPersist(_ entry: JournalEntry) {
        switch entry {
        case .group(let record): groups[record.groupId]?.journalled = record
        case .generation: break
        case .offsets(_, let offsets):
            countCommit(offsets.count)
            apply(entry)
        case .offsetsRemoved, .groupRemoved: apply(entry)
        }
    }

    /// Takes in an entry read at the start, in the order written.
    package mutating func restore(_ entry: JournalEntry) { apply(entry) }

    /// All entries are read: members' sessions begin anew.
    package mutating func didRestore(at moment: Moment) {
        begin(moment)
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            for member in group.members { restartSession(of: member, in: group) }
        }
    }

    private mutating func apply(_ entry: JournalEntry) {
        switch entry {
        case .offsets(let groupId, let offsets):
            let group = knownGroup(groupId)
            for offset in offsets { group.put(offset) }
        case .offsetsRemoved(let groupId, let partitions):
            guard let group = groups[groupId] else { return }
            for partition in partitions { group.removeOffset(partition) }
        case .group(let record):
            knownGroup(record.groupId).adopt(record)
        case .generation(let groupId, let generation):
            let group = knownGroup(groupId)
            group.generationFloor = max(group.generationFloor, generation)
        case .groupRemoved(let groupId):
            guard let group = groups.removeValue(forKey: groupId) else { return }
            group.retire()
        }
    }

    private mutating func knownGroup(_ groupId: String) -> ClassicGroup {
        if let group = groups[groupId] { return group }
        let group = ClassicGroup(id: groupId, stateSinceMillis: moment.now)
        groups[groupId] = group
        return group
    }

    /// Everything that the journal must say, group by group in order of their ids: what a rewrite of it writes.
    package func forEachLiveEntry(_ body: (JournalEntry) throws(GroupJournalFault) -> Void) throws(GroupJournalFault) {
        for groupId in groups.keys.sorted() {
            guard let group = groups[groupId] else { continue }
            if let record = group.journalled { try body(.group(record)) }
            if group.generationFloor > group.journalled?.generation ?? 0 {
                try body(.generation(groupId: groupId, group.generationFloor))
            }
            var chunk: [JournalledOffset] = []
            for topic in group.offsets.keys.sorted() {
                for (partition, offset) in (group.offsets[topic] ?? [:]).sorted(by: { $0.key < $1.key }) {
                    chunk.append(
                        JournalledOffset(
                            topic: topic, partition: partition, offset: offset.offset, leaderEpoch: offset.leaderEpoch,
                            metadata: offset.metadata, commitMillis: offset.commitMillis, expireMillis: offset.expireMillis))
                    if chunk.count == 1_000 {
                        try body(.offsets(groupId: groupId, chunk))
                        chunk.removeAll(keepingCapacity: true)
                    }
                }
            }
            if !chunk.isEmpty { try body(.offsets(groupId: groupId, chunk)) }
        }
    }
}

extension ClassicGroup {
    func put(_ offset: JournalledOffset) {
        let committed = CommittedOffset(
            offset: offset.offset, leaderEpoch: offset.leaderEpoch, metadata: offset.metadata, commitMillis: offset.commitMillis,
            expireMillis: offset.expireMillis)
        if offsets[offset.topic, default: [:]].updateValue(committed, forKey: offset.partition) == nil { offsetCount += 1 }
    }

    func removeOffset(_ partition: TopicPartition) {
        guard offsets[partition.topic]?.removeValue(forKey: partition.partition) != nil else { return }
        offsetCount -= 1
        if offsets[partition.topic]?.isEmpty ?? false { offsets[partition.topic] = nil }
    }

    /// Lets go of what timers still hold.
    func retire() {
        for member in members {
            member.isRemoved = true
            member.timerSerial = nil
        }
        for id in pending.keys { _ = removePending(id) }
        joinTimerSerial = nil
        syncTimerSerial = nil
    }
}
