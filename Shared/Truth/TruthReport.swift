package import Hashing

/// What a verification found.
package struct TruthReport: Sendable {
    /// How a unit's replay compares with what the live run committed.
    package enum Verdict: String, Sendable, Hashable {
        case proven = "ok"
        case differs = "MISMATCH"
        /// Later stages have not committed all that this unit accepted: its order is not whole in the tables yet.
        case lagging
    }

    package struct Unit: Sendable, Hashable {
        package var stage: String
        package var partition: Int32
        /// Records replayed, and records that the unit committed as accepted.
        package var records: Int64
        package var accepted: Int64
        /// Chain in `pipeline.progress`, and the one that the replay ended with.
        package var expected: Hash128
        package var found: Hash128
        package var verdict: Verdict
    }

    /// One thing that is not as it should be.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        package var stage: String
        package var partition: Int32?
        /// Source coordinates of the record, such as `transactions/2/1044`; empty when it is not about one record.
        package var record: String
        package var detail: String

        package var description: String {
            let place = partition.map { "\(stage)/\($0)" } ?? stage
            return record.isEmpty ? "\(place): \(detail)" : "\(place), record \(record): \(detail)"
        }
    }

    package var units: [Unit] = []
    /// The first findings, in the order in which they were met.
    package private(set) var findings: [Finding] = []
    package private(set) var findingCount = 0
    package var eventCount: Int64 = 0
    package var rejectedCount: Int64 = 0
    package var scoreCount: Int64 = 0
    package var markerCount: Int64 = 0
    /// Days of stages and partitions whose digest was recomputed.
    package var digestCount = 0

    /// Everything that ingest committed was scored or marked, so that every unit could be replayed.
    package var isDrained: Bool {
        eventCount == scoreCount + markerCount && !units.contains { $0.verdict == .lagging }
    }
    /// Nothing differs from what was committed.
    package var isConsistent: Bool { findingCount == 0 && !units.contains { $0.verdict == .differs } }

    package static let findingCountMax = 50

    mutating func note(_ stage: String, _ partition: Int32?, record: String = "", _ detail: String) {
        findingCount += 1
        if findings.count < TruthReport.findingCountMax {
            findings.append(Finding(stage: stage, partition: partition, record: record, detail: detail))
        }
    }
}

/// Why a verification could not be made at all.
package enum TruthFailure: Error, Sendable, CustomStringConvertible {
    case impossible(String)

    package var description: String {
        switch self {
        case .impossible(let detail): detail
        }
    }
}
