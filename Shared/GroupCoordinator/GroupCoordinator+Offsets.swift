// Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete, and what takes offsets away with time.

extension GroupCoordinator {
    /// Checks a commit and asks for it to be written; the offsets count once ``didPersist(_:)`` says so.
    package mutating func commit(_ input: CommitInput, token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        if let error = mayCommit(input) {
            reply(token, .commit(Array(repeating: error, count: input.partitions.count)))
            return finish()
        }
        let group = groups[input.groupId]
        let expireMillis = input.retentionMillis < 0 ? -1 : moment.now.addingReportingOverflow(input.retentionMillis).partialValue
        var offsetCount = group?.offsetCount ?? 0
        var added: Set<TopicPartition> = []
        var errors: [GroupError] = []
        var accepted: [JournalledOffset] = []
        errors.reserveCapacity(input.partitions.count)
        accepted.reserveCapacity(input.partitions.count)
        for commit in input.partitions {
            if commit.metadata.utf8.count > settings.offsetMetadataBytesMax {
                errors.append(.offsetMetadataTooLarge)
                continue
            }
            let isAdded =
                group?.offsets[commit.topic]?[commit.partition] == nil
                && !added.contains(TopicPartition(topic: commit.topic, partition: commit.partition))
            if isAdded {
                if offsetCount >= settings.offsetsPerGroupMax {
                    errors.append(.policyViolation)
                    continue
                }
                offsetCount += 1
                added.insert(TopicPartition(topic: commit.topic, partition: commit.partition))
            }
            errors.append(.none)
            accepted.append(
                JournalledOffset(
                    topic: commit.topic, partition: commit.partition, offset: commit.offset, leaderEpoch: commit.leaderEpoch,
                    metadata: commit.metadata, commitMillis: moment.now, expireMillis: expireMillis))
        }
        if !accepted.isEmpty { persist(.offsets(groupId: input.groupId, accepted)) }
        reply(token, .commit(errors))
        return finish()
    }

    /// Whether who commits may: a member of the current generation, or anyone while the group has no members.
    private mutating func mayCommit(_ input: CommitInput) -> GroupError? {
        guard let group = groups[input.groupId] else {
            if input.generation >= 0 { return input.apiVersion >= 9 ? .groupIdNotFound : .illegalGeneration }
            return groups.count >= settings.groupsMax ? .policyViolation : nil
        }
        if input.generation < 0 && group.state == .empty { return nil }
        guard input.generation >= 0 || !input.memberId.isEmpty || input.instanceId != nil else {
            return group.state == .empty ? nil : .unknownMemberId
        }
        switch validate(memberId: input.memberId, instanceId: input.instanceId, in: group) {
        case .failure(let error): return error
        case .success(let member):
            if input.generation != group.generation { return .illegalGeneration }
            // The member knows of the generation and not yet of its partitions: what it commits is of the last one.
            if group.state == .completingRebalance { return .rebalanceInProgress }
            restartSession(of: member, in: group)
            return nil
        }
    }

    /// The committed offsets of some partitions, in the order asked, or of all, in order of topic and partition.
    ///
    /// A group that is not known has committed nothing; that is no error.
    package func fetchOffsets(groupId: String, partitions: [TopicPartition]?) -> [FetchedOffset] {
        let offsets = groups[groupId]?.offsets ?? [:]
        guard let partitions else {
            return offsets.keys.sorted().flatMap { topic in
                (offsets[topic] ?? [:]).sorted { $0.key < $1.key }.map { Self.fetched(topic, $0.key, $0.value) }
            }
        }
        return partitions.map { Self.fetched($0.topic, $0.partition, offsets[$0.topic]?[$0.partition]) }
    }

    private static func fetched(_ topic: String, _ partition: Int32, _ offset: CommittedOffset?) -> FetchedOffset {
        FetchedOffset(
            topic: topic, partition: partition, offset: offset?.offset ?? -1, leaderEpoch: offset?.leaderEpoch ?? -1,
            metadata: offset?.metadata ?? "")
    }

    /// OffsetDelete: of groups without members only. Partitions without an offset are no error.
    package mutating func deleteOffsets(groupId: String, partitions: [TopicPartition], token: GroupToken, at moment: Moment)
        -> [GroupAction]
    {
        begin(moment)
        let error: GroupError =
            switch groups[groupId]?.state {
            case nil, .dead: .groupIdNotFound
            case .empty: .none
            case .preparingRebalance, .completingRebalance, .stable: .nonEmptyGroup
            }
        if error == .none, let offsets = groups[groupId]?.offsets {
            let removed = partitions.filter { offsets[$0.topic]?[$0.partition] != nil }
            if !removed.isEmpty { persist(.offsetsRemoved(groupId: groupId, removed)) }
        }
        reply(token, .delete(Array(repeating: error, count: partitions.count)))
        return finish()
    }

    /// Drops every group's offsets of a topic that was deleted.
    package mutating func topicDeleted(_ topic: String, at moment: Moment) -> [GroupAction] {
        begin(moment)
        for (groupId, group) in groups.sorted(by: { $0.key < $1.key }) {
            guard let offsets = group.offsets[topic], !offsets.isEmpty else { continue }
            persist(.offsetsRemoved(groupId: groupId, offsets.keys.sorted().map { TopicPartition(topic: topic, partition: $0) }))
        }
        return finish()
    }

    /// Drops what has outlived its retention: offsets of groups without members, counted from when the group became empty, or for
    /// consumers outside group management from the commit. An empty group without offsets goes too. Call it every ten minutes or so.
    package mutating func expireOffsets(at moment: Moment) -> [GroupAction] {
        begin(moment)
        for (groupId, group) in groups.sorted(by: { $0.key < $1.key }) where group.state == .empty {
            var expired: [TopicPartition] = []
            for (topic, offsets) in group.offsets {
                for (partition, offset) in offsets where isExpired(offset, in: group) {
                    expired.append(TopicPartition(topic: topic, partition: partition))
                }
            }
            if expired.count == group.offsetCount {
                if group.pending.isEmpty { persist(.groupRemoved(groupId: groupId)) }
            } else if !expired.isEmpty {
                persist(.offsetsRemoved(groupId: groupId, expired.sorted()))
            }
        }
        return finish()
    }

    private func isExpired(_ offset: CommittedOffset, in group: ClassicGroup) -> Bool {
        if offset.expireMillis >= 0 { return moment.now >= offset.expireMillis }
        let since = group.protocolType == nil ? offset.commitMillis : max(group.stateSinceMillis, offset.commitMillis)
        return moment.now - since >= settings.offsetsRetentionMillis
    }
}
