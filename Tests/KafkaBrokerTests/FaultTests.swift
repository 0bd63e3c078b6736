import Testing

@testable import KafkaBroker
@testable import KafkaProtocol
@testable import RecordLog

struct FaultTests {
    let directory = TemporaryDirectory()

    private func schedule(_ json: String) throws -> FaultSchedule { try FaultSchedule(json: Array(json.utf8)) }

    @Test func theSameSeedGivesTheSameFaults() throws {
        func hits(seed: UInt64) -> [Bool] {
            var rule = FaultRule(.drop)
            rule.probability = 0.3
            var engine = FaultEngine(FaultSchedule(seed: seed, rules: [FaultRule(.delay), rule]))
            return (0..<1_000).map { _ in engine.faults(api: 0, clientId: nil, targets: []).isDropped }
        }
        #expect(hits(seed: 1) == hits(seed: 1))
        #expect(hits(seed: 1) != hits(seed: 2))
        #expect((230...370).contains(hits(seed: 3).filter { $0 }.count))
    }

    @Test func rulesCountTheirOwnMatches() {
        var rule = FaultRule(.error, api: 0, topic: "t", partition: 1)
        rule.code = 6
        rule.after = 2
        rule.count = 1
        var engine = FaultEngine(FaultSchedule(seed: 0, rules: [rule]))
        var hits: [Bool] = []
        for _ in 0..<5 {
            #expect(engine.fault(api: 0, clientId: nil, topic: "t", partition: 0) == nil)
            #expect(engine.fault(api: 1, clientId: nil, topic: "t", partition: 1) == nil)
            hits.append(engine.fault(api: 0, clientId: nil, topic: "t", partition: 1) != nil)
        }
        #expect(hits == [false, false, true, false, false])
        #expect(engine.injected == [.error: 1])
    }

    @Test func aScheduleIsReadFromJson() throws {
        let schedule = try schedule(
            """
            {"seed": 7, "rules": [
              {"kind": "error", "api": "Produce", "topic": "t", "partition": 1, "code": "NOT_LEADER_OR_FOLLOWER", "probability": 0.5, "after": 3, "count": 4},
              {"kind": "crash", "api": 1, "clientId": "c", "point": "append.torn-write"}, {"kind": "slow-disk", "millis": 20}]}
            """)
        #expect(schedule.seed == 7)
        #expect(schedule.rules.map(\.kind) == [.error, .crash, .slowDisk])
        #expect(schedule.rules[0].code == 6 && schedule.rules[0].probability == 0.5)
        #expect(schedule.rules[1].point == .disk(.appendTornWrite) && schedule.rules[1].api == 1)
        #expect(schedule.rules[2].api == 0)
    }

    @Test(arguments: [
        "", "[]", "{\"x\":1}", "{\"rules\":[{}]}", "{\"rules\":[{\"kind\":\"maybe\"}]}", "{\"rules\":[{\"kind\":\"delay\"}]}",
        "{\"rules\":[{\"kind\":\"error\"}]}", "{\"rules\":[{\"kind\":\"drop\",\"api\":\"Nothing\"}]}",
        "{\"rules\":[{\"kind\":\"drop\",\"probability\":2}]}", "{\"rules\":[{\"kind\":\"crash\",\"point\":\"somewhere\"}]}",
        "{\"rules\":[{\"kind\":\"disk-full\",\"api\":\"Fetch\"}]}", "{\"rules\":[{\"kind\":\"drop\",\"colour\":1}]}", "{\"seed\":\"a\"}",
    ])
    func badSchedulesAreRefused(_ json: String) { #expect(throws: FaultSchedule.Invalid.self) { try schedule(json) } }

    @Test func faultsHappenAtTheDoor() throws {
        let bench = try Bench(directory)
        try bench.create("t")
        func produce(_ json: String) throws -> [Bench.Transport.Event] {
            bench.node.setFaults(try schedule("{\"rules\":[\(json)]}"))
            bench.send(Bench.produceRequest("t", Bench.batch(["a"])), version: 9)
            bench.node.setFaults(.none)
            return bench.events()
        }
        func end() -> Int64? { bench.node.partition("t", 0)?.log.endOffset }
        #expect(try produce("{\"kind\":\"disconnect-before\",\"api\":\"Produce\"}") == [.closed])
        #expect(end() == 0)
        #expect(try produce("{\"kind\":\"disconnect-after\",\"topic\":\"t\"}") == [.closed])
        #expect(end() == 1)
        #expect(try produce("{\"kind\":\"drop\",\"clientId\":\"test\"}") == [])
        #expect(end() == 2)
        #expect(try produce("{\"kind\":\"drop\",\"clientId\":\"other\"}").count == 1)
        guard case .response(_, delayMillis: 250)? = try produce("{\"kind\":\"slow-disk\",\"millis\":250}").first else {
            Issue.record("not delayed")
            return
        }
        guard case .response(let twice, _)? = try produce("{\"kind\":\"duplicate-response\"}").first else {
            Issue.record("not answered")
            return
        }
        #expect(Array(twice.prefix(twice.count / 2)) == Array(twice.suffix(twice.count / 2)))
        #expect(end() == 5)
    }

    @Test func faultsOfPartitionsAreErrorsAndDoNothing() throws {
        let bench = try Bench(directory)
        try bench.create("t", partitions: 2)
        func set(_ json: String) throws { bench.node.setFaults(try schedule("{\"rules\":[\(json)]}")) }
        try set("{\"kind\":\"error\",\"api\":\"Produce\",\"partition\":0,\"code\":19}")
        #expect(try bench.produce("t", 0, Bench.batch(["a"])).errorCode == 19)
        #expect(try bench.produce("t", 1, Bench.batch(["a"])).errorCode == 0)
        try set("{\"kind\":\"unavailable\",\"topic\":\"t\",\"partition\":0}")
        #expect(try bench.produce("t", 0, Bench.batch(["a"])).errorCode == ErrorCode.notLeaderOrFollower.rawValue)
        #expect(try bench.values(Bench.fetchRequest("t", from: 0)).answer.errorCode == ErrorCode.notLeaderOrFollower.rawValue)
        let partitions = try bench.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0].partitions
        #expect(partitions.map(\.errorCode) == [ErrorCode.leaderNotAvailable.rawValue, 0])
        #expect(partitions.map(\.leaderId) == [-1, 1])
        try set("{\"kind\":\"disk-full\"}")
        #expect(try bench.produce("t", 0, Bench.batch(["a"])).errorCode == ErrorCode.kafkaStorageError.rawValue)
        try set("{\"kind\":\"error\",\"api\":\"Heartbeat\",\"code\":\"COORDINATOR_NOT_AVAILABLE\"}")
        #expect(try bench.ask(HeartbeatRequest(groupId: "g", memberId: "m")).errorCode == 15)
        bench.node.setFaults(.none)
        #expect(try bench.produce("t", 0, Bench.batch(["a"])).baseOffset == 0)
        #expect(bench.node.faultEngine.injected[.unavailable] == 3)
    }
}
