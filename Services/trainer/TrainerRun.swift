import Evaluation
import Features
import Forest
import Hashing
import Hosting
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
    /// - Throws: ``TrainerFault`` and the failures of the rooms, each told in one line.
    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        for path in [options.modelPath, options.reportPath].compactMap(\.self) { try OutputFile.check(path) }
        let features = try SuiteFiles.features(path: options.featuresPath)
        let plan = try TrainingPlan(try await history(features), features, options, progress: progress)
        let fitStart = clock.now
        let bar = ProgressBar("Growing trees", total: options.recipe.treeCount, unit: "trees", output: progress)
        var forest = try await options.recipe.fit(plan.set, rows: plan.train, featureSet: features.hash) { bar.advance() }
        bar.finish()
        let fitted = clock.now
        let thresholds = chosenThresholds(forest.thresholds)
        forest = try forest.replacing(thresholds: thresholds, training: forest.training)
        var evaluations = [EvaluationReport(model: options.recipe.name, forest: forest, on: plan.set, rows: plan.test)]
        forest = try forest.replacing(thresholds: thresholds, training: record(forest.training, evaluations[0]))
        if options.isComparing {
            for criterion in [SplitCriterion.gini, .entropy] {
                let recipe = ModelRecipe(algorithm: .tree(TreeParameters(criterion: criterion, depthMax: 2)))
                let tree = try await recipe.fit(plan.set, rows: plan.train, featureSet: features.hash)
                evaluations.append(EvaluationReport(model: recipe.name, forest: tree, on: plan.set, rows: plan.test))
            }
        }
        let report = TrainingReport(
            features: features, plan: plan, forest: forest, evaluations: evaluations,
            importance: FeatureImportance(forest, criterion: options.recipe.criterion))
        let model = forest.encode()
        if let path = options.modelPath { try OutputFile.write(model, to: path) }
        if let path = options.reportPath { try OutputFile.write(report.json, to: path) }
        if options.isJson { return print(String(decoding: report.json, as: UTF8.self), terminator: "") }
        print(report.text)
        print(
            "model \(forest.contentHash.short), features \(features.name) \(features.hash.short): "
                + "\(forest.trees.count) \(forest.trees.count == 1 ? "tree" : "trees"), \(TextNumber.grouped(forest.nodeCount)) nodes, "
                + "\(TextNumber.grouped(model.count)) bytes" + (options.modelPath.map { ", written to \($0)" } ?? "; --out FILE keeps it"))
        print("fitted in \(seconds(fitStart.duration(to: fitted))) s of \(seconds(start.duration(to: clock.now))) s")
    }

    private func history(_ features: FeatureSet) async throws -> LabelledHistory {
        if options.isFromPostgres {
            return try await LedgerHistory(configuration: postgres, entityCount: features.entities.count, progress: progress).read()
        }
        return try CardCsv(features: features, outcomeDelayMicros: options.outcomeDelayMicros, progress: progress).read(options.csvPaths)
    }

    /// A threshold that was asked for wins, and moves the other one where the two would cross.
    private func chosenThresholds(_ fitted: DecisionThresholds) -> DecisionThresholds {
        let review = options.reviewAt ?? min(fitted.review, options.declineAt ?? 1)
        return DecisionThresholds(review: review, decline: max(review, options.declineAt ?? fitted.decline))
    }

    private func record(_ record: TrainingRecord?, _ evaluation: EvaluationReport) -> TrainingRecord? {
        guard var record else { return nil }
        let delay = ConfigurationValue.duration(.microseconds(options.outcomeDelayMicros)).text
        record.parameters += [
            .init("protocol", "handbook"), .init("train_days", "\(options.trainDays)"), .init("delay_days", "\(options.delayDays)"),
            .init("test_days", "\(options.testDays)"),
            .init("outcomes", options.isFromPostgres ? "as recorded" : "\(delay) after the transaction"),
        ]
        if let reviewAt = options.reviewAt { record.parameters.append(.init("review_at", "\(reviewAt)")) }
        if let declineAt = options.declineAt { record.parameters.append(.init("decline_at", "\(declineAt)")) }
        record.metrics = evaluation.metrics
        return record
    }

    private func seconds(_ duration: Duration) -> String { TextNumber.fixed(duration / .seconds(1), decimals: 1) }
}
