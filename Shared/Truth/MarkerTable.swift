internal import RiskDomain

/// The marker of each event after the passes replayed so far: a byte for each offset of the public topics.
final class MarkerTable {
    private struct Key: Hashable {
        var topic: SourceTopic
        var partition: Int32
    }

    private var first: [Key: Int64] = [:]
    private var markers: [Key: [UInt8]] = [:]

    /// Makes room for a partition's offsets.
    func add(topic: SourceTopic, partition: Int32, offsets: ClosedRange<Int64>) {
        let key = Key(topic: topic, partition: partition)
        first[key] = offsets.lowerBound
        markers[key] = Array(repeating: 0, count: Int(offsets.upperBound - offsets.lowerBound) + 1)
    }

    subscript(source: SourceCoordinates) -> Marker {
        get {
            let key = Key(topic: source.topic, partition: source.partition)
            guard let start = first[key], let bytes = markers[key], bytes.indices.contains(Int(source.offset - start)) else { return .none }
            return Marker(rawValue: bytes[Int(source.offset - start)]) ?? .none
        }
        set {
            let key = Key(topic: source.topic, partition: source.partition)
            guard let start = first[key] else { return }
            let index = Int(source.offset - start)
            guard markers[key]?.indices.contains(index) == true else { return }
            markers[key]?[index] = newValue.rawValue
        }
    }
}
