import CLibrdkafka
import Kafka
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct GroupConsumerTests {
    let mock: MockCluster
    init() throws { mock = try MockCluster() }

    private func member(_ group: String, _ assignors: [GroupMembership.Assignor] = [.range], _ hooks: GroupHooks = GroupHooks()) throws
        -> GroupConsumer
    {
        try GroupConsumer(
            mock.configuration(),
            GroupMembership(
                group, assignors: assignors, sessionTimeout: .seconds(6), heartbeatInterval: .milliseconds(100), start: .beginning),
            groupHooks: hooks)
    }

    @Test func aMemberReadsWhatIsAssignedAndGoesOnFromTheCommit() async throws {
        mock.createTopic("t", partitions: 2)
        let producer = try KafkaProducer(mock.configuration())
        for partition in 0..<Int32(2) { try await producer.sendAll((0..<20).map { "\(partition):\($0)" }, to: "t", partition: partition) }
        let first = try member("g")
        try await first.subscribe(to: ["t"])
        let seen = try await first.collect(40)
        #expect(first.assignment == [TopicPartition("t", 0), TopicPartition("t", 1)])
        #expect(!first.memberId.isEmpty)
        #expect(seen[TopicPartition("t", 0)] == Array(0..<20))
        #expect(seen[TopicPartition("t", 1)] == Array(0..<20))
        try await first.commit([
            PartitionOffset(topic: "t", partition: 0, offset: 15), PartitionOffset(topic: "t", partition: 1, offset: 20),
        ])
        await first.close()
        #expect(first.assignment.isEmpty)
        let second = try member("g")
        try await second.subscribe(to: ["t"])
        #expect(try await second.collect(5) == [TopicPartition("t", 0): Array(15..<20)])
        await second.close()
        await producer.close()
    }

    @Test(arguments: GroupMembership.Assignor.allCases)
    func membersShareThePartitionsAndTakeOverFromOneThatLeaves(_ assignor: GroupMembership.Assignor) async throws {
        mock.createTopic("t", partitions: 4)
        let all = (0..<Int32(4)).map { TopicPartition("t", $0) }
        let first = try member("g", [assignor])
        let second = try member("g", [assignor])
        try await first.subscribe(to: ["t"])
        try await settle([first]) { first.assignment == all }
        try await second.subscribe(to: ["t"])
        try await settle([first, second]) {
            first.assignment.count == 2 && second.assignment.count == 2 && (first.assignment + second.assignment).sorted() == all
        }
        await second.close()
        try await settle([first]) { first.assignment == all }
        #expect(first.lostCount == 0)
        await first.close()
    }

    @Test func whatTheHookNamesIsCommittedBeforeThePartitionsAreGivenUp() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        try await producer.sendAll((0..<10).map { "\($0)" }, to: "t")
        let revoked = Mutex<[TopicPartition]>([])
        let leaving = try member(
            "g", [.range],
            GroupHooks(revoking: { places, isLost in
                revoked.withLock { $0 += places }
                return isLost ? [] : places.map { PartitionOffset(topic: $0.topic, partition: $0.partition, offset: 7) }
            }))
        try await leaving.subscribe(to: ["t"])
        _ = try await leaving.collect(10)
        await leaving.close()
        #expect(revoked.withLock { $0 } == [TopicPartition("t", 0)])
        let admin = try KafkaAdmin(mock.configuration())
        #expect(try await admin.committedOffsets(group: "g", topic: "t", partitions: [0]) == [0: 7])
        await admin.close()
        await producer.close()
    }

    @Test func aMemberThatIsClosedOrLetGoEndsItsWakeup() async throws {
        mock.createTopic("t")
        let wakeup: Wakeup
        do { wakeup = try member("g").wakeup }
        for await _ in wakeup.signals {}
        let vanishing = try member("g")
        try await vanishing.subscribe(to: ["t"])
        await vanishing.vanish()
        await vanishing.close()
        for await _ in vanishing.wakeup.signals {}
        var batch = MessageBatch()
        let failure = #expect(throws: KafkaFailure.self) { try vanishing.drain(into: &batch, countMax: 1) }
        #expect(failure?.isClosed == true)
    }

    @Test func anImpossibleMembershipIsRefused() throws {
        #expect(throws: KafkaFailure.self) {
            try GroupConsumer(mock.configuration(), GroupMembership("g", assignors: [.range, .cooperativeSticky]))
        }
    }
}

/// Keeps members drained until a condition holds.
private func settle(_ members: [GroupConsumer], until holds: () -> Bool) async throws {
    var batch = MessageBatch()
    try await eventually("the group to settle", within: .seconds(240)) {
        for member in members { while try member.drain(into: &batch, countMax: 100) > 0 {} }
        return holds()
    }
}

extension GroupConsumer {
    /// Drains, woken and woken again, until `count` messages are there: their offsets by partition.
    fileprivate func collect(_ count: Int) async throws -> [TopicPartition: [Int64]] {
        var offsets: [TopicPartition: [Int64]] = [:]
        var left = count
        var batch = MessageBatch()
        for await _ in wakeup.signals {
            while try drain(into: &batch, countMax: 7) > 0 {
                for index in 0..<batch.count {
                    offsets[TopicPartition(batch[index].topic, batch[index].partition), default: []].append(batch[index].offset)
                }
                left -= batch.count
            }
            if left <= 0 { break }
        }
        return offsets
    }
}
