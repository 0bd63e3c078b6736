import Evaluation
import Features
import Forest
import Hashing
import Hosting
import HtmlReport
import Onnx
import Postgres
import RiskDomain
import ServiceRuntime
import Training

/// One run from data to model file.
struct TrainerRun: Sendable {
    var options: TrainerOptions
    var postgres: PostgresConfiguration
    /// Where progress is shown.
    var progress: ProgressBar.Output

    /// Reads, computes features, fits, evaluates and writes.
    ///
    /// - Returns: What to print: the report as text, or as JSON.
    /// - Throws: ``TrainerFault`` and the failures of the rooms, each told in one line.
    func run() async throws -> String {
        let clock = ContinuousClock()
        let start = clock.now
        for path in [options.modelPath].compactMap(\.self) + options.jsonPaths + options.pagePaths { try FileBytes.checkWritable(path) }
        let features = try SuiteFiles.features(path: options.featuresPath)
        let reasons =
            try options.reasonsPath.map { try SuiteFiles.reasons(path: $0) } ?? SuiteFiles.reasons(beside: options.featuresPath)
        // Words that do not fit the features are told before hours of training, not after.
        _ = try reasons?.words(for: features.featureNames)
        if let unknown = options.slices.first(where: { !features.featureNames.contains($0) }) {
            throw TrainerFault("--slice \(unknown): the features file has no such feature")
        }
        let plan = try TrainingPlan(try await history(features), features, options, progress: progress)
        let fitStart = clock.now
        let bar = ProgressBar(
            "Growing trees", total: options.recipe.treeCount(of: options.shard) * plan.folds.count, unit: "trees", output: progress)
        var folds: [FittedFold] = []
        for fold in plan.folds { folds.append(try await fitted(fold, plan, features) { bar.advance() }) }
        bar.finish()
        let fitTime = fitStart.duration(to: clock.now)
        var own = folds[folds.count - 1]
        try await addIntervals(&own)
        own.forest = try own.forest.replacing(thresholds: own.forest.thresholds, training: record(own.forest.training, own.evaluation))
            .replacing(reasons: reasons)
        var compared: [EvaluationReport] = []
        if options.isComparing {
            for criterion in [SplitCriterion.gini, .entropy] {
                let recipe = ModelRecipe(algorithm: .tree(TreeParameters(criterion: criterion, depthMax: 2)))
                let tree = try await recipe.fit(plan.set, rows: plan.train, featureSet: features.hash)
                compared.append(
                    EvaluationReport(
                        model: recipe.name, plan.set.scored(plan.test, by: FlatEngine(tree), amounts: plan.amounts),
                        thresholds: tree.thresholds, k: options.cardCount, costs: options.costs))
            }
        }
        let model = own.forest.encode()
        let hash = ContentHash(of: model)
        let report = TrainingReport(
            features: features, plan: plan, forest: own.forest, hash: hash, rows: own.rows, evaluation: own.evaluation, compared: compared,
            folds: plan.folds.count > 1 ? folds.map(\.evaluation) : [],
            importance: FeatureImportance(own.forest, criterion: options.recipe.criterion),
            measured: try MeasuredImportance(own.forest, plan.set, rows: plan.test, seed: options.recipe.seed, progress: progress),
            trainScores: own.trainScores, slices: options.slices)
        if let path = options.modelPath { try FileBytes.write(model, to: path) }
        for path in options.jsonPaths { try FileBytes.write(report.json, to: path) }
        for path in options.pagePaths { try FileBytes.write(report.page.render(), to: path) }
        if options.isJson { return String(decoding: report.json, as: UTF8.self) }
        let trees = own.forest.treeCount == 1 ? "1 tree" : "\(TextNumber.grouped(own.forest.treeCount)) trees"
        let place = options.modelPath.map { ", written to \($0)" } ?? "; --out FILE keeps it"
        var lines = [
            report.text,
            "model \(hash.short), features \(features.name) \(features.hash.short): \(trees), "
                + "\(TextNumber.grouped(own.forest.nodeCount)) nodes, \(TextNumber.grouped(model.count)) bytes\(place)",
        ]
        if !options.pagePaths.isEmpty { lines.append("report written to \(options.pagePaths.joined(separator: ", "))") }
        lines.append("fitted in \(seconds(fitTime)) s of \(seconds(start.duration(to: clock.now))) s")
        return lines.joined(separator: "\n") + "\n"
    }

    private func history(_ features: FeatureSet) async throws -> LabelledHistory {
        if options.isFromPostgres {
            return try await LedgerHistory(configuration: postgres, entityCount: features.entities.count, progress: progress).read()
        }
        return try CardCsv(features: features, outcomeDelayMicros: options.outcomeDelayMicros, progress: progress).read(options.csvPaths)
    }

