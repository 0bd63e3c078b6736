import Glibc
import Testing

@testable import ServiceRuntime

private struct Broken: Error, Equatable {}

/// A service that says when it starts and stops.
private func polite(_ name: String, _ recorder: Recorder) -> ClosureService {
    ClosureService(name) {
        recorder.append("+\(name) ")
        try await gracefulShutdown()
        recorder.append("-\(name) ")
    }
}

/// A group with hand-driven signals and a bound that never comes by itself.
private func configuration(_ members: [ServiceGroup.Member]) -> (ServiceGroup.Configuration, AsyncStream<UnixSignal>.Continuation) {
    var configuration = ServiceGroup.Configuration(members: members)
    let (signals, send) = AsyncStream<UnixSignal>.makeStream()
    configuration.signals = signals
    configuration.sleep = { _ in try await Task.sleep(for: .seconds(86_400)) }
    return (configuration, send)
}

@Suite(.timeLimit(.minutes(10))) struct ServiceGroupTests {
    @Test func servicesStartInOrderAndStopInReverse() async throws {
        let recorder = Recorder()
        let (configuration, signals) = configuration(["a", "b", "c"].map { .init(polite($0, recorder)) })
        signals.yield(.sigterm)
        try await ServiceGroup(configuration, logger: recordingLogger(Recorder())).run()
        #expect(recorder.text == "+a +b +c -c -b -a ")
    }

    @Test func aFailedServiceStopsTheOthersAndItsErrorIsThrown() async {
        let recorder = Recorder()
        let failing = ClosureService("failing") { throw Broken() }
        let (configuration, _) = configuration([.init(polite("a", recorder)), .init(failing), .init(polite("c", recorder))])
        await #expect(throws: Broken()) { try await ServiceGroup(configuration, logger: recordingLogger(Recorder())).run() }
        #expect(recorder.text == "+a +c -c -a ")
    }

    @Test func aServiceThatEndsByItselfIsAFaultUnlessItsWorkMayBeDone() async throws {
        let recorder = Recorder()
        let ending = ClosureService("job") { recorder.append("job ") }
        let (strict, _) = configuration([.init(polite("a", recorder)), .init(ending)])
        await #expect(throws: ServiceGroup.UnexpectedEnd(service: "job")) {
            try await ServiceGroup(strict, logger: recordingLogger(Recorder())).run()
        }
        let (batch, _) = configuration([
            .init(polite("a", recorder)), .init(ending, successTermination: .gracefullyShutdownGroup),
        ])
        try await ServiceGroup(batch, logger: recordingLogger(Recorder())).run()
        #expect(recorder.text == "+a job -a +a job -a ")
    }

    @Test(arguments: [false, true])
    func aHungServiceIsNamedAndTheProcessExits(bySecondSignal: Bool) async throws {
        let (recorder, log) = (Recorder(), Recorder())
        let (release, releaseNow) = AsyncStream<Void>.makeStream()
        let (bound, reachBound) = AsyncStream<Void>.makeStream()
        let (asked, tellAsked) = AsyncStream<Void>.makeStream()
        let hung = ClosureService("hung") {
            await withGracefulShutdownHandler {
                for await _ in release {}
            } onGracefulShutdown: {
                tellAsked.finish()
            }
        }
        var (configuration, signals) = configuration([.init(polite("a", recorder)), .init(hung), .init(polite("c", recorder))])
        configuration.sleep = { _ in
            for await _ in bound {}
            try Task.checkCancellation()
        }
        configuration.exitProcess = { code in
            recorder.append("exit \(code) ")
            releaseNow.finish()
        }
        let group = ServiceGroup(configuration, logger: recordingLogger(log))
        async let finished: Void = group.run()
        signals.yield(.sigint)
        for await _ in asked {}
        if bySecondSignal { signals.yield(.sigint) } else { reachBound.finish() }
        try await finished
        #expect(recorder.text == "+a +c -c exit 1 -a ")
        let complaint = log.all.filter { $0.contains("critical") }
        #expect(complaint.count == 1)
        #expect(complaint.first?.contains("\"service\":\"a, hung\"") == true)
    }

    @Test func aRequestFromInsideStopsTheGroupAndLateHandlersRunAtOnce() async throws {
        let recorder = Recorder()
        let late = ClosureService("late") {
            try await gracefulShutdown()
            #expect(isGracefulShutdownRequested)
            await withGracefulShutdownHandler {
            } onGracefulShutdown: {
                recorder.append("late ")
            }
        }
        let (configuration, _) = configuration([.init(late)])
        let group = ServiceGroup(configuration, logger: recordingLogger(Recorder()))
        group.triggerGracefulShutdown()
        group.triggerGracefulShutdown()
        try await group.run()
        #expect(recorder.text == "late ")
    }

    @Test func aRealSignalArrivesInsteadOfKillingTheProcess() async {
        let signals = await UnixSignal.arrivals(of: [.sigterm])
        kill(getpid(), SIGTERM)
        for await signal in signals {
            #expect(signal == .sigterm)
            break
        }
    }

    @Test func theMachineAsksOneServiceAtATime() {
        var machine = ServiceGroupStateMachine(serviceCount: 3)
        #expect(machine.boundReached() == [])
        #expect(machine.signalReceived() == [.startTimer, .requestShutdown(service: 2)])
        #expect(machine.serviceFinished(0, failed: false, mayFinish: false) == [])
        #expect(machine.serviceFinished(2, failed: false, mayFinish: false) == [.requestShutdown(service: 1)])
        #expect(machine.boundReached() == [.abandon(services: [1], reason: .boundReached)])
        #expect(machine.serviceFinished(1, failed: true, mayFinish: false) == [.finish(.failed(service: 1))])
        #expect(machine.signalReceived() == [])
        var lonely = ServiceGroupStateMachine(serviceCount: 1)
        #expect(lonely.serviceFinished(0, failed: false, mayFinish: false) == [.startTimer, .finish(.failed(service: 0))])
    }
}
