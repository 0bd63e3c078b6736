package import Features
package import Forest
internal import Hashing
package import RiskDomain
internal import Stages

/// Seeded card traffic: transactions, their outcomes, repetitions, conflicts and rubbish, as messages of the public topics
/// and as the offline engine takes them.
package struct CardTraffic {
    package struct Message {
        package var partition: Int32
        /// Nil: a message without a value.
        package var value: [UInt8]?
        package var timestampMicros: Int64
        /// Place in ``offline``; nil for rubbish and outcomes.
        package var transaction: Int?
    }

    package private(set) var transactions: [Message] = []
    package private(set) var outcomes: [Message] = []
    /// What the offline engine sees, repetitions and conflicts included.
    package private(set) var offline: [OfflineTransaction] = []
    package private(set) var offlineOutcomes: [OfflineOutcome] = []
    package private(set) var rubbishCount = 0
    package private(set) var repeatCount = 0
    package private(set) var conflictCount = 0

    /// Traffic of `days` days from 2018-06-25. A customer's records lie in one partition, in the order of their times.
    package init(seed: UInt64, count: Int, days: Int, transactionsPartitions: Int, outcomesPartitions: Int) {
        var random = Seeded(seed)
        let start: Int64 = 1_529_884_800_000_000
        let span = Int64(days) * 86_400_000_000
        let times = (0..<count).map { _ in start + Int64(random.below(Int(span / 1_000_000))) * 1_000_000 }.sorted()
        var known: [(time: Int64, message: Message)] = []
        for (index, time) in times.enumerated() {
            let customer = random.below(40)
            let terminal = random.below(15)
            let partition = Int32(customer % transactionsPartitions)
            if random.chance(3) { rubbish(partition, time, &random) }
            if random.chance(3), let earlier = offline.indices.last(where: { offline[$0].entities[0] == CardTraffic.key("c", customer) }) {
                // The same transaction again, or its id with another amount.
                var copy = offline[earlier]
                let isConflict = random.chance(40)
                if isConflict {
                    copy.amountMinor += 1
                    conflictCount += 1
                } else {
                    repeatCount += 1
                }
                add(copy, partition: partition, timestamp: time)
                continue
            }
            let amount = Int64(1 + random.below(30_000))
            add(
                OfflineTransaction(
                    id: Array("t\(index)".utf8), time: EventTime(micros: time), amountMinor: amount, currencyExponent: 2,
                    entities: [CardTraffic.key("c", customer), CardTraffic.key("m", terminal)]), partition: partition, timestamp: time)
            guard random.chance(15) else { continue }
            // Known from three hours to ten days later; some are corrected later still, some said twice.
            var at = time + 10_800_000_000 + Int64(random.below(860_000)) * 1_000_000
            let verdict = Verdict.allCases[random.below(3)]
            for correction in 0..<1 + (random.chance(20) ? 1 : 0) {
                let said = correction == 0 || random.chance(50) ? verdict : .cleared
                offlineOutcomes.append(OfflineOutcome(transaction: offline.count - 1, time: EventTime(micros: at), verdict: said))
                known.append((at, outcome(of: offline.count - 1, customer, at, said, outcomesPartitions)))
                at += 86_400_000_000
            }
        }
        outcomes = known.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element.message)
        let order = offlineOutcomes.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        offlineOutcomes = order.map(\.element)
    }

    private static func key(_ letter: String, _ number: Int) -> [UInt8] { Array("\(letter)\(number)".utf8) }

    private mutating func add(_ transaction: OfflineTransaction, partition: Int32, timestamp: Int64) {
        let cents = transaction.amountMinor % 100
        let amount = "\(transaction.amountMinor / 100).\(cents < 10 ? "0" : "")\(cents)"
        let json = """
            {"transaction_id":"\(text(transaction.id))","time":"\(CardTraffic.iso(transaction.time))","amount":\(amount),"currency":"EUR",\
            "customer":"\(text(transaction.entities[0]))","terminal":"\(text(transaction.entities[1]))"}
            """
        transactions.append(
            Message(partition: partition, value: Array(json.utf8), timestampMicros: timestamp, transaction: offline.count))
        offline.append(transaction)
    }

    private func outcome(of index: Int, _ customer: Int, _ at: Int64, _ verdict: Verdict, _ partitions: Int) -> Message {
        let transaction = offline[index]
        let json = """
            {"transaction_id":"\(text(transaction.id))","transaction_time":"\(CardTraffic.iso(transaction.time))",\
            "time":"\(CardTraffic.iso(EventTime(micros: at)))","customer":"\(text(transaction.entities[0]))",\
            "terminal":"\(text(transaction.entities[1]))","verdict":"\(verdict.word)"}
            """
        return Message(partition: Int32(customer % partitions), value: Array(json.utf8), timestampMicros: at, transaction: nil)
    }

    private mutating func rubbish(_ partition: Int32, _ time: Int64, _ random: inout Seeded) {
        let values: [[UInt8]?] = [
            nil, [], Array("{".utf8), [0xFF, 0x00, 0xC3], Array(#"{"transaction_id":"x"}"#.utf8), Array(#"{"a":1,"a":2}"#.utf8),
        ]
        transactions.append(
            Message(partition: partition, value: values[random.below(values.count)], timestampMicros: time, transaction: nil))
        rubbishCount += 1
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func iso(_ time: EventTime) -> String { "\(time)" }
}

extension SimulatedSuite {
    /// Appends the traffic to the public topics.
    ///
    /// - Returns: By source coordinates, the place of each transaction in ``CardTraffic/offline``.
    @discardableResult
    package func produce(_ traffic: CardTraffic) -> [SourceCoordinates: Int] {
        var places: [SourceCoordinates: Int] = [:]
        for message in traffic.transactions {
            let offset = logs.append(
                message.value, to: topics.transactions, partition: message.partition, timestampMicros: message.timestampMicros)
            if let place = message.transaction {
                places[SourceCoordinates(topic: .transactions, partition: message.partition, offset: offset)] = place
            }
        }
        for message in traffic.outcomes {
            logs.append(message.value, to: topics.outcomes, partition: message.partition, timestampMicros: message.timestampMicros)
        }
        return places
    }

    /// A small forest over the card features, different for each seed; those of odd seeds tell their reasons in words.
    package static func forest(seed: UInt64) throws -> Forest {
        var random = Seeded(seed)
        let features = try cardFeatures()
        let trees = (0..<5).map { _ in
            var tree = Tree()
            _ = tree.appendLeaf(value: 0.5, cover: 100)
            for _ in 0..<12 {
                let leaves = (0..<tree.nodeCount).filter { tree.isLeaf($0) }
                let leaf = leaves[random.below(leaves.count)]
                let feature = random.below(features.featureCount)
                let threshold =
                    feature == 0 || features.featureNames[feature].contains("AVG") ? Double(random.below(300)) : Double(random.below(8)) / 2
                let left = tree.appendLeaf(value: Double(random.below(1_000)) / 1_000, cover: 10)
                let right = tree.appendLeaf(value: Double(random.below(1_000)) / 1_000, cover: 10)
                tree.split(leaf, feature: feature, threshold: threshold, left: left, right: right, missingGoesLeft: random.chance(50))
            }
            return tree
        }
        return try Forest(
            kind: .forest, features: features.featureNames, featureSet: features.hash,
            thresholds: DecisionThresholds(review: 0.45, decline: 0.6), reasons: seed % 2 == 1 ? cardReasons() : nil, trees: trees)
    }
}
