internal import Contracts
internal import Forest
internal import Hashing
internal import Json
internal import Pipeline
internal import RiskDomain

/// JSON on the public scores topic: one object a message, keyed by the transaction's id.
///
/// `kind` says what it is: `score`, `marker` (a record that was not scored, and why), or `activation`. The same record gives
/// the same bytes whoever says it and when: nothing here is measured.
enum ScoreMessage {
    static func score(
        _ score: Double, _ decision: Decision, _ reasons: TopReasons, features: [Double], model: ScoringModel, of event: EventView,
        into output: inout [UInt8]
    ) {
        JsonText.raw(#"{"kind":"score","#, into: &output)
        identify(event, into: &output)
        JsonText.raw(#","score":"#, into: &output)
        JsonText.double(score, into: &output)
        JsonText.raw(#","decision":"#, into: &output)
        JsonText.string(decision.word, into: &output)
        JsonText.raw(#","reasons":["#, into: &output)
        for index in 0..<reasons.count {
            if index > 0 { output.append(0x2C) }
            let feature = Int(reasons[index].feature)
            JsonText.raw(#"{"code":"#, into: &output)
            JsonText.string(model.forest.words.code(of: reasons[index]), into: &output)
            JsonText.raw(#","text":"#, into: &output)
            JsonText.string(model.forest.words.text(of: reasons[index]), into: &output)
            JsonText.raw(#","feature":"#, into: &output)
            JsonText.string(model.forest.features[feature], into: &output)
            JsonText.raw(#","value":"#, into: &output)
            if features[feature].isFinite { JsonText.double(features[feature], into: &output) } else { JsonText.raw("null", into: &output) }
            JsonText.raw(#","contribution":"#, into: &output)
            JsonText.double(reasons[index].contribution, into: &output)
            output.append(0x7D)
        }
        JsonText.raw(#"],"model":"#, into: &output)
        JsonText.string(model.hash.description, into: &output)
        output.append(0x7D)
    }

    static func marker(_ marker: Marker, of event: EventView, into output: inout [UInt8]) {
        JsonText.raw(#"{"kind":"marker","#, into: &output)
        identify(event, into: &output)
        JsonText.raw(#","marker":"#, into: &output)
        JsonText.string(marker.word, into: &output)
        output.append(0x7D)
    }

    static func activation(_ control: Control, model: ContentHash, _ input: InputRecord, into output: inout [UInt8]) {
        JsonText.raw(#"{"kind":"activation","model":"#, into: &output)
        JsonText.string(model.description, into: &output)
        JsonText.raw(#","activation":"#, into: &output)
        JsonText.unsigned(control.activation, into: &output)
        JsonText.raw(#","partition":"#, into: &output)
        JsonText.integer(Int64(input.partition), into: &output)
        output.append(0x7D)
    }

    private static func identify(_ event: EventView, into output: inout [UInt8]) {
        JsonText.raw(#""transaction_id":"#, into: &output)
        JsonText.string(event.id, into: &output)
        JsonText.raw(#","time_micros":"#, into: &output)
        JsonText.integer(event.time.micros, into: &output)
        JsonText.raw(#","source":{"topic":"#, into: &output)
        JsonText.integer(Int64(event.source.topic.rawValue), into: &output)
        JsonText.raw(#","partition":"#, into: &output)
        JsonText.integer(Int64(event.source.partition), into: &output)
        JsonText.raw(#","offset":"#, into: &output)
        JsonText.integer(event.source.offset, into: &output)
        output.append(0x7D)
    }
}
