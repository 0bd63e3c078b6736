import Testing
import TransactionFeed

@Suite struct PaceScheduleTests {
    @Test func messagesAreDueAtTheirInstantsAndNotBefore() {
        let pace = PaceSchedule(rate: 1_000)
        #expect(pace.due(at: .zero) == 1)
        #expect(pace.due(at: .microseconds(999)) == 1)
        #expect(pace.due(at: .milliseconds(1)) == 2)
        #expect(pace.due(at: .seconds(1)) == 1_001)
    }

    @Test func afterAStallWhatFellDueIsDueAtOnce() {
        #expect(PaceSchedule(rate: 25_000).due(at: .seconds(4)) == 100_001)
    }

    @Test func aSleepIsNoShorterThanASlice() {
        let pace = PaceSchedule(rate: 1_000_000)
        #expect(pace.wake(after: 1_000, now: .milliseconds(1)) == .milliseconds(1) + PaceSchedule.slice)
    }

    @Test func aSlowPaceSleepsUntilTheNextMessage() {
        #expect(PaceSchedule(rate: 2).wake(after: 3, now: .seconds(1)) == .milliseconds(1_500))
    }

    @Test func withoutARateEverythingIsDue() {
        #expect(PaceSchedule(rate: 0).due(at: .zero) == .max)
    }
}
