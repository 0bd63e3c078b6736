// A fraud model's scorer runs trees on the row as it is. This finds the trees of a pipeline and folds into their tests what stands between
// the row and them: casts, columns put side by side or picked, scalers, imputers, label maps and flags. What mixes columns (a Normalizer) or
// works on scores (a calibration) is left to the pipeline, and named.

package import Forest

extension ModelPipeline {
    /// What a value of the graph is to the fraud model.
    private enum Meaning {
        /// Columns each made of one value of the row. `isFlat`: rows × columns; else rows × columns × flags, one row behind the other.
        case columns([ColumnSource], OnnxElementType, isFlat: Bool)
        /// One number a row.
        case score(TreeEnsemble)
        case constant(PipelineTensor)
        /// Something else, and what made it so.
        case other(ForestFailure)
    }

    /// The trees whose only output is the probability of the second class, or a regressor's target.
    ///
    /// Of two classes by softmax the trees hold the differences of the leaves' weights.
    ///
    /// - Throws: ``ForestFailure`` that names the step that is more than trees and cannot be folded into them.
    package func ensemble() throws(ForestFailure) -> TreeEnsemble {
        try trees { operation, place throws(ForestFailure) in try operation.scoreEnsemble(at: place) }
    }

    /// The trees with all outputs of their operator, linked as it links more than two; what comparisons with ONNX Runtime need.
    package func operatorEnsemble() throws(ForestFailure) -> TreeEnsemble {
        try trees { operation, place throws(ForestFailure) in
            var ensemble = operation.ensemble
            switch operation.postTransform {
            case .none: break
            case .softmax: ensemble.link = .softmax
            case .logistic: ensemble.link = .logistic
            case .probit: ensemble.link = .probit
            case .softmaxZero: throw ForestFailure(at: "\(place).post_transform", "SOFTMAX_ZERO, which no link of ours is")
            }
            return ensemble
        }
    }

    /// What a pipeline's trees are to the caller.
    private typealias Picking = (TreeOperator, String) throws(ForestFailure) -> TreeEnsemble

    private func trees(_ pick: Picking) throws(ForestFailure) -> TreeEnsemble {
        var meanings = [Meaning](repeating: .other(ForestFailure(at: "graph", "no trees")), count: valueCount)
        for constant in constants { meanings[constant.value] = .constant(constant.tensor) }
        var column = 0
        for (index, input) in inputs.enumerated() {
            let value = constants.count + index
            let place = "graph.input \"\(input.name.prefix(64))\""
            let sources = (column..<column + input.columnCount).map { ColumnSource(column: $0) }
            column += input.columnCount
            switch input.type {
            case .float: meanings[value] = .columns(sources.map { $0.then(.round, place) }, .float, isFlat: true)
            case .double: meanings[value] = .columns(sources, .double, isFlat: true)
            default: meanings[value] = .other(ForestFailure(at: place, "of \(input.type); a fraud model's row is of numbers"))
            }
        }
        for step in steps {
            let given = step.inputs.map { meanings[$0] }
            for (position, value) in step.outputs.enumerated() { meanings[value] = meaning(of: step, given, output: position, pick) }
        }
        var failure = ForestFailure(at: "graph.output", "none is a score")
        for output in outputs {
            switch meanings[output.value] {
            case .score(let ensemble): return ensemble
            case .other(let reason): failure = reason
            case .columns, .constant: break
            }
        }
        throw failure
    }

    private func meaning(of step: Step, _ given: [Meaning], output: Int, _ pick: Picking) -> Meaning {
        // A step on what is no score or row hands on why.
        for case .other(let reason) in given { return .other(reason) }
        let unsupported = Meaning.other(
            ForestFailure(
                at: step.place, "it cannot become part of the trees; give the model the features that this step makes"))
        if case .binary(let operation) = step.operation, let folded = arithmetic(operation, step, given) { return folded }
        if case .columns(let sources, let type, let isFlat)? = given.first, let folded = columns(step, sources, type, isFlat, given) {
            return folded
        }
        switch (step.operation, given.first) {
        case (.linearClassifier, _), (.linearRegressor, _):
            return .other(ForestFailure(at: step.place, "a linear model; trees and forests are what is scored, explained and compared"))
        case (.identity, let first?), (.zipMap, let first?): return first
        case (.cast(let type), .score(let ensemble)?) where type == .float || type == .double: return .score(ensemble)
        case (.trees(let operation), .columns(var sources, let type, isFlat: true)?) where sources.count == operation.ensemble.featureCount:
            guard operation.labels == nil || output == 1 else {
                return .other(ForestFailure(at: step.place, "a label, which is no score"))
            }
            // Operators on whole numbers take them as floats.
            if type != .float, type != .double { sources = sources.map { $0.then(.round, step.place) } }
            do throws(ForestFailure) {
                return .score(try pick(operation, step.place).folding(sources, featureCount: columnCount))
            } catch { return .other(error) }
        // What onnxmltools puts behind LightGBM's trees in place of ZipMap.
        case (.binary(.multiply), .score(let ensemble)?):
            guard case .constant(let tensor) = given[1], tensor.count == 1, (try? tensor.doubles(at: step.place)) == [1] else {
                return unsupported
            }
            return .score(ensemble)
        case (.unary(.sigmoid), .score(var ensemble)?) where ensemble.link == .identity:
            ensemble.link = .logistic
            // ONNX Runtime's Sigmoid has an exponential of its own.
            ensemble.sourceArithmetic = .portable
            return .score(ensemble)
        case (.binary(.add), _) where given.count == 2:
            switch (given[0], given[1]) {
            case (.score(var ensemble), .constant(let tensor)), (.constant(let tensor), .score(var ensemble)):
                guard ensemble.link == .identity, tensor.count == 1, let base = try? tensor.doubles(at: step.place)[0], base.isFinite else {
                    return unsupported
                }
                ensemble.baseScores[0] += base
                return .score(ensemble)
            default: return unsupported
            }
        default: return unsupported
        }
    }
}

