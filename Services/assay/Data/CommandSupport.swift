import Glibc
import Hosting
import Intake
import Json
import RiskDomain
import ServiceRuntime
import TransactionFeed

/// A mistake on the command line that declared kinds cannot express.
struct OptionFailure: Error, CustomStringConvertible {
    var option: String
    var value: String
    var rule: String
    var description: String { "--\(option) is \(value), must be \(rule)" }
}

/// What several data commands share.
enum CommandSupport {
    /// Every key of the suite that is not among `keys`: they may stand in the same file and environment.
    static func otherKeys(than keys: [ConfigurationKey]) -> [ConfigurationKey] {
        (HostKeys.all + FileKeys.all + OtherKeys.all).filter { !keys.contains($0) }
    }

    static let csvOption = Command.Option(
        "csv", .path, isRequired: true, isRepeated: true,
        doc: "Transactions with the handbook's columns, plain or gzip; several files go in order of time")
    static let fromOption = Command.Option("from", doc: "Only from this time, such as 2018-06-25T00:00:00Z or 2018-06-25")
    static let untilOption = Command.Option("until", doc: "Only before this time")
    static let delayOption = Command.Option(
        "outcome-delay", .duration(.zero...Duration.seconds(86_400 * 3_650)), default: "7d",
        doc: "How long after its transaction an outcome becomes known")
    static let currencyOption = Command.Option("currency", default: "EUR", doc: "ISO 4217 code of the amounts")
    static let jsonFlag = Command.Flag("json", doc: "Prints the summary as one JSON object")

    /// Microseconds of a delay.
    static func micros(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// An option that is an instant or a date (midnight UTC).
    static func time(_ name: String, _ invocation: CommandInvocation) throws -> EventTime? {
        guard let text = invocation.optionalString(name) else { return nil }
        let whole = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        guard let time = try? EventTime(rfc3339: Array(whole.utf8)) else {
            throw OptionFailure(option: name, value: text, rule: "a time such as 2018-06-25T00:00:00Z, or a date")
        }
        return time
    }

    /// Prints one line of JSON on standard output.
    static func printJson(_ members: KeyValuePairs<String, JsonMember>) {
        var bytes: [UInt8] = [0x7B]
        for (name, value) in members {
            if bytes.count > 1 { bytes.append(0x2C) }
            JsonText.string(name, into: &bytes)
            bytes.append(0x3A)
            switch value {
            case .int(let number): JsonText.integer(Int64(number), into: &bytes)
            case .double(let number): JsonText.double(number, into: &bytes)
            case .text(let text): JsonText.string(text, into: &bytes)
            case .bool(let flag): JsonText.bool(flag, into: &bytes)
            }
        }
        bytes.append(0x7D)
        print(String(decoding: bytes, as: UTF8.self))
    }
}

/// A value of a summary.
enum JsonMember {
    case int(Int)
    case double(Double)
    case text(String)
    case bool(Bool)
}

extension CommandSupport {
    /// The currency named on the command line.
    static func currency(_ invocation: CommandInvocation) throws -> (code: String, exponent: Int) {
        let code = invocation.string("currency")
        guard let currency = Currency(code: Array(code.utf8)) else {
            throw OptionFailure(option: "currency", value: code, rule: "an ISO 4217 code such as EUR")
        }
        return (code, currency.exponent)
    }
}
