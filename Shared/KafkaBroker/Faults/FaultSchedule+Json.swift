import Json
import KafkaProtocol

extension FaultSchedule {
    /// Why a schedule is refused.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    /// Reads `{"seed": 7, "rules": [{"kind": "delay", "api": "Produce", "topic": "t", "millis": 50, "probability": 0.1}]}`.
    ///
    /// An API is named as in the protocol or by its number, an error code likewise (`"NOT_LEADER_OR_FOLLOWER"` or 6).
    package init(json: [UInt8]) throws(Invalid) {
        let parser = JsonParser(limits: JsonLimits(byteCountMax: 1 << 20))
        let parsed = json.withUnsafeBytes { bytes in
            Result { () throws(Invalid) -> FaultSchedule in
                let root: JsonValue
                do { root = try parser.parse(bytes) } catch { throw Invalid(description: "faults: \(error)") }
                return try FaultSchedule(root)
            }
        }
        self = try parsed.get()
    }

    private init(_ root: JsonValue) throws(Invalid) {
        guard root.kind == .object else { throw Invalid(description: "faults: not an object with seed and rules") }
        var schedule = FaultSchedule.none
        for member in root.members {
            switch String(decoding: member.name, as: UTF8.self) {
            case "seed":
                guard let seed = member.value.integer else { throw Invalid(description: "faults: seed is no whole number") }
                schedule.seed = UInt64(bitPattern: seed)
            case "rules":
                guard member.value.kind == .array, member.value.count <= 1_000 else {
                    throw Invalid(description: "faults: rules is no list of at most 1000")
                }
                for element in member.value.elements { schedule.rules.append(try FaultRule(element, index: schedule.rules.count)) }
            case let name: throw Invalid(description: "faults: unknown member \(name.prefix(50)); known are seed and rules")
            }
        }
        self = schedule
    }
}

extension FaultRule {
    fileprivate init(_ value: JsonValue, index: Int) throws(FaultSchedule.Invalid) {
        func invalid(_ name: String, _ rule: String) -> FaultSchedule.Invalid {
            FaultSchedule.Invalid(description: "faults: rule \(index): \(name.prefix(50)) \(rule)")
        }
        func words<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> String where Word.RawValue == String {
            "must be one of " + Word.allCases.map(\.rawValue).joined(separator: ", ")
        }
        guard let kindText = value.member("kind")?.string, let kind = Kind(rawValue: kindText) else {
            throw invalid("kind", words(Kind.self))
        }
        var rule = FaultRule(kind)
        for member in value.members {
            let value = member.value
            switch String(decoding: member.name, as: UTF8.self) {
            case "kind": break
            case "api":
                guard let key = value.integer.flatMap(Int16.init(exactly:)) ?? value.string.flatMap(FaultNames.api) else {
                    throw invalid("api", "is no API's name or number")
                }
                rule.api = key
            case "topic":
                guard let topic = value.string else { throw invalid("topic", "is no text") }
                rule.topic = topic
            case "partition":
                guard let partition = value.integer.flatMap(Int32.init(exactly:)), partition >= 0 else {
                    throw invalid("partition", "is no partition's number")
                }
                rule.partition = partition
            case "clientId":
                guard let clientId = value.string else { throw invalid("clientId", "is no text") }
                rule.clientId = clientId
            case "code":
                guard let code = value.integer.flatMap(Int16.init(exactly:)) ?? value.string.flatMap(FaultNames.errorCode) else {
                    throw invalid("code", "is no error's name or number")
                }
                rule.code = code
            case "millis":
                guard let millis = value.integer, (0...3_600_000).contains(millis) else { throw invalid("millis", "must be 0...3600000") }
                rule.millis = millis
            case "probability":
                guard value.kind == .number, let probability = Double(String(decoding: value.text, as: UTF8.self)),
                    (0...1).contains(probability)
                else { throw invalid("probability", "must be 0...1") }
                rule.probability = probability
            case "after":
                guard let after = value.integer, after >= 0 else { throw invalid("after", "must be 0 or more") }
                rule.after = Int(after)
            case "count":
                guard let count = value.integer, count >= 0 else { throw invalid("count", "must be 0 or more") }
                rule.count = Int(count)
            case "point":
                guard let text = value.string, let point = Point(text) else {
                    throw invalid("point", "must be one of " + Point.names.joined(separator: ", "))
                }
                rule.point = point
            case let name: throw invalid(name, "is not known")
            }
        }
        if kind == .error, rule.code == 0 { throw invalid("code", "is missing") }
        if kind == .delay || kind == .slowDisk, rule.millis == 0 { throw invalid("millis", "is missing") }
        if kind == .diskFull || kind == .slowDisk {
            if let api = rule.api, api != 0 { throw invalid("api", "must be Produce for this kind") }
            rule.api = 0
        }
        self = rule
    }
}

/// The protocol's own names, as people write them in a schedule.
enum FaultNames {
    static func api(_ name: String) -> Int16? { ApiKey.allCases.first { $0.name.lowercased() == name.lowercased() }?.rawValue }

    /// `NOT_LEADER_OR_FOLLOWER` and `notLeaderOrFollower` are the same.
    static func errorCode(_ name: String) -> Int16? {
        let plain = name.filter { $0 != "_" }.lowercased()
        return ErrorCode.allCases.first { "\($0)".lowercased() == plain }?.rawValue
    }
}
