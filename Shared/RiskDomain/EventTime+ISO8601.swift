/// Text of an instant, RFC 3339 (a profile of ISO 8601). The proleptic Gregorian calendar follows
/// Howard Hinnant's `days_from_civil` (public domain, "chrono-Compatible Low-Level Date Algorithms").
extension EventTime: CustomStringConvertible {
    /// Why a text is not an instant.
    public enum TextFault: Error, Hashable, Sendable {
        case malformed
        /// No `Z` and no `±hh:mm`: the instant would be a guess.
        case zoneMissing
        /// More than six decimals of a second, the seventh or a later one not zero.
        case finerThanMicroseconds
    }

    /// Parses `2018-06-25T00:00:13[.ffffff](Z|±hh:mm)`; a space may stand for the `T`. Allocates nothing.
    public init(rfc3339 text: some Collection<UInt8>) throws(TextFault) {
        var cursor = text.startIndex
        let end = text.endIndex
        func digits(_ count: Int) throws(TextFault) -> Int64 {
            var value: Int64 = 0
            for _ in 0..<count {
                guard cursor != end, case 0x30...0x39 = text[cursor] else { throw .malformed }
                value = value * 10 + Int64(text[cursor] &- 0x30)
                cursor = text.index(after: cursor)
            }
            return value
        }
        func take(_ byte: UInt8) -> Bool {
            guard cursor != end, text[cursor] == byte else { return false }
            cursor = text.index(after: cursor)
            return true
        }
        let year = try digits(4)
        guard take(0x2D) else { throw .malformed }
        let month = try digits(2)
        guard take(0x2D) else { throw .malformed }
        let dayOfMonth = try digits(2)
        guard take(0x54) || take(0x74) || take(0x20) else { throw .malformed }
        let hour = try digits(2)
        guard take(0x3A) else { throw .malformed }
        let minute = try digits(2)
        guard take(0x3A) else { throw .malformed }
        let second = try digits(2)
        guard (1...12).contains(month), dayOfMonth >= 1, dayOfMonth <= EventTime.length(ofMonth: month, year: year),
            hour < 24, minute < 60, second < 60
        else { throw .malformed }
        var fraction: Int64 = 0
        if take(0x2E) {
            var scale: Int64 = 100_000
            var count = 0
            while cursor != end, case 0x30...0x39 = text[cursor] {
                let digit = Int64(text[cursor] &- 0x30)
                if scale == 0, digit != 0 { throw .finerThanMicroseconds }
                fraction += digit * scale
                scale /= 10
                count += 1
                cursor = text.index(after: cursor)
            }
            if count == 0 { throw .malformed }
        }
        if cursor == end { throw .zoneMissing }
        var zoneMinutes: Int64 = 0
        if !(take(0x5A) || take(0x7A)) {
            let isEast = take(0x2B)
            guard isEast || take(0x2D) else { throw .malformed }
            let zoneHour = try digits(2)
            guard take(0x3A) else { throw .malformed }
            let zoneMinute = try digits(2)
            guard zoneHour < 24, zoneMinute < 60 else { throw .malformed }
            zoneMinutes = (zoneHour * 60 + zoneMinute) * (isEast ? 1 : -1)
        }
        guard cursor == end else { throw .malformed }
        let days = EventTime.days(year: year, month: month, day: dayOfMonth)
        let seconds = days * 86_400 + hour * 3_600 + (minute - zoneMinutes) * 60 + second
        self.init(micros: seconds * EventTime.microsPerSecond + fraction)
    }

    /// RFC 3339 in UTC, with six decimals only when the instant is not a whole second.
    public var description: String {
        let (year, month, dayOfMonth) = civil
        let seconds = microsOfDay / EventTime.microsPerSecond
        let fraction = microsOfDay % EventTime.microsPerSecond
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
        text += "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if fraction != 0 { text += "." + padded(fraction, 6) }
        return text + "Z"
    }

    /// Year, month (1...12) and day of the month (1...31) in UTC.
    public var civil: (year: Int64, month: Int64, day: Int64) {
        let shifted = Int64(day) + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
    public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
