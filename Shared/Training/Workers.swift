internal import Glibc
internal import Synchronization

/// Threads of their own for work that keeps a core busy for long: the cooperative pool stays free for others.
enum Workers {
    /// Processors of the machine.
    static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Calls `body` once for each of `0 ..< count`, from up to `workerCount` threads; returns when all are done.
    static func run(count: Int, workerCount: Int, _ body: @Sendable @escaping (Int) -> Void) {
        run(workerCount: min(workerCount, count)) { next in
            while let index = next(count) { body(index) }
        }
    }

    /// Calls `body` on each of `workerCount` threads, the caller's among them, with a function that deals out 0, 1, 2, … below a bound.
    static func run(workerCount: Int, _ body: @Sendable @escaping (_ next: (Int) -> Int?) -> Void) {
        let dealer = Dealer()
        let next: @Sendable (Int) -> Int? = { bound in dealer.next(below: bound) }
        var threads: [pthread_t] = []
        for _ in 1..<max(1, workerCount) {
            let job = Unmanaged.passRetained(Job { body(next) })
            var thread = pthread_t()
            // The thread takes the job over and releases it; where none can be started the others do its share.
            if pthread_create(&thread, nil, runJob, job.toOpaque()) == 0 { threads.append(thread) } else { job.release() }
        }
        body(next)
        for thread in threads { pthread_join(thread, nil) }
    }

    private final class Dealer: Sendable {
        private let taken = Atomic<Int>(0)
        func next(below bound: Int) -> Int? {
            let index = taken.add(1, ordering: .relaxed).oldValue
            return index < bound ? index : nil
        }
    }

    fileprivate final class Job: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

private func runJob(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Workers.Job>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}

extension Workers {
    /// ``run(workerCount:_:)`` with the caller suspended rather than working: no thread of the cooperative pool is kept.
    static func detached(workerCount: Int, _ body: @Sendable @escaping (_ next: (Int) -> Int?) -> Void) async {
        await withCheckedContinuation { continuation in
            let job = Unmanaged.passRetained(
                Job {
                    run(workerCount: workerCount, body)
                    continuation.resume()
                })
            var thread = pthread_t()
            if pthread_create(&thread, nil, runJob, job.toOpaque()) == 0 { pthread_detach(thread) } else { _ = runJob(job.toOpaque()) }
        }
    }
}
