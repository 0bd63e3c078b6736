import KafkaProtocol

/// A Fetch that found too little and waits for more, for its deadline or for an end of its partitions.
final class WaitingFetch {
    let context: RequestContext
    let request: FetchRequest
    let deadlineTick: Int64
    /// What is still missing; appends count it down.
    var bytesMissing: Int
    let partitions: [Partition]
    /// Its place in ``WaitingFetches``; nil when it waits no more.
    fileprivate(set) var place: Int?
    /// Answered at the end of the turn.
    var isReady = false

    init(context: RequestContext, request: FetchRequest, deadlineTick: Int64, bytesMissing: Int, partitions: [Partition]) {
        self.context = context
        self.request = request
        self.deadlineTick = deadlineTick
        self.bytesMissing = bytesMissing
        self.partitions = partitions
    }
}

/// Waiting fetches in a binary heap by deadline. One for each connection at most, so the server's limit bounds it.
struct WaitingFetches {
    private var heap: [WaitingFetch] = []

    var count: Int { heap.count }
    var first: WaitingFetch? { heap.first }
    var all: [WaitingFetch] { heap }

    mutating func insert(_ fetch: WaitingFetch) {
        fetch.place = heap.count
        heap.append(fetch)
        rise(heap.count - 1)
        for partition in fetch.partitions { partition.waiters.append(fetch) }
    }

    mutating func remove(_ fetch: WaitingFetch) {
        guard let place = fetch.place else { return }
        fetch.place = nil
        for partition in fetch.partitions { partition.waiters.removeAll { $0 === fetch } }
        let last = heap.removeLast()
        if last === fetch { return }
        heap[place] = last
        last.place = place
        rise(place)
        sink(last.place ?? place)
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].deadlineTick <= heap[child].deadlineTick { return }
            exchange(parent, child)
            child = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].deadlineTick < heap[least].deadlineTick { least = child }
            }
            if least == parent { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        heap[left].place = left
        heap[right].place = right
    }
}
