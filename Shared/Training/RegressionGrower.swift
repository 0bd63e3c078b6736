// Greedy growth of one regression tree after the other, exact over the ranks of RankedColumns.
//
// A node's rows are grouped by rank, by counting into bins or, where a column has many more values than the node rows, by sorting; each
// group knows its weight and the sum of its targets. Sums are made in ascending order of the rows, so they have the same bits on
// every thread. A split's worth is Σ_sides S² / W, which differs from the decrease of squared error by what all splits of a node share.

internal import Forest
internal import RiskDomain

final class RegressionGrower<Rank: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
    private struct Sum {
        /// Different rows.
        var rows = 0
        var weight = 0
        var target = 0.0

        static func + (a: Sum, b: Sum) -> Sum { Sum(rows: a.rows + b.rows, weight: a.weight + b.weight, target: a.target + b.target) }
        static func - (a: Sum, b: Sum) -> Sum { Sum(rows: a.rows - b.rows, weight: a.weight - b.weight, target: a.target - b.target) }
        var worth: Double { weight == 0 ? 0 : target * target / Double(weight) }
        var mean: Double { target / Double(weight) }
    }

    private struct Group {
        var rank: Int
        var sum: Sum
    }

    private struct Pending {
        var node: Int
        var range: Range<Int>
        var depth: Int
        var bounds: (lower: Double, upper: Double)
    }

    private struct Choice {
        var feature: Int
        var rank: Int
        var leftRanks: [UInt32] = []
        var threshold: Double
        var missingGoesLeft: Bool
        var worth: Double
    }

    private let view: RankTable<Rank>.View
    private let scales: [RankScale]
    private let targets: [Double]
    private let parameters: TreeParameters
    private let depthMax: Int
    private let sampleCount: Int

    private var random = SplitMix64(seed: 0)
    private var grown = GrownTree()
    private var entries: [UInt32] = []
    private var spill: [UInt32] = []
    private var groups: [Group] = []
    private var keys: [UInt64] = []
    private var bins: [Sum]
    private var featureOrder: [Int] = []

    /// The view must outlive the grower: its table is kept by the caller.
    init(_ view: RankTable<Rank>.View, _ columns: RankedColumns, _ targets: [Double], _ parameters: TreeParameters) {
        self.view = view
        self.parameters = parameters
        self.targets = targets
        scales = columns.scales
        depthMax = min(parameters.depthMax ?? .max, ForestLimits.depthMax)
        sampleCount = parameters.featureSample.count(of: columns.featureCount)
        bins = Array(repeating: Sum(), count: columns.rankCountMax + 1)
        precondition(parameters.monotonicity.isEmpty || parameters.monotonicity.count == scales.count, "one direction per feature")
    }

    func grow(_ sample: RowSample, random: SplitMix64) -> GrownTree {
        self.random = random
        grown = GrownTree()
        featureOrder = Array(scales.indices)
        fillEntries(sample)
        let root = sum(entries.indices)
        var pending = [
            Pending(node: appendLeaf(root, (-.infinity, .infinity)), range: entries.indices, depth: 0, bounds: (-.infinity, .infinity))
        ]
        while let work = pending.popLast() {
            let total = sum(work.range)
            guard work.depth < depthMax, total.rows >= max(parameters.splitRowsMin, 2 * parameters.leafRowsMin), varies(work.range),
                let choice = best(work, total)
            else { continue }
            let decrease = (choice.worth - total.worth) / Double(root.weight)
            if parameters.impurityDecreaseMin > 0, decrease < parameters.impurityDecreaseMin { continue }
            pending += split(work, choice)
        }
        if parameters.pruningAlpha > 0 { prune() }
        grown.tree.deriveInnerValues()
        return grown
    }

    private func fillEntries(_ sample: RowSample) {
        let draws = Scratch<UInt8>(targets.count)
        sample.draw(rowCount: targets.count, into: draws.base, &random)
        entries.removeAll(keepingCapacity: true)
        for row in targets.indices {
            var left = draws.base[row]
            while left > 0 {
                let part = min(left, 15)
                left -= part
                entries.append(UInt32(row) << 4 | UInt32(part))
            }
        }
    }

    private func sum(_ range: Range<Int>) -> Sum {
        range.reduce(into: Sum()) { sum, place in
            let weight = Int(entries[place] & 15)
            sum.rows += 1
            sum.weight += weight
            sum.target += Double(weight) * targets[Int(entries[place] >> 4)]
        }
    }

    private func varies(_ range: Range<Int>) -> Bool {
        let first = targets[Int(entries[range.lowerBound] >> 4)]
        return range.contains { targets[Int(entries[$0] >> 4)] != first }
    }

    private func appendLeaf(_ sum: Sum, _ bounds: (lower: Double, upper: Double)) -> Int {
        grown.tree.appendLeaf(value: min(max(sum.mean, bounds.lower), bounds.upper), cover: Double(sum.weight))
    }

    private func rank(_ place: Int, _ feature: Int) -> Int {
        Int(truncatingIfNeeded: view.column(feature)[Int(entries[place] >> 4) * view.rowStride])
    }

    private func best(_ work: Pending, _ total: Sum) -> Choice? {
        var best: Choice?
        var hasVaried = false
        for visited in scales.indices {
            if visited >= sampleCount, hasVaried { break }
            if sampleCount < scales.count { featureOrder.swapAt(visited, visited + random.next(below: scales.count - visited)) }
            let feature = featureOrder[visited]
            group(work.range, feature)
            guard groups.count > 1 else { continue }
            hasVaried = true
            search(work, feature, total, &best)
        }
        return best
    }

    private func group(_ range: Range<Int>, _ feature: Int) {
        groups.removeAll(keepingCapacity: true)
        let rankCount = scales[feature].count + 1
        if rankCount <= 4 * range.count {
            for place in range {
                let weight = Int(entries[place] & 15)
                let rank = rank(place, feature)
                bins[rank].rows += 1
                bins[rank].weight += weight
                bins[rank].target += Double(weight) * targets[Int(entries[place] >> 4)]
            }
            for rank in 0..<rankCount where bins[rank].weight > 0 {
                groups.append(Group(rank: rank, sum: bins[rank]))
                bins[rank] = Sum()
            }
            return
        }
        keys.removeAll(keepingCapacity: true)
        for place in range { keys.append(UInt64(rank(place, feature)) << 32 | UInt64(place)) }
        keys.sort()
        for key in keys {
            let entry = entries[Int(key & 0xFFFF_FFFF)]
            let weight = Int(entry & 15)
            let sum = Sum(rows: 1, weight: weight, target: Double(weight) * targets[Int(entry >> 4)])
            if let last = groups.last, last.rank == Int(key >> 32) {
                groups[groups.count - 1].sum = last.sum + sum
            } else {
                groups.append(Group(rank: Int(key >> 32), sum: sum))
            }
        }
    }

    private func search(_ work: Pending, _ feature: Int, _ total: Sum, _ best: inout Choice?) {
        let scale = scales[feature]
        var missing = Sum()
        let hasMissing = groups[groups.count - 1].rank == scale.count
        if hasMissing { missing = groups.removeLast().sum }
        guard !groups.isEmpty else { return }
        let isCategorical = parameters.categoricalFeatures.contains(feature)
        // Fisher, "On grouping for maximum homogeneity", 1958: in order of the means, one of the places between them is the best set.
        if isCategorical { groups.sort { ($0.sum.mean, $0.rank) < ($1.sum.mean, $1.rank) } }
        var drawn: Double?
        if parameters.choice == .random, !isCategorical {
            guard groups.count > 1 else { return }
            let (low, high) = (scale.lowest[groups[0].rank], scale.highest[groups[groups.count - 1].rank])
            let part = random.nextUnit()
            let value = low * (1 - part) + high * part
            drawn = value >= high || value < low ? low : value
        }
        var left = Sum()
        for index in groups.indices {
            left = left + groups[index].sum
            let isLast = index + 1 == groups.count
            if let drawn, isLast || !(scale.highest[groups[index].rank] <= drawn && scale.highest[groups[index + 1].rank] > drawn) {
                // A run of values that the threshold would part goes right whole; the first run goes left all the same.
                guard !isLast, index == 0, scale.highest[groups[0].rank] > drawn else { continue }
            }
            for missingGoesLeft in [false, true] where !missingGoesLeft || hasMissing {
                guard !isLast || hasMissing && !missingGoesLeft else { continue }
                let side = missingGoesLeft ? left + missing : left
                let other = total - side
                guard side.rows >= parameters.leafRowsMin, other.rows >= parameters.leafRowsMin else { continue }
                let worth = side.worth + other.worth
                guard worth > best?.worth ?? -.infinity, isAllowed(side.mean, other.mean, feature, work.bounds) else { continue }
                best = Choice(
                    feature: feature, rank: groups[index].rank, leftRanks: isCategorical ? groups[...index].map { UInt32($0.rank) } : [],
                    threshold: isCategorical ? 0 : scale.threshold(from: groups[index].rank, to: isLast ? nil : groups[index + 1].rank),
                    missingGoesLeft: hasMissing ? missingGoesLeft : side.weight > other.weight, worth: worth)
                if let drawn, scale.highest[groups[index].rank] <= drawn, !isLast, drawn < scale.lowest[groups[index + 1].rank] {
                    best?.threshold = drawn
                }
            }
        }
    }

    private func isAllowed(_ left: Double, _ right: Double, _ feature: Int, _ bounds: (lower: Double, upper: Double)) -> Bool {
        if parameters.monotonicity.isEmpty || parameters.monotonicity[feature] == .free { return true }
        guard left >= bounds.lower, right >= bounds.lower, left <= bounds.upper, right <= bounds.upper else { return false }
        return parameters.monotonicity[feature] == .rising ? left <= right : left >= right
    }

    private func split(_ work: Pending, _ choice: Choice) -> [Pending] {
        let missing = scales[choice.feature].count
        let isCategorical = parameters.categoricalFeatures.contains(choice.feature)
        let set = Set(choice.leftRanks)
        var middle = work.range.lowerBound
        spill.removeAll(keepingCapacity: true)
        for place in work.range {
            let rank = rank(place, choice.feature)
            let goesLeft =
                rank == missing ? choice.missingGoesLeft : isCategorical ? set.contains(UInt32(rank)) : rank <= choice.rank
            if goesLeft {
                entries[middle] = entries[place]
                middle += 1
            } else {
                spill.append(entries[place])
            }
        }
        for (offset, entry) in spill.enumerated() { entries[middle + offset] = entry }
        let ranges = (left: work.range.lowerBound..<middle, right: middle..<work.range.upperBound)
        let sums = (left: sum(ranges.left), right: sum(ranges.right))
        var bounds = (left: work.bounds, right: work.bounds)
        if !parameters.monotonicity.isEmpty, parameters.monotonicity[choice.feature] != .free {
            let half = sums.left.mean / 2 + sums.right.mean / 2
            if parameters.monotonicity[choice.feature] == .rising {
                bounds.left.upper = half
                bounds.right.lower = half
            } else {
                bounds.left.lower = half
                bounds.right.upper = half
            }
        }
        let left = appendLeaf(sums.left, bounds.left)
        let right = appendLeaf(sums.right, bounds.right)
        grown.tree.split(
            work.node, feature: choice.feature, threshold: choice.threshold, left: left, right: right,
            missingGoesLeft: choice.missingGoesLeft)
        if isCategorical { grown.categories[work.node] = choice.leftRanks.sorted() }
        return [
            Pending(node: right, range: ranges.right, depth: work.depth + 1, bounds: bounds.right),
            Pending(node: left, range: ranges.left, depth: work.depth + 1, bounds: bounds.left),
        ]
    }

    /// Prunes by variance; each node's is found by sending the rows down again.
    private func prune() {
        var sums = [Sum](repeating: Sum(), count: grown.tree.nodeCount)
        var squares = [Double](repeating: 0, count: grown.tree.nodeCount)
        for place in entries.indices {
            let weight = Int(entries[place] & 15)
            let target = targets[Int(entries[place] >> 4)]
            var node = 0
            while true {
                sums[node].weight += weight
                sums[node].target += Double(weight) * target
                squares[node] += Double(weight) * target * target
                if grown.tree.isLeaf(node) { break }
                let feature = Int(grown.tree.feature[node])
                let rank = rank(place, feature)
                let goesLeft: Bool
                if rank == scales[feature].count {
                    goesLeft = grown.tree.missingGoesLeft[node]
                } else if let set = grown.categories[node] {
                    goesLeft = set.contains(UInt32(rank))
                } else {
                    goesLeft = scales[feature].highest[rank] <= grown.tree.threshold[node]
                }
                node = Int(goesLeft ? grown.tree.left[node] : grown.tree.right[node])
            }
        }
        let rootWeight = Double(sums[0].weight)
        let risk = sums.indices.map { max(0, squares[$0] - sums[$0].worth) / rootWeight }
        grown.prune(alpha: parameters.pruningAlpha, risk: risk)
    }
}
