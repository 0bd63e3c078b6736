/// Names of the statements a session has prepared, by text and parameter types; bounded, least recently used goes first.
struct StatementCache {
    struct Key: Hashable {
        var sql: String
        var types: [UInt32]
    }

    private struct Entry {
        var name: String
        var usedAt: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    private var nameCount = 0
    private let countMax: Int

    init(countMax: Int) { self.countMax = max(1, countMax) }

    var count: Int { entries.count }

    mutating func name(for key: Key) -> String? {
        guard let index = entries.index(forKey: key) else { return nil }
        clock += 1
        entries.values[index].usedAt = clock
        return entries.values[index].name
    }

    /// A name no statement of this session ever had.
    mutating func newName() -> String {
        nameCount += 1
        return "s\(nameCount)"
    }

    /// Remembers a statement the server has; returns the name of one to deallocate.
    mutating func insert(_ key: Key, name: String) -> String? {
        clock += 1
        entries[key] = Entry(name: name, usedAt: clock)
        guard entries.count > countMax, let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }) else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    mutating func remove(_ key: Key) { entries[key] = nil }
}
