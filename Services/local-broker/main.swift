import ServiceRuntime

await BrokerCommand.command { try RunningNode.make($0, $1, $2) }.main()
