internal import Evaluation
package import Forest

/// The first levels of a decision tree, drawn like a table of contents: each node in a line of its own, children indented below.
///
/// Side by side, the eight nodes of a third level would be too narrow to read on a phone; below each other every node has the whole width.
package struct TreeDrawing: Sendable {
    package var title: String
    package var tree: DecisionTree
    /// By feature.
    package var features: [String]
    /// Edges from the root to the last level drawn.
    package var depthMax: Int
    /// What a node's bar and figure show, such as the share of fraud; by node.
    package var values: [Double]
    package var valueName: String
    /// Whether to say where missing values go; of no use for rows that have none.
    package var isShowingMissing: Bool

    /// - Parameter values: By node, in `0...1`; empty where only leaves have one, which is then not drawn.
    package init(
        _ title: String, _ tree: DecisionTree, features: [String], depthMax: Int = 3, values: [Double] = [], valueName: String = "fraud",
        isShowingMissing: Bool = true
    ) {
        self.isShowingMissing = isShowingMissing
        self.title = title
        self.tree = tree
        self.features = features
        self.depthMax = depthMax
        self.values = values
        self.valueName = valueName
    }

    private struct Line {
        var node: Int
        var depth: Int
        /// What the parent asked about, and how it was answered.
        var feature: String
        var answer: String
        /// Line of the parent.
        var parent: Int?
    }

    private static let rowHeight = 34.0
    private static let indent = 20.0

    package func write(to html: inout Html) {
        var lines: [Line] = []
        collect(0, 0, ("all rows", ""), nil, &lines)
        let height = TreeDrawing.rowHeight * Double(lines.count) + 4
        html.element("figure") { html in
            html.element("figcaption", text: title)
            html.element(
                "svg",
                [
                    "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 400 \(Svg.number(height))", "role": "img", "aria-label": title,
                    "class": "plot",
                ]
            ) { html in
                for (row, line) in lines.enumerated() {
                    guard let parent = line.parent else { continue }
                    let x = Double(line.depth - 1) * TreeDrawing.indent + 6
                    Svg.line(
                        &html, (x, Double(parent) * TreeDrawing.rowHeight + 18), (x, Double(row) * TreeDrawing.rowHeight + 12),
                        style: "edge")
                    Svg.line(
                        &html, (x, Double(row) * TreeDrawing.rowHeight + 12),
                        (x + TreeDrawing.indent - 8, Double(row) * TreeDrawing.rowHeight + 12), style: "edge")
                }
                for (row, line) in lines.enumerated() { write(line, Double(row) * TreeDrawing.rowHeight, &html) }
            }
        }
        html.newline()
    }

    private func write(_ line: Line, _ top: Double, _ html: inout Html) {
        let x = Double(line.depth) * TreeDrawing.indent
        let isLeaf = tree.isLeaf(line.node)
        html.empty(
            "circle", ["cx": Svg.number(x + 6), "cy": Svg.number(top + 12), "r": "5", "class": isLeaf ? "leaf" : "node"])
        // Up to 6.8 units a character where letters are capital; the answer matters more than the name's end.
        let room = Int((400 - x - 18) / 6.8)
        let name = BarPlot.cut(line.feature, to: max(8, room - line.answer.count))
        Svg.text(&html, BarPlot.cut(name + line.answer, to: room), x + 18, top + 15, style: "strong")
        var notes: [String] = []
        if !tree.cover.isEmpty { notes.append("weight \(FigureText.short(tree.cover[line.node]))") }
        if values.indices.contains(line.node) { notes.append("\(FigureText.percent(values[line.node], 1)) \(valueName)") }
        if isLeaf {
            notes.append("leaf")
        } else if line.depth == depthMax {
            let below = nodeCount(below: line.node)
            notes.append("\(FigureText.grouped(below)) nodes below")
        }
        Svg.text(&html, notes.joined(separator: " · "), x + 18, top + 28, style: "quiet")
        if values.indices.contains(line.node) {
            html.empty("rect", ["x": "340", "y": Svg.number(top + 21), "width": "60", "height": "7", "class": "track"])
            html.empty(
                "rect",
                [
                    "x": "340", "y": Svg.number(top + 21), "width": Svg.number(60 * min(max(values[line.node], 0), 1)), "height": "7",
                    "class": "f2",
                ])
        }
    }

    private func collect(_ node: Int, _ depth: Int, _ answer: (feature: String, words: String), _ parent: Int?, _ lines: inout [Line]) {
        let row = lines.count
        lines.append(Line(node: node, depth: depth, feature: answer.feature, answer: answer.words, parent: parent))
        guard !tree.isLeaf(node), depth < depthMax else { return }
        let (left, right) = answers(node)
        let feature = Int(tree.feature[node])
        let name = features.indices.contains(feature) ? features[feature] : "input \(feature)"
        collect(Int(tree.left[node]), depth + 1, (name, left), row, &lines)
        collect(Int(tree.right[node]), depth + 1, (name, right), row, &lines)
    }

    /// How a node's question reads when a row goes left and when it goes right.
    private func answers(_ node: Int) -> (left: String, right: String) {
        let flags = tree.flags[node]
        let missingLeft = isShowingMissing && flags.contains(.missingGoesLeft) ? " or missing" : ""
        if flags.contains(.isCategorical) {
            let values = tree.categories[Int(tree.categorySet[node])].values
            let list = values.prefix(4).map { FigureText.short($0) }.joined(separator: ", ") + (values.count > 4 ? ", …" : "")
            return (" in {\(list)}\(missingLeft)", " not in {\(list)}")
        }
        let threshold = FigureText.short(tree.threshold[node])
        return (" ≤ \(threshold)\(missingLeft)", " > \(threshold)")
    }

    private func nodeCount(below node: Int) -> Int {
        var count = 0
        var stack = [node]
        while let next = stack.popLast() {
            guard !tree.isLeaf(next) else { continue }
            count += 2
            stack.append(Int(tree.left[next]))
            stack.append(Int(tree.right[next]))
        }
        return count
    }
}
