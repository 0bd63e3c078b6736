internal import Json
internal import RiskDomain

/// The JSON of the public topics, as `config/card-transactions.yaml` describes it. Appends; allocates nothing once warm.
enum MessageText {
    static func transaction(_ row: TransactionReader, currency: [UInt8], into output: inout [UInt8]) {
        JsonText.raw(#"{"transaction_id":"#, into: &output)
        JsonText.string(row.id, into: &output)
        JsonText.raw(#","time":""#, into: &output)
        append(row.time, to: &output)
        // As it stands in the file, so that no amount is ever rounded.
        JsonText.raw(#"","amount":"#, into: &output)
        output.append(contentsOf: row.amount)
        JsonText.raw(#","currency":""#, into: &output)
        output.append(contentsOf: currency)
        JsonText.raw(#"","customer":"#, into: &output)
        JsonText.string(row.customer, into: &output)
        JsonText.raw(#","terminal":"#, into: &output)
        JsonText.string(row.terminal, into: &output)
        output.append(0x7D)
    }

    static func outcome(_ row: TransactionReader, known: EventTime, into output: inout [UInt8]) {
        JsonText.raw(#"{"transaction_id":"#, into: &output)
        JsonText.string(row.id, into: &output)
        JsonText.raw(#","transaction_time":""#, into: &output)
        append(row.time, to: &output)
        JsonText.raw(#"","time":""#, into: &output)
        append(known, to: &output)
        JsonText.raw(#"","customer":"#, into: &output)
        JsonText.string(row.customer, into: &output)
        JsonText.raw(#","terminal":"#, into: &output)
        JsonText.string(row.terminal, into: &output)
        JsonText.raw(row.isFraud ? #","verdict":"fraud"}"# : #","verdict":"cleared"}"#, into: &output)
    }

    /// RFC 3339 in UTC, with six decimals only when the instant is not a whole second.
    static func append(_ time: EventTime, to output: inout [UInt8]) {
        let (year, month, day) = time.civil
        let seconds = time.microsOfDay / EventTime.microsPerSecond
        let fraction = time.microsOfDay % EventTime.microsPerSecond
        append(year, width: 4, to: &output)
        output.append(0x2D)
        append(month, width: 2, to: &output)
        output.append(0x2D)
        append(day, width: 2, to: &output)
        output.append(0x54)
        append(seconds / 3_600, width: 2, to: &output)
        output.append(0x3A)
        append(seconds / 60 % 60, width: 2, to: &output)
        output.append(0x3A)
        append(seconds % 60, width: 2, to: &output)
        if fraction != 0 {
            output.append(0x2E)
            append(fraction, width: 6, to: &output)
        }
        output.append(0x5A)
    }

    private static func append(_ value: Int64, width: Int, to output: inout [UInt8]) {
        let start = output.count
        var rest = UInt64(value.magnitude)
        for _ in 0..<width {
            output.append(0x30 + UInt8(rest % 10))
            rest /= 10
        }
        output[start...].reverse()
    }
}
