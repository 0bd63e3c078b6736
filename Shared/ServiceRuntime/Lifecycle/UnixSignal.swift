import Dispatch
import Glibc

/// The signals that ask a process to stop.
package enum UnixSignal: String, Hashable, Sendable {
    case sigterm = "SIGTERM"
    case sigint = "SIGINT"

    private var number: Int32 { self == .sigterm ? SIGTERM : SIGINT }

    /// Each arrival of one of `signals`, from the return of this function until the stream is dropped.
    ///
    /// Dispatch installs its handler in place of the default action, death, which stays in force until then. It does so on a
    /// thread of its own; this waits for it, so that no signal falls between the two.
    package static func arrivals(of signals: [UnixSignal]) async -> AsyncStream<UnixSignal> {
        let (stream, continuation) = AsyncStream<UnixSignal>.makeStream(bufferingPolicy: .bufferingOldest(8))
        let queue = DispatchQueue(label: "assay.signals")
        var sources: [any DispatchSourceSignal] = []
        for name in signals {
            let source = DispatchSource.makeSignalSource(signal: name.number, queue: queue)
            source.setEventHandler { continuation.yield(name) }
            await withCheckedContinuation { registered in
                source.setRegistrationHandler { registered.resume() }
                source.resume()
            }
            sources.append(source)
        }
        let owned = Sources(all: sources)
        continuation.onTermination = { _ in
            for source in owned.all { source.cancel() }
        }
        return stream
    }

    /// `@unchecked` because a dispatch source may be cancelled from any thread, and that is all that is done with it.
    private struct Sources: @unchecked Sendable {
        let all: [any DispatchSourceSignal]
    }
}
