internal import Evaluation

/// Lines, steps and marks in one frame, as SVG that scales with the page.
///
/// One unit is about a CSS pixel on a phone, so that texts of 11 units can be read there. Colours come from the page's style sheet
/// (classes `c1` … `c4`), so that they follow its print and dark variants; kinds of lines differ in their dashes too.
package struct LinePlot: Sendable {
    package struct Series: Sendable {
        package enum Shape: Sendable {
            case line
            /// The y of a point holds from the x of the one before it.
            case stepsBefore
            case points
        }

        package var name: String
        package var points: [(x: Double, y: Double)]
        package var shape: Shape
        /// 1...4.
        package var color: Int
        package var isDashed: Bool
        package var isFilled: Bool
        /// By point, from and to along y; empty for none.
        package var whiskers: [ClosedRange<Double>]

        package init(
            _ name: String, _ points: [(x: Double, y: Double)], shape: Shape = .line, color: Int = 1, isDashed: Bool = false,
            isFilled: Bool = false, whiskers: [ClosedRange<Double>] = []
        ) {
            self.name = name
            self.points = points
            self.shape = shape
            self.color = color
            self.isDashed = isDashed
            self.isFilled = isFilled
            self.whiskers = whiskers
        }
    }

    /// A point with a word beside it.
    package struct Mark: Sendable {
        package var x: Double
        package var y: Double
        package var label: String

        package init(x: Double, y: Double, label: String) {
            self.x = x
            self.y = y
            self.label = label
        }
    }

    package var title: String
    package var x: Axis
    package let y: Axis
    package var series: [Series]
    package var marks: [Mark]
    /// Vertical lines with a word at the top.
    package var verticals: [(x: Double, label: String)]

    package init(_ title: String, x: Axis, y: Axis, series: [Series], marks: [Mark] = [], verticals: [(x: Double, label: String)] = []) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
        self.marks = marks
        self.verticals = verticals
        // Up to 6.6 units a character, and the axis's own label left of the longest.
        let left = max(50, 22 + 6.6 * Double(y.ticks().reduce(0) { max($0, $1.text.count) }))
        margin = (left, right: 16, top: 12, bottom: 42)
    }

    private static let size = (width: 400.0, height: 300.0)
    private let margin: (left: Double, right: Double, top: Double, bottom: Double)
    private var inner: (width: Double, height: Double) {
        (LinePlot.size.width - margin.left - margin.right, LinePlot.size.height - margin.top - margin.bottom)
    }

    private func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
        (
            margin.left + x.place(of: point.x) * inner.width,
            margin.top + (1 - y.place(of: point.y)) * inner.height
        )
    }

    /// - Parameter identifier: Unique on the page.
    package func write(to html: inout Html, identifier: String) {
        html.element("figure") { html in
            html.element("figcaption", text: title)
            html.element(
                "svg",
                [
                    "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 400 300", "role": "img", "aria-label": title, "class": "plot",
                ]
            ) { html in
                html.element("clipPath", ["id": "\(identifier)-clip"]) { html in
                    html.empty(
                        "rect",
                        [
                            "x": "\(Svg.number(margin.left - 1))", "y": "\(Svg.number(margin.top - 1))",
                            "width": Svg.number(inner.width + 2), "height": Svg.number(inner.height + 2),
                        ])
                }
                writeAxes(&html)
                html.element("g", ["clip-path": "url(#\(identifier)-clip)"]) { html in
                    for series in series { write(series, &html) }
                }
                writeVerticals(&html)
                writeMarks(&html)
            }
            writeLegend(&html)
        }
        html.newline()
    }

    private func writeAxes(_ html: inout Html) {
        let left = margin.left
        let bottom = LinePlot.size.height - margin.bottom
        let right = LinePlot.size.width - margin.right
        for tick in y.ticks() {
            let at = place((x.range.lowerBound, tick.value)).y
            Svg.line(&html, (left, at), (right, at), style: "grid")
            Svg.text(&html, tick.text, left - 5, at + 4, anchor: "end")
        }
        for tick in x.ticks() {
            let at = place((tick.value, y.range.lowerBound)).x
            Svg.line(&html, (at, margin.top), (at, bottom), style: "grid")
            Svg.text(&html, tick.text, at, bottom + 15, anchor: "middle")
        }
        Svg.line(&html, (left, bottom), (right, bottom), style: "axis")
        Svg.line(&html, (left, margin.top), (left, bottom), style: "axis")
        Svg.text(&html, x.label, left + inner.width / 2, LinePlot.size.height - 8, anchor: "middle", style: "label")
        let middle = Svg.number(margin.top + inner.height / 2)
        html.element(
            "text", ["class": "label", "text-anchor": "middle", "transform": "translate(11 \(middle)) rotate(-90)"], text: y.label)
    }

    private func write(_ series: Series, _ html: inout Html) {
        let points = series.points.map(place).filter { $0.x.isFinite && $0.y.isFinite }
        guard let first = points.first, let last = points.last else { return }
        let dashes = series.isDashed ? " dashed" : ""
        switch series.shape {
        case .points:
            if points.count == series.whiskers.count {
                for (point, whisker) in zip(series.points, series.whiskers) {
                    let (low, high) = (place((point.x, whisker.lowerBound)), place((point.x, whisker.upperBound)))
                    Svg.line(&html, low, high, style: "whisker s\(series.color)")
                    for end in [low, high] { Svg.line(&html, (end.x - 3, end.y), (end.x + 3, end.y), style: "whisker s\(series.color)") }
                }
            }
            for point in points {
                html.empty("circle", ["cx": Svg.number(point.x), "cy": Svg.number(point.y), "r": "3.5", "class": "f\(series.color)"])
            }
        case .line, .stepsBefore:
            var path = Svg.Path(at: first)
            if series.shape == .stepsBefore {
                for (before, point) in zip(points, points.dropFirst()) {
                    path.line(to: (before.x, point.y))
                    path.line(to: point)
                }
            } else {
                for point in points.dropFirst() { path.line(to: point) }
            }
            path.line(to: last, isForced: true)
            if series.isFilled {
                let bottom = LinePlot.size.height - margin.bottom
                html.empty(
                    "path",
                    [
                        "d": path.text + "L\(Svg.number(last.x)) \(Svg.number(bottom))L\(Svg.number(first.x)) \(Svg.number(bottom))Z",
                        "class": "area f\(series.color)",
                    ])
            }
            html.empty("path", ["d": path.text, "class": "curve s\(series.color)\(dashes)"])
        }
    }

    private func writeVerticals(_ html: inout Html) {
        let shown = verticals.filter { (0...1).contains(x.place(of: $0.x)) }.sorted { $0.x < $1.x }
        for vertical in shown {
            let at = place((vertical.x, y.range.lowerBound)).x
            Svg.line(&html, (at, margin.top), (at, LinePlot.size.height - margin.bottom), style: "vertical")
        }
        // Words over all lines; those of lines that stand close together go below each other.
        var taken: [(from: Double, to: Double, row: Int)] = []
        for vertical in shown {
            let at = place((vertical.x, y.range.lowerBound)).x
            let width = Double(vertical.label.count) * 6.5
            let isRightHalf = at > LinePlot.size.width - margin.right - width - 8
            let from = isRightHalf ? at - width - 4 : at + 4
            var row = 0
            while taken.contains(where: { $0.row == row && $0.from < from + width && from < $0.to }) { row += 1 }
            taken.append((from, from + width, row))
            Svg.text(
                &html, vertical.label, isRightHalf ? at - 4 : at + 4, margin.top + 10 + Double(row) * 13,
                anchor: isRightHalf ? "end" : "start", style: "halo")
        }
    }

    private func writeMarks(_ html: inout Html) {
        var taken: [(x: Double, y: Double, width: Double)] = []
        for mark in marks {
            let point = place((mark.x, mark.y))
            guard point.x.isFinite, point.y.isFinite else { continue }
            html.empty("circle", ["cx": Svg.number(point.x), "cy": Svg.number(point.y), "r": "4", "class": "mark"])
            let width = Double(mark.label.count) * 6.2
            let isLeft = point.x + width + 12 > LinePlot.size.width - margin.right
            let from = isLeft ? point.x - width - 7 : point.x + 7
            // Below the point first, then every line further down or up where another word stands.
            let bottom = LinePlot.size.height - margin.bottom - 4
            let heights = [14.0, -7, 27, -20, 40, -33].map { point.y + $0 }.filter { $0 > margin.top + 8 && $0 < bottom }
            let height =
                heights.first { height in
                    !taken.contains { abs($0.y - height) < 12 && $0.x < from + width && from < $0.x + $0.width }
                } ?? min(max(point.y + 14, margin.top + 10), bottom)
            taken.append((from, height, width))
            Svg.text(&html, mark.label, isLeft ? point.x - 7 : point.x + 7, height, anchor: isLeft ? "end" : "start", style: "halo")
        }
    }

    private func writeLegend(_ html: inout Html) {
        let named = series.filter { !$0.name.isEmpty }
        guard !named.isEmpty else { return }
        html.element("p", ["class": "legend"]) { html in
            for series in named {
                html.element("span") { html in
                    html.element(
                        "svg",
                        [
                            "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 22 10", "width": "22", "height": "10",
                            "aria-hidden": "true",
                        ]
                    ) { html in
                        if case .points = series.shape {
                            html.empty("circle", ["cx": "11", "cy": "5", "r": "3.5", "class": "f\(series.color)"])
                        } else {
                            Svg.line(&html, (0, 5), (22, 5), style: "curve s\(series.color)\(series.isDashed ? " dashed" : "")")
                        }
                    }
                    html.append(" \(series.name)")
                }
            }
        }
    }
}
