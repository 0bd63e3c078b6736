// A fraud model's scorer runs trees on the row as it is: most exports are no more than that, with casts and label maps around it. This
// finds the trees of such a pipeline. What else a step may do (scaling, imputing, calibrating) is left to the pipeline, and named.

package import Forest

extension ModelPipeline {
    /// What a value of the graph is to the fraud model.
    private enum Meaning {
        /// The whole row in its order; `isRounded` when its values went through floats.
        case row(isRounded: Bool)
        /// Inputs that may yet be put side by side: `first ..< end` of them.
        case inputs(Range<Int>, isRounded: Bool)
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
    /// - Throws: ``ForestFailure`` that names the step that is more than trees.
    package func ensemble() throws(ForestFailure) -> TreeEnsemble {
        var meanings = [Meaning](repeating: .other(ForestFailure(at: "graph", "no trees")), count: valueCount)
        for constant in constants { meanings[constant.value] = .constant(constant.tensor) }
        for (index, input) in inputs.enumerated() {
            let value = constants.count + index
            switch input.type {
            case .float: meanings[value] = .inputs(index..<index + 1, isRounded: true)
            case .double: meanings[value] = .inputs(index..<index + 1, isRounded: false)
            default:
                meanings[value] = .other(
                    ForestFailure(at: "graph.input \"\(input.name.prefix(64))\"", "of \(input.type); a fraud model's row is of numbers"))
            }
        }
        if inputs.count == 1, case .inputs(_, let isRounded) = meanings[constants.count] {
            meanings[constants.count] = .row(isRounded: isRounded)
        }
        for step in steps {
            let given = step.inputs.map { meanings[$0] }
            for (position, value) in step.outputs.enumerated() { meanings[value] = meaning(of: step, given, output: position) }
        }
        var failure = ForestFailure(at: "graph.output", "none is a score")
        for output in outputs {
            switch meanings[output.value] {
            case .score(let ensemble): return ensemble
            case .other(let reason): failure = reason
            case .row, .inputs, .constant: break
            }
        }
        throw failure
    }

    private func meaning(of step: Step, _ given: [Meaning], output: Int) -> Meaning {
        // A step on what is no score or row hands on why.
        for case .other(let reason) in given { return .other(reason) }
        let unsupported = Meaning.other(
            ForestFailure(
                at: step.place, "more than trees, which the scorer does not run; give the model the features that this step makes"))
        switch (step.operation, given.first) {
        case (.identity, let first?), (.zipMap, let first?): return first
        case (.cast(let type), .row(let isRounded)?) where type == .float || type == .double:
            return .row(isRounded: isRounded || type == .float)
        case (.cast(let type), .inputs(let range, let isRounded)?) where type == .float || type == .double:
            return .inputs(range, isRounded: isRounded || type == .float)
        case (.cast(let type), .score(let ensemble)?) where type == .float || type == .double: return .score(ensemble)
        case (.concat(axis: 1), _):
            var end = 0
            var roundings: [Bool] = []
            for case .inputs(let range, let isRounded) in given where range.lowerBound == end {
                end = range.upperBound
                roundings.append(isRounded)
            }
            guard roundings.count == given.count, Set(roundings).count == 1 else { return unsupported }
            return end == inputs.count ? .row(isRounded: roundings[0]) : .inputs(0..<end, isRounded: roundings[0])
        case (.trees(let operation), .row(let isRounded)?):
            guard operation.labels == nil || output == 1 else {
                return .other(ForestFailure(at: step.place, "a label, which is no score"))
            }
            do throws(ForestFailure) {
                var ensemble = try operation.scoreEnsemble(at: step.place)
                if isRounded { ensemble.inputPrecision = .single }
                return .score(ensemble)
            } catch { return .other(error) }
        case (.unary(.sigmoid), .score(var ensemble)?) where ensemble.link == .identity:
            ensemble.link = .logistic
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
