package import Forest
package import RiskDomain

/// Labelled rows: features as they were at each transaction's time, and whether it turned out to be fraud.
package struct TrainingSet: Sendable {
    /// Names of the columns.
    package let features: [String]
    /// Column-major: `features.count` columns of `rowCount` values; NaN is a missing value, infinities are refused.
    package let columns: [[Double]]
    package let isFraud: [Bool]
    package let times: [EventTime]
    /// A number per customer; which number does not matter, but it breaks ties between cards (see ``CardPrecision``).
    package let customers: [Int64]

    package var rowCount: Int { isFraud.count }

    /// - Throws: ``TrainingFailure`` when the shapes differ, there is no row or column, or a value is infinite.
    package init(
        features: [String], columns: [[Double]], isFraud: [Bool], times: [EventTime], customers: [Int64]
    ) throws(TrainingFailure) {
        guard !features.isEmpty, columns.count == features.count else {
            throw TrainingFailure(at: "columns", "\(columns.count) columns for \(features.count) names; at least one, and as many")
        }
        guard (1...Int(Int32.max)).contains(isFraud.count) else { throw TrainingFailure(at: "rows", "\(isFraud.count) rows") }
        guard times.count == isFraud.count, customers.count == isFraud.count else {
            throw TrainingFailure(
                at: "rows", "\(isFraud.count) labels, \(times.count) times and \(customers.count) customers; one of each is needed")
        }
        for (name, column) in zip(features, columns) {
            guard column.count == isFraud.count else {
                throw TrainingFailure(at: "column \(name)", "\(column.count) values for \(isFraud.count) rows")
            }
            if let row = column.firstIndex(where: \.isInfinite) {
                throw TrainingFailure(at: "column \(name), row \(row)", "an infinite value; a missing value is NaN")
            }
        }
        self.features = features
        self.columns = columns
        self.isFraud = isFraud
        self.times = times
        self.customers = customers
    }

    /// Indexes of the rows whose time lies in `period`, in the set's order.
    package func rows(in period: Range<EventTime>) -> [Int] {
        (0..<rowCount).filter { period.contains(times[$0]) }
    }

    package func fraudCount(of rows: [Int]) -> Int { rows.count { isFraud[$0] } }

    /// A row's values in the order of ``features``.
    package func row(_ index: Int) -> [Double] { columns.map { $0[index] } }

    /// Scores some rows; the model's features must be the set's.
    package func scores(of rows: [Int], by engine: ForestScorer) -> [Double] {
        precondition(engine.featureCount == features.count)
        var values: [Double] = []
        values.reserveCapacity(rows.count * columns.count)
        for row in rows {
            for column in columns { values.append(column[row]) }
        }
        return engine.scores(rows: values)
    }
}
