package import FrameServer
import GroupCoordinator
import KafkaProtocol
import RecordLog

extension BrokerNode {
    /// On the loop. Walks all partitions.
    package func metrics(_ server: ServerCounters) -> BrokerMetrics {
        var metrics = BrokerMetrics()
        for api in ApiKey.allCases where counters.requests[Int(api.rawValue)] > 0 {
            metrics.requests[api.name] = counters.requests[Int(api.rawValue)]
        }
        metrics.errors = counters.errors
        metrics.server = server
        metrics.connectionsRefused = counters.connectionsRefused
        metrics.recordsAppended = counters.recordsAppended
        metrics.bytesAppended = counters.bytesAppended
        metrics.duplicateBatches = counters.duplicateBatches
        metrics.topics = store.topicCount
        metrics.partitions = store.partitionCount
        for partitions in logs.values {
            for case let partition? in partitions {
                metrics.logBytes += partition.log.byteCount
                metrics.segments += partition.log.segmentCount
            }
        }
        metrics.segmentsRemoved = counters.segmentsRemoved
        metrics.waitingFetches = waitingFetches.count
        metrics.groups = coordinator.groupCount
        for (kind, count) in faultEngine.injected { metrics.injectedFaults[kind.rawValue] = count }
        metrics.flushes = flusher.flushCount
        metrics.flushMicros = flusher.flushMicros
        metrics.flushMicrosMax = flusher.flushMicrosMax
        return metrics
    }
}
