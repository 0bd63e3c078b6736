import Evaluation
import Features
import RiskDomain
import ServiceRuntime
import Training

/// Rows to learn from and to test on, with features as they were at each transaction's time.
///
/// No look ahead: an outcome enters a feature only when it was known by the transaction's time, and a label to learn from counts only
/// when it was known before the first test day began.
struct TrainingPlan: Sendable {
    /// A stretch of the data for the report.
    struct Period: Hashable, Sendable {
        var name: String
        /// First day and the day after the last one, days since 1970-01-01.
        var days: Range<Int32>
        var rowCount = 0
        var fraudCount = 0
    }

    let split: HandbookProtocol
    let set: TrainingSet
    let train: [Int]
    /// Without the cards already known as compromised.
    let test: [Int]
    /// History, train, delay, test: all transactions of each, with all that is known by now.
    let periods: [Period]
    /// Transactions left out because they repeat or contradict an earlier one with their id.
    let repeatedCount: Int
    /// Days from the first transaction to the training period, and how many the farthest window reaches back.
    let historyDays: (available: Int, wanted: Int)

    /// - Throws: ``TrainerFault`` when the periods do not fit the data or hold nothing to learn from.
    init(_ history: LabelledHistory, _ features: FeatureSet, _ options: TrainerOptions, progress: ProgressBar.Output) throws {
        guard let days = history.days else { throw TrainerFault("there are no transactions to learn from") }
        let length = options.trainDays + options.delayDays + options.testDays
        let firstDay = options.trainFrom ?? TrainingPlan.lastTestDay(history, days, options) + 1 - length
        split = HandbookProtocol(firstDay: firstDay, trainDays: options.trainDays, delayDays: options.delayDays, testDays: options.testDays)
        guard firstDay >= days.lowerBound, firstDay + length - 1 <= days.upperBound else {
            throw TrainerFault(
                "training and testing from \(dayText(firstDay)) to \(dayText(firstDay + length - 1)) lies outside of the data, which go from "
                    + "\(dayText(days.lowerBound)) to \(dayText(days.upperBound)); choose another --train-from or fewer days")
        }
        let reach =
            features.passes.flatMap(\.features).map { feature -> Int64 in
                if case .aggregate(_, let window) = feature.kind { window.reachMicros } else { 0 }
            }.max() ?? 0
        historyDays = (Int(firstDay - days.lowerBound), Int((reach + EventTime.microsPerDay - 1) / EventTime.microsPerDay))

        var known = history
        let end = split.testPeriod.upperBound
        if let late = known.transactions.firstIndex(where: { $0.time >= end }) {
            known.transactions.removeSubrange(late...)
            known.outcomes.removeAll { $0.transaction >= late }
        }
        let finally = known.frauds(knownAt: nil)
        let inTime = known.frauds(knownAt: split.testPeriod.lowerBound)
        periods = TrainingPlan.periods(known, finally, days.lowerBound, split)

        let learnt = split.trainPeriod
        let bar = ProgressBar("Computing features", total: known.transactions.count, unit: "rows", output: progress)
        var kept: [Int] = []
        var columns = [[Double]](repeating: [], count: features.featureCount)
        var repeated = 0
        OfflineFeatures(features).run(known.transactions, outcomes: known.outcomes) { index, _, values in
            if index % 1_024 == 0 { bar.set(to: index) }
            if values.isEmpty { repeated += 1 }
            guard known.transactions[index].time >= learnt.lowerBound, !values.isEmpty else { return }
            kept.append(index)
            for column in columns.indices { columns[column].append(values[column]) }
        }
        bar.set(to: known.transactions.count)
        bar.finish()
        repeatedCount = repeated
        let cards = known.cards
        set = try TrainingSet(
            features: features.featureNames, columns: columns,
            isFraud: kept.map { learnt.contains(known.transactions[$0].time) ? inTime[$0] : finally[$0] },
            times: kept.map { known.transactions[$0].time }, customers: kept.map { cards[$0] })
        (train, test) = split.split(set)
        guard set.fraudCount(of: train) > 0 else {
            throw TrainerFault(
                "no fraud among the \(train.count) transactions of the training period from \(dayText(firstDay)); there is nothing to learn"
            )
        }
        guard !test.isEmpty else {
            throw TrainerFault("no transaction in the test period from \(dayText(firstDay + options.trainDays + options.delayDays))")
        }
    }

    /// The last day whose labels are all known. A file tells them all; in a ledger they come late, so that its last days would look too
    /// good: there the delay is left free before the last event.
    private static func lastTestDay(_ history: LabelledHistory, _ days: ClosedRange<Int32>, _ options: TrainerOptions) -> Int32 {
        guard options.isFromPostgres else { return days.upperBound }
        let lastEventDay = max(days.upperBound, history.outcomes.map(\.time.day).max() ?? days.upperBound)
        return min(days.upperBound, lastEventDay - options.delayDays)
    }

    private static func periods(_ history: LabelledHistory, _ isFraud: [Bool], _ first: Int32, _ split: HandbookProtocol) -> [Period] {
        let starts = [
            first, split.firstDay, split.firstDay + split.trainDays, split.testPeriod.lowerBound.day, split.testPeriod.upperBound.day,
        ]
        var periods = zip(["history", "train", "delay", "test"], zip(starts, starts.dropFirst())).map { name, days in
            Period(name: name, days: days.0..<days.1)
        }
        for (transaction, isFraud) in zip(history.transactions, isFraud) {
            guard let place = periods.firstIndex(where: { $0.days.contains(transaction.time.day) }) else { continue }
            periods[place].rowCount += 1
            if isFraud { periods[place].fraudCount += 1 }
        }
        return periods.filter { !$0.days.isEmpty }
    }
}

/// `2018-07-25`
func dayText(_ day: Int32) -> String {
    String(EventTime(micros: Int64(day) * EventTime.microsPerDay).description.prefix(10))
}
