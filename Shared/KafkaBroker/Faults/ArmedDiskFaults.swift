import Glibc
import RecordLog
import Synchronization

/// The disk faults of all logs: off until the loop arms one. Asked on the loop and on the flush thread.
final class ArmedDiskFaults: DiskFaults {
    private let isFullFlag = Atomic(false)
    /// Place of the armed point in `CrashPoint.allCases`; -1 for none.
    private let armed = Atomic(-1)

    /// Whether appends find no space. The loop sets it around one append.
    var isFull: Bool {
        get { isFullFlag.load(ordering: .relaxed) }
        set { isFullFlag.store(newValue, ordering: .relaxed) }
    }

    /// The process ends where a log passes this point next.
    func arm(_ point: CrashPoint) { armed.store(CrashPoint.allCases.firstIndex(of: point) ?? -1, ordering: .relaxed) }

    private func isArmed(_ point: CrashPoint) -> Bool {
        let place = armed.load(ordering: .relaxed)
        return place >= 0 && CrashPoint.allCases[place] == point
    }

    func reached(_ point: CrashPoint) {
        if isArmed(point) { ArmedDiskFaults.crash() }
    }

    func verdict(on operation: DiskOperation) -> DiskVerdict {
        guard case .append(let byteCount) = operation else { return .proceed }
        if isFull { return .fail(errno: ENOSPC) }
        if isArmed(.appendTornWrite) { return .short(byteCount: byteCount / 2, errno: EIO) }
        return .proceed
    }

    /// As the kernel kills: nothing of ours runs any more.
    static func crash() -> Never {
        kill(getpid(), SIGKILL)
        // The signal is on its way; nothing may happen before it is here.
        while true { pause() }
    }
}
