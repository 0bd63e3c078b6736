import Evaluation
import Forest
import RiskDomain
import Testing
import Training

@Suite struct MetricsTests {
    /// Ties counted by hand: pairs won plus half the pairs tied.
    @Test(
        arguments: [
            ([0.1, 0.4, 0.35, 0.8], [false, false, true, true], 0.75, 5.0 / 6),
            ([0.5, 0.5, 0.5, 0.5], [false, true, false, true], 0.5, 0.5),
            ([0.9, 0.8, 0.1], [true, true, false], 1, 1),
            ([0.1, 0.2, 0.3], [true, false, false], 0, 1.0 / 3),
            ([0.2, 0.2, 0.7, 0.7], [false, true, false, true], 0.5, 0.5),
            ([0.2, 0.6, 0.6, 0.9], [false, false, true, true], 0.875, 0.5 + 0.5 * (2.0 / 3)),
        ] as [([Double], [Bool], Double, Double)])
    func rankingFiguresAreThoseWorkedOutByHand(scores: [Double], isFraud: [Bool], auc: Double, averagePrecision: Double) throws {
        #expect(RankingMetrics.rocAuc(scores: scores, isFraud: isFraud) == auc)
        #expect(abs(try #require(RankingMetrics.averagePrecision(scores: scores, isFraud: isFraud)) - averagePrecision) < 1e-15)
    }

    @Test func figuresThatDoNotExistAreAbsent() {
        #expect(RankingMetrics.rocAuc(scores: [1, 2], isFraud: [true, true]) == nil)
        #expect(RankingMetrics.rocAuc(scores: [], isFraud: []) == nil)
        #expect(RankingMetrics.averagePrecision(scores: [1], isFraud: [false]) == nil)
        let none = ThresholdFigures(threshold: 2, scores: [1], isFraud: [false])
        #expect(none.precision == nil && none.recall == nil && none.alertRate == 0)
    }

    @Test func theAreaIsTheShareOfPairsWon() throws {
        var random = SplitMix64(seed: 2)
        for _ in 0..<30 {
            let count = 3 + random.next(below: 60)
            let scores = (0..<count).map { _ in Double(random.next(below: 12)) / 11 }
            let labels = (0..<count).map { _ in random.next(below: 3) == 0 }
            var won = 0.0
            var pairs = 0.0
            for fraud in 0..<count where labels[fraud] {
                for other in 0..<count where !labels[other] {
                    pairs += 1
                    won += scores[fraud] > scores[other] ? 1 : scores[fraud] == scores[other] ? 0.5 : 0
                }
            }
            #expect(RankingMetrics.rocAuc(scores: scores, isFraud: labels) == (pairs == 0 ? nil : won / pairs))
        }
    }

    @Test func aScoreEqualToTheThresholdRaisesAnAlert() {
        let figures = ThresholdFigures(threshold: 0.5, scores: [0.5, 0.6, 0.4, 0.5], isFraud: [true, false, true, true])
        #expect(figures.alertCount == 3 && figures.caughtCount == 2)
        #expect(figures.precision == 2.0 / 3 && figures.recall == 2.0 / 3 && figures.alertRate == 0.75)
    }

    @Test func thresholdsAreChosenByWhatTheyAchieve() {
        let scores = [0.9, 0.8, 0.8, 0.6, 0.3, 0.1]
        let labels = [true, true, false, true, false, false]
        #expect(ThresholdChoice.lowest(reachingPrecision: 1, scores: scores, isFraud: labels)?.threshold == 0.9)
        #expect(ThresholdChoice.lowest(reachingPrecision: 0.75, scores: scores, isFraud: labels)?.threshold == 0.6)
        #expect(ThresholdChoice.lowest(withinAlertRate: 0.5, scores: scores, isFraud: labels)?.threshold == 0.8)
        #expect(ThresholdChoice.lowest(withinAlertRate: 0.49, scores: scores, isFraud: labels)?.threshold == 0.9)
        #expect(ThresholdChoice.lowest(withinAlertRate: 0.1, scores: scores, isFraud: labels) == nil)
        #expect(ThresholdChoice.lowest(reachingPrecision: 0.5, scores: [1], isFraud: [false]) == nil)
    }

    private func day(_ day: Int64, _ second: Int64 = 0) -> EventTime {
        EventTime(micros: day * EventTime.microsPerDay + second * EventTime.microsPerSecond)
    }

    @Test func aCardScoresItsMaximumAndIsFoundOnce() {
        // Day 0: card 1 (0.2, 0.9 fraud), card 2 (0.8), card 3 (0.1 fraud). Day 1: card 1 is known, card 3 (0.7 fraud), card 4 (0.6).
        let precision = CardPrecision(
            k: 1, scores: [0.2, 0.8, 0.9, 0.1, 0.99, 0.7, 0.6], isFraud: [true, false, false, true, true, true, false],
            times: [day(0), day(0), day(0), day(0), day(1), day(1), day(1)], customers: [1, 2, 1, 3, 1, 3, 4])
        #expect(precision.days.map(\.foundCount) == [1, 1])
        #expect(precision.days.map(\.compromisedCount) == [2, 1])
        #expect(precision.mean == 1)
    }

    @Test func fewerCardsThanChecksStillDivideByTheChecks() {
        let precision = CardPrecision(k: 4, scores: [0.5], isFraud: [true], times: [day(3)], customers: [9])
        #expect(precision.mean == 0.25 && precision.days.map(\.day) == [3])
    }

    @Test func tiedCardsAreCheckedByNumberAndTheirRangeIsTold() {
        let precision = CardPrecision(
            k: 2, scores: [0.9, 0.5, 0.5, 0.5], isFraud: [true, true, false, false], times: [day(0), day(0), day(0), day(0)],
            customers: [4, 3, 2, 1])
        #expect(precision.mean == 0.5)
        #expect(precision.days[0].foundCountRange == 1...2)
        #expect(precision.meanRange == 0.5...1)
    }

    @Test func theHandbookLeavesOutCustomersKnownAsCompromised() throws {
        // Training day 10, delay day 11, test days 12 and 13; with a delay of one day frauds are known two days later.
        let rows: [(day: Int64, customer: Int64, isFraud: Bool)] = [
            (9, 5, true), (10, 1, true), (10, 2, false), (11, 3, true), (12, 1, false), (12, 3, false), (12, 2, true), (12, 4, true),
            (12, 5, false), (13, 3, false), (13, 4, true), (13, 2, false), (14, 6, false),
        ]
        let handbook = HandbookProtocol(firstDay: 10, trainDays: 1, delayDays: 1, testDays: 2)
        let (train, test) = handbook.split(
            times: rows.map { day($0.day, 5) }, customers: rows.map(\.customer), isFraud: rows.map(\.isFraud))
        #expect(train == [1, 2])
        #expect(test == [5, 6, 7, 8, 10, 11])
        #expect(HandbookProtocol.published.trainPeriod.lowerBound.description == "2018-07-25T00:00:00Z")
        #expect(HandbookProtocol.published.testPeriod.upperBound.description == "2018-08-15T00:00:00Z")
    }
}
