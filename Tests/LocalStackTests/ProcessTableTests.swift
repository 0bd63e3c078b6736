import Glibc
import LocalStack
import Testing

@Suite("Process table", .timeLimit(.minutes(10)))
struct ProcessTableTests {
    let folder = TemporaryFolder()
    let table: ProcessTable

    init() throws { table = try ProcessTable(directory: folder.path + "/.local", logBytesMax: 1_000) }

    @Test("A process is started, found again by another table, and ends when asked")
    func startAndStop() async throws {
        let identity = try table.start(LocalProcess(name: "sleeper", executable: "/bin/sleep", arguments: ["300"], note: "127.0.0.1:80"))
        let again = try ProcessTable(directory: folder.path + "/.local")
        let entry = try #require(again.entry("sleeper"))
        #expect(entry.isRunning && entry.identity == identity && entry.note == "127.0.0.1:80")
        #expect(getsid(identity.number) == identity.number)
        #expect(try await again.stop("sleeper") == .ended)
        #expect(!identity.isRunning)
        #expect(again.entry("sleeper") == nil)
        #expect(try await again.stop("sleeper") == .notRunning)
    }

    @Test("A name runs once")
    func twice() async throws {
        try table.start(LocalProcess(name: "one", executable: "/bin/sleep", arguments: ["300"]))
        #expect(throws: LocalStackFault.self) { try table.start(LocalProcess(name: "one", executable: "/bin/sleep", arguments: ["300"])) }
        try await table.stop("one")
    }

    @Test("What does not end when asked is killed after the grace")
    func killed() async throws {
        // The script says that its trap is set before it is asked to end.
        let ready = folder.path + "/ready"
        _ = mkfifo(ready, 0o600)
        let script = folder.script("deaf", "trap '' TERM; echo > \(ready); while :; do sleep 1; done")
        try table.start(LocalProcess(name: "deaf", executable: script, environment: ["PATH": "/usr/bin:/bin"]))
        let pipe = open(ready, O_RDONLY)
        var byte: UInt8 = 0
        #expect(read(pipe, &byte, 1) == 1)
        close(pipe)
        #expect(try await table.stop("deaf", grace: .milliseconds(50)) == .killed)
    }

    @Test("A process whose number is another's by now is never signalled")
    func recycledNumber() async throws {
        let identity = try table.start(LocalProcess(name: "bystander", executable: "/bin/sleep", arguments: ["300"]))
        let earlier = try #require(ProcessIdentity("\(identity.number) \(identity.startTicks - 1) \(identity.boot)"))
        let lastBoot = try #require(ProcessIdentity("\(identity.number) \(identity.startTicks) another-boot"))
        for stranger in [earlier, lastBoot] {
            try table.adopt("stranger", stranger)
            #expect(table.entry("stranger")?.isRunning == false)
            #expect(try await table.stop("stranger") == .notRunning)
            #expect(identity.isRunning)
        }
        try await table.stop("bystander")
    }

    @Test("A pid file that says nothing names nothing", arguments: ["", "12", "1 x y", "-5 1 b", "0 1 b", "99999999999 1 b", "\0"])
    func malformed(text: String) {
        #expect(ProcessIdentity(text) == nil)
    }

    @Test("The child's exit status is known")
    func status() async throws {
        let script = folder.script("seven", "exit 7")
        try table.start(LocalProcess(name: "seven", executable: script))
        let end = await table.waitForExit("seven", within: .seconds(20))
        #expect(end.hasEnded && end.status == 7)
    }

    @Test("A program that is not there is refused with its path")
    func missing() {
        #expect { try table.start(LocalProcess(name: "x", executable: "/nowhere/x")) } throws: {
            "\($0)".contains("/nowhere/x") && "\($0)".contains("No such file")
        }
    }

    @Test("A child has the environment, folder and outputs that it was given")
    func surroundings() async throws {
        let script = folder.script("say", "echo \"$COLOUR in $PWD\"; echo err >&2; exec sleep 300")
        try table.start(
            LocalProcess(name: "say", executable: script, environment: ["COLOUR": "blue", "PATH": "/usr/bin:/bin"], workingDirectory: "/"))
        // The script becomes sleep once it has written: ask it to end, then read.
        try await untilLog("say", has: "err")
        #expect(table.logTail("say") == "blue in /\nerr")
        try await table.stop("say")
    }

    @Test("Names that could leave the folder are refused", arguments: ["", "../x", "a/b", ".x", "a b", String(repeating: "x", count: 65)])
    func names(name: String) {
        #expect(throws: LocalStackFault.self) { try table.start(LocalProcess(name: name, executable: "/bin/true")) }
    }

    @Test("A log that is too long is moved aside, its newest part kept")
    func longLog() throws {
        let descriptor = open(table.logPath("noisy"), O_WRONLY | O_CREAT | O_APPEND, 0o644)
        for _ in 0..<300 { write(descriptor, "0123456789", 10) }
        try table.boundLog("noisy")
        write(descriptor, "after", 5)
        close(descriptor)
        #expect(table.logTail("noisy") == "after")
        var facts = stat()
        #expect(stat(table.logPath("noisy") + ".1", &facts) == 0 && facts.st_size == 1_000)
    }

    /// Waits through a reader of the log's end rather than by the clock.
    func untilLog(_ name: String, has text: String) async throws {
        while !table.logTail(name).contains(text) { await Task.yield() }
    }
}