extension ModelPipeline {
    /// What a step makes of columns; nil where they are no columns of one value each any more.
    private func columns(
        _ step: Step, _ sources: [ColumnSource], _ type: OnnxElementType, _ isFlat: Bool, _ given: [Meaning]
    ) -> Meaning? {
        func all(_ type: OnnxElementType, _ kinds: (Int) -> ColumnSource.Kind) -> Meaning {
            .columns(sources.indices.map { sources[$0].then(kinds($0), step.place) }, type, isFlat: isFlat)
        }
        guard (1...ColumnSource.countMax).contains(sources.count), sources.allSatisfy({ $0.steps.count < ColumnSource.stepCountMax }) else {
            return nil
        }
        switch step.operation {
        case .identity: return given[0]
        case .flatten(axis: 1): return .columns(sources, type, isFlat: true)
        case .reshape:
            guard case .constant(let tensor) = given[1], case .integers(let shape) = tensor.elements, shape.count == 2,
                shape[0] <= 0, shape[1] == -1 && shape[0] == 0 || shape[1] == Int64(sources.count)
            else { return nil }
            return .columns(sources, type, isFlat: true)
        case .cast(.float): return type == .float ? given[0] : all(.float) { _ in .round }
        case .cast(.double) where [.float, .double, .int64].contains(type): return .columns(sources, .double, isFlat: isFlat)
        case .cast(.int64):
            switch type {
            case .int64: return given[0]
            case .float, .double: return all(.int64) { _ in .cut }
            default: return nil
            }
        case .labels(let map):
            guard let lookup = ColumnSource.Lookup(map, of: type) else { return nil }
            return all(map.valueType) { _ in .look(lookup) }
        default: break
        }
        guard isFlat else { return nil }
        switch step.operation {
        case .concat(axis: 1):
            var joined: [ColumnSource] = []
            for part in given {
                guard case .columns(let sources, _, isFlat: true) = part else { return nil }
                guard joined.count + sources.count <= ColumnSource.countMax else { return nil }
                joined += sources
            }
            return .columns(joined, type, isFlat: true)
        case .extractColumns, .gather(axis: 1):
            guard case .constant(let tensor) = given[1], case .integers(let indexes) = tensor.elements,
                tensor.shape.count == 1 || step.operation == .extractColumns, indexes.count <= ColumnSource.countMax
            else { return nil }
            return .columns(indexes.map { sources[Int($0 < 0 ? $0 + Int64(sources.count) : $0)] }, type, isFlat: true)
        case .scaler(let offset, let scale) where type == .float || type == .double:
            return all(.float) {
                .scale(offset: offset[offset.count == 1 ? 0 : $0], scale: scale[scale.count == 1 ? 0 : $0], isSingle: type == .float)
            }
        case .imputer(let values, let replaced) where type == .float || type == .double:
            return all(type) { .impute(value: Double(values[values.count == 1 ? 0 : $0]), replaced: Double(replaced)) }
        case .clip where type == .float || type == .double:
            guard case .constant(let low) = given[1], case .constant(let high) = given[2], let least = try? low.doubles(at: step.place),
                let greatest = try? high.doubles(at: step.place)
            else { return nil }
            return all(type) { _ in .clip(low: least[0], high: greatest[0]) }
        case .binarizer(let threshold) where type == .float: return all(.float) { _ in .binarize(threshold: threshold) }
        case .unary(.negate) where type == .float || type == .double: return all(type) { _ in .negate }
        case .unary(.floor) where type == .float || type == .double: return all(type) { _ in .floor }
        case .oneHot(_, allowsUnknown: false):
            return .other(
                ForestFailure(at: step.place, "a category that it does not know is an error there; make it with handle_unknown=\"ignore\""))
        case .oneHot(let categories, allowsUnknown: true):
            guard let flags = ColumnSource.Lookup.flags(categories), flags.count <= ColumnSource.countMax / sources.count
            else { return nil }
            // Of other numbers the operator takes the whole part.
            let whole = type == .int64 ? sources : sources.map { $0.then(.cut, step.place) }
            return .columns(whole.flatMap { source in flags.map { source.then(.look($0), step.place) } }, .float, isFlat: false)
        default: return nil
        }
    }

