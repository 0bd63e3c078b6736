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
    /// From the first day of training through the last day of testing.
    package var dayCount: Int32 { trainDays + delayDays + testDays }

    /// Indexes of rows to learn from and to test on, in the order given.
    ///
    /// - Precondition: one label and one customer per time.
    package func split(times: [EventTime], customers: [Int64], isFraud: [Bool]) -> (train: [Int], test: [Int]) {
        precondition(times.count == customers.count && times.count == isFraud.count)
        var firstFraudDay: [Int64: Int32] = [:]
        for row in times.indices where isFraud[row] && times[row].day >= firstDay {
            firstFraudDay[customers[row]] = min(firstFraudDay[customers[row]] ?? .max, times[row].day)
        }
        let (trainPeriod, testPeriod) = (trainPeriod, testPeriod)
        let test = times.indices.filter { row in
            guard testPeriod.contains(times[row]) else { return false }
            guard let day = firstFraudDay[customers[row]] else { return true }
            return day >= firstDay + trainDays && day > times[row].day - (delayDays + 1)
        }
        return (times.indices.filter { trainPeriod.contains(times[$0]) }, test)
    }

    private func period(_ first: Int32, _ days: Int32) -> Range<EventTime> {
        EventTime(micros: Int64(first) * EventTime.microsPerDay)..<EventTime(micros: Int64(first + days) * EventTime.microsPerDay)
    }
}

/// Prequential validation: the handbook's split again and again, each one later, so that every test period lies in its model's future.
///
/// Source: Dawid, "Statistical theory: the prequential approach", JRSS A 147, 1984; Le Borgne et al., section 5.3.
package struct PrequentialProtocol: Hashable, Sendable {
    /// The last fold; the others lie before it.
    package var last: HandbookProtocol
    /// Days from one fold's start to the next one's.
    package var stepDays: Int32
    package var foldCount: Int

    /// - Parameter stepDays: nil for the length of a test period, so that test periods touch and do not overlap.
    package init(last: HandbookProtocol, stepDays: Int32? = nil, foldCount: Int) {
        precondition(foldCount > 0 && (stepDays ?? 1) > 0)
        self.last = last
        self.stepDays = stepDays ?? last.testDays
        self.foldCount = foldCount
    }

    /// The earliest first.
    package var folds: [HandbookProtocol] {
        (0..<foldCount).map { place in
            var fold = last
            fold.firstDay -= Int32(foldCount - 1 - place) * stepDays
            return fold
        }
    }
}
