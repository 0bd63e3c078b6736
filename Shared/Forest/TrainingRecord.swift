package import RiskDomain

/// What a model was fitted on and how well it did: kept in the model file for people, not used for scoring.
package struct TrainingRecord: Hashable, Sendable {
    /// A parameter as text, such as `trees` = `100`.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A measured figure, such as `test.roc_auc` = 0.867; finite.
    package struct Metric: Hashable, Sendable {
        package var name: String
        package var value: Double

        package init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// First instant of the training period.
    package var from: EventTime
    /// First instant after the training period.
    package var until: EventTime
    package var rowCount: Int
    package var fraudCount: Int
    package var seed: UInt64
    /// In the order they are written; names are unique.
    package var parameters: [Parameter]
    /// In the order they are written; names are unique.
    package var metrics: [Metric]

    package init(
        from: EventTime, until: EventTime, rowCount: Int, fraudCount: Int, seed: UInt64, parameters: [Parameter] = [],
        metrics: [Metric] = []
    ) {
        self.from = from
        self.until = until
        self.rowCount = rowCount
        self.fraudCount = fraudCount
        self.seed = seed
        self.parameters = parameters
        self.metrics = metrics
    }
}
