package import RiskDomain

/// An event that owns its text, for callers off the hot path: tests, tools, the resolver. See ``EventView``.
package struct Event: Hashable, Sendable {
    package enum Body: Hashable, Sendable {
        case transaction(amountMinor: Int64, currency: String, attributes: [Attribute])
        case outcome(Verdict, transactionTime: EventTime)
    }

    package struct Attribute: Hashable, Sendable {
        package enum Value: Hashable, Sendable {
            case text(String)
            case integer(Int64)
            case number(Double)
            case flag(Bool)
        }

        package var name: String
        package var value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package var id: String
    package var time: EventTime
    package var source: SourceCoordinates
    /// The Kafka record's own timestamp, microseconds since 1970.
    package var sourceTimestampMicros: Int64
    /// Keys in the schema's order; at most ``EventView/entityCountMax``.
    package var entities: [String]
    package var body: Body

    package init(
        id: String, time: EventTime, source: SourceCoordinates, sourceTimestampMicros: Int64, entities: [String], body: Body
    ) {
        self.id = id
        self.time = time
        self.source = source
        self.sourceTimestampMicros = sourceTimestampMicros
        self.entities = entities
        self.body = body
    }

    /// Copies what a view borrows; throws when text is not UTF-8.
    package init(_ view: EventView) throws(ContractFailure) {
        id = try Event.text(view.id, field: 1)
        time = view.time
        source = view.source
        sourceTimestampMicros = view.sourceTimestampMicros
        entities = []
        for index in 0..<view.entityCount { entities.append(try Event.text(view.entity(index), field: 4)) }
        if let verdict = view.verdict {
            body = .outcome(verdict, transactionTime: view.transactionTime)
        } else {
            var attributes: [Attribute] = []
            for attribute in view.attributes {
                let value: Attribute.Value =
                    switch attribute.value {
                    case .text(let bytes): .text(try Event.text(bytes, field: 2))
                    case .integer(let integer): .integer(integer)
                    case .number(let number): .number(number)
                    case .flag(let flag): .flag(flag)
                    }
                attributes.append(Attribute(name: try Event.text(attribute.name, field: 1), value: value))
            }
            body = .transaction(
                amountMinor: view.amountMinor, currency: try Event.text(view.currency, field: 2), attributes: attributes)
        }
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        try self.init(try EventView(decoding: bytes))
    }

    package init(decoding bytes: [UInt8]) throws(ContractFailure) {
        // Array's own closure only rethrows `any Error`, so the typed one leaves as a value.
        self = try bytes.withUnsafeBytes { bytes in
            Result { () throws(ContractFailure) in try Event(decoding: bytes) }
        }.get()
    }

    /// Appends the canonical bytes.
    package func encode(into output: inout [UInt8]) {
        Event.withBytes(of: id) {
            _ = EventEncoder.begin(id: $0, time: time, source: source, sourceTimestampMicros: sourceTimestampMicros, into: &output)
        }
        for entity in entities { Event.withBytes(of: entity) { _ = EventEncoder.entity($0, into: &output) } }
        switch body {
        case .transaction(let amountMinor, let currency, let attributes):
            let mark = Event.withBytes(of: currency) {
                EventEncoder.beginTransaction(amountMinor: amountMinor, currency: $0, into: &output)
            }
            for attribute in attributes {
                Event.withBytes(of: attribute.name) { name in
                    switch attribute.value {
                    case .text(let text):
                        Event.withBytes(of: text) { EventEncoder.attribute(name: name, value: .text($0), into: &output) }
                    case .integer(let integer): EventEncoder.attribute(name: name, value: .integer(integer), into: &output)
                    case .number(let number): EventEncoder.attribute(name: name, value: .number(number), into: &output)
                    case .flag(let flag): EventEncoder.attribute(name: name, value: .flag(flag), into: &output)
                    }
                }
            }
            EventEncoder.endTransaction(mark, in: &output)
        case .outcome(let verdict, let transactionTime):
            EventEncoder.outcome(verdict, transactionTime: transactionTime, into: &output)
        }
    }

    /// The canonical bytes.
    package var encoded: [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }

    private static func withBytes<Result>(of text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, field: UInt32) throws(ContractFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ContractFailure(.invalidUTF8, field: field) }
        return text
    }
}
