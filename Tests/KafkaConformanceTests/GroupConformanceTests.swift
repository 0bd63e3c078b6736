import Kafka
import KafkaProtocol
import TestSupport
import Testing

/// A group as its members live it.
@Suite(.timeLimit(.minutes(10))) struct GroupConformanceTests {
    private func member(
        _ bench: Bench, _ instanceId: String? = nil, _ assignors: [GroupMembership.Assignor] = [.range],
        groupHooks: GroupHooks = GroupHooks()
    ) throws -> GroupConsumer {
        // 6 s is the least session time-out that Kafka allows by default.
        try GroupConsumer(
            bench.configuration.setting(["fetch.wait.max.ms": "100"]),
            GroupMembership(
                bench.group, instanceId: instanceId, assignors: assignors, sessionTimeout: .seconds(6),
                heartbeatInterval: .milliseconds(300), start: .beginning),
            groupHooks: groupHooks)
    }

    @Test(arguments: BrokerUnderTest.all)
    func aMemberReadsWhatIsAssignedAndItsSuccessorGoesOnFromTheCommit(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let producer = try bench.producer()
        for partition in 0..<Int32(2) { try await producer.sendAll((0..<20).map { "\($0)" }, to: bench.topic, partition: partition) }
        let all = (0..<Int32(2)).map { TopicPartition(bench.topic, $0) }
        let first = try member(bench)
        try await first.subscribe(to: [bench.topic])
        #expect(try await first.collect(40) == [all[0]: Array(0..<20), all[1]: Array(0..<20)])
        #expect(first.assignment == all)
        try await first.commit([bench.place(15), bench.place(20, 1)])
        await first.close()
        let second = try member(bench)
        try await second.subscribe(to: [bench.topic])
        #expect(try await second.collect(5) == [all[0]: Array(15..<20)])
        await second.close()
        let admin = try bench.admin()
        #expect(try await admin.committedOffsets(group: bench.group, topic: bench.topic, partitions: 0..<2) == [0: 15, 1: 20])
        await admin.close()
        await producer.close()
    }

    @Test(arguments: BrokerUnderTest.all, GroupMembership.Assignor.allCases)
    func membersShareThePartitionsAndTakeOverFromOneThatLeaves(_ broker: BrokerUnderTest, _ assignor: GroupMembership.Assignor) async throws
    {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 4)
        let all = (0..<Int32(4)).map { TopicPartition(bench.topic, $0) }
        let first = try member(bench, nil, [assignor])
        let second = try member(bench, nil, [assignor])
        try await first.subscribe(to: [bench.topic])
        try await settle([first]) { first.assignment == all }
        try await second.subscribe(to: [bench.topic])
        try await settle([first, second]) {
            first.assignment.count == 2 && second.assignment.count == 2 && (first.assignment + second.assignment).sorted() == all
        }
        await second.close()
        try await settle([first]) { first.assignment == all }
        #expect(first.lostCount == 0)
        await first.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aCooperativeMemberKeepsReadingWhatItKeeps(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 4)
        let revoked = Places()
        let first = try member(
            bench, nil, [.cooperativeSticky],
            groupHooks: GroupHooks(revoking: { places, _ in
                revoked.add(places)
                return []
            }))
        let second = try member(bench, nil, [.cooperativeSticky])
        try await first.subscribe(to: [bench.topic])
        try await settle([first]) { first.assignment.count == 4 }
        try await second.subscribe(to: [bench.topic])
        try await settle([first, second]) { first.assignment.count == 2 && second.assignment.count == 2 }
        #expect(revoked.all.sorted() == second.assignment, "only what the other got was given up")
        await first.close()
        await second.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aMemberThatVanishesIsReplacedAfterItsSessionTimeOut(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 4)
        let staying = try member(bench)
        let vanishing = try member(bench)
        try await staying.subscribe(to: [bench.topic])
        try await vanishing.subscribe(to: [bench.topic])
        try await settle([staying, vanishing]) { staying.assignment.count == 2 && vanishing.assignment.count == 2 }
        let name = vanishing.memberId
        let raw = try bench.raw()
        await vanishing.vanish()
        // It has not left: the group has it still.
        var group = try await raw.describe(bench.group)
        #expect(group.members.contains { $0.memberId == name })
        try await settle([staying]) { staying.assignment.count == 4 }
        group = try await raw.describe(bench.group)
        #expect(group.members.map(\.memberId) == [staying.memberId])
        #expect(group.groupState == "Stable")
        await staying.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aStaticMemberComesBackToItsPartitionsAndNobodyNotices(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 4)
        let staying = try member(bench, "one")
        let going = try member(bench, "two")
        try await staying.subscribe(to: [bench.topic])
        try await going.subscribe(to: [bench.topic])
        try await settle([staying, going]) { staying.assignment.count == 2 && going.assignment.count == 2 }
        let held = going.assignment
        let count = staying.assignmentCount
        let raw = try bench.raw()
        for farewell in [false, true] {
            let before = try await raw.describe(bench.group)
            let old = try #require(before.members.first { $0.groupInstanceId == "two" }).memberId
            // A static member says no farewell when it closes.
            let leaving = farewell ? try member(bench, "two") : going
            if farewell {
                try await leaving.subscribe(to: [bench.topic])
                try await settle([staying, leaving]) { leaving.assignment == held }
            }
            if farewell { await leaving.close() } else { await leaving.vanish() }
            let back = try member(bench, "two")
            try await back.subscribe(to: [bench.topic])
            try await settle([staying, back]) { back.assignment == held }
            let group = try await raw.describe(bench.group)
            #expect(group.members.count == 2)
            #expect(group.members.first { $0.groupInstanceId == "two" }?.memberId != old)
            #expect(staying.assignmentCount == count)
            await back.vanish()
        }
        await staying.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aSecondOneOfTheSameInstanceFencesTheFirst(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let first = try member(bench, "same")
        try await first.subscribe(to: [bench.topic])
        try await settle([first]) { first.assignment.count == 1 }
        let second = try member(bench, "same")
        try await second.subscribe(to: [bench.topic])
        try await settle([second]) { second.assignment.count == 1 }
        var fenced: KafkaFailure?
        var batch = MessageBatch()
        for await _ in first.wakeup.signals where fenced == nil {
            do throws(KafkaFailure) { while try first.drain(into: &batch, countMax: 10) > 0 {} } catch { fenced = error }
            if fenced != nil { break }
        }
        #expect(fenced?.name == "FENCED_INSTANCE_ID" || fenced?.name == "_FATAL", "\(fenced?.description ?? "")")
        #expect(try await second.memberStillIn(bench))
        await first.close()
        await second.close()
    }
}

