internal import Evaluation

/// Horizontal bars, each with its name above it, so that long names have the whole width.
package struct BarPlot: Sendable {
    package struct Bar: Sendable {
        package var name: String
        package var value: Double
        package var text: String

        package init(_ name: String, _ value: Double, text: String) {
            self.name = name
            self.value = value
            self.text = text
        }
    }

    package var title: String
    /// In the order drawn; values are not negative.
    package var bars: [Bar]

    package init(_ title: String, bars: [Bar]) {
        self.title = title
        self.bars = bars
    }

    package func write(to html: inout Html) {
        let rowHeight = 27.0
        let width = 400.0
        let height = rowHeight * Double(bars.count) + 4
        let greatest = bars.map(\.value).max() ?? 0
        html.element("figure") { html in
            html.element("figcaption", text: title)
            html.element(
                "svg",
                [
                    "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 400 \(Svg.number(height))", "role": "img", "aria-label": title,
                    "class": "plot",
                ]
            ) { html in
                for (place, bar) in bars.enumerated() {
                    let top = Double(place) * rowHeight
                    Svg.text(&html, BarPlot.cut(bar.name, to: 50), 0, top + 12)
                    Svg.text(&html, bar.text, width, top + 12, anchor: "end")
                    html.empty(
                        "rect", ["x": "0", "y": Svg.number(top + 16), "width": Svg.number(width), "height": "7", "class": "track"])
                    let length = greatest > 0 ? max(0, bar.value) / greatest * width : 0
                    html.empty(
                        "rect", ["x": "0", "y": Svg.number(top + 16), "width": Svg.number(length), "height": "7", "class": "f1"])
                }
            }
        }
        html.newline()
    }

    /// The text, or its beginning and an ellipsis.
    static func cut(_ text: String, to count: Int) -> String { text.count <= count ? text : text.prefix(count - 1) + "…" }
}
