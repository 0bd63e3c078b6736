// A graph as a list of steps over numbered values.
//
// The graph is compiled and run at once on two made-up rows: each step sees the type and the shape of what it will be given, so that what
// does not fit is refused when the file is read, not when a row is scored. Steps compute in the type in which ONNX Runtime computes.

package import Forest

/// A model as its file tells it: operators one after the other, evaluated on rows.
package struct ModelPipeline: Hashable, Sendable {
    package struct Input: Hashable, Sendable {
        package var name: String
        package var type: OnnxElementType
        package var columnCount: Int
    }

    package struct Output: Hashable, Sendable {
        package var name: String
        package var value: Int
        package var type: OnnxElementType
    }

    struct Step: Hashable, Sendable {
        var operation: PipelineOperation
        var inputs: [Int]
        var outputs: [Int]
        /// What complaints call the step.
        var place: String
    }

    struct Constant: Hashable, Sendable {
        var value: Int
        var tensor: PipelineTensor
    }

    package private(set) var inputs: [Input] = []
    package private(set) var outputs: [Output] = []
    private(set) var constants: [Constant] = []
    private(set) var steps: [Step] = []
    private(set) var valueCount = 0

    /// Columns of all inputs together.
    package var columnCount: Int { inputs.reduce(0) { $0 + $1.columnCount } }

    /// - Parameters:
    ///   - columnCount: Columns of an input whose file leaves them open; without it, as many as the trees ask for.
    /// - Throws: ``ForestFailure`` that names the operator or the attribute that is not supported.
    package init(_ model: OnnxModel, columnCount: Int? = nil) throws(ForestFailure) {
        var names: [String: Int] = [:]
        var values: [PipelineTensor?] = []
        func define(_ name: String, at place: String) throws(ForestFailure) -> Int {
            guard names[name] == nil else { throw ForestFailure(at: place, "\"\(name.prefix(64))\" is defined twice") }
            names[name] = values.count
            values.append(nil)
            return values.count - 1
        }
        for tensor in model.graph.initializers {
            let value = try define(tensor.name, at: "graph.initializer")
            values[value] = PipelineTensor(tensor)
            constants.append(Constant(value: value, tensor: PipelineTensor(tensor)))
        }
        // Old files list constants among the inputs, too.
        for input in model.graph.inputs where names[input.name] == nil {
            let place = "graph.input \"\(input.name.prefix(64))\""
            guard let type = input.type else { throw ForestFailure(at: place, "something else than a tensor") }
            let columns = input.dimensions.count < 2 ? 1 : input.dimensions[1] ?? columnCount ?? model.featuresAskedFor
            guard input.dimensions.count <= 2, (1...ForestLimits.featureCountMax).contains(columns) else {
                throw ForestFailure(at: place, "not rows of 1 to \(ForestLimits.featureCountMax) columns")
            }
            let value = try define(input.name, at: place)
            values[value] = ModelPipeline.probe(type, columns)
            inputs.append(Input(name: input.name, type: type, columnCount: columns))
        }
        guard !inputs.isEmpty, self.columnCount <= ForestLimits.featureCountMax else {
            throw ForestFailure(at: "graph.input", "\(self.columnCount) columns; 1...\(ForestLimits.featureCountMax) are read")
        }
        for (index, node) in model.graph.nodes.enumerated() {
            let place = "\(node.operatorType.prefix(64))\(node.name.isEmpty ? " (node \(index))" : " \"\(node.name.prefix(64))\"")"
            var inputs: [Int] = []
            for name in node.inputs {
                guard let value = names[name], values[value] != nil else {
                    throw ForestFailure(at: place, "its input \"\(name.prefix(64))\" is not there; steps stand in their order")
                }
                inputs.append(value)
            }
            let given = inputs.map { values[$0]! }
            let operation = try PipelineOperation(
                node, model: model, given: given, isConstant: inputs.map { value in constants.contains { $0.value == value } }, at: place)
            let results = try operation.evaluate(given, at: place)
            guard node.outputs.count <= results.count else {
                throw ForestFailure(at: place, "\(node.outputs.count) outputs where the operator has \(results.count)")
            }
            var defined: [Int] = []
            for (name, result) in zip(node.outputs, results) {
                let value = try define(name, at: place)
                values[value] = result
                defined.append(value)
            }
            steps.append(Step(operation: operation, inputs: inputs, outputs: defined, place: place))
        }
        for output in model.graph.outputs {
            guard let value = names[output.name], let tensor = values[value] else {
                throw ForestFailure(at: "graph.output \"\(output.name.prefix(64))\"", "nothing in the graph gives it")
            }
            outputs.append(Output(name: output.name, value: value, type: tensor.type))
        }
        guard !outputs.isEmpty else { throw ForestFailure(at: "graph.output", "none") }
        valueCount = values.count
    }

    private static func probe(_ type: OnnxElementType, _ columns: Int) -> PipelineTensor {
        var tensor = PipelineTensor(Array(repeating: 0 as Int64, count: 2 * columns), shape: [2, columns])
        switch type {
        case .float: tensor = PipelineTensor(Array(repeating: 0 as Float, count: 2 * columns), shape: [2, columns])
        case .double: tensor = PipelineTensor(Array(repeating: 0 as Double, count: 2 * columns), shape: [2, columns])
        case .string: tensor = PipelineTensor(Array(repeating: "", count: 2 * columns), shape: [2, columns])
        case .int64, .int32, .uint8, .bool: tensor.type = type
        }
        return tensor
    }

    /// Runs all steps.
    ///
    /// - Parameter values: One tensor per input, `rows × columnCount` each, of its type.
    /// - Returns: One value per output; scores of ZipMap are its tensor, a column a label.
    package func evaluate(_ given: [PipelineTensor]) throws(ForestFailure) -> [PipelineTensor] {
        guard given.count == inputs.count else { throw ForestFailure(at: "inputs", "\(given.count) for \(inputs.count)") }
        var values = [PipelineTensor?](repeating: nil, count: valueCount)
        for constant in constants { values[constant.value] = constant.tensor }
        for (index, (tensor, input)) in zip(given, inputs).enumerated() {
            guard tensor.type == input.type, tensor.shape.count == 2, tensor.shape[1] == input.columnCount else {
                throw ForestFailure(at: "input \"\(input.name.prefix(64))\"", "not rows of \(input.columnCount) columns of \(input.type)")
            }
            values[constants.count + index] = tensor
        }
        for step in steps {
            let results = try step.operation.evaluate(step.inputs.map { values[$0]! }, at: step.place)
            for (value, result) in zip(step.outputs, results) { values[value] = result }
        }
        return outputs.map { values[$0.value]! }
    }

    /// Runs all steps on rows of numbers, spread over the inputs in their order and rounded to their types.
    ///
    /// - Parameter rows: Row-major, `rowCount × columnCount`.
    package func evaluate(rows: [Double]) throws(ForestFailure) -> [PipelineTensor] {
        let rowCount = rows.count / columnCount
        var first = 0
        var given: [PipelineTensor] = []
        for input in inputs {
            var column: [Double] = []
            column.reserveCapacity(rowCount * input.columnCount)
            for row in 0..<rowCount {
                let start = row * columnCount + first
                column.append(contentsOf: rows[start..<start + input.columnCount])
            }
            let numbers = PipelineTensor(column, shape: [rowCount, input.columnCount])
            given.append(try numbers.cast(to: input.type, at: "input \"\(input.name.prefix(64))\""))
            first += input.columnCount
        }
        return try evaluate(given)
    }
}

extension OnnxModel {
    /// One more than the greatest feature that a tree asks for.
    fileprivate var featuresAskedFor: Int {
        var greatest: Int64 = 0
        for node in graph.nodes {
            for attribute in node.attributes where attribute.name == "nodes_featureids" {
                if case .ints(let features) = attribute.value { greatest = max(greatest, features.max() ?? 0) }
            }
        }
        return Int(min(greatest, Int64(ForestLimits.featureCountMax))) + 1
    }
}
