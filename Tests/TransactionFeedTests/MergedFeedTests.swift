import Glibc
import RiskDomain
import Testing
import TransactionFeed

/// A file that is removed with its owner.
private final class TemporaryFile {
    let path: String

    init(_ text: String) throws {
        var template = Array("/tmp/assay-feed-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var bytes = Array(text.utf8)
        let written = write(descriptor, &bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
    }

    deinit { unlink(path) }
}

private let header = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n"

/// Messages as `T<id>` or `O<id>`.
private func order(_ files: [String], _ plan: FeedPlan) throws -> (words: [String], pending: Int) {
    let paths = try files.map { try TemporaryFile(header + $0) }
    let feed = try MergedFeed(files: paths.map(\.path), plan: plan)
    var words: [String] = []
    var message = FeedMessage()
    while try feed.next(into: &message) {
        let value = String(decoding: message.value, as: UTF8.self)
        let id = value.dropFirst(#"{"transaction_id":""#.count).prefix { $0 != "\"" }
        words.append((message.kind == .transaction ? "T" : "O") + id)
    }
    return (words, feed.pendingOutcomeCount)
}

private func plan(_ change: (inout FeedPlan) -> Void) -> FeedPlan {
    var plan = FeedPlan()
    plan.outcomeDelayMicros = 60_000_000
    change(&plan)
    return plan
}

private func time(_ text: String) throws -> EventTime { try EventTime(rfc3339: Array(text.utf8)) }

private let rows = """
    1,2018-06-25T00:00:00Z,7,70,1.00,1,1
    2,2018-06-25T00:00:59Z,7,70,2.00,0,0
    3,2018-06-25T00:01:00Z,8,70,3.00,1,2
    4,2018-06-25T00:03:00Z,8,70,4.00,0,0

    """

@Suite struct MergedFeedTests {
    @Test func anOutcomeComesJustBeforeTheFirstTransactionAtOrAfterItsTime() throws {
        let (words, pending) = try order([rows], plan { _ in })
        #expect(words == ["T1", "T2", "O1", "T3", "O3", "T4"])
        #expect(pending == 0)
    }

    @Test func outcomesOfAllTransactionsAreSentWhenAskedFor() throws {
        let (words, pending) = try order([rows], plan { $0.outcomes = .all })
        #expect(words == ["T1", "T2", "O1", "T3", "O2", "O3", "T4"])
        #expect(pending == 1)
    }

    @Test func outcomesDueAfterTheEndAreCountedAndSentOnlyWhenDrained() throws {
        let kept = try order([rows], plan { $0.outcomeDelayMicros = 3_600_000_000 })
        #expect(kept.words == ["T1", "T2", "T3", "T4"])
        #expect(kept.pending == 2)
        let drained = try order(
            [rows],
            plan {
                $0.outcomeDelayMicros = 3_600_000_000
                $0.drainsOutcomes = true
            })
        #expect(drained.words == ["T1", "T2", "T3", "T4", "O1", "O3"])
        #expect(drained.pending == 0)
    }

    @Test(arguments: [
        "2018-06-25T00:00:59Z", "2018-06-25T00:01:00Z", "2018-06-25T00:01:30Z", "2018-06-25T00:02:00Z", "2018-06-25T00:02:00.5Z",
    ])
    func aRunUntilAnInstantAndARunFromItSendWhatOneRunWould(instant: String) throws {
        let cut = try time(instant)
        let first = try order([rows], plan { $0.until = cut })
        let second = try order([rows], plan { $0.from = cut })
        #expect(first.words + second.words == ["T1", "T2", "O1", "T3", "O3", "T4"])
    }

    @Test func filesFollowEachOther() throws {
        let later = "5,2018-06-25 00:04:30,9,71,5.5,0,0\n"
        #expect(try order([rows, later], plan { $0.outcomes = .none }).words == ["T1", "T2", "T3", "T4", "T5"])
    }

    @Test func aLimitCountsTransactions() throws {
        #expect(try order([rows], plan { $0.transactionsMax = 3 }).words == ["T1", "T2", "O1", "T3"])
    }

    @Test func transactionsMayBeLeftOut() throws {
        #expect(try order([rows], plan { $0.sendsTransactions = false }).words == ["O1", "O3"])
    }

    @Test func messagesAreTheJsonOfThePublicTopics() throws {
        let file = try TemporaryFile(header + "815100,2018-06-25T00:00:13Z,1066,793,24.780,1,1\n815101,2018-06-25T00:01:13.25Z,2,3,0,0,0\n")
        let feed = try MergedFeed(files: [file.path], plan: plan { _ in })
        var message = FeedMessage()
        var values: [String] = []
        while try feed.next(into: &message) { values.append(String(decoding: message.key + [0x20] + message.value, as: UTF8.self)) }
        #expect(
            values == [
                #"1066 {"transaction_id":"815100","time":"2018-06-25T00:00:13Z","amount":24.780,"currency":"EUR","customer":"1066","terminal":"793"}"#,
                #"1066 {"transaction_id":"815100","transaction_time":"2018-06-25T00:00:13Z","time":"2018-06-25T00:01:13Z","customer":"1066","terminal":"793","verdict":"fraud"}"#,
                #"2 {"transaction_id":"815101","time":"2018-06-25T00:01:13.250000Z","amount":0,"currency":"EUR","customer":"2","terminal":"3"}"#,
            ])
    }

    @Test(arguments: [
        ("1,2018-06-31T00:00:00Z,7,70,1.00,0,0", "TX_DATETIME"), ("1,soon,7,70,1.00,0,0", "TX_DATETIME"),
        ("1,2018-06-25T00:00:00Z,7,70,1e2,0,0", "TX_AMOUNT"), ("1,2018-06-25T00:00:00Z,7,70,01.5,0,0", "TX_AMOUNT"),
        ("1,2018-06-25T00:00:00Z,7,70,1.,0,0", "TX_AMOUNT"), ("1,2018-06-25T00:00:00Z,,70,1,0,0", "CUSTOMER_ID"),
        ("1,2018-06-25T00:00:00Z,7,70,1,2,0", "TX_FRAUD"), ("1,2018-06-25T24:00:00Z,7,70,1,0,0", "TX_DATETIME"),
        ("1,2018-06-24T23:59:59Z,7,70,1,0,0", "at or after"),
    ])
    func aBadRowIsNamedWithFileLineAndColumn(row: String, word: String) throws {
        let file = try TemporaryFile(header + "0,2018-06-25T00:00:00Z,7,70,1.00,0,0\n" + row + "\n")
        let feed = try MergedFeed(files: [file.path], plan: FeedPlan())
        var message = FeedMessage()
        #expect(try feed.next(into: &message))
        let failure = #expect(throws: FeedFailure.self) { try feed.next(into: &message) }
        #expect(failure?.line == 3)
        #expect(failure.map { "\($0)" }?.contains(word) == true)
    }

    @Test func manyOutcomesWaitInOrder() throws {
        var text = ""
        for second in 0..<20_000 {
            let clock = try EventTime(micros: time("2018-06-25T00:00:00Z").micros + Int64(second) * 1_000_000)
            text += "\(second),\(clock),\(second % 90),\(second % 7),1.00,1,1\n"
        }
        let (words, pending) = try order([text], plan { $0.outcomeDelayMicros = 6_000_000_000 })
        var expected: [String] = []
        for second in 0..<20_000 {
            if second >= 6_000 { expected.append("O\(second - 6_000)") }
            expected.append("T\(second)")
        }
        #expect(words == expected)
        #expect(pending == 6_000)
    }

    @Test(
        arguments: [
            ("24.78", 2, Int64(2_478)), ("24.7", 2, 2_470), ("24", 2, 2_400), ("24.7800", 2, 2_478), ("0.01", 2, 1), ("-1.5", 2, -150),
            ("24.00", 0, 24), ("92233720368547758.07", 2, .max), ("24.781", 2, nil), ("24.5", 0, nil), ("92233720368547758.08", 2, nil),
        ] as [(String, Int, Int64?)])
    func anAmountIsExactInMinorUnitsOrRefused(text: String, exponent: Int, minor: Int64?) throws {
        let file = try TemporaryFile(header + "1,2018-06-25T00:00:00Z,7,70,\(text),0,0\n")
        let reader = try TransactionReader(files: [file.path])
        #expect(try reader.next())
        if let minor {
            #expect(try reader.amountMinor(exponent: exponent) == minor)
        } else {
            #expect(throws: FeedFailure.self) { try reader.amountMinor(exponent: exponent) }
        }
    }
}