/// Collects partitions from hooks.
private final class Places: Sendable {
    private let held = Held()
    private final class Held: @unchecked Sendable {  // only the task that drains touches it
        var all: [TopicPartition] = []
    }
    func add(_ places: [TopicPartition]) { held.all += places }
    var all: [TopicPartition] { held.all }
}

/// Keeps members drained until a condition holds.
func settle(_ members: [GroupConsumer], until holds: () async throws -> Bool) async throws {
    var batch = MessageBatch()
    try await eventually("the group to settle", within: .seconds(240)) {
        for member in members { while try member.drain(into: &batch, countMax: 100) > 0 {} }
        return try await holds()
    }
}

extension GroupConsumer {
    /// Drains, woken and woken again, until `count` messages are there: their offsets by partition.
    func collect(_ count: Int) async throws -> [TopicPartition: [Int64]] {
        var offsets: [TopicPartition: [Int64]] = [:]
        var left = count
        var batch = MessageBatch()
        for await _ in wakeup.signals {
            while try drain(into: &batch, countMax: 100) > 0 {
                for index in 0..<batch.count {
                    offsets[TopicPartition(batch[index].topic, batch[index].partition), default: []].append(batch[index].offset)
                }
                left -= batch.count
            }
            if left <= 0 { break }
        }
        return offsets
    }

    fileprivate func memberStillIn(_ bench: Bench) async throws -> Bool {
        let raw = try bench.raw()
        defer { raw.close() }
        return try await raw.describe(bench.group).members.map(\.memberId) == [memberId]
    }
}

extension RawConnection {
    func describe(_ group: String, version: Int16 = 5) async throws -> DescribeGroupsResponse.Group {
        var found = DescribeGroupsResponse.Group()
        try await eventually("the group's coordinator") {
            found = try #require(try await self.ask(DescribeGroupsRequest(groups: [group]), version: version).groups.first)
            return found.errorCode != ErrorCode.coordinatorNotAvailable.rawValue && found.errorCode != ErrorCode.notCoordinator.rawValue
                && found.errorCode != ErrorCode.coordinatorLoadInProgress.rawValue
        }
        return found
    }
}
