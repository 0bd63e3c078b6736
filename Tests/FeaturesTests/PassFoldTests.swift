import Features
import Hashing
import RiskDomain
import Testing

@Suite struct PassFoldTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func everyFeatureEqualsBruteForceWhateverTheOrderOfArrival(seed: UInt64) {
        let stream = RandomStream(seed: seed, isLatenessGenerous: true)
        let fold = PassFold(stream.set, pass: 0)
        let state = fold.emptyState()
        var oracle = BruteForce(stream.set)
        for (index, record) in stream.records.enumerated() {
            let expected = oracle.fold(record)
            #expect(fold.fold(record, into: state) == expected, "record \(index)")
            #expect(!expected.values.contains(UInt64.max), "a generous lateness leaves nothing unknown")
        }
    }

    @Test(arguments: 1_000..<1_150 as Range<UInt64>)
    func aWindowThatReachesIntoWhatWasForgottenIsMissingNeverWrong(seed: UInt64) {
        let stream = RandomStream(seed: seed, isLatenessGenerous: false)
        let fold = PassFold(stream.set, pass: 0)
        let state = fold.emptyState()
        var oracle = BruteForce(stream.set)
        for (index, record) in stream.records.enumerated() {
            #expect(fold.fold(record, into: state) == oracle.fold(record), "record \(index)")
        }
    }

    @Test func smallLatenessReallyForgets() {
        let all = (1_000..<1_150 as Range<UInt64>).flatMap { seed in
            let stream = RandomStream(seed: seed, isLatenessGenerous: false)
            var oracle = BruteForce(stream.set)
            return stream.records.map { oracle.fold($0) }
        }
        #expect(all.count { $0.marker == .tooLate } > 100)
        #expect(all.count { $0.values.contains(UInt64.max) } > 100)
        #expect(all.count { $0.marker == .labelFolded } > 1_000)
        #expect(all.count { $0.marker == .labelRepeated } > 100)
        #expect(all.count { $0.marker == .labelUnmatched } > 100)
    }

    private static func set(_ kinds: [FeatureKind], lateness: Int64 = 0, horizon: Int64 = day) -> FeatureSet {
        FeatureSet(
            name: "test", entities: ["card"],
            passes: [
                FeaturePass(
                    entity: "card", entityIndex: 0,
                    features: kinds.enumerated().map { FeatureDefinition(name: "f\($0.offset)", kind: $0.element) })
            ], duplicateHorizonMicros: horizon, latenessMicros: lateness)
    }

    @Test(arguments: [1, 30, 1_826 * 86_400] as [Int64])
    func aWindowIsOpenAtItsOldEndAndClosedAtItsNewEnd(seconds: Int64) {
        let length = seconds * second
        let fold = PassFold(Self.set([.aggregate(.count, Window(lengthMicros: length))]), pass: 0)
        let state = fold.emptyState()
        var values: [Double] = []
        for (id, time) in [0, length - 1, length, length, 2 * length].enumerated() {
            #expect(fold.transaction(id: key(id), time: time, amount: 1, entity: key(7), into: state, values: &values) == .none)
        }
        // The last one sees neither of the two at `length`, which lie on its open end.
        #expect(values == [1, 2, 2, 3, 1])
    }

    @Test func fraudCountsFromItsOutcomesTimeOnAndNotBefore() {
        let set = Self.set([.aggregate(.fraudCount, Window(lengthMicros: 100 * second))], lateness: 100 * second)
        let fold = PassFold(set, pass: 0)
        let state = fold.emptyState()
        func outcome(at time: Int64, isFraud: Bool) -> Marker {
            fold.fold(.outcome(id: 1, time: time * second, transactionTime: 10 * second, isFraud: isFraud, entity: 7), into: state).marker
        }
        func frauds(at time: Int64, id: Int) -> Double {
            var values: [Double] = []
            _ = fold.transaction(id: key(id), time: time * second, amount: 1, entity: key(7), into: state, values: &values)
            return values[0]
        }
        #expect(frauds(at: 10, id: 1) == 0)
        #expect(outcome(at: 30, isFraud: true) == .labelFolded)
        #expect(frauds(at: 29, id: 2) == 0)
        #expect(frauds(at: 30, id: 3) == 1)
        #expect(frauds(at: 28, id: 4) == 0)
        #expect(outcome(at: 35, isFraud: true) == .labelRepeated)
        #expect(outcome(at: 40, isFraud: false) == .labelFolded)
        #expect(frauds(at: 39, id: 5) == 1)
        #expect(frauds(at: 40, id: 6) == 0)
        // Late news that falls between what is known.
        #expect(outcome(at: 32, isFraud: false) == .labelFolded)
        #expect(frauds(at: 33, id: 7) == 0)
        #expect(frauds(at: 36, id: 8) == 1)
    }

    @Test func extremeTimesAndAmountsDoNotTrap() {
        let fold = PassFold(
            Self.set([
                .amount, .weekend, .night, .aggregate(.mean, Window(lengthMicros: FeatureSet.spanMicrosMax)),
                .aggregate(.sum, Window(lengthMicros: 1, delayMicros: 1)), .aggregate(.fraudRate, Window(lengthMicros: 1)),
            ]), pass: 0)
        let state = fold.emptyState()
        var values: [Double] = []
        let times: [Int64] = [0, Int64.min, Int64.min + 1, Int64.max, Int64.max, 0, Int64.min]
        for (id, time) in times.enumerated() {
            _ = fold.transaction(
                id: key(id), time: time, amount: id % 2 == 0 ? Int64.max : Int64.min, exponent: id % 10, entity: [], into: state,
                values: &values)
        }
        #expect(values.count == times.count * 6)
        let other = fold.emptyState()
        values = []
        _ = fold.transaction(id: [1], time: Int64.min, amount: 1, entity: [], into: other, values: &values)
        _ = fold.transaction(id: [2], time: Int64.min, amount: 1, entity: [], into: other, values: &values)
        var bytes: [UInt8] = []
        other.encode(into: &bytes)
        #expect(throws: Never.self) { try fold.decode(bytes) }
    }

    @Test func manyEntitiesStayApart() {
        let fold = PassFold(
            Self.set([.aggregate(.count, Window(lengthMicros: day)), .aggregate(.sum, Window(lengthMicros: day))]), pass: 0)
        let state = fold.emptyState()
        var values: [Double] = []
        for round in 1...3 {
            for entity in 0..<2_000 {
                values.removeAll(keepingCapacity: true)
                _ = fold.transaction(
                    id: key(round * 10_000 + entity), time: Int64(round) * second, amount: Int64(entity), exponent: 0, entity: key(entity),
                    into: state, values: &values)
                #expect(values == [Double(round), Double(round * entity)])
            }
        }
        #expect(state.entityCount == 2_000)
        #expect(state.transactionCount == 6_000)
    }

    @Test func historyIsForgottenSoMemoryIsBounded() {
        let fold = PassFold(Self.set([.aggregate(.fraudRate, Window(lengthMicros: 10 * second))], lateness: 5 * second), pass: 0)
        let state = fold.emptyState()
        var values: [Double] = []
        for id in 0..<5_000 {
            values.removeAll(keepingCapacity: true)
            _ = fold.transaction(id: key(id), time: Int64(id) * second, amount: 1, entity: key(1), into: state, values: &values)
            for repetition in 0..<5 {
                _ = fold.fold(
                    .outcome(
                        id: id, time: Int64(id) * second + Int64(repetition), transactionTime: Int64(id) * second,
                        isFraud: repetition % 2 == 0,
                        entity: 1), into: state)
            }
            #expect(state.transactionCount <= 15)
            #expect(state.labelCount <= 15 * 5 * 2 + 10)
        }
        var bytes: [UInt8] = []
        fold.emptyState().encode(into: &bytes)
        #expect(values == [0.9])
    }
}

