internal import CsvFiles
internal import Json

/// Rows to score: from a CSV file with the features' names in its header, or from JSON.
package struct ModelRows: Hashable, Sendable {
    package let featureCount: Int
    /// Row-major.
    package private(set) var values: [Double] = []

    package var count: Int { featureCount == 0 ? 0 : values.count / featureCount }

    package init(featureCount: Int, values: [Double] = []) {
        precondition(featureCount > 0 && values.count % featureCount == 0)
        self.featureCount = featureCount
        self.values = values
    }

    package func row(_ index: Int) -> [Double] { Array(values[index * featureCount..<(index + 1) * featureCount]) }

    package mutating func append(_ row: [Double]) {
        precondition(row.count == featureCount)
        values += row
    }

    /// Reads a CSV file, plain or gzip. Each feature needs a column of its name, other columns are not read; an empty field, `NaN`, `NA` and
    /// `null` are missing values.
    ///
    /// - Throws: `CsvFailure`, or ``ModelToolFailure`` for a missing column.
    package init(csv path: String, features: [String], rowCountMax: Int = .max) throws {
        let reader = try CsvReader(path: path)
        var columns: [Int] = []
        for name in features {
            guard let column = reader.optionalColumn(name) else {
                throw ModelToolFailure("\(path): no column \(name); the header must name every feature of the model")
            }
            columns.append(column)
        }
        self.init(featureCount: features.count)
        while count < rowCountMax, try reader.next() {
            for column in columns {
                let field = reader[column]
                values.append(ModelRows.isMissing(field) ? .nan : try ModelRows.number(reader, column))
            }
        }
    }

    /// Reads JSON: one row or an array of rows; a row is an object of features by name, or an array of values in the model's order.
    ///
    /// A feature that an object does not name, and null, are missing values; a name that the model does not know is refused.
    /// - Throws: `JsonFailure`, or ``ModelToolFailure``.
    package init(json bytes: [UInt8], features: [String]) throws {
        self.init(featureCount: features.count)
        let places = Dictionary(features.enumerated().map { (Array($1.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        let parser = JsonParser(limits: JsonLimits(byteCountMax: 1 << 28, depthMax: 4))
        let root = try bytes.withUnsafeBytes { try parser.parse($0) }
        switch root.kind {
        case .object: try append(root, places, 1)
        case .array:
            var number = 0
            // An array of numbers is a row; an array of anything else holds rows.
            if root.count > 0, root.elements.first(where: { _ in true }).map({ $0.kind == .number || $0.kind == .null }) ?? false {
                try append(root, places, 1)
            } else {
                for element in root.elements {
                    number += 1
                    try append(element, places, number)
                }
            }
        default: throw ModelToolFailure("JSON: a row is an object or an array")
        }
    }

    private mutating func append(_ value: JsonValue, _ places: [[UInt8]: Int], _ number: Int) throws {
        var row = [Double](repeating: .nan, count: featureCount)
        switch value.kind {
        case .object:
            for member in value.members {
                guard let place = places[Array(member.name)] else {
                    let name = String(decoding: member.name.prefix(64), as: UTF8.self)
                    throw ModelToolFailure("JSON row \(number): the model has no feature \"\(name)\"")
                }
                row[place] = try ModelRows.number(member.value, number)
            }
        case .array:
            guard value.count == featureCount else {
                throw ModelToolFailure("JSON row \(number): \(value.count) values, the model has \(featureCount) features")
            }
            for (place, element) in value.elements.enumerated() { row[place] = try ModelRows.number(element, number) }
        default: throw ModelToolFailure("JSON row \(number): a row is an object or an array")
        }
        values += row
    }

    private static func number(_ value: JsonValue, _ row: Int) throws -> Double {
        switch value.kind {
        case .null: return .nan
        case .bool: return value.isTrue ? 1 : 0
        case .number:
            if let number = Double(String(decoding: value.text, as: UTF8.self)) { return number }
            fallthrough
        default:
            throw ModelToolFailure("JSON row \(row), byte \(value.offset): a feature's value is a number, true, false or null")
        }
    }

    private static func isMissing(_ field: UnsafeRawBufferPointer) -> Bool {
        field.isEmpty || ["nan", "na", "null"].contains { $0.utf8.elementsEqual(field.map { $0 | 0x20 }) }
    }

    private static func number(_ reader: CsvReader, _ column: Int) throws -> Double {
        let field = reader[column]
        // pandas writes a column of flags as words.
        if field.elementsEqual("True".utf8) || field.elementsEqual("true".utf8) { return 1 }
        if field.elementsEqual("False".utf8) || field.elementsEqual("false".utf8) { return 0 }
        return try reader.double(column)
    }
}