    /// A model and how it did on the rows that followed.
    private struct FittedFold {
        var forest: Forest
        /// The test rows, scored.
        var rows: ScoredRows
        var evaluation: EvaluationReport
        /// How it scores the rows it learnt from, out-of-bag where it can; and whether it can.
        var trainScores: TrainingReport.TrainScores
    }

    private func fitted(
        _ fold: TrainingPlan.Fold, _ plan: TrainingPlan, _ features: FeatureSet, progress: @escaping @Sendable () -> Void
    ) async throws -> FittedFold {
        let fit = try await options.recipe.fitted(
            fold.set, rows: fold.train, featureSet: features.hash, shard: options.shard, progress: progress)
        let thresholds = asked(over: chosen(fit, fold, plan))
        let forest = try fit.forest.replacing(thresholds: thresholds, training: fit.forest.training)
        let rows = fold.set.scored(fold.test, by: FlatEngine(forest), amounts: plan.amounts)
        return FittedFold(
            forest: forest, rows: rows,
            evaluation: EvaluationReport(
                model: options.recipe.name, rows, thresholds: thresholds, k: options.cardCount, costs: options.costs),
            trainScores: .init(scores: fit.scores, isOutOfBag: fit.isOutOfBag))
    }

    /// Thresholds by the costs, or by the alerts of a day, or as the recipe has them; on the scores that the recipe chose them on.
    private func chosen(_ fit: ModelRecipe.Fit, _ fold: TrainingPlan.Fold, _ plan: TrainingPlan) -> DecisionThresholds {
        let rows = ScoredRows(
            scores: fit.scores, isFraud: fit.rows.map { fold.set.isFraud[$0] }, times: fit.rows.map { fold.set.times[$0] },
            customers: fit.rows.map { fold.set.customers[$0] }, amounts: fit.rows.map { plan.amounts[$0] })
        if options.isCostChoosing { return CostCurve(rows, options.costs).thresholds }
        guard let alertsPerDay = options.alertsPerDay else { return fit.forest.thresholds }
        // Rows left out of no bag are few; the budget is scaled to those that were scored.
        let share = Double(fit.rows.count) / Double(max(1, fold.train.count))
        let alertCount = Int(Double(alertsPerDay) * Double(options.trainDays) * share)
        let review =
            ThresholdChoice.lowest(withinAlerts: alertCount, scores: rows.scores, isFraud: rows.isFraud).map { $0.threshold } ?? 1
        return DecisionThresholds(review: review, decline: max(review, fit.forest.thresholds.decline))
    }

    /// A threshold that was asked for wins, and moves the other one where the two would cross.
    private func asked(over fitted: DecisionThresholds) -> DecisionThresholds {
        let review = options.reviewAt ?? min(fitted.review, options.declineAt ?? 1)
        return DecisionThresholds(review: review, decline: max(review, options.declineAt ?? fitted.decline))
    }

    private func addIntervals(_ fold: inout FittedFold) async throws {
        guard options.replicateCount > 0 else { return }
        let bar = ProgressBar("Resampling customers", total: options.replicateCount, unit: "samples", output: progress)
        await fold.evaluation.addIntervals(
            fold.rows, CustomerBootstrap(replicateCount: options.replicateCount, seed: options.recipe.seed)
        ) { bar.advance() }
        bar.finish()
    }

    private func record(_ record: TrainingRecord?, _ evaluation: EvaluationReport) -> TrainingRecord? {
        guard var record else { return nil }
        let delay = ConfigurationValue.duration(.microseconds(options.outcomeDelayMicros)).text
        record.parameters += [
            .init("protocol", options.foldCount > 1 ? "prequential" : "handbook"), .init("train_days", "\(options.trainDays)"),
            .init("delay_days", "\(options.delayDays)"), .init("test_days", "\(options.testDays)"),
            .init("outcomes", options.isFromPostgres ? "as recorded" : "\(delay) after the transaction"),
        ]
        if options.isCostChoosing {
            let costs = options.costs
            record.parameters += [
                .init("threshold_choice", "cost"),
                .init(
                    "costs",
                    "missed \(costs.missedFraud) + \(costs.missedFraudShare) of the amount, declined \(costs.falseDecline) + \(costs.falseDeclineShare) of the amount, review \(costs.review)"
                ),
            ]
        }
        if let alertsPerDay = options.alertsPerDay { record.parameters.append(.init("alerts_per_day", "\(alertsPerDay)")) }
        if let reviewAt = options.reviewAt { record.parameters.append(.init("review_at", "\(reviewAt)")) }
        if let declineAt = options.declineAt { record.parameters.append(.init("decline_at", "\(declineAt)")) }
        record.metrics = evaluation.metrics
        return record
    }

    private func seconds(_ duration: Duration) -> String { TextNumber.fixed(duration / .seconds(1), decimals: 1) }
}
