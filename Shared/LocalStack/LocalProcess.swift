internal import CLinuxProcess
internal import Glibc

/// What to start: a program, its arguments and its whole environment.
package struct LocalProcess: Sendable {
    /// Letters, digits, `-`, `_` and `.`; the names of its files follow from it.
    package var name: String
    /// A path; or a bare name, which is looked for along `PATH`.
    package var executable: String
    package var arguments: [String]
    /// The child's environment; nothing is inherited beyond it.
    package var environment: [String: String]
    package var workingDirectory: String?
    /// Kept with the process for those who ask what runs: the address where it answers, for instance. One line.
    package var note: String

    package init(
        name: String, executable: String, arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, note: String = ""
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.note = note
    }

    /// Our own environment, for children that should have it.
    package static var inheritedEnvironment: [String: String] {
        var values: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") { values[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
            cursor += 1
        }
        return values
    }

    /// Starts it as the leader of a session of its own, so that it outlives us and our terminal; input from nowhere,
    /// both outputs appended to a file, no other descriptor of ours, signals as at birth.
    func spawn(log: String) throws(LocalStackFault) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        if let workingDirectory { posix_spawn_file_actions_addchdir_np(&actions, workingDirectory) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // 0x80 is POSIX_SPAWN_SETSID (glibc 2.26).
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | 0x80)

        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var number: pid_t = 0
        let code = posix_spawnp(&number, executable, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw LocalStackFault(
                operation: "start", subject: name, reason: "\(executable): \(String(cString: strerror(code)))",
                remedy: "check that the program is there and may be run")
        }
        return number
    }
}