@Suite struct DuplicateTests {
    private let fold = PassFold(
        FeatureSet(
            name: "test", entities: ["card"],
            passes: [
                FeaturePass(
                    entity: "card", entityIndex: 0,
                    features: [FeatureDefinition(name: "count", kind: .aggregate(.count, Window(lengthMicros: 1_000 * second)))])
            ], duplicateHorizonMicros: 100 * second, latenessMicros: 0), pass: 0)

    private func send(_ id: Int, body: UInt64, at time: Int64, to state: PassState) -> (Marker, [Double]) {
        var values: [Double] = []
        let marker = fold.transaction(
            id: key(id), body: Hash128(low: body, high: 1), time: time * second, amount: 1, entity: key(1), into: state, values: &values)
        return (marker, values)
    }

    @Test func sameIdWithSameBodyIsADuplicateAndWithAnotherAConflictAndNeitherChangesAnything() {
        let state = fold.emptyState()
        #expect(send(1, body: 5, at: 0, to: state) == (.none, [1]))
        var before: [UInt8] = []
        state.encode(into: &before)
        #expect(send(1, body: 5, at: 0, to: state) == (.duplicate, []))
        #expect(send(1, body: 6, at: 50, to: state) == (.conflict, []))
        #expect(send(1, body: 6, at: 5_000, to: state) == (.conflict, []))
        var after: [UInt8] = []
        state.encode(into: &after)
        #expect(before == after)
        #expect(send(2, body: 5, at: 50, to: state) == (.none, [2]))
    }

