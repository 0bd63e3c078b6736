import Evaluation
import RiskDomain
import Training

/// Scored rows of a few customers over a few days; frauds score higher on average, some scores are equal.
func arbitraryRows(seed: UInt64, count: Int, customerCount: Int = 40, levels: Int = 50, fraudShare: Double = 0.15) -> ScoredRows {
    var random = SplitMix64(seed: seed)
    var rows: (scores: [Double], isFraud: [Bool], times: [EventTime], customers: [Int64], amounts: [Double]) = ([], [], [], [], [])
    for _ in 0..<count {
        let isFraud = random.nextUnit() < fraudShare
        rows.scores.append(Double(random.next(below: levels + (isFraud ? levels / 2 : 0))) / Double(levels + levels / 2))
        rows.isFraud.append(isFraud)
        rows.times.append(EventTime(micros: Int64(random.next(below: 5)) * EventTime.microsPerDay + Int64(random.next(below: 1_000_000))))
        rows.customers.append(Int64(random.next(below: customerCount)) * 3 - 7)
        rows.amounts.append(Double(random.next(below: 20_000)) / 100)
    }
    return ScoredRows(
        scores: rows.scores, isFraud: rows.isFraud, times: rows.times, customers: rows.customers, amounts: rows.amounts)
}
