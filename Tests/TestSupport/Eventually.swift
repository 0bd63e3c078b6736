/// What a test waited for did not come.
package struct NotInTime: Error, CustomStringConvertible {
    package var description: String
}

/// Asks again and again whether a condition holds, and returns when it does.
///
/// For what another process or service does in its own time and tells nobody about, such as rows that become visible. The pace only says
/// how soon the test sees it: no assertion may rest on how long anything took.
///
/// - Parameters:
///   - what: What is waited for, in words, for the error.
///   - limit: When to give up, by the monotonic clock. Generous: it is reached only when something is broken.
///   - pace: Time between two questions.
///   - diagnosis: Asked once when giving up; goes into the error.
/// - Throws: ``NotInTime``; whatever `condition` throws.
package func eventually(
    _ what: String, within limit: Duration = .seconds(240), every pace: Duration = .milliseconds(25),
    diagnosis: () async -> String = { "" }, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: limit)
    while try await !condition() {
        if ContinuousClock.now >= end { throw NotInTime(description: "waited \(limit) for \(what) in vain\n\(await diagnosis())") }
        try await Task.sleep(for: pace)
    }
}
