import Foundation
import LocalStack
import ServiceRuntime

/// `assay demo`: the whole suite at work, from nothing to a table.
enum DemoCommand {
    static let command = Command(
        "demo", abstract: "Generates history, trains on it, streams a live week through a stack of its own, and shows the result.",
        discussion: """
            Everything is made anew under --directory and nothing else is touched. The latencies shown are of the live week, sent at --rate;
            the throughput is of the history, sent as fast as it goes.
            """,
        options: [
            .init("customers", .int(10...1_000_000), doc: "Customers of the simulation (default 500)"),
            .init("terminals", .int(10...1_000_000), doc: "Terminals of the simulation (default 1000)"),
            .init("history-days", .int(35...1_826), doc: "Days before the live ones (default 45)"),
            .init("live-days", .int(1...366), default: "7", doc: "Days that are streamed live; they end today at midnight UTC"),
            .init("rate", .double(1...1_000_000), doc: "Live transactions a second (default 2000)"),
            .init("seed", .int(0...Int.max), default: "7", doc: "Seed of the simulation"),
            .init("replicas", .int(1...16), default: "2", doc: "Replicas of each service"),
            .init("directory", .path, default: ".local/demo", doc: "Where the demo keeps everything; emptied first"),
        ],
        flags: [
            .init("small", doc: "200 customers, 400 terminals, 40 days of history, 400 transactions a second"),
            .init("keep", doc: "Leaves the stack running"),
        ]
    ) { invocation in
        let demo = try Demo(invocation)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await demo.run() }
            group.addTask {
                for await signal in await UnixSignal.arrivals(of: [.sigint, .sigterm]) {
                    throw StackFailure(description: "stopped by \(signal.rawValue)")
                }
            }
            let result: Result<Void, any Error>
            do {
                try await group.next()
                result = .success(())
            } catch { result = .failure(error) }
            group.cancelAll()
            // The demo's own end comes first: nothing new is started while things are stopped.
            while await group.nextResult() != nil {}
            if case .success = result, demo.keeps {
                print("\nThe stack runs on; assay down --directory \(demo.stack.directory) stops it.")
            } else {
                Narration.line("stopping ...")
                try await demo.stack.down { _ in }
            }
            try result.get()
        }
    }
}
