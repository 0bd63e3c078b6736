import Features
import RiskDomain
import TransactionFeed

/// Transactions of files in memory, as the offline engine takes them, with their labels.
struct OfflineHistory {
    private(set) var transactions: [OfflineTransaction] = []
    private(set) var isFraud: [Bool] = []

    /// Reads the files up to an instant.
    init(files: [String], currencyExponent: Int, until: EventTime?) throws {
        let reader = try TransactionReader(files: files)
        while try reader.next() {
            if let until, reader.time >= until { break }
            transactions.append(
                OfflineTransaction(
                    id: Array(reader.id), time: reader.time, amountMinor: try reader.amountMinor(exponent: currencyExponent),
                    currencyExponent: currencyExponent, entities: [Array(reader.customer), Array(reader.terminal)]))
            isFraud.append(reader.isFraud)
        }
    }

    /// Outcomes of the frauds, so long after their transactions.
    func outcomes(delayMicros: Int64) -> [OfflineOutcome] {
        OfflineFeatures.outcomes(of: transactions, delayMicros: delayMicros) { isFraud[$0] }
    }
}

/// A feature set whose entities the files do not hold.
struct UnknownEntities: Error, CustomStringConvertible {
    var found: [String]
    var description: String { "the files hold the entities customer, terminal; the feature set has \(found.joined(separator: ", "))" }
}

extension FeatureSet {
    /// - Throws: ``UnknownEntities`` when the entities are not those of the handbook's columns.
    func checkEntitiesOfCards() throws {
        guard entities == ["customer", "terminal"] || entities == ["customer"] else { throw UnknownEntities(found: entities) }
    }
}
