import Features
import Hashing
import RiskDomain
import Testing

@Suite struct OfflineFeaturesTests {
    private func stream(seed: UInt64, count: Int) -> [OfflineTransaction] {
        var rng = SplitMix64(seed: seed)
        var clock: Int64 = 1_530_000_000 * second
        return (0..<count).map { id in
            clock += Int64.random(in: 0...day / 8, using: &rng) / second * second
            return OfflineTransaction(
                id: key(id), time: EventTime(micros: clock), amountMinor: Int64.random(in: 1...50_000, using: &rng), currencyExponent: 2,
                entities: [key(Int.random(in: 0..<5, using: &rng)), key(Int.random(in: 0..<9, using: &rng))])
        }
    }

    /// The streaming path: a fold and a state for each pass, fed record by record, the states stored and restored after each batch.
    @Test(arguments: [1, 7, 100, 10_000])
    func offlineRowsEqualTheStreamingPathsHoweverTheStreamIsCutIntoBatches(batchCount: Int) throws {
        let set = try FeatureSetFileTests.cardFeatures()
        let transactions = stream(seed: 5, count: 600)
        let outcomes = OfflineFeatures.outcomes(of: transactions, delayMicros: 7 * day) { $0 % 6 == 0 }
        let matrix = OfflineFeatures(set).matrix(transactions, outcomes: outcomes)
        #expect(matrix.rows == Array(0..<600))

        let folds = [PassFold(set, pass: 0), PassFold(set, pass: 1)]
        var states = folds.map { $0.emptyState() }
        var folded = 0
        func count() throws {
            folded += 1
            guard folded % batchCount == 0 else { return }
            for pass in 0..<2 {
                var bytes: [UInt8] = []
                states[pass].encode(into: &bytes)
                states[pass] = try folds[pass].decode(bytes)
            }
        }
        var next = 0
        for (index, transaction) in transactions.enumerated() {
            while next < outcomes.count, outcomes[next].time <= transaction.time {
                let about = transactions[outcomes[next].transaction]
                for pass in 0..<2 {
                    let marker = about.id.withUnsafeBytes { id in
                        about.entities[pass].withUnsafeBytes { entity in
                            folds[pass].outcome(
                                id: id, time: outcomes[next].time, transactionTime: about.time, verdict: .chargeback, entity: entity,
                                into: states[pass])
                        }
                    }
                    #expect(marker == (pass == 0 ? .none : .labelFolded))
                }
                next += 1
                try count()
            }
            var values: [Double] = []
            for pass in 0..<2 {
                let marker = folds[pass].transaction(
                    id: transaction.id, time: transaction.time.micros, amount: transaction.amountMinor, entity: transaction.entities[pass],
                    into: states[pass], values: &values)
                #expect(marker == .none)
            }
            #expect(bits(values) == bits(Array(matrix.values[index * 15..<(index + 1) * 15])))
            try count()
        }
    }

    @Test func repetitionsGetNoRow() throws {
        var transactions = stream(seed: 1, count: 3)
        transactions.append(transactions[2])
        var other = transactions[2]
        other.amountMinor += 1
        transactions.append(other)
        var markers: [Marker] = []
        try OfflineFeatures(FeatureSetFileTests.cardFeatures()).run(transactions, outcomes: []) { _, marker, features in
            markers.append(marker)
            #expect(features.count == (marker == .none ? 15 : 0))
        }
        #expect(markers == [.none, .none, .none, .duplicate, .conflict])
    }
}
