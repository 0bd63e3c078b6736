import Features
import Hashing
import RiskDomain
import Testing

@Suite struct SnapshotTests {
    private func bytes(_ state: PassState) -> [UInt8] {
        var bytes: [UInt8] = []
        state.encode(into: &bytes)
        return bytes
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func aRestoredStateGoesOnWithTheSameBits(seed: UInt64) throws {
        let stream = RandomStream(seed: seed, isLatenessGenerous: seed % 2 == 0)
        let fold = PassFold(stream.set, pass: 0)
        var rng = SplitMix64(seed: seed)
        let undisturbed = fold.emptyState()
        var restored = fold.emptyState()
        for record in stream.records {
            if Int.random(in: 0..<10, using: &rng) == 0 {
                let snapshot = bytes(restored)
                #expect(snapshot == bytes(undisturbed))
                restored = try fold.decode(snapshot)
                #expect(bytes(restored) == snapshot)
            }
            #expect(fold.fold(record, into: restored) == fold.fold(record, into: undisturbed))
        }
        #expect(bytes(restored) == bytes(undisturbed))
    }

    @Test func equalHistoriesHaveEqualBytesWhateverTheOrderOfEntities() {
        let fold = PassFold(RandomStream(seed: 3, isLatenessGenerous: true).set, pass: 0)
        let forwards = fold.emptyState()
        let backwards = fold.emptyState()
        var values: [Double] = []
        for entity in 0..<100 {
            _ = fold.transaction(id: key(entity), time: 0, amount: 5, entity: key(entity), into: forwards, values: &values)
            _ = fold.transaction(id: key(99 - entity), time: 0, amount: 5, entity: key(99 - entity), into: backwards, values: &values)
        }
        #expect(bytes(forwards) == bytes(backwards))
    }

    @Test func damagedBytesAreRefusedAndNeverTrap() throws {
        let stream = RandomStream(seed: 8, isLatenessGenerous: false)
        let fold = PassFold(stream.set, pass: 0)
        let state = fold.emptyState()
        for record in stream.records { _ = fold.fold(record, into: state) }
        let good = bytes(state)
        for count in 0..<good.count { #expect(throws: SnapshotFailure.self) { try fold.decode(Array(good[..<count])) } }
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x41
            #expect(throws: SnapshotFailure.self) { try fold.decode(bad) }
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func damagedBytesWithARightChecksumNeverTrap(seed: UInt64) {
        let stream = RandomStream(seed: seed, isLatenessGenerous: false)
        let fold = PassFold(stream.set, pass: 0)
        let state = fold.emptyState()
        for record in stream.records { _ = fold.fold(record, into: state) }
        let good = bytes(state).dropLast(16)
        var rng = SplitMix64(seed: seed)
        for _ in 0..<400 {
            var bad = Array(good)
            for _ in 0..<Int.random(in: 1...3, using: &rng) {
                let index = Int.random(in: 38..<bad.count, using: &rng)
                switch Int.random(in: 0..<4, using: &rng) {
                case 0: bad[index] = UInt8.random(in: .min ... .max, using: &rng)
                case 1: bad.remove(at: index)
                case 2: bad.insert(0xFF, at: index)
                default: bad.removeSubrange(index...)
                }
                if bad.count < 40 { break }
            }
            bad += Hash128(of: bad).bytes
            guard let odd = try? fold.decode(bad) else { continue }
            // What is accepted is a state like any other.
            for record in stream.records.prefix(40) { _ = fold.fold(record, into: odd) }
            _ = bytes(odd)
        }
    }

    @Test func anotherFeatureSetPassOrVersionIsNamed() throws {
        let fold = PassFold(RandomStream(seed: 1, isLatenessGenerous: true).set, pass: 0)
        let other = PassFold(RandomStream(seed: 2, isLatenessGenerous: true).set, pass: 0)
        let good = bytes(fold.emptyState())
        #expect(throws: SnapshotFailure.otherLayout) { try other.decode(good) }
        var later = good
        later[4] = 9
        #expect(throws: SnapshotFailure.unknownVersion(9)) { try fold.decode(later) }
        #expect(throws: SnapshotFailure.malformed(offset: 0)) { try fold.decode([]) }
    }
}