    /// Columns and a constant for each, or for all.
    private func arithmetic(_ operation: PipelineOperation.Binary, _ step: Step, _ given: [Meaning]) -> Meaning? {
        let isFirst: Bool
        let sources: [ColumnSource]
        let type: OnnxElementType
        let tensor: PipelineTensor
        switch (given[0], given[1]) {
        case (.columns(let columns, let kind, isFlat: true), .constant(let constant)):
            (sources, type, tensor, isFirst) = (columns, kind, constant, false)
        case (.constant(let constant), .columns(let columns, let kind, isFlat: true)):
            (sources, type, tensor, isFirst) = (columns, kind, constant, true)
        default: return nil
        }
        guard type == .float || type == .double, let constants = try? tensor.doubles(at: step.place),
            tensor.shape.dropLast().allSatisfy({ $0 == 1 }), tensor.shape.count <= 2, [1, sources.count].contains(constants.count)
        else { return nil }
        let made = sources.indices.map { index in
            sources[index].then(
                .arithmetic(
                    operation, constant: constants[constants.count == 1 ? 0 : index], constantIsFirst: isFirst, isSingle: type == .float),
                step.place)
        }
        return .columns(made, type, isFlat: true)
    }
}

extension TreeOperator {
    /// The trees for one score: a single target, or the second of two classes.
    fileprivate func scoreEnsemble(at place: String) throws(ForestFailure) -> TreeEnsemble {
        guard let labels else {
            guard ensemble.outputCount == 1, postTransform != .probit else {
                throw ForestFailure(
                    at: place, "\(ensemble.outputCount) targets with \(postTransform); a fraud model has one without a link")
            }
            return ensemble
        }
        guard labels.count == 2 else { throw ForestFailure(at: place, "\(labels.count) classes; a fraud model has two") }
        var result: TreeEnsemble
        switch (baseValueCount, isWeighted[1], isWeighted[0]) {
        case (2, true, true):
            result = ensemble.output(0)
            result.baseScores = [ensemble.baseScores[1]]
        case (0, true, _), (1, true, _):
            result = ensemble.output(1)
            result.baseScores = [0]
            if postTransform == .softmax {
                result = ensemble.difference
                // It sums both classes, each in floats.
                result.sourceArithmetic = .portable
                result.baseScores = [isWeighted[0] ? -ensemble.baseScores[0] : 0]
            }
        case (0, false, true), (1, false, true):
            // The second class's score is the only sum there is; SOFTMAX does not touch it.
            result = ensemble.output(0)
            if postTransform == .softmax || postTransform == .softmaxZero { return result }
        default: throw ForestFailure(at: "\(place).base_values", "\(baseValueCount) base values that decide alone")
        }
        switch postTransform {
        case .none: break
        case .logistic: result.link = .logistic
        case .softmax where baseValueCount < 2: result.link = .logistic
        default: throw ForestFailure(at: "\(place).post_transform", "\(postTransform), which a fraud model does not have")
        }
        return result
    }
}

extension TreeEnsemble {
    /// The same trees for one of the outputs.
    fileprivate func output(_ output: Int) -> TreeEnsemble {
        single(baseScores[output]) { tree, leaf in tree.value(of: leaf, output) }
    }

    /// The trees of the second output less the first.
    fileprivate var difference: TreeEnsemble {
        single(0) { tree, leaf in tree.value(of: leaf, 1) - tree.value(of: leaf, 0) }
    }

    private func single(_ base: Double, _ value: (DecisionTree, Int) -> Double) -> TreeEnsemble {
        var result = self
        result.outputCount = 1
        result.baseScores = [base]
        for index in trees.indices {
            result.trees[index].leafValues = (0..<trees[index].leafCount).map { value(trees[index], $0) }
            result.trees[index].firstOutput = 0
            result.trees[index].valueCount = 1
        }
        return result
    }
}

extension DecisionTree {
    fileprivate func value(of leaf: Int, _ output: Int) -> Double {
        let column = output - firstOutput
        return (0..<valueCount).contains(column) ? leafValues[leaf * valueCount + column] : 0
    }
}
