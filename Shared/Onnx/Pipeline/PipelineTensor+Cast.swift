internal import Forest

extension PipelineTensor {
    /// As C converts numbers; what does not fit an integer becomes its least, as on x86.
    func cast(to wanted: OnnxElementType, at place: String) throws(ForestFailure) -> PipelineTensor {
        if wanted == type { return self }
        switch wanted {
        case .float: return PipelineTensor(try floats(at: place), shape: shape)
        case .double: return PipelineTensor(try doubles(at: place), shape: shape)
        case .int64, .int32:
            let least = wanted == .int64 ? Int64.min : Int64(Int32.min)
            let cut: [Int64]
            if case .integers(let values) = elements {
                cut = values
            } else {
                cut = try doubles(at: place).map { Int64(exactly: $0.rounded(.towardZero)) ?? least }
            }
            var result = PipelineTensor(wanted == .int64 ? cut : cut.map { Int64(Int32(exactly: $0) ?? .min) }, shape: shape)
            result.type = wanted
            return result
        case .bool:
            var result = PipelineTensor(try doubles(at: place).map { $0 != 0 ? 1 : 0 as Int64 }, shape: shape)
            result.type = .bool
            return result
        case .string:
            guard case .integers(let values) = elements else { throw ForestFailure(at: place, "\(type) to text, which is not supported") }
            return PipelineTensor(values.map { "\($0)" }, shape: shape)
        case .uint8: throw ForestFailure(at: place, "to uint8, which is not supported")
        }
    }
}
