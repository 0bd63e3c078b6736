internal import Hashing
package import RiskDomain

/// A transaction of a file.
package struct OfflineTransaction: Hashable, Sendable {
    package var id: [UInt8]
    package var time: EventTime
    package var amountMinor: Int64
    package var currencyExponent: Int
    /// Keys of the entities, in the feature set's order.
    package var entities: [[UInt8]]

    package init(id: [UInt8], time: EventTime, amountMinor: Int64, currencyExponent: Int, entities: [[UInt8]]) {
        self.id = id
        self.time = time
        self.amountMinor = amountMinor
        self.currencyExponent = currencyExponent
        self.entities = entities
    }
}

/// What became known about a transaction of the same file.
package struct OfflineOutcome: Hashable, Sendable {
    /// Place of the transaction in the file's order.
    package var transaction: Int
    /// When it became known.
    package var time: EventTime
    package var verdict: Verdict

    package init(transaction: Int, time: EventTime, verdict: Verdict) {
        self.transaction = transaction
        self.time = time
        self.verdict = verdict
    }
}

/// All passes of a feature set over a file: the very folds of the streaming path, without topics between them.
///
/// Transactions are folded in the order given, which should be that of time; an outcome is folded before the first transaction whose time
/// is at or after the outcome's.
package struct OfflineFeatures: Sendable {
    package let featureSet: FeatureSet
    private let folds: [PassFold]

    package init(_ featureSet: FeatureSet) {
        self.featureSet = featureSet
        folds = featureSet.passes.indices.map { PassFold(featureSet, pass: $0) }
    }

    /// Outcomes of the frauds of a labelled file, each `delayMicros` after its transaction.
    package static func outcomes(of transactions: [OfflineTransaction], delayMicros: Int64, isFraud: (Int) -> Bool) -> [OfflineOutcome] {
        transactions.indices.filter(isFraud).map {
            OfflineOutcome(transaction: $0, time: EventTime(micros: transactions[$0].time.micros + delayMicros), verdict: .fraud)
        }
    }

    /// Folds the file.
    ///
    /// - Parameters:
    ///   - outcomes: In any order; those of one instant are folded in the order given. An outcome that would come before its own
    ///     transaction is folded right after it.
    ///   - row: Called for each transaction in order with its place, its marker and its features; there are none when the marker is
    ///     `duplicate` or `conflict`. The values are only there during the call.
    package func run(
        _ transactions: [OfflineTransaction], outcomes: [OfflineOutcome],
        row: (_ transaction: Int, _ marker: Marker, _ features: UnsafeBufferPointer<Double>) throws -> Void
    ) rethrows {
        let states = folds.map { $0.emptyState() }
        var values: [Double] = []
        values.reserveCapacity(featureSet.featureCount)
        let order = outcomes.indices.sorted { (outcomes[$0].time, $0) < (outcomes[$1].time, $1) }
        var next = 0
        var early: [Int: [Int]] = [:]
        var body: [UInt8] = []
        for (index, transaction) in transactions.enumerated() {
            while next < order.count, outcomes[order[next]].time <= transaction.time {
                let outcome = outcomes[order[next]]
                if outcome.transaction >= index {
                    early[outcome.transaction, default: []].append(order[next])
                } else {
                    fold(outcome, of: transactions[outcome.transaction], into: states)
                }
                next += 1
            }
            let marker = fold(transaction, body: &body, into: states, values: &values)
            if !early.isEmpty, let waiting = early.removeValue(forKey: index) {
                for outcome in waiting { fold(outcomes[outcome], of: transaction, into: states) }
            }
            try values.withUnsafeBufferPointer { try row(index, marker, $0) }
        }
    }

    /// Features of all transactions that got any, row after row.
    package func matrix(_ transactions: [OfflineTransaction], outcomes: [OfflineOutcome]) -> FeatureMatrix {
        var matrix = FeatureMatrix(columnCount: featureSet.featureCount, rows: [], values: [])
        matrix.values.reserveCapacity(transactions.count * matrix.columnCount)
        run(transactions, outcomes: outcomes) { index, _, features in
            guard !features.isEmpty else { return }
            matrix.rows.append(index)
            matrix.values.append(contentsOf: features)
        }
        return matrix
    }

    private func fold(
        _ transaction: OfflineTransaction, body: inout [UInt8], into states: [PassState], values: inout [Double]
    ) -> Marker {
        precondition(transaction.entities.count >= featureSet.entities.count, "a transaction has a key for each entity")
        body.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: transaction.time.micros.littleEndian) { body.append(contentsOf: $0) }
        withUnsafeBytes(of: transaction.amountMinor.littleEndian) { body.append(contentsOf: $0) }
        body.append(UInt8(transaction.currencyExponent))
        for key in transaction.entities {
            withUnsafeBytes(of: key.count.littleEndian) { body.append(contentsOf: $0) }
            body.append(contentsOf: key)
        }
        let bodyHash = Hash128(of: body)
        values.removeAll(keepingCapacity: true)
        var result = Marker.none
        for (pass, fold) in folds.enumerated() {
            let marker = transaction.id.withUnsafeBytes { id in
                transaction.entities[featureSet.passes[pass].entityIndex].withUnsafeBytes { entity in
                    fold.transaction(
                        id: id, bodyHash: bodyHash, time: transaction.time, amountMinor: transaction.amountMinor,
                        currencyExponent: transaction.currencyExponent, entity: entity, into: states[pass], values: &values)
                }
            }
            if marker == .duplicate || marker == .conflict { return marker }
            if marker != .none { result = marker }
        }
        return result
    }

    private func fold(_ outcome: OfflineOutcome, of transaction: OfflineTransaction, into states: [PassState]) {
        for (pass, fold) in folds.enumerated() {
            transaction.id.withUnsafeBytes { id in
                transaction.entities[featureSet.passes[pass].entityIndex].withUnsafeBytes { entity in
                    _ = fold.outcome(
                        id: id, time: outcome.time, transactionTime: transaction.time, verdict: outcome.verdict, entity: entity,
                        into: states[pass])
                }
            }
        }
    }
}

/// Feature vectors, row-major.
package struct FeatureMatrix: Hashable, Sendable {
    package var columnCount: Int
    /// For each row, the place of its transaction in the input.
    package var rows: [Int]
    /// `rows.count × columnCount`.
    package var values: [Double]

    package init(columnCount: Int, rows: [Int], values: [Double]) {
        self.columnCount = columnCount
        self.rows = rows
        self.values = values
    }
}
