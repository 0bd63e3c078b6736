internal import CForestKernels

/// A model compiled for scoring: the fastest engine for this machine, this model and the number of rows, chosen when it is made.
///
/// Every engine sums each output's leaf values in `Double` in the trees' order (rounding as the model's ``TreeEnsemble/arithmetic`` does), so
/// ``margins(rows:into:)`` has the bits of ``TreeEnsemble/margins(row:)`` whichever one is chosen, on every machine and for every size of
/// batch.
///
/// A value of this type never changes, so any thread may score with it. Scoring allocates nothing once as many threads as ever have scored
/// a batch.
package struct CompiledForest: Sendable {
    package enum Engine: String, Hashable, Sendable, CaseIterable {
        /// Raw thresholds, eight trees interleaved, row by row, or eight rows where there are categories: any model, any machine.
        case flat
        /// Ranks, eight rows interleaved: any machine.
        case ranks
        /// Ranks, sixteen trees a step, row by row: AVX-512.
        case lanes
        /// Ranks, four levels of a tree a step, row by row: AVX2.
        case subtrees
        /// Every node for up to 256 rows, in vectors of 16, 32 and 64 bytes.
        case sieve128, sieve256, sieve512

        /// Whether it can score a row by itself: without a block where the model has one output and no categories.
        var isForOneRow: Bool { self == .flat || self == .lanes || self == .subtrees }
    }

    package let featureCount: Int
    package let outputCount: Int
    package let treeCount: Int
    package let link: TreeEnsemble.Link
    /// Engines that can take this model on this machine.
    package let engines: [Engine]
    /// The engine for one row.
    package internal(set) var rowEngine: Engine
    /// The engine for whole blocks of 256 rows.
    package internal(set) var blockEngine: Engine
    /// A rest of at least so many rows is scored as a block.
    package internal(set) var blockRowCountMin: Int

    private let arithmetic: TreeEnsemble.Arithmetic
    private let summation: Summation
    /// By output: where a sum begins.
    private let firstSums: AlignedTable<Double>
    private let leaves: LeafTable
    /// By tree.
    private let shapes: AlignedTable<Shape>
    private let starts: AlignedTable<Int32>
    private let columns: RankColumns?
    private let flat: FlatWalk
    private let ranks: RankWalk?
    private let lanes: LaneWalk?
    private let subtrees: SubtreeWalk?
    private let rankKernel: RankColumns.Kernel
    private let sieve: Sieve?
    private let scratch: ScratchPool
    private let layout: Layout
    /// One output that every tree adds one value to.
    private let hasOneOutput: Bool
    /// Such an output in `Double`: kernels sum it.
    private let isSingle: Bool

    private struct Shape: BitwiseCopyable {
        var start: Int32
        var firstOutput: Int32
        var valueCount: Int32
    }

    /// Where things lie in the scratch, in bytes.
    private struct Layout: Sendable {
        var region = 0
        var columnRanks = 0
        var rowRanks = 0
        var numbers = 0
        var sums = 0
        var readings = 0
        var byteCount = 0

        init(regionByteCount: Int, columnCount: Int, laneCount: Int, readingCount: Int) {
            let rows = RankColumns.blockRowCount
            func take(_ size: Int) -> Int {
                defer { byteCount += (size + 63) / 64 * 64 }
                return byteCount
            }
            region = take(regionByteCount)
            columnRanks = take(columnCount * rows * 2)
            rowRanks = take(64 * rows * 2)
            numbers = take(max(rows, laneCount) * 4)
            sums = take(rows * 8)
            readings = take(readingCount * FlatWalk.blockRowCount * 8)
        }
    }

    /// Compiles a valid model.
    ///
    /// - Complexity: O(nodes × log nodes); some milliseconds for 50,000 nodes, of which a trial of the engines takes at most 1.5.
    package init(_ ensemble: TreeEnsemble) {
        // The only clock in this room. Every engine gives the same bits, so no result depends on it.
        self.init(ensemble, features: .detected, now: assay_forest_nanoseconds)
    }

    /// As ``init(_:)``, for a processor that has less than this one: tests compile for all.
    ///
    /// - Parameter now: Nanoseconds that the thread has run, to time the engines by; without it a table of costs chooses.
    package init(_ ensemble: TreeEnsemble, features: ProcessorFeatures, now: (@Sendable () -> Int64)? = nil) {
        guard let leaves = LeafTable(ensemble) else { preconditionFailure("a model has fewer than 2³¹ leaf values") }
        featureCount = ensemble.featureCount
        outputCount = ensemble.outputCount
        treeCount = ensemble.trees.count
        link = ensemble.link
        arithmetic = ensemble.arithmetic
        let summation = Summation(ensemble)
        self.summation = summation
        firstSums = AlignedTable(summation.first)
        self.leaves = leaves
        starts = AlignedTable(leaves.starts)
        shapes = AlignedTable(
            zip(ensemble.trees, leaves.starts).map {
                Shape(start: $1, firstOutput: Int32($0.firstOutput), valueCount: Int32($0.valueCount))
            })
        hasOneOutput = ensemble.outputCount == 1 && ensemble.trees.allSatisfy { $0.valueCount == 1 }
        isSingle = hasOneOutput && !summation.roundsSums
        flat = FlatWalk(ensemble, leaves)
        columns = RankColumns(ensemble)
        ranks = columns.map { RankWalk(ensemble, $0, leaves) }
        sieve = columns.flatMap { [starts] in Sieve(ensemble, $0, leaves, starts: starts) }
        let isSingle = isSingle
        lanes =
            features.hasAvx512
            ? columns.flatMap { LaneWalk(ensemble, $0, leaves, numbersOnly: !isSingle) } : nil
        subtrees =
            features.hasAvx2
            ? columns.flatMap { SubtreeWalk(ensemble, $0, leaves, numbersOnly: !isSingle) } : nil
        rankKernel = features.hasAvx512 ? .avx512 : features.hasAvx2 ? .avx2 : .portable
        layout = Layout(
            regionByteCount: sieve?.regionByteCount ?? 0, columnCount: columns?.paddedCount ?? 0,
            laneCount: max(lanes?.laneCount ?? 0, subtrees == nil ? 0 : treeCount), readingCount: flat.readingCount)
        let hasSieve = sieve != nil
        let region = layout.region
        scratch = ScratchPool(byteCount: layout.byteCount) { if hasSieve { Sieve.prepare($0 + region) } }

        var engines: [Engine] = [.flat]
        if ranks != nil { engines.append(.ranks) }
        if lanes != nil { engines.append(.lanes) }
        if subtrees != nil { engines.append(.subtrees) }
        if sieve != nil {
            engines.append(.sieve128)
            if features.hasAvx2 { engines.append(.sieve256) }
            if features.hasAvx512 { engines.append(.sieve512) }
        }
        self.engines = engines
        let costs = EngineCosts(
            columnCount: columns?.count ?? 0, setCount: columns.map { $0.count - $0.numericCount } ?? 0, treeCount: ensemble.trees.count,
            flatSteps: flat.stepCount, isPlain: flat.isPlain,
            rankSteps: ranks?.stepCount ?? 0, laneSteps: lanes?.stepCount ?? 0, subtreeSteps: subtrees?.stepCount ?? 0,
            sieveCycles: sieve?.cycleCount ?? 0,
            rankNanoseconds: rankKernel.nanoseconds)
        (rowEngine, blockEngine, blockRowCountMin) = costs.choice(of: engines)
        if let now, let columns, engines.count > 1, (1...TrialRows.featureCountMax).contains(featureCount) {
            choose(by: EngineTrial(now: now), columns, costs)
        }
    }

    // MARK: Scoring

    /// The margins of one row.
    ///
    /// - Parameters:
    ///   - row: One value per feature; NaN is a missing value, infinities are ordinary values.
    ///   - margins: One value per output, overwritten.
    /// - Complexity: O(trees × depth); allocates nothing.
    package func margins(row: UnsafeBufferPointer<Double>, into margins: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == featureCount, "a row has one value per feature")
        precondition(margins.count == outputCount, "one margin per output")
        addUp(row.baseAddress ?? CompiledForest.nothing, margins.baseAddress!, rowEngine)
        finish(margins.baseAddress!, 1)
    }

    /// The margin of one row, for a model of one output.
    package func margin(row: UnsafeBufferPointer<Double>) -> Double {
        precondition(outputCount == 1, "the model has one output")
        var margin = 0.0
        withUnsafeMutablePointer(to: &margin) { margins(row: row, into: UnsafeMutableBufferPointer(start: $0, count: 1)) }
        return margin
    }

    /// The margins of rows that lie one behind the other.
    ///
    /// - Parameters:
    ///   - rows: Row-major, `rows × featureCount`.
    ///   - margins: Row-major, `rows × outputCount`, overwritten.
    ///   - engine: One of ``engines``; the cheapest by default.
    /// - Complexity: O(rows × trees × depth), or O(rows × nodes) for trees so small that this is faster; allocates nothing once warm.
    package func margins(
        rows: UnsafeBufferPointer<Double>, into margins: UnsafeMutableBufferPointer<Double>, using engine: Engine? = nil
    ) {
        precondition(margins.count % outputCount == 0, "one margin per row and output")
        let rowCount = margins.count / outputCount
        precondition(rows.count == rowCount * featureCount, "rows hold one value per feature")
        precondition(engine.map(engines.contains) ?? true, "the engine takes this model on this machine")
        guard rowCount > 0, let to = margins.baseAddress else { return }
        let from = rows.baseAddress ?? CompiledForest.nothing
        let block = RankColumns.blockRowCount
        var row = 0
        while row < rowCount {
            let count = min(block, rowCount - row)
            let chosen = engine ?? (count >= blockRowCountMin ? blockEngine : rowEngine)
            if chosen == .flat && flat.hasReadings && count > 1 {
                for first in stride(from: row, to: row + count, by: FlatWalk.blockRowCount) {
                    addUpByReadings(
                        from + first * featureCount, min(FlatWalk.blockRowCount, row + count - first), to + first * outputCount)
                }
            } else if chosen == .flat || count == 1 && (chosen == .lanes || chosen == .subtrees) {
                for index in row..<row + count { addUp(from + index * featureCount, to + index * outputCount, chosen) }
            } else {
                addUpBlock(from + row * featureCount, count, to + row * outputCount, chosen)
            }
            finish(to + row * outputCount, count)
            row += count
        }
    }

    /// The scores of one row: its margins after the model's link.
    package func scores(row: UnsafeBufferPointer<Double>, into scores: UnsafeMutableBufferPointer<Double>) {
        margins(row: row, into: scores)
        link.apply(to: scores, in: arithmetic)
    }

    /// The scores of rows that lie one behind the other, `rows × outputCount`.
    package func scores(
        rows: UnsafeBufferPointer<Double>, into scores: UnsafeMutableBufferPointer<Double>, using engine: Engine? = nil
    ) {
        margins(rows: rows, into: scores, using: engine)
        if link == .identity { return }
        for start in stride(from: 0, to: scores.count, by: outputCount) {
            link.apply(to: UnsafeMutableBufferPointer(rebasing: scores[start..<start + outputCount]), in: arithmetic)
        }
    }

    package func margins(row: [Double]) -> [Double] {
        [Double](unsafeUninitializedCapacity: outputCount) { margins, count in
            margins.initialize(repeating: 0)
            row.withUnsafeBufferPointer { self.margins(row: $0, into: UnsafeMutableBufferPointer(rebasing: margins[0..<outputCount])) }
            count = outputCount
        }
    }

    package func margins(rows: [Double], count rowCount: Int, using engine: Engine? = nil) -> [Double] {
        [Double](unsafeUninitializedCapacity: rowCount * outputCount) { margins, count in
            let whole = UnsafeMutableBufferPointer(rebasing: margins[0..<rowCount * outputCount])
            whole.initialize(repeating: 0)
            rows.withUnsafeBufferPointer { self.margins(rows: $0, into: whole, using: engine) }
            count = rowCount * outputCount
        }
    }

    // MARK: Engines

    /// What a model without features reads: nothing.
    private static var nothing: UnsafePointer<Double> { UnsafePointer(bitPattern: 64)! }

    @inline(__always)
    private func finish(_ margins: UnsafeMutablePointer<Double>, _ rowCount: Int) {
        guard summation.hasRest else { return }
        for row in 0..<rowCount {
            for output in 0..<outputCount {
                margins[row * outputCount + output] = summation.margin(margins[row * outputCount + output], output: output)
            }
        }
    }

    /// Sets the sums of rows to where they begin.
    @inline(__always)
    private func begin(_ sums: UnsafeMutablePointer<Double>, _ rowCount: Int) {
        if outputCount == 1 {
            sums.update(repeating: firstSums[0], count: rowCount)
        } else {
            for row in 0..<rowCount { (sums + row * outputCount).update(from: firstSums.start, count: outputCount) }
        }
    }

    /// Sums one row's leaf values.
    @inline(__always)
    private func addUp(_ row: UnsafePointer<Double>, _ sums: UnsafeMutablePointer<Double>, _ engine: Engine) {
        #if arch(x86_64)
            if engine != .flat, isSingle, let columns, columns.numericCount == columns.count {
                sums[0] = withUnsafePointer(to: columns.tables) { ranks in
                    if engine == .lanes, let lanes {
                        return withUnsafePointer(to: lanes.tables) { assay_forest_walk_score_avx512(ranks, $0, row, firstSums[0]) }
                    }
                    guard let subtrees else { preconditionFailure("checked by the caller") }
                    return withUnsafePointer(to: subtrees.tables) { assay_forest_subtrees_score_avx2(ranks, $0, row, firstSums[0]) }
                }
                return
            }
        #endif
        if engine != .flat {
            addUpBlock(row, 1, sums, engine)
        } else if flat.hasReadings {
            scratch.with { scratch in
                let readings = (scratch + layout.readings).assumingMemoryBound(to: Int64.self)
                flat.read(row, stride: featureCount, count: 1, into: readings)
                addUp(sums) { flat.forEachLeaf(ofRead: readings, $0) }
            }
        } else {
            addUp(sums) { flat.forEachLeaf(of: row, $0) }
        }
    }

    /// Sums one row's leaf values as they are handed out.
    @inline(__always)
    private func addUp(_ sums: UnsafeMutablePointer<Double>, _ forEachLeaf: ((_ tree: Int, _ number: Int) -> Void) -> Void) {
        if isSingle {
            let (values, starts) = (leaves.values.start, starts.start)
            var sum = firstSums[0]
            forEachLeaf { tree, number in sum += values[Int(starts[tree]) &+ number] }
            sums[0] = sum
        } else {
            begin(sums, 1)
            forEachLeaf { tree, number in addLeaf(tree, number, sums) }
        }
    }

    /// Sums the leaf values of at most ``FlatWalk/blockRowCount`` rows of a model that has readings.
    private func addUpByReadings(_ rows: UnsafePointer<Double>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>) {
        scratch.with { scratch in
            let readings = (scratch + layout.readings).assumingMemoryBound(to: Int64.self)
            let numbers = (scratch + layout.numbers).assumingMemoryBound(to: Int32.self)
            flat.read(rows, stride: featureCount, count: rowCount, into: readings)
            begin(sums, rowCount)
            for tree in 0..<treeCount {
                flat.leafNumbers(tree: tree, readings: readings, rowCount: rowCount, into: numbers)
                addTree(tree, numbers, rowCount, sums)
            }
        }
    }

    @inline(__always)
    private func addLeaf(_ tree: Int, _ number: Int, _ sums: UnsafeMutablePointer<Double>) {
        let shape = shapes[tree]
        let values = leaves.values.start + (Int(shape.start) + number * Int(shape.valueCount))
        let to = sums + Int(shape.firstOutput)
        for value in 0..<Int(shape.valueCount) { summation.add(values[value], to: &to[value]) }
    }

    /// Sums all trees' leaf values of one row.
    @inline(__always)
    private func addLeaves(_ numbers: UnsafePointer<Int32>, _ sums: UnsafeMutablePointer<Double>) {
        if hasOneOutput {
            // Kernels sum in Double, so this is a sum in Float.
            var sum = Float(sums[0])
            for tree in 0..<treeCount { sum += Float(leaves.values[Int(starts[tree]) &+ Int(numbers[tree])]) }
            sums[0] = Double(sum)
        } else {
            for tree in 0..<treeCount { addLeaf(tree, Int(numbers[tree]), sums) }
        }
    }

    /// Sums the leaf values of at most a block's rows.
    private func addUpBlock(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>, _ engine: Engine
    ) {
        guard let columns else { preconditionFailure("engines of blocks have columns") }
        scratch.with { scratch in
            let columnRanks = (scratch + layout.columnRanks).assumingMemoryBound(to: UInt16.self)
            columns.rank(
                rows: rows, rowStride: featureCount, count: rowCount, into: columnRanks, by: engine == .ranks ? .portable : rankKernel)
            switch engine {
            case .flat: preconditionFailure("the flat engine has no blocks")
            case .ranks: addUpByRanks(scratch, columnRanks, rowCount, sums)
            case .lanes: addUpByLanes(scratch, columnRanks, rowCount, sums)
            case .subtrees: addUpBySubtrees(scratch, columnRanks, rowCount, sums)
            case .sieve128: addUpBySieve(scratch, columnRanks, rowCount, sums, 128)
            case .sieve256: addUpBySieve(scratch, columnRanks, rowCount, sums, 256)
            case .sieve512: addUpBySieve(scratch, columnRanks, rowCount, sums, 512)
            }
        }
    }

    private func addUpByRanks(
        _ scratch: UnsafeMutableRawPointer, _ columnRanks: UnsafePointer<UInt16>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>
    ) {
        guard let ranks else { preconditionFailure("checked by the caller") }
        let numbers = (scratch + layout.numbers).assumingMemoryBound(to: Int32.self)
        begin(sums, rowCount)
        for tree in 0..<treeCount {
            ranks.leafNumbers(tree: tree, ranks: columnRanks, rowCount: rowCount, into: numbers)
            addTree(tree, numbers, rowCount, sums)
        }
    }

    /// Adds a tree's leaf values to the sums of rows.
    @inline(__always)
    private func addTree(_ tree: Int, _ numbers: UnsafePointer<Int32>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>) {
        guard hasOneOutput else {
            for row in 0..<rowCount { addLeaf(tree, Int(numbers[row]), sums + row * outputCount) }
            return
        }
        let values = leaves.values.start + Int(starts[tree])
        if isSingle {
            for row in 0..<rowCount { sums[row] += values[Int(numbers[row])] }
        } else {
            for row in 0..<rowCount { sums[row] = Double(Float(sums[row] + values[Int(numbers[row])])) }
        }
    }

    private func addUpByLanes(
        _ scratch: UnsafeMutableRawPointer, _ columnRanks: UnsafePointer<UInt16>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>
    ) {
        #if arch(x86_64)
            guard let lanes else { preconditionFailure("checked by the caller") }
            let rowRanks = turned(columnRanks, rowCount, scratch, stride: lanes.rankCount)
            begin(sums, rowCount)
            withUnsafePointer(to: lanes.tables) { tables in
                if isSingle {
                    assay_forest_walk_sums_avx512(tables, rowRanks, rowCount, sums)
                } else {
                    let numbers = (scratch + layout.numbers).assumingMemoryBound(to: Int32.self)
                    for row in 0..<rowCount {
                        assay_forest_walk_leaves_avx512(tables, rowRanks + row * lanes.rankCount, numbers)
                        addLeaves(numbers, sums + row * outputCount)
                    }
                }
            }
        #endif
    }

    private func addUpBySubtrees(
        _ scratch: UnsafeMutableRawPointer, _ columnRanks: UnsafePointer<UInt16>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>
    ) {
        #if arch(x86_64)
            guard let subtrees else { preconditionFailure("checked by the caller") }
            let rowRanks = turned(columnRanks, rowCount, scratch, stride: subtrees.rankCount)
            begin(sums, rowCount)
            withUnsafePointer(to: subtrees.tables) { tables in
                if isSingle {
                    assay_forest_subtrees_sums_avx2(tables, rowRanks, rowCount, sums)
                } else {
                    let numbers = (scratch + layout.numbers).assumingMemoryBound(to: Int32.self)
                    for row in 0..<rowCount {
                        assay_forest_subtrees_leaves_avx2(tables, rowRanks + row * subtrees.rankCount, numbers)
                        addLeaves(numbers, sums + row * outputCount)
                    }
                }
            }
        #endif
    }

    /// Ranks that lie column by column, row by row, in a place of the scratch.
    private func turned(
        _ columnRanks: UnsafePointer<UInt16>, _ rowCount: Int, _ scratch: UnsafeMutableRawPointer, stride: Int
    ) -> UnsafePointer<UInt16> {
        let rowRanks = (scratch + layout.rowRanks).assumingMemoryBound(to: UInt16.self)
        for column in 0..<(columns?.count ?? 0) {
            let from = columnRanks + column * RankColumns.blockRowCount
            for row in 0..<rowCount { rowRanks[row * stride + column] = from[row] }
        }
        return UnsafePointer(rowRanks)
    }

    private func addUpBySieve(
        _ scratch: UnsafeMutableRawPointer, _ columnRanks: UnsafePointer<UInt16>, _ rowCount: Int, _ sums: UnsafeMutablePointer<Double>,
        _ vectorBits: Int32
    ) {
        guard let sieve else { preconditionFailure("checked by the caller") }
        let region = scratch + layout.region
        sieve.load(ranks: columnRanks, region: region, rowCount: rowCount, vectorBits: vectorBits)
        if isSingle {
            // The sums of a whole block, whatever the rows' number.
            let all = (scratch + layout.sums).assumingMemoryBound(to: Double.self)
            all.update(repeating: firstSums[0], count: RankColumns.blockRowCount)
            sieve.addLeaves(region: region, sums: all, rowCount: rowCount, vectorBits: vectorBits)
            sums.update(from: all, count: rowCount)
        } else {
            begin(sums, rowCount)
            sieve.forEachTree(region: region, rowCount: rowCount, vectorBits: vectorBits) { tree, low, high in
                if hasOneOutput, high == nil {
                    let values = leaves.values.start + Int(starts[tree])
                    for row in 0..<rowCount { sums[row] = Double(Float(sums[row] + values[Int(low[row])])) }
                    return
                }
                for row in 0..<rowCount {
                    let number = Int(low[row]) | Int(high?[row] ?? 0) << 8
                    addLeaf(tree, number, sums + row * outputCount)
                }
            }
        }
    }
}
