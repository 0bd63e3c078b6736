import LocalStack
import ServiceRuntime

extension StackStatus {
    /// For a terminal.
    var text: String {
        if components.isEmpty, stages.isEmpty, problems.isEmpty { return "no stack here; assay up makes one\n" }
        var text = componentTable.render()
        if !stages.isEmpty {
            var table = TextTable(columns: ["stage", "input", "held", "lag", "accepted"])
            for stage in stages {
                table.append([
                    stage.name, stage.topic, "\(stage.held) of \(stage.partitions)",
                    stage.lag.map { TextNumber.grouped(Int($0)) } ?? "?", TextNumber.grouped(Int(stage.accepted)),
                ])
            }
            text += "\n" + table.render()
        }
        if !incidents.isEmpty {
            var table = TextTable(columns: ["incidents in the last day", "stage", "count", "last"])
            for incident in incidents {
                table.append([incident.kind, incident.stage, TextNumber.grouped(Int(incident.count)), String(incident.last.prefix(100))])
            }
            text += "\n" + table.render()
        } else if !stages.isEmpty {
            text += "\nno incidents in the last day\n"
        }
        for problem in problems { text += "\ncannot see everything: \(problem)\n" }
        return text
    }

    var componentTable: TextTable {
        var table = TextTable(columns: ["component", "address", "pid", "memory", "state"])
        for component in components {
            table.append([
                component.name, component.address, component.process.map { "\($0)" } ?? "-",
                component.memoryBytes > 0 ? "\(component.memoryBytes >> 20) MiB" : "-", component.state,
            ])
        }
        return table
    }

    var json: String {
        var json = JsonObject()
        json.add(
            "components",
            .list(
                components.map { component in
                    var object = JsonObject()
                    object.add("name", .text(component.name))
                    object.add("address", .text(component.address))
                    object.add("pid", component.process.map { .int(Int($0)) } ?? .null)
                    object.add("state", .text(component.state))
                    object.add("memory_bytes", .int(component.memoryBytes))
                    return .object(object)
                }))
        json.add(
            "stages",
            .list(
                stages.map { stage in
                    var object = JsonObject()
                    object.add("stage", .text(stage.name))
                    object.add("topic", .text(stage.topic))
                    object.add("partitions", .int(stage.partitions))
                    object.add("held", .int(stage.held))
                    object.add("lag", stage.lag.map { .int(Int($0)) } ?? .null)
                    object.add("accepted", .int(Int(stage.accepted)))
                    return .object(object)
                }))
        json.add(
            "incidents",
            .list(
                incidents.map { incident in
                    var object = JsonObject()
                    object.add("kind", .text(incident.kind))
                    object.add("stage", .text(incident.stage))
                    object.add("count", .int(Int(incident.count)))
                    object.add("last", .text(incident.last))
                    return .object(object)
                }))
        json.add("problems", .list(problems.map { .text($0) }))
        return json.text
    }
}

extension Stack {
    /// How a person gets in.
    var directions: String {
        let record = record
        var text = ""
        if let url = record[StackRecord.postgresUrlKey] { text += "SQL:        psql \"\(url)\"\n" }
        if let servers = record[StackRecord.bootstrapServersKey] {
            text += "decisions:  kcat -b \(servers) -C -t assay.scores -o end\n"
            text += "input:      kcat -b \(servers) -P -t assay.transactions -K '|'\n"
        }
        return text + "settings:   . \(recordPath)\nlogs:       \(directory)/log\n"
    }
}
