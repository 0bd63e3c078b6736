import CLinuxIo
import Glibc
import RecordLog
import Synchronization

/// Performs flushes on a thread of its own, one batch of logs at a time.
final class FlushThread: Sendable {
    private struct Mailbox {
        var works: [FlushWork]?
        var isEnded = false
    }

    private let mailbox = Mutex(Mailbox())
    /// Written to once for each change of the mailbox; the thread sleeps in reading it.
    private let eventDescriptor: CInt
    /// Called on the thread.
    private let completed: @Sendable (_ results: [LogFault?], _ micros: UInt64) -> Void

    init(completed: @escaping @Sendable ([LogFault?], UInt64) -> Void) throws(DiskFailure) {
        self.completed = completed
        eventDescriptor = eventfd(0, CInt(EFD_CLOEXEC))
        guard eventDescriptor >= 0 else { throw DiskFailure("open", "an event descriptor") }
        let raw = Unmanaged.passRetained(self)  // taken over by the thread, or released below
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, flushThreadBody, raw.toOpaque())
        guard code == 0 else {
            raw.release()
            throw DiskFailure("start", "the flush thread", errno: code)
        }
        pthread_detach(thread)
    }

    deinit { close(eventDescriptor) }

    /// - Precondition: The works handed over before are completed.
    func perform(_ works: [FlushWork]) {
        mailbox.withLock {
            precondition($0.works == nil, "a flush is in work")
            $0.works = works
        }
        eventfd_write(eventDescriptor, 1)
    }

    /// The thread ends after the work that it has.
    func end() {
        mailbox.withLock { $0.isEnded = true }
        eventfd_write(eventDescriptor, 1)
    }

    fileprivate func run() {
        pthread_setname_np(pthread_self(), "log-flush")
        while true {
            var value: eventfd_t = 0
            eventfd_read(eventDescriptor, &value)
            let (works, isEnded) = mailbox.withLock { ($0.works.take(), $0.isEnded) }
            if let works {
                let start = FlushThread.micros()
                let results = works.map { work -> LogFault? in
                    do throws(LogFault) { try work.perform() } catch { return error }
                    return nil
                }
                completed(results, FlushThread.micros() - start)
            }
            if isEnded { return }
        }
    }

    private static func micros() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1_000
    }
}

private func flushThreadBody(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let raw { Unmanaged<FlushThread>.fromOpaque(raw).takeRetainedValue().run() }
    return nil
}
