internal import Evaluation

/// Shapes that several drawings use.
enum Svg {
    /// Two decimals are finer than any screen shows, and keep the page small.
    static func number(_ value: Double) -> String {
        var text = FigureText.fixed(value, 2)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text == "-0" || text.isEmpty ? "0" : text
    }

    static func line(_ html: inout Html, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), style: String) {
        html.empty("line", ["x1": number(from.x), "y1": number(from.y), "x2": number(to.x), "y2": number(to.y), "class": style])
    }

    static func text(_ html: inout Html, _ text: String, _ x: Double, _ y: Double, anchor: String = "start", style: String = "") {
        html.element("text", ["x": number(x), "y": number(y), "text-anchor": anchor, "class": style], text: text)
    }

    /// A polyline that leaves out points too close to be told apart.
    struct Path {
        private(set) var text: String
        private var last: (x: Double, y: Double)

        init(at start: (x: Double, y: Double)) {
            text = "M\(Svg.number(start.x)) \(Svg.number(start.y))"
            last = start
        }

        mutating func line(to point: (x: Double, y: Double), isForced: Bool = false) {
            // Half a unit is less than a line is thick.
            guard isForced || abs(point.x - last.x) + abs(point.y - last.y) >= 0.5 else { return }
            text += "L\(Svg.number(point.x)) \(Svg.number(point.y))"
            last = point
        }
    }
}
