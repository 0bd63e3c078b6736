import Dispatch
import Glibc

/// The signals that ask a process to stop.
package enum UnixSignal: String, Hashable, Sendable {
    case sigterm = "SIGTERM"
    case sigint = "SIGINT"

    private var number: Int32 { self == .sigterm ? SIGTERM : SIGINT }

    /// Each arrival of one of `signals`, from now until the stream is dropped. Their default action, death, is switched off for good.
    package static func arrivals(of signals: [UnixSignal]) -> AsyncStream<UnixSignal> {
        let (stream, continuation) = AsyncStream<UnixSignal>.makeStream(bufferingPolicy: .bufferingOldest(8))
        let queue = DispatchQueue(label: "assay.signals")
        let sources = Sources(
            all: signals.map { name in
                Glibc.signal(name.number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: name.number, queue: queue)
                source.setEventHandler {
                    // Dispatch folds signals that arrive together into one event; `data` is how many they were.
                    for _ in 0..<max(1, min(source.data, 8)) { continuation.yield(name) }
                }
                source.resume()
                return source
            })
        continuation.onTermination = { _ in
            for source in sources.all { source.cancel() }
        }
        return stream
    }

    /// `@unchecked` because a dispatch source may be cancelled from any thread, and that is all that is done with it.
    private struct Sources: @unchecked Sendable {
        let all: [any DispatchSourceSignal]
    }
}
