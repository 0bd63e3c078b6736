/// Lets a bounded number of holders through at a time, first come, first served.
package actor Turnstile {
    private var freeCount: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(holderCountMax: Int) { freeCount = holderCountMax }

    package func enter() async {
        if freeCount > 0 {
            freeCount -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    package func leave() {
        if waiting.isEmpty { freeCount += 1 } else { waiting.removeFirst().resume() }
    }
}
