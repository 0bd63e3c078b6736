import Glibc

/// Asks until it is so; the test's own time limit ends what never comes.
func eventually(_ isTrue: () throws -> Bool) rethrows -> Bool {
    let deadline = time(nil) + 20
    while time(nil) < deadline {
        if try isTrue() { return true }
        sched_yield()
    }
    return false
}
