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
        let recipe = try options.recipe(for: features)
        let parts = try TrainerParts(options.partPaths)
        let plan = try TrainingPlan(try await history(features), features, options, progress: progress)
        let grown = try parts?.trees(agreeingWith: record(recipe.growthRecord(plan.set, rows: plan.train)), features)
        let fitStart = clock.now
        // Where each tree sees all rows, forests that judge are grown even beside the parts' trees.
        let growingCount = plan.folds.reduce(0) {
            $0 + recipe.grownCount(of: options.shard, rowCount: $1.train.count, isGrown: grown != nil)
        }
        let bar = ProgressBar("Growing trees", total: growingCount, unit: "trees", output: growingCount > 0 ? progress : .none)
        var folds: [FittedFold] = []
        for fold in plan.folds { folds.append(try await fitted(recipe, fold, plan, features, grown: grown) { bar.advance() }) }
        bar.finish()
        let fitTime = fitStart.duration(to: clock.now)
        var own = folds[folds.count - 1]
        try await addIntervals(&own)
        var told = own.fit.forest.training.map(record)
        told?.metrics = own.evaluation.metrics + (own.unseen?.unseenMetrics ?? [])
        own.fit.forest = try own.fit.forest.replacing(thresholds: own.fit.forest.thresholds, training: told).replacing(reasons: reasons)
        let baselines = options.isComparing ? try await Baselines(recipe, plan, features, options) : nil
        let forest = own.fit.forest
        let model = forest.encode()
        let hash = ContentHash(of: model)
        let report = TrainingReport(
            features: features, plan: plan, forest: forest, uncalibrated: own.fit.uncalibrated, hash: hash, rows: own.rows,
            evaluation: own.evaluation, unseen: own.unseen, compared: baselines?.reports ?? [],
            folds: plan.folds.count > 1 ? folds.map(\.evaluation) : [],
            importance: FeatureImportance(own.fit.uncalibrated, criterion: recipe.criterion),
            measured: try MeasuredImportance(forest, plan.set, rows: plan.test, seed: recipe.seed, progress: progress),
            trainScores: .init(scores: own.fit.scores, isUnseen: own.fit.basis != .fitted), compression: own.fit.compression,
            slices: options.slices, remarks: baselines?.remarks ?? [])
        if let path = options.modelPath { try FileBytes.write(model, to: path) }
        for path in options.jsonPaths { try FileBytes.write(report.json, to: path) }
        for path in options.pagePaths { try FileBytes.write(report.page.render(), to: path) }
        if options.isJson { return String(decoding: report.json, as: UTF8.self) }
        let trees = forest.treeCount == 1 ? "1 tree" : "\(TextNumber.grouped(forest.treeCount)) trees"
        let place = options.modelPath.map { ", written to \($0)" } ?? "; --out FILE keeps it"
        var lines = [
            report.text,
            "model \(hash.short), features \(features.name) \(features.hash.short): \(trees), "
                + "\(TextNumber.grouped(forest.nodeCount)) nodes, \(TextNumber.grouped(model.count)) bytes\(place)",
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
        var fit: ModelRecipe.Fit
        /// The test rows, scored.
        var rows: ScoredRows
        var evaluation: EvaluationReport
        /// How it does on the rows it learnt from, each scored by trees that did not see it; nil where there are none.
        var unseen: EvaluationReport?
    }

    private func fitted(
        _ recipe: ModelRecipe, _ fold: TrainingPlan.Fold, _ plan: TrainingPlan, _ features: FeatureSet, grown: [DecisionTree]?,
        progress: @escaping @Sendable () -> Void
    ) async throws -> FittedFold {
        var fit: ModelRecipe.Fit
        do throws(ForestFailure) {
            fit = try await recipe.fitted(
                fold.set, rows: fold.train, featureSet: features.hash, shard: options.shard, grown: grown, progress: progress)
        } catch {
            // There is no model file yet that the failure's own words could speak of.
            throw TrainerFault("\(error.place): \(error.problem)")
        }
        let learnt = ScoredRows(
            scores: fit.scores, isFraud: fit.rows.map { fold.set.isFraud[$0] }, times: fit.rows.map { fold.set.times[$0] },
            customers: fit.rows.map { fold.set.customers[$0] }, amounts: fit.rows.map { plan.amounts[$0] })
        let thresholds = asked(over: chosen(fit, learnt, of: fold.train.count))
        fit.forest = try fit.forest.replacing(thresholds: thresholds, training: fit.forest.training)
        let rows = fold.set.scored(fold.test, by: ForestScorer(fit.forest), amounts: plan.amounts)
        func report(_ name: String, _ rows: ScoredRows) -> EvaluationReport {
            EvaluationReport(model: name, rows, thresholds: thresholds, k: options.cardCount, costs: options.costs)
        }
        return FittedFold(
            fit: fit, rows: rows, evaluation: report(recipe.name, rows),
            unseen: fit.basis == .fitted ? nil : report("train rows, \(fit.basis.rawValue)", learnt))
    }

    /// Thresholds by the costs, or by the alerts of a day, or as the recipe has them; on the scores that the recipe chose them on.
    ///
    /// - Parameter learnt: The rows that the recipe chose them on, of `trainCount` in all.
    private func chosen(_ fit: ModelRecipe.Fit, _ learnt: ScoredRows, of trainCount: Int) -> DecisionThresholds {
        if options.isCostChoosing { return CostCurve(learnt, options.costs).thresholds }
        guard let alertsPerDay = options.alertsPerDay else { return fit.forest.thresholds }
        // Rows left out of no bag are few; the budget is scaled to those that were scored.
        let share = Double(learnt.count) / Double(max(1, trainCount))
        let alertCount = Int(Double(alertsPerDay) * Double(options.trainDays) * share)
        let review =
            ThresholdChoice.lowest(withinAlerts: alertCount, scores: learnt.scores, isFraud: learnt.isFraud).map { $0.threshold } ?? 1
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

    /// With what the trainer adds to the recipe's record.
    private func record(_ record: TrainingRecord) -> TrainingRecord {
        var record = record
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
        return record
    }

    private func seconds(_ duration: Duration) -> String { TextNumber.fixed(duration / .seconds(1), decimals: 1) }
}
