import Checksums
import Glibc
import Testing

@testable import GroupCoordinator

/// A folder of its own, gone with the value's owner.
final class Folder {
    let path: String
    init() {
        var template = Array("/tmp/group-journal-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { name in
            guard let start = name.baseAddress, let made = mkdtemp(start) else { preconditionFailure("No folder under /tmp") }
            return String(cString: made)
        }
    }
    var journal: String { path + "/groups.journal" }
    deinit {
        unlink(journal)
        unlink(journal + ".new")
        rmdir(path)
    }

    func read() throws -> [UInt8] { try JournalFile(creatingAt: journal, truncate: false).contents() }
    func write(_ bytes: ArraySlice<UInt8>) throws {
        let file = try JournalFile(creatingAt: journal, truncate: true)
        try file.write(bytes, at: 0)
    }
}

@Suite struct JournalTests {
    private let start = Moment(tick: 0, now: 1_700_000_000_000)

    private func coordinator() -> GroupCoordinator {
        var settings = GroupSettings()
        settings.offsetsRetentionMillis = 1_000
        let ids = IdMaker()
        return GroupCoordinator(settings: settings) { ids.next() }
    }

    /// Every kind of entry.
    private static let entries: [JournalEntry] = [
        .generation(groupId: "g", 3),
        .group(
            GroupRecord(
                groupId: "g", protocolType: "consumer", protocolName: "range", generation: 3, leaderId: "m1", stateSinceMillis: 5,
                members: [
                    GroupRecord.Member(
                        memberId: "m1", instanceId: nil, clientId: "c", clientHost: "/h", sessionTimeoutMillis: 6_000,
                        rebalanceTimeoutMillis: 7_000, protocols: [GroupProtocol(name: "range", metadata: [1, 2])], assignment: [3]),
                    GroupRecord.Member(
                        memberId: "m2", instanceId: "i", clientId: "", clientHost: "", sessionTimeoutMillis: 6_000,
                        rebalanceTimeoutMillis: 7_000, protocols: [GroupProtocol(name: "range", metadata: [])], assignment: []),
                ])),
        .offsets(
            groupId: "g",
            [
                JournalledOffset(
                    topic: "t", partition: 0, offset: 41, leaderEpoch: 2, metadata: "é", commitMillis: 9, expireMillis: -1),
                JournalledOffset(topic: "t", partition: 1, offset: 42, leaderEpoch: -1, metadata: "", commitMillis: 9, expireMillis: 77),
            ]),
        .offsetsRemoved(groupId: "g", [TopicPartition(topic: "t", partition: 1)]),
        .group(
            GroupRecord(
                groupId: "e", protocolType: nil, protocolName: nil, generation: 0, leaderId: nil, stateSinceMillis: 0, members: [])),
        .groupRemoved(groupId: "e"),
    ]

    @Test(arguments: entries) func anEntryReadsBackAndNoPrefixOfItDoes(entry: JournalEntry) {
        var bytes: [UInt8] = []
        entry.encode(into: &bytes)
        #expect(JournalEntry(payload: bytes[...]) == entry)
        for count in 0..<bytes.count { #expect(JournalEntry(payload: bytes[..<count]) == nil) }
        #expect(JournalEntry(payload: (bytes + [0])[...]) == nil)
    }

    @Test func theSumIsCrc32C() {
        #expect(Crc32C.of(Array("123456789".utf8)[...]) == 0xE306_9283)
        #expect(Crc32C.of([UInt8]()[...]) == 0)
    }

    @Test func groupsOutliveARestart() throws {
        let folder = Folder()
        do {
            var coordinator = coordinator()
            let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
            try journal.append(Self.entries)
            let work = try #require(journal.unflushed())
            try work.perform()
            journal.didFlush(work)
            #expect(journal.unflushed() == nil)
        }
        var coordinator = coordinator()
        let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
        #expect(journal.recovery.entryCount == Self.entries.count && journal.recovery.tornByteCount == 0)
        let described = coordinator.describe(groupId: "g", apiVersion: 6)
        #expect(described.state == .stable && described.members.map(\.memberId) == ["m1", "m2"])
        let fetched = coordinator.fetchOffsets(groupId: "g", partitions: nil)
        #expect(fetched.map(\.offset) == [41] && fetched.map(\.metadata) == ["é"] && fetched.map(\.leaderEpoch) == [2])
        #expect(coordinator.groupCount == 1)
        // Sessions begin at the restart.
        #expect(coordinator.nextDeadline() == start.tick + 6_000)
        let late = coordinator.advance(to: Moment(tick: 5_999, now: 0))
        #expect(late.isEmpty)
    }

    @Test func aFileCutAnywhereGivesTheEntriesBeforeTheCutAndGoesOn() throws {
        let folder = Folder()
        var ends: [Int] = []
        do {
            var coordinator = coordinator()
            let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
            ends.append(journal.byteCount)
            for entry in Self.entries {
                try journal.append([entry])
                ends.append(journal.byteCount)
            }
        }
        let whole = try folder.read()
        #expect(whole.count == ends.last)
        for cut in 0...whole.count {
            try folder.write(whole[..<cut])
            try check(folder, entryCount: ends.count { $0 <= cut } - (cut < ends[0] ? 0 : 1), "cut at \(cut)")
        }
    }

    @Test func aFileWithAnyByteTurnedGivesTheEntriesBeforeIt() throws {
        let folder = Folder()
        var ends: [Int] = []
        do {
            var coordinator = coordinator()
            let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
            for entry in Self.entries {
                ends.append(journal.byteCount)
                try journal.append([entry])
            }
        }
        let whole = try folder.read()
        for index in ends[0]..<whole.count {
            var damaged = whole
            damaged[index] ^= 0x40
            try folder.write(damaged[...])
            try check(folder, entryCount: ends.count { $0 <= index } - 1, "damage at \(index)")
        }
    }

    private func check(_ folder: Folder, entryCount: Int, _ comment: String) throws {
        do {
            var coordinator = coordinator()
            let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
            #expect(journal.recovery.entryCount == entryCount, "\(comment)")
            try journal.append([.generation(groupId: "after", 1)])
        }
        var coordinator = coordinator()
        let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
        #expect(journal.recovery.entryCount == entryCount + 1 && journal.recovery.tornByteCount == 0, "\(comment)")
    }

    @Test func aFileOfSomethingElseIsNotTouched() throws {
        let folder = Folder()
        for text in ["something else altogether", "GRPJRNL2", "abc"] {
            try folder.write(Array(text.utf8)[...])
            var coordinator = coordinator()
            #expect(throws: GroupJournalFault.foreignFile(path: folder.journal)) {
                _ = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
            }
            #expect(try folder.read() == Array(text.utf8))
        }
    }

