import Hosting
import Postgres
import ServiceRuntime
import Truth

/// `assay digest`: the order-free digests, to compare two runs.
enum DigestCommand {
    static let command = Command(
        "digest", abstract: "Print the digest of each stage and day, or compare it with another run's.",
        discussion:
            "Two runs that said the same of the same input have equal digests, in whatever order their lanes met. Exit code 1 when they differ.",
        options: [
            .init("stage", doc: "One stage only, such as score"),
            .init("compare", .path, doc: "A file that 'assay digest --json' wrote"),
        ],
        flags: [.init("json", doc: "Print as JSON")],
        configurationKeys: HostKeys.postgres, otherConfigurationKeys: CommandSupport.otherKeys(than: HostKeys.postgres)
    ) { invocation in
        let connection = try await TruthConnection.open(invocation.configuration)
        let stage = invocation.optionalString("stage")
        let own = try await DigestList.read(connection, stage: stage)
        await connection.close()
        guard let path = invocation.optionalString("compare") else {
            if invocation.flag("json") { return print(String(decoding: own.json, as: UTF8.self), terminator: "") }
            var table = TextTable(columns: ["stage", "day", "records", "digest"])
            for entry in own.entries { table.append([entry.stage, entry.day, TextNumber.grouped(Int(entry.records)), entry.digest]) }
            return print(table.render(), terminator: "")
        }
        var other = try DigestList(json: try FileBytes.read(path, byteCountMax: 64 << 20))
        if let stage { other.entries.removeAll { $0.stage != stage } }
        let differences = own.differences(from: other)
        if invocation.flag("json") {
            var bytes: [UInt8] = []
            bytes.append(utf8: #"{"compared":\#(own.entries.count),"differences":["#)
            for (index, difference) in differences.enumerated() {
                bytes.append(utf8: index == 0 ? #"{"stage":"# : #",{"stage":"#)
                bytes.append(jsonString: difference.stage)
                bytes.append(utf8: #","day":"#)
                bytes.append(jsonString: difference.day)
                bytes.append(utf8: #","records":\#(difference.own?.records ?? 0),"otherRecords":\#(difference.other?.records ?? 0)}"#)
            }
            bytes.append(utf8: "]}\n")
            print(String(decoding: bytes, as: UTF8.self), terminator: "")
        } else if differences.isEmpty {
            print("\(own.entries.count) digests are equal.")
        } else {
            var table = TextTable(columns: ["stage", "day", "records", "records there"])
            for difference in differences {
                table.append([
                    difference.stage, difference.day, difference.own.map { TextNumber.grouped(Int($0.records)) } ?? "-",
                    difference.other.map { TextNumber.grouped(Int($0.records)) } ?? "-",
                ])
            }
            print(table.render(), terminator: "")
        }
        guard differences.isEmpty else {
            throw TruthComplaint(description: "the runs differ on \(differences.count) of \(own.entries.count) stages and days")
        }
    }
}
