import Foundation
import LocalStack
import Postgres
import ServiceRuntime

let command = Command(
    "assay-benchmark-copy", abstract: "Rows a second into the event log: COPY as the pipeline commits it beside a bare psql \\copy.",
    discussion: """
        Makes a private PostgreSQL, and puts the same rows into the same empty table by turns. Ours encodes every event and row while it is \
        timed; psql reads a file that is already encoded. Removes everything at the end.
        """,
    options: [
        .init("rows", .int(1_000...50_000_000), default: "500000", doc: "Rows a run"),
        .init("rounds", .int(1...100), default: "5", doc: "Runs of each way"),
        .init("days", .int(1...100), default: "8", doc: "Days that the rows spread over, and partitions of the table by day"),
        .init("directory", .path, default: ".local/benchmark-copy", doc: "Where PostgreSQL and the file are kept"),
    ]
) { invocation in
    let directory = invocation.string("directory")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var options = PrivatePostgres.Options()
    options.settings = ["synchronous_commit = on"]
    let postgres = try PrivatePostgres(directory: directory + "/postgres", options: options)
    try postgres.start()
    defer {
        try? postgres.remove()
        try? FileManager.default.removeItem(atPath: directory + "/rows.pgcopy")
    }
    let connection = try await PostgresConnection.connect(PostgresConfiguration(postgres.conninfo()))
    let rows = EventRows(count: invocation.int("rows"), dayCount: invocation.int("days"))
    let race = CopyRace(rows: rows, connection: connection, conninfo: postgres.conninfo(), file: directory + "/rows.pgcopy")
    try race.writeFile()
    try await race.makeTables()

    var table = TextTable(columns: ["table", "way", "rows/s least", "median", "most", "of psql's"])
    let batches = [2_000, 20_000, rows.count]
    for kind in CopyRace.Table.allCases {
        _ = try await race.psql(kind)  // The first run grows the files of the log; it does not count.
        var bare: [Double] = []
        var ours = [[Double]](repeating: [], count: batches.count)
        for _ in 0..<invocation.int("rounds") {
            bare.append(Double(rows.count) / (try await race.psql(kind)))
            for (index, batch) in batches.enumerated() {
                ours[index].append(Double(rows.count) / (try await race.ours(kind, batch: batch)))
            }
        }
        func line(_ way: String, _ rates: [Double]) {
            let sorted = rates.sorted()
            let middle = sorted[sorted.count / 2]
            let ratio = middle / bare.sorted()[bare.count / 2]
            table.append([
                kind == .plain ? "whole" : "\(rows.dayCount) days", way, TextNumber.grouped(Int(sorted[0])),
                TextNumber.grouped(Int(middle)),
                TextNumber.grouped(Int(sorted[sorted.count - 1])), TextNumber.fixed(ratio, decimals: 2),
            ])
        }
        line("psql \\copy, one file", bare)
        for (index, batch) in batches.enumerated() { line("ours, \(TextNumber.grouped(batch)) a commit", ours[index]) }
    }
    await connection.close()
    print("\(TextNumber.grouped(rows.count)) rows, \(invocation.int("rounds")) runs of each way by turns")
    print(table.render(), terminator: "")
}
await command.main()
