internal import Forest

/// What a PMML document calls its values, and which value of a row each name means.
struct PmmlFields {
    struct Field: Equatable {
        /// The value of the row.
        var feature: Int
        /// Rounded to `Float` before it is tested.
        var isFloat: Bool
        /// Compared for equality only.
        var isCategorical: Bool
        /// Values are words, coded by their place in ``ImportedModel/Feature/categories``.
        var isText: Bool
        /// The declared values, coded; empty where any will do.
        var validValues: [Double] = []
        /// What a missing value is taken for.
        var replacement: Double?
        /// A value that is not declared counts as missing.
        var isInvalidMissing = false
        /// A value that is not declared is an error of the row; only then may it be left out of account.
        var isInvalidRefused = true
    }

    private(set) var features: [ImportedModel.Feature] = []
    private(set) var fields: [String: Field] = [:]
    /// Declared values of the target, in order.
    private(set) var classLabels: [String] = []
    /// All numbers are `Float`s, so that rows can be rounded to them once.
    private(set) var isSinglePrecision = false
    /// Places of words among their feature's categories.
    private var categoryNumbers: [Int: [String: Int]] = [:]
    /// Derived fields that are more than another name, and what they are made with.
    private var derivations: [String: String] = [:]

    init(_ root: XmlElement, model: XmlElement, limits: ImportLimits) throws(ImportFailure) {
        guard let dictionary = root.first("DataDictionary") else { throw root.fault("DataDictionary is missing") }
        guard let schema = model.first("MiningSchema") else { throw model.fault("MiningSchema is missing") }
        var declarations: [String: XmlElement] = [:]
        for declaration in dictionary.all("DataField") { declarations[try declaration.required("name")] = declaration }
        for use in schema.all("MiningField") {
            let name = try use.required("name")
            guard let declaration = declarations[name] else { throw use.fault("\(name) is in no DataField") }
            switch use["usageType"] ?? "active" {
            case "active": try add(name, declaration, use)
            case "target", "predicted": classLabels = values(declaration)
            default: break
            }
        }
        guard features.count <= limits.featureCountMax else {
            throw ImportFailure(.tooLarge, at: schema.place, "\(features.count) fields, at most \(limits.featureCountMax) are read")
        }
        let numbers = fields.values.filter { !$0.isCategorical }
        isSinglePrecision = !numbers.isEmpty && numbers.allSatisfy(\.isFloat) && fields.values.allSatisfy { !$0.isCategorical || $0.isText }
        if let transformations = root.first("TransformationDictionary") { try addDerived(in: transformations) }
    }

    private func values(_ declaration: XmlElement) -> [String] {
        declaration.all("Value").filter { ($0["property"] ?? "valid") == "valid" }.compactMap { $0["value"] }
    }

    private mutating func add(_ name: String, _ declaration: XmlElement, _ use: XmlElement) throws(ImportFailure) {
        guard fields[name] == nil else { throw use.fault("\(name) is there twice") }
        let type = try declaration.required("dataType")
        let isCategorical = try declaration.required("optype") != "continuous"
        guard ["string", "boolean", "float", "double", "integer"].contains(type) else {
            throw declaration.unsupported("dataType \(type): strings, booleans and numbers are read")
        }
        let isText = type == "string" || type == "boolean"
        guard isCategorical || !isText else { throw declaration.fault("optype continuous does not go with dataType \(type)") }
        var field = Field(feature: features.count, isFloat: type == "float", isCategorical: isCategorical, isText: isText)
        var categories = values(declaration)
        if type == "boolean", categories.isEmpty { categories = ["false", "true"] }
        guard Set(categories).count == categories.count else { throw declaration.fault("a Value is there twice") }
        if isText { categoryNumbers[features.count] = Dictionary(uniqueKeysWithValues: zip(categories, 0...)) }
        features.append(ImportedModel.Feature(name: name, categories: isText ? categories : []))
        if isCategorical {
            field.validValues = try categories.enumerated().map { index, value throws(ImportFailure) in
                if isText { return Double(index) }
                guard let number = Double(value), number.isFinite else { throw declaration.fault("the Value \(value) is not a number") }
                return number
            }.sorted()
        }
        switch use["invalidValueTreatment"] ?? "returnInvalid" {
        case "returnInvalid": break
        case "asIs": field.isInvalidRefused = false
        case "asMissing":
            field.isInvalidRefused = false
            field.isInvalidMissing = !field.validValues.isEmpty
        case let treatment: throw use.unsupported("invalidValueTreatment \(treatment)")
        }
        if let outliers = use["outliers"], outliers != "asIs" { throw use.unsupported("outliers \(outliers)") }
        fields[name] = field
        if let replacement = use["missingValueReplacement"] {
            field.replacement = try code(replacement, of: field, at: use)
            fields[name] = field
        }
    }

    /// Names for other fields; what computes is remembered and refused where a tree asks for it.
    mutating func addDerived(in transformations: XmlElement) throws(ImportFailure) {
        for derived in transformations.all("DerivedField") {
            let name = try derived.required("name")
            guard let expression = derived.children.first(where: { $0.name != "Value" }), expression.name == "FieldRef",
                var field = fields[try expression.required("field")]
            else {
                derivations[name] = derived.children.first?.name ?? "nothing"
                continue
            }
            switch try derived.required("dataType") {
            case "float" where !field.isCategorical: field.isFloat = true
            case "double" where !field.isCategorical: break
            case let type where field.isCategorical && (type == "string") == field.isText: break
            case let type:
                derivations[name] = "FieldRef to \(type)"
                continue
            }
            fields[name] = field
        }
    }

    func field(_ name: String, at place: XmlElement) throws(ImportFailure) -> Field {
        if let field = fields[name] { return field }
        if let expression = derivations[name] { throw place.unsupported("DerivedField \(name): \(expression)") }
        throw place.fault("\(name) is no active field")
    }

    /// The number that stands for a value of a field.
    ///
    /// - Parameter isBound: The value is one to compare with, which may be infinite.
    func code(_ value: String, of field: Field, at place: XmlElement, isBound: Bool = false) throws(ImportFailure) -> Double {
        if field.isText {
            guard let index = categoryNumbers[field.feature]?[value] else {
                throw place.unsupported(
                    "the value \(value.prefix(64)) of \(features[field.feature].name), which its DataField does not declare")
            }
            return Double(index)
        }
        guard let number = field.isFloat ? Float(value).map({ Double($0) }) : Double(value),
            number.isFinite || isBound && number == .infinity
        else {
            throw place.fault("\(value.prefix(64)) is not a number")
        }
        return number
    }

    /// The greatest value of a row for which a comparison of a field holds.
    ///
    /// - Parameter isStrict: `<` rather than `<=`.
    func threshold(_ value: Double, of field: Field, isStrict: Bool) -> Double {
        guard field.isFloat else { return isStrict ? value.nextDown : value }
        var single = Float(value)
        if isStrict { single = single.nextDown }
        return isSinglePrecision ? Double(single) : PmmlFields.greatest(roundingTo: single)
    }

    /// The greatest `Double` that is rounded to this `Float`: the middle to the next, if ties go to the even one here, else what is below.
    static func greatest(roundingTo value: Float) -> Double {
        guard value.isFinite else { return Double(value) }
        // Behind the greatest number comes infinity, and the middle to it is half a place on.
        let middle = value.nextUp.isFinite ? (Double(value) + Double(value.nextUp)) / 2 : Double(value) + Double(value.ulp) / 2
        return Float(middle) == value ? middle : middle.nextDown
    }
}
