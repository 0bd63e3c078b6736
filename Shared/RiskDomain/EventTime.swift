/// An instant on the event-time axis: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// Microseconds because that is what PostgreSQL's `timestamptz` keeps; finer input is refused at the door, not rounded.
public struct EventTime: Hashable, Comparable, Sendable {
    /// Microseconds since the epoch; negative before 1970.
    public var micros: Int64

    @inlinable
    public init(micros: Int64) { self.micros = micros }

    @inlinable
    public static func < (lhs: EventTime, rhs: EventTime) -> Bool { lhs.micros < rhs.micros }

    /// Days since 1970-01-01 (UTC), rounded towards the past.
    @inlinable
    public var day: Int32 { Int32(truncatingIfNeeded: micros.flooredQuotient(EventTime.microsPerDay)) }

    /// Microseconds since midnight UTC, `0 ..< 86_400_000_000`.
    @inlinable
    public var microsOfDay: Int64 { micros - Int64(day) * EventTime.microsPerDay }

    /// ISO 8601 weekday: Monday is 1, Sunday is 7. 1970-01-01 was a Thursday.
    @inlinable
    public var isoWeekday: Int {
        let shifted = (Int64(day) + 3) % 7
        return Int(shifted < 0 ? shifted + 7 : shifted) + 1
    }

    public static let microsPerSecond: Int64 = 1_000_000
    public static let microsPerDay: Int64 = 86_400_000_000
}

extension Int64 {
    /// Quotient rounded towards negative infinity; `divisor` must be positive.
    @inlinable
    package func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