    @Test func anIdIsForgottenWhenTheNewestEventIsAHorizonLater() {
        let state = fold.emptyState()
        #expect(send(1, body: 5, at: 0, to: state).0 == .none)
        #expect(send(2, body: 5, at: 99, to: state).0 == .none)
        #expect(send(1, body: 5, at: 0, to: state).0 == .duplicate)
        #expect(send(3, body: 5, at: 100, to: state).0 == .none)
        #expect(send(1, body: 6, at: 100, to: state).0 == .none)
        #expect(send(1, body: 6, at: 100, to: state).0 == .duplicate)
        #expect(send(2, body: 5, at: 99, to: state).0 == .duplicate)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func markersEqualAPlainDictionarysAndMemoryStaysBounded(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let state = fold.emptyState()
        var seen: [Int: (body: UInt64, time: Int64)] = [:]
        var newest = Int64.min
        var clock: Int64 = 0
        for _ in 0..<6_000 {
            clock += Int64.random(in: 0...1, using: &rng)
            let id = Int(clock) * 7 + Int.random(in: -600...600, using: &rng)
            let body = UInt64.random(in: 0...1, using: &rng)
            let time = clock - Int64.random(in: 0...120, using: &rng)
            var expected = Marker.none
            if let known = seen[id], known.time > newest - 100 { expected = known.body == body ? .duplicate : .conflict }
            if expected == .none {
                newest = max(newest, time)
                seen[id] = (body, time)
            }
            #expect(send(id, body: body, at: time, to: state).0 == expected)
        }
        #expect(state.recentCount < 1_000)
    }

    @Test func laterPassesDoNotLookForDuplicates() {
        let features = [FeatureDefinition(name: "a", kind: .aggregate(.count, Window(lengthMicros: day)))]
        let second = [FeatureDefinition(name: "b", kind: .aggregate(.count, Window(lengthMicros: day)))]
        let set = FeatureSet(
            name: "two", entities: ["a", "b"],
            passes: [
                FeaturePass(entity: "a", entityIndex: 0, features: features), FeaturePass(entity: "b", entityIndex: 1, features: second),
            ], duplicateHorizonMicros: day, latenessMicros: 0)
        let fold = PassFold(set, pass: 1)
        let state = fold.emptyState()
        var values: [Double] = []
        for _ in 0..<2 { #expect(fold.transaction(id: key(1), time: 0, amount: 1, entity: key(1), into: state, values: &values) == .none) }
        #expect(values == [1, 2])
    }
}
