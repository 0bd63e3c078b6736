import Evaluation
import RiskDomain
import Testing
import Training

@Suite struct BootstrapTests {
    private let thresholds = DecisionThresholds(review: 0.6, decline: 0.85)

    @Test func intervalsAreTheSameAtAnyNumberOfTasks() async {
        let rows = arbitraryRows(seed: 1, count: 600)
        let bootstrap = CustomerBootstrap(replicateCount: 100, seed: 9)
        let one = await bootstrap.intervals(rows, thresholds: thresholds, k: 5, costs: OutcomeCosts(), taskCount: 1)
        for tasks in [2, 3, 7, 200] {
            #expect(await bootstrap.intervals(rows, thresholds: thresholds, k: 5, costs: OutcomeCosts(), taskCount: tasks) == one)
        }
        var other = bootstrap
        other.seed = 10
        #expect(await other.intervals(rows, thresholds: thresholds, k: 5, costs: OutcomeCosts()) != one)
        #expect(one.count == Figure.allCases.count)
        for interval in one.values { #expect(interval.lower <= interval.upper && interval.standardError >= 0) }
    }

    /// A replicate is what the plain figures say of the drawn customers' rows, each draw a customer of its own.
    @Test(arguments: 0..<12 as Range<UInt64>) func aReplicateIsTheFiguresOfTheDrawnRows(seed: UInt64) async throws {
        let rows = arbitraryRows(seed: seed, count: 150, customerCount: 20, levels: 20, fraudShare: 0.3)
        let bootstrap = CustomerBootstrap(replicateCount: 1, seed: seed)
        let customers = Set(rows.customers).sorted()
        let weights = bootstrap.weights(of: 0, customerCount: customers.count)
        #expect(weights.reduce(0, +) == customers.count)
        var drawn: [Int] = []
        var names: [Int64] = []
        for (place, customer) in customers.enumerated() {
            for copy in 0..<weights[place] {
                for row in 0..<rows.count where rows.customers[row] == customer {
                    drawn.append(row)
                    // Copies stand side by side in the order of numbers, as equal cards do.
                    names.append(customer * 100 + Int64(copy))
                }
            }
        }
        let costs = OutcomeCosts(falseDeclineShare: 0.25)
        let picked = rows.picking(drawn)
        let copies = ScoredRows(
            scores: picked.scores, isFraud: picked.isFraud, times: picked.times, customers: names, amounts: picked.amounts)
        let report = EvaluationReport(model: "", copies, thresholds: thresholds, k: 4, costs: costs)
        let intervals = await bootstrap.intervals(rows, thresholds: thresholds, k: 4, costs: costs)
        func expect(_ figure: Figure, _ value: Double?) {
            guard let value, let interval = intervals[figure] else {
                #expect(value == nil && intervals[figure] == nil)
                return
            }
            #expect(abs(interval.lower - value) < 1e-9 && interval.lower == interval.upper, "\(figure)")
        }
        expect(.rocAuc, RankingMetrics.rocAuc(scores: copies.scores, isFraud: copies.isFraud))
        expect(.averagePrecision, RankingMetrics.averagePrecision(scores: copies.scores, isFraud: copies.isFraud))
        expect(.kolmogorovSmirnov, RankingMetrics.kolmogorovSmirnov(scores: copies.scores, isFraud: copies.isFraud))
        expect(.brier, ProbabilityMetrics.brier(scores: copies.scores, isFraud: copies.isFraud))
        expect(.logLoss, ProbabilityMetrics.logLoss(scores: copies.scores, isFraud: copies.isFraud))
        expect(.cardPrecision, CardPrecision(k: 4, copies).mean)
        expect(.reviewPrecision, report.review.precision)
        expect(.reviewRecall, report.review.recall)
        expect(.reviewRate, report.review.alertRate)
        expect(.declinePrecision, report.decline.precision)
        expect(.declineRecall, report.decline.recall)
        expect(.costPerThousand, 1_000 * costs.total(of: copies, with: thresholds) / Double(copies.count))
    }

    @Test(arguments: 0..<10 as Range<UInt64>) func theReportsFiguresAreThePlainOnes(seed: UInt64) {
        let rows = arbitraryRows(seed: seed, count: 200)
        let report = EvaluationReport(model: "", rows, thresholds: thresholds, k: 3)
        #expect(report.rocAuc == RankingMetrics.rocAuc(scores: rows.scores, isFraud: rows.isFraud))
        #expect(report.averagePrecision == RankingMetrics.averagePrecision(scores: rows.scores, isFraud: rows.isFraud))
        #expect(report.figures[.brier] == ProbabilityMetrics.brier(scores: rows.scores, isFraud: rows.isFraud))
        #expect(report.figures[.reviewPrecision] == report.review.precision)
        #expect(report.figures[.declineRate] == report.decline.alertRate)
        #expect(report.figures[.cardPrecision] == report.cardPrecision.mean)
    }

    /// Customers whose rows all agree: the interval of a share must be that of so many customers, not of so many rows.
    @Test func intervalsCoverTheTruthAsOftenAsTheySay() async {
        var covered = 0
        var narrow = 0
        let trials = 60
        for trial in 0..<trials {
            var random = SplitMix64(seed: UInt64(trial))
            var scores: [Double] = []
            var customers: [Int64] = []
            for customer in 0..<40 {
                let isHigh = random.next(below: 10) < 4
                for _ in 0..<6 {
                    scores.append(isHigh ? 0.9 : 0.1)
                    customers.append(Int64(customer))
                }
            }
            let labels = scores.map { _ in false }
            let times = scores.map { _ in EventTime(micros: 0) }
            func covers(_ customers: [Int64]) async -> Bool {
                let rows = ScoredRows(scores: scores, isFraud: labels, times: times, customers: customers)
                let intervals = await CustomerBootstrap(replicateCount: 120, seed: UInt64(trial)).intervals(
                    rows, thresholds: thresholds, k: 1, costs: OutcomeCosts())
                return intervals[.reviewRate].map { $0.lower <= 0.4 && 0.4 <= $0.upper } ?? false
            }
            covered += await covers(customers) ? 1 : 0
            narrow += await covers(Array(0..<Int64(scores.count))) ? 1 : 0
        }
        #expect(Double(covered) / Double(trials) >= 0.88)
        #expect(Double(narrow) / Double(trials) < 0.7)
    }

    @Test func withoutFraudsThereIsNoIntervalForWhatNeedsThem() async {
        let rows = ScoredRows(
            scores: [0.1, 0.9], isFraud: [false, false], times: [EventTime(micros: 0), EventTime(micros: 1)], customers: [1, 2])
        let intervals = await CustomerBootstrap(replicateCount: 20).intervals(rows, thresholds: thresholds, k: 1, costs: OutcomeCosts())
        #expect(intervals[.rocAuc] == nil && intervals[.reviewRecall] == nil && intervals[.brier] != nil)
        let none = ScoredRows(scores: [], isFraud: [], times: [], customers: [])
        #expect(await CustomerBootstrap().intervals(none, thresholds: thresholds, k: 1, costs: OutcomeCosts()).isEmpty)
    }
}
