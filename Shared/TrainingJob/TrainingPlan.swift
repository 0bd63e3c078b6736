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

    /// A training period and the test period that follows it.
    struct Fold: Sendable {
        var split: HandbookProtocol
        /// All folds' rows, labelled as this one may know them.
        var set: TrainingSet
        var train: [Int]
        /// Without the cards already known as compromised.
        var test: [Int]
    }

    /// The earliest first; the last one's model is kept.
    let folds: [Fold]
    /// Money at stake by row of the sets, major units.
    let amounts: [Double]
    /// History, train, delay, test of the last fold: all transactions of each, with all that is known by now.
    let periods: [Period]
    /// Transactions left out because they repeat or contradict an earlier one with their id.
    let repeatedCount: Int
    /// Days from the first transaction to the training period, and how many the farthest window reaches back.
    let historyDays: (available: Int, wanted: Int)

    var split: HandbookProtocol { folds[folds.count - 1].split }
    var set: TrainingSet { folds[folds.count - 1].set }
    var train: [Int] { folds[folds.count - 1].train }
    var test: [Int] { folds[folds.count - 1].test }

    /// - Throws: ``TrainerFault`` when the periods do not fit the data or hold nothing to learn from.
    init(_ history: LabelledHistory, _ features: FeatureSet, _ options: TrainerOptions, progress: ProgressBar.Output) throws {
        guard let days = history.days else { throw TrainerFault("there are no transactions to learn from") }
        let length = options.trainDays + options.delayDays + options.testDays
        let firstDay = options.trainFrom ?? TrainingPlan.lastTestDay(history, days, options) + 1 - length
        let last = HandbookProtocol(
            firstDay: firstDay, trainDays: options.trainDays, delayDays: options.delayDays, testDays: options.testDays)
        let splits = PrequentialProtocol(last: last, foldCount: options.foldCount).folds
        guard splits[0].firstDay >= days.lowerBound, firstDay + length - 1 <= days.upperBound else {
            let folds = splits.count > 1 ? "\(splits.count) folds, " : ""
            throw TrainerFault(
                folds + "training and testing from \(dayText(splits[0].firstDay)) to \(dayText(firstDay + length - 1)) lies outside of the "
                    + "data, which go from \(dayText(days.lowerBound)) to \(dayText(days.upperBound)); choose another --train-from or fewer days"
            )
        }
        let reach =
            features.passes.flatMap(\.features).map { feature -> Int64 in
                if case .aggregate(_, let window) = feature.kind { window.reachMicros } else { 0 }
            }.max() ?? 0
        historyDays = (
            Int(splits[0].firstDay - days.lowerBound), Int((reach + EventTime.microsPerDay - 1) / EventTime.microsPerDay)
        )

        var known = history
        let end = last.testPeriod.upperBound
        if let late = known.transactions.firstIndex(where: { $0.time >= end }) {
            known.transactions.removeSubrange(late...)
            known.outcomes.removeAll { $0.transaction >= late }
        }
        let finally = known.frauds(knownAt: nil)
        periods = TrainingPlan.periods(known, finally, days.lowerBound, last)

        let learntFrom = splits[0].trainPeriod.lowerBound
        let bar = ProgressBar("Computing features", total: known.transactions.count, unit: "rows", output: progress)
        var kept: [Int] = []
        var columns = [[Double]](repeating: [], count: features.featureCount)
        var repeated = 0
        OfflineFeatures(features).run(known.transactions, outcomes: known.outcomes) { index, _, values in
            if index % 1_024 == 0 { bar.set(to: index) }
            if values.isEmpty { repeated += 1 }
            guard known.transactions[index].time >= learntFrom, !values.isEmpty else { return }
            kept.append(index)
            for column in columns.indices { columns[column].append(values[column]) }
        }
        bar.set(to: known.transactions.count)
        bar.finish()
        repeatedCount = repeated
        amounts = kept.map { TrainingPlan.major(known.transactions[$0]) }
        let cards = known.cards
        let times = kept.map { known.transactions[$0].time }
        let customers = kept.map { cards[$0] }
        var folds: [Fold] = []
        for split in splits {
            let inTime = known.frauds(knownAt: split.testPeriod.lowerBound)
            let learnt = split.trainPeriod
            let set = try TrainingSet(
                features: features.featureNames, columns: columns,
                isFraud: kept.map { learnt.contains(known.transactions[$0].time) ? inTime[$0] : finally[$0] }, times: times,
                customers: customers)
            let (train, test) = split.split(set)
            guard set.fraudCount(of: train) > 0 else {
                throw TrainerFault(
                    "no fraud among the \(train.count) transactions of the training period from \(dayText(split.firstDay)); there is nothing to learn"
                )
            }
            guard !test.isEmpty else {
                throw TrainerFault("no transaction in the test period from \(dayText(split.testPeriod.lowerBound.day))")
            }
            folds.append(Fold(split: split, set: set, train: train, test: test))
        }
        self.folds = folds
    }

    /// A transaction's money in major units, without its sign.
    private static func major(_ transaction: OfflineTransaction) -> Double {
        var scale = 1.0
        for _ in 0..<transaction.currencyExponent { scale *= 10 }
        return (Double(transaction.amountMinor) / scale).magnitude
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
