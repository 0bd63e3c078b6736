internal import Synchronization

/// Room that a batch works in: kept for the next one, so a warm engine allocates nothing.
///
/// Unchecked: who took it from the pool has it alone.
final class Scratch: @unchecked Sendable {
    let start: UnsafeMutableRawPointer

    init(byteCount: Int) {
        start = .allocate(byteCount: byteCount, alignment: 64)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    deinit { start.deallocate() }
}

/// As many scratches as there were scorers at the same time.
final class ScratchPool: Sendable {
    private let byteCount: Int
    private let prepare: @Sendable (UnsafeMutableRawPointer) -> Void
    private let idle = Mutex<[Scratch]>([])

    init(byteCount: Int, prepare: @escaping @Sendable (UnsafeMutableRawPointer) -> Void) {
        self.byteCount = byteCount
        self.prepare = prepare
    }

    func with(_ body: (UnsafeMutableRawPointer) -> Void) {
        let scratch = idle.withLock { $0.popLast() } ?? make()
        body(scratch.start)
        idle.withLock { $0.append(scratch) }
    }

    private func make() -> Scratch {
        let scratch = Scratch(byteCount: byteCount)
        prepare(scratch.start)
        return scratch
    }
}
