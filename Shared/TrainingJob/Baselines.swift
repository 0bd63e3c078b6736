import Evaluation
import Features
import Forest
import RiskDomain
import Training

/// What every model should beat, fitted to the same rows and judged on the same rows: logistic regression, and two trees of depth 2.
struct Baselines {
    private(set) var reports: [EvaluationReport] = []
    /// Why one is missing.
    private(set) var remarks: [String] = []

    init(_ recipe: ModelRecipe, _ plan: TrainingPlan, _ features: FeatureSet, _ options: TrainerOptions) async throws {
        func report(_ name: String, _ rows: ScoredRows, _ thresholds: DecisionThresholds) -> EvaluationReport {
            EvaluationReport(model: name, rows, thresholds: thresholds, k: options.cardCount, costs: options.costs)
        }
        do {
            let regression = try LogisticRegression(plan.set, rows: plan.train)
            // As few weights as features: what it says of its own rows holds for others.
            let thresholds = recipe.targets.thresholds(
                scores: regression.scores(of: plan.train, in: plan.set), isFraud: plan.train.map { plan.set.isFraud[$0] })
            let rows = plan.set.scored(plan.test, as: regression.scores(of: plan.test, in: plan.set), amounts: plan.amounts)
            reports.append(report("logistic regression", rows, thresholds))
        } catch {
            remarks.append("logistic regression is not among the baselines: \(error.place): \(error.problem)")
        }
        for criterion in [SplitCriterion.gini, .entropy] {
            let recipe = ModelRecipe(algorithm: .tree(TreeParameters(criterion: criterion, depthMax: 2)), targets: recipe.targets)
            let tree = try await recipe.fit(plan.set, rows: plan.train, featureSet: features.hash)
            reports.append(report(recipe.name, plan.set.scored(plan.test, by: ForestScorer(tree), amounts: plan.amounts), tree.thresholds))
        }
    }
}