    @Test func aWholeEntryOfAnUnknownKindIsNotCutOff() throws {
        let folder = Folder()
        let payload: [UInt8] = [99, 1, 2]
        var bytes = Array("GRPJRNL1".utf8)
        bytes.put(UInt32(payload.count))
        bytes.put(Crc32C.of(payload[...]))
        bytes += payload
        try folder.write(bytes[...])
        var coordinator = coordinator()
        #expect(throws: GroupJournalFault.unknownEntry(path: folder.journal, position: 8)) {
            _ = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
        }
        #expect(try folder.read() == bytes)
    }

    @Test func aJournalOfDeadEntriesIsRewrittenAndSaysTheSame() throws {
        let folder = Folder()
        var settings = GroupJournal.Settings()
        settings.deadBytesMin = 4_096
        var rewrites = 0
        do {
            var coordinator = coordinator()
            let journal = try GroupJournal(path: folder.journal, settings: settings, restoring: &coordinator, at: start)
            try journal.append(Self.entries)
            for entry in Self.entries { coordinator.restore(entry) }
            coordinator.didRestore(at: start)
            for offset in 0..<2_000 {
                let input = CommitInput.of(group: "s\(offset % 3)", [(Int32(offset % 7), Int64(offset))])
                let actions = coordinator.commit(input, token: UInt64(offset), at: start)
                let (answers, fault) = journal.carryOut(actions, on: &coordinator)
                #expect(fault == nil && answers == [GroupJournal.Answer(token: UInt64(offset), reply: .commit([.none]))])
                #expect(journal.byteCount < 12_000)
            }
            rewrites = journal.rewriteCount
        }
        #expect(rewrites > 5)
        var coordinator = coordinator()
        let journal = try GroupJournal(path: folder.journal, settings: settings, restoring: &coordinator, at: start)
        #expect(journal.recovery.tornByteCount == 0)
        for group in 0..<3 {
            let fetched = coordinator.fetchOffsets(groupId: "s\(group)", partitions: nil)
            for offset in fetched {
                let last = (0..<2_000).last { $0 % 3 == group && $0 % 7 == Int(offset.partition) }
                #expect(offset.offset == Int64(last ?? -1))
            }
            #expect(fetched.count == 7)
        }
        #expect(coordinator.describe(groupId: "g", apiVersion: 6).state == .stable)
        #expect(coordinator.fetchOffsets(groupId: "g", partitions: nil).map(\.offset) == [41])
    }

    @Test func aWriteThatFailsRefusesWhatItPromisedAndTakesNothingBackLater() throws {
        let folder = Folder()
        var coordinator = coordinator()
        let journal = try GroupJournal(path: folder.journal, settings: .init(), restoring: &coordinator, at: start)
        _ = journal.carryOut(coordinator.commit(.of([(0, 1)]), token: 1, at: start), on: &coordinator)
        journal.appendFault = { ENOSPC }
        let refused = journal.carryOut(coordinator.commit(.of([(0, 2)]), token: 2, at: start), on: &coordinator)
        journal.appendFault = nil
        #expect(refused.fault == .system(operation: "write", path: folder.journal, code: ENOSPC))
        #expect(refused.answers == [GroupJournal.Answer(token: 2, reply: .commit([.coordinatorNotAvailable]))])
        #expect(coordinator.fetchOffsets(groupId: "g", partitions: nil).map(\.offset) == [1])
        #expect(try folder.read().count == journal.byteCount)
        let later = journal.carryOut(coordinator.commit(.of([(0, 3)]), token: 3, at: start), on: &coordinator)
        #expect(later.fault == nil)
        var again = self.coordinator()
        let reopened = try GroupJournal(path: folder.journal, settings: .init(), restoring: &again, at: start)
        #expect(reopened.recovery.tornByteCount == 0)
        #expect(again.fetchOffsets(groupId: "g", partitions: nil).map(\.offset) == [3])
    }
}
