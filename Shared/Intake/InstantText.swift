internal import RiskDomain

/// Reads an instant's text: the form nearly every record has, `2018-06-25T00:00:13Z`, digit by digit on borrowed bytes; every
/// other form by RiskDomain's reader, which is generic and so slower, with the same result.
enum InstantText {
    static func read(_ text: UnsafeRawBufferPointer) throws(EventTime.TextFault) -> EventTime {
        if let time = wholeSecondUTC(text) { return time }
        return try EventTime(rfc3339: text)
    }

    /// Nil when the text has another form or is wrong.
    private static func wholeSecondUTC(_ text: UnsafeRawBufferPointer) -> EventTime? {
        guard text.count == 20, text[4] == 0x2D, text[7] == 0x2D, text[10] == 0x54, text[13] == 0x3A, text[16] == 0x3A, text[19] == 0x5A
        else { return nil }
        func pair(_ index: Int) -> Int64? {
            let tens = text[index] &- 0x30
            let ones = text[index + 1] &- 0x30
            return tens < 10 && ones < 10 ? Int64(tens * 10 + ones) : nil
        }
        guard let century = pair(0), let yearOfCentury = pair(2), let month = pair(5), let day = pair(8), let hour = pair(11),
            let minute = pair(14), let second = pair(17),
            (1...12).contains(month), (1...28).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }  // days 29 to 31 need the month's length, which RiskDomain knows
        let days = EventTime.days(year: century * 100 + yearOfCentury, month: month, day: day)
        return EventTime(micros: (days * 86_400 + hour * 3_600 + minute * 60 + second) * EventTime.microsPerSecond)
    }
}
