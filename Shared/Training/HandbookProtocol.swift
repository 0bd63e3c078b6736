package import RiskDomain

/// The Fraud Detection Handbook's way to part a period into rows to learn from and rows to test on.
///
/// A training week, a delay in which its labels become known, a test week. Each test day leaves out the customers already known as
/// compromised: those with a fraud in the training period, or later but at least `delayDays + 1` days before that test day.
///
/// Source: Le Borgne et al., "Reproducible machine learning for credit card fraud detection", ULB 2022, section 5.2.
package struct HandbookProtocol: Hashable, Sendable {
    /// First day of the training period, days since 1970-01-01 (UTC).
    package var firstDay: Int32
    package var trainDays: Int32
    package var delayDays: Int32
    package var testDays: Int32

    package init(firstDay: Int32, trainDays: Int32 = 7, delayDays: Int32 = 7, testDays: Int32 = 7) {
        precondition(trainDays > 0 && delayDays >= 0 && testDays > 0)
        self.firstDay = firstDay
        self.trainDays = trainDays
        self.delayDays = delayDays
        self.testDays = testDays
    }

    /// The handbook's own weeks: train 2018-07-25 to 07-31, test 2018-08-08 to 08-14.
    package static let published = HandbookProtocol(firstDay: Int32(EventTime.days(year: 2018, month: 7, day: 25)))

    package var trainPeriod: Range<EventTime> { period(firstDay, trainDays) }
    package var testPeriod: Range<EventTime> { period(firstDay + trainDays + delayDays, testDays) }

    /// Indexes of rows to learn from and to test on, in the set's order.
    package func split(_ set: TrainingSet) -> (train: [Int], test: [Int]) {
        var firstFraudDay: [Int64: Int32] = [:]
        for row in 0..<set.rowCount where set.isFraud[row] && set.times[row].day >= firstDay {
            firstFraudDay[set.customers[row]] = min(firstFraudDay[set.customers[row]] ?? .max, set.times[row].day)
        }
        let test = set.rows(in: testPeriod).filter { row in
            guard let day = firstFraudDay[set.customers[row]] else { return true }
            return day >= firstDay + trainDays && day > set.times[row].day - (delayDays + 1)
        }
        return (set.rows(in: trainPeriod), test)
    }

    private func period(_ first: Int32, _ days: Int32) -> Range<EventTime> {
        EventTime(micros: Int64(first) * EventTime.microsPerDay)..<EventTime(micros: Int64(first + days) * EventTime.microsPerDay)
    }
}
