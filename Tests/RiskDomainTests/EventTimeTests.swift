import RiskDomain
import Testing

@Suite struct EventTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2018-06-25T00:00:13Z", 1_529_884_813_000_000),
        ("2018-06-25T02:00:13.5+02:00", 1_529_884_813_500_000), ("2000-02-29 23:59:59.000001Z", 951_868_799_000_001),
        ("1969-12-31T23:59:59Z", -1_000_000), ("2100-01-01T00:00:00.1234560000Z", 4_102_444_800_123_456),
    ])
    func textOfAnInstantIsRead(text: String, micros: Int64) throws {
        #expect(try EventTime(rfc3339: text.utf8).micros == micros)
    }

    @Test(arguments: [
        ("2018-06-25T00:00:13", EventTime.TextFault.zoneMissing), ("2018-02-29T00:00:00Z", .malformed),
        ("2018-06-25T24:00:00Z", .malformed), ("2018-06-25T00:00:00.Z", .malformed),
        ("2018-06-25T00:00:00.1234567Z", .finerThanMicroseconds), ("2018-06-25T00:00:00ZZ", .malformed), ("", .malformed),
        ("2018-06-25", .malformed), ("2018-06-25T00:00:00+0200", .malformed),
    ])
    func textThatIsNoInstantSaysWhy(text: String, fault: EventTime.TextFault) {
        #expect(throws: fault) { try EventTime(rfc3339: text.utf8) }
    }

    @Test func textAndInstantAreInverse() throws {
        var micros: Int64 = -62_135_596_800_000_000  // year 1
        while micros < 253_402_300_799_000_000 {  // year 9999
            let time = EventTime(micros: micros)
            #expect(try EventTime(rfc3339: time.description.utf8) == time)
            micros += 86_400_000_000 * 997 + 12_345_678
        }
    }

    @Test func weekdayAndDayAreThoseOfTheCalendar() throws {
        #expect(try EventTime(rfc3339: "2018-06-25T12:00:00Z".utf8).isoWeekday == 1)
        #expect(try EventTime(rfc3339: "1969-12-28T12:00:00Z".utf8).isoWeekday == 7)
        #expect(EventTime(micros: -1).day == -1)
        #expect(EventTime(micros: -1).microsOfDay == 86_399_999_999)
    }
}
