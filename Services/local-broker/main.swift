import ServiceRuntime

/// Until the broker's rooms are connected there is nothing to run.
struct NodeMissing: Error, CustomStringConvertible {
    var description: String { "this build holds no broker yet" }
}

await BrokerCommand.command { _, _, _ in throw NodeMissing() }.main()
