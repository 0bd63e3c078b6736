/// Which terminals each customer may use: those nearer than the radius, in the order of their numbers.
///
/// Terminals are binned into square cells no smaller than the radius, so a customer looks at nine cells rather than at
/// every terminal. The answers lie end to end in one array (compressed rows).
struct TerminalMap: Sendable {
    /// `starts[c] ..< starts[c + 1]` are customer c's places in `terminals`.
    private var starts: [Int] = [0]
    private var terminals: [Int32] = []

    init(customers: [(x: Double, y: Double)], terminals positions: [(x: Double, y: Double)], radius: Double) {
        let cellsPerSide = max(1, min(1_000, Int(100 / radius)))
        func cell(_ coordinate: Double) -> Int { min(cellsPerSide - 1, Int(coordinate / 100 * Double(cellsPerSide))) }
        var bins = [[Int32]](repeating: [], count: cellsPerSide * cellsPerSide)
        for (number, place) in positions.enumerated() { bins[cell(place.y) * cellsPerSide + cell(place.x)].append(Int32(number)) }
        starts.reserveCapacity(customers.count + 1)
        for customer in customers {
            let (column, row) = (cell(customer.x), cell(customer.y))
            let start = terminals.count
            for nearRow in max(0, row - 1)...min(cellsPerSide - 1, row + 1) {
                for nearColumn in max(0, column - 1)...min(cellsPerSide - 1, column + 1) {
                    for number in bins[nearRow * cellsPerSide + nearColumn] {
                        let (across, up) = (positions[Int(number)].x - customer.x, positions[Int(number)].y - customer.y)
                        if across * across + up * up < radius * radius { terminals.append(number) }
                    }
                }
            }
            terminals[start...].sort()
            starts.append(terminals.count)
        }
    }

    func terminals(of customer: Int) -> ArraySlice<Int32> { terminals[starts[customer]..<starts[customer + 1]] }
}
