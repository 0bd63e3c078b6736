package import Foundation
internal import Glibc

/// Processes that tests leave behind on purpose, or watch over.
package enum TestProcess {
    /// The package's root: three levels above Tests/TestSupport/TestProcess.swift.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A child in a session of its own that inherits nothing but `input`. Foundation's `Process` hands down a socket whose closing it
    /// takes for the child's end, and the Kafka that the child leaves behind would keep that open for ever.
    package static func spawn(_ arguments: [String], input: Int32?) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for output in [Int32(1), 2] { posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0) }
        let closing = "for f in /proc/$$/fd/*; do n=${f##*/}; if [ $n -gt 2 ]; then eval \"exec $n>&-\"; fi; done; exec \"$@\""
        let command = ["/usr/bin/setsid", "/bin/bash", "-c", closing, "closing"] + arguments
        var texts: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var child: pid_t = 0
        return posix_spawn(&child, command[0], &actions, nil, &texts, environ) == 0 ? child : nil
    }
}
