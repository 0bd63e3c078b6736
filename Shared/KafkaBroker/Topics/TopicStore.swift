package import KafkaProtocol

package struct Topic: Hashable, Sendable {
    package var name: String
    package var id: Uuid
    package var partitionCount: Int
    package var config: TopicConfig
}

/// The topics, ids and counters that outlive the process, kept in `broker.json`.
///
/// Every change is on the disk before the function returns; when that fails, memory is as before.
/// A topic exists from the moment it is in the file: its directories are made when they are missing. It is gone from the
/// moment it is moved to the file's list of removed ones; its directories are set aside after that, and again at start if need be.
package final class TopicStore {
    private let directory: DataDirectory
    private var metadata: BrokerMetadata
    private var topicsByName: [String: Topic] = [:]
    private var namesById: [Uuid: String] = [:]
    private var collisionKeys: [String: String] = [:]
    package private(set) var partitionCount = 0
    private var generator = SystemRandomNumberGenerator()
    /// Producer ids reserved in the file and not given out yet.
    private var producerIds: Range<Int64> = 0..<0
    /// As many as Kafka's controller gives a broker at once.
    private static let producerIdBlockSize: Int64 = 1_000

    package init(directory: DataDirectory) throws(DiskFailure) {
        self.directory = directory
        let path = directory.metadataPath
        if let bytes = try DataDirectory.read(path, byteCountMax: MetadataFile.byteCountMax) {
            switch MetadataFile.decode(bytes) {
            case .success(let metadata): self.metadata = metadata
            case .failure(let unreadable): throw DiskFailure("read", path, problem: unreadable.problem)
            }
        } else {
            metadata = BrokerMetadata(clusterId: Uuid.random(using: &generator).description)
            try directory.replace(path, with: MetadataFile.encode(metadata))
        }
        for topic in metadata.topics { index(topic) }
        for topic in metadata.removed { try setAside(topic) }
        metadata.removed = []
    }

    package var clusterId: String { metadata.clusterId }
    package var topicCount: Int { topicsByName.count }
    /// Sorted by name.
    package var topics: [Topic] { metadata.topics }
    package func topic(_ name: String) -> Topic? { topicsByName[name] }
    package func topic(id: Uuid) -> Topic? { namesById[id].flatMap { topicsByName[$0] } }

    /// A topic whose name differs in `.` and `_` alone.
    func collidingTopic(_ name: String) -> String? { collisionKeys[TopicName.collisionKey(name)] }

    func newTopicId() -> Uuid { Uuid.random(using: &generator) }

    /// - Precondition: The names are new and good.
    package func add(_ topics: [Topic]) throws(DiskFailure) {
        // Left by a removal that failed half-way: a new topic must not find the old one's log.
        for topic in metadata.removed { try setAside(topic) }
        metadata.removed = []
        var draft = metadata
        draft.topics.append(contentsOf: topics)
        draft.topics.sort { $0.name < $1.name }
        try commit(draft)
        for topic in topics { index(topic) }
    }

    /// Changes topics that exist: more partitions, another configuration.
    package func update(_ topics: [Topic]) throws(DiskFailure) {
        var draft = metadata
        let changed = Dictionary(topics.map { ($0.name, $0) }) { _, last in last }
        for index in draft.topics.indices {
            if let topic = changed[draft.topics[index].name] { draft.topics[index] = topic }
        }
        try commit(draft)
        for (name, topic) in changed {
            partitionCount += topic.partitionCount - (topicsByName[name]?.partitionCount ?? 0)
            topicsByName[name] = topic
        }
    }

    /// The logs must be closed. The directories are set aside; ``removeSome()`` removes them.
    package func remove(_ names: Set<String>) throws(DiskFailure) {
        var draft = metadata
        draft.removed = draft.topics.filter { names.contains($0.name) }
        draft.topics.removeAll { names.contains($0.name) }
        try commit(draft)
        for topic in draft.removed {
            topicsByName[topic.name] = nil
            namesById[topic.id] = nil
            collisionKeys[TopicName.collisionKey(topic.name)] = nil
            partitionCount -= topic.partitionCount
        }
        for topic in draft.removed { try setAside(topic) }
        directory.flushDirectory(directory.path + "/topics")
        // Written with the next change: until then a restart looks for these directories again and finds none.
        metadata.removed = []
    }

    /// A small step of the removal of what was deleted.
    ///
    /// - Returns: Whether more is left.
    package func removeSome() -> Bool { directory.removeSome(fileCountMax: 8) }

    /// An id that this broker gave nobody before, over crashes too: a block is reserved in the file before its first is used.
    package func nextProducerId() throws(DiskFailure) -> Int64 {
        if producerIds.isEmpty {
            var draft = metadata
            let first = draft.producerIdNext
            draft.producerIdNext += TopicStore.producerIdBlockSize
            try commit(draft)
            producerIds = first..<draft.producerIdNext
        }
        return producerIds.removeFirst()
    }

    private func commit(_ draft: BrokerMetadata) throws(DiskFailure) {
        try directory.replace(directory.metadataPath, with: MetadataFile.encode(draft))
        metadata = draft
    }

    private func index(_ topic: Topic) {
        topicsByName[topic.name] = topic
        namesById[topic.id] = topic.name
        collisionKeys[TopicName.collisionKey(topic.name)] = topic.name
        partitionCount += topic.partitionCount
    }

    private func setAside(_ topic: Topic) throws(DiskFailure) {
        for partition in 0..<topic.partitionCount { try directory.setAside(topic.name, topic.id.description, partition) }
    }
}
