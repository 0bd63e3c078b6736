/// What was measured of a stage at one instant. Counters, not rates: rates come from two samples.
package struct StageSample: Hashable, Sendable {
    /// On a monotonic clock whose origin does not matter.
    package var at: Duration
    /// Records that ever arrived: the sum of the input partitions' high watermarks.
    package var arrivedTotal: Int64
    /// Records that are done: the sum of the next offsets.
    package var servedTotal: Int64
    /// Input partitions; 0 while the topic is not there.
    package var partitionCount: Int

    package init(at: Duration, arrivedTotal: Int64, servedTotal: Int64, partitionCount: Int) {
        self.at = at
        self.arrivedTotal = arrivedTotal
        self.servedTotal = servedTotal
        self.partitionCount = partitionCount
    }

    /// Records that wait. Never negative: the two counters are read a moment apart.
    package var lagTotal: Int64 { max(0, arrivedTotal.subtractingReportingOverflow(servedTotal).partialValue) }

    /// Records a second between an earlier sample and this one; nil where time stood still or the counter went back
    /// (a topic that was made anew).
    func rates(since earlier: StageSample?) -> (arrival: Double?, service: Double?) {
        guard let earlier, at > earlier.at else { return (nil, nil) }
        let span = (at - earlier.at) / .seconds(1)
        func rate(_ now: Int64, _ then: Int64) -> Double? { now < then ? nil : Double(now - then) / span }
        return (rate(arrivedTotal, earlier.arrivedTotal), rate(servedTotal, earlier.servedTotal))
    }
}
