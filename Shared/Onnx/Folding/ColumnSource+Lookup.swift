internal import Forest

extension ColumnSource.Lookup {
    /// A LabelEncoder from numbers to numbers; nil for one of texts, and for one whose keys are not of the input's type.
    ///
    /// Whole numbers are looked up after a cut (``ColumnSource/Kind/cut``), which makes the least integer of NaN: the key of no map but one that
    /// means harm, whose keys do not fit a set of categories.
    init?(_ map: LabelMap, of type: OnnxElementType) {
        let keys: [Double]
        switch (map.keys, type) {
        case (.integers(let integers), .int64): keys = integers.map { Double($0) }
        case (.floats(let floats), .float): keys = floats.map { Double($0) }
        default: return nil
        }
        guard let values = map.values.numbers, let other = map.other.numbers?.first else { return nil }
        // Of a key that is given twice the first counts.
        self.values = Dictionary(zip(keys, values).filter { !$0.0.isNaN }, uniquingKeysWith: { first, _ in first })
        self.other = other
        missing = keys.firstIndex { $0.isNaN }.map { values[$0] } ?? other
    }

    /// By category: 1 for it, 0 for all others; nil where categories are no numbers.
    static func flags(_ categories: LabelMap.Keys) -> [ColumnSource.Lookup]? {
        guard case .integers(let integers) = categories else { return nil }
        // Of a category that is given twice the first has the flag.
        var seen = Set<Int64>()
        return integers.map { ColumnSource.Lookup(values: seen.insert($0).inserted ? [Double($0): 1] : [:], other: 0, missing: 0) }
    }
}

extension LabelMap {
    var valueType: OnnxElementType {
        switch values {
        case .integers: .int64
        case .texts: .string
        case .floats: .float
        }
    }
}

extension LabelMap.Keys {
    /// nil for texts.
    fileprivate var numbers: [Double]? {
        switch self {
        case .integers(let values): values.map { Double($0) }
        case .floats(let values): values.map { Double($0) }
        case .texts: nil
        }
    }
}
