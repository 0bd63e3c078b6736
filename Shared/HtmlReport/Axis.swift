internal import Evaluation
internal import Glibc

/// Where numbers stand along one side of a plot, and which of them are written.
package struct Axis: Hashable, Sendable {
    package enum Scale: Hashable, Sendable { case linear, logarithmic }
    package enum Style: Hashable, Sendable { case plain, percent }

    package var label: String
    package var range: ClosedRange<Double>
    package var scale: Scale
    package var style: Style

    /// - Precondition: a range above 0 for a logarithmic scale.
    package init(_ label: String, _ range: ClosedRange<Double>, scale: Scale = .linear, style: Style = .plain) {
        precondition(range.lowerBound.isFinite && range.upperBound.isFinite)
        precondition(scale == .linear || range.lowerBound > 0)
        self.label = label
        self.range = range.lowerBound < range.upperBound ? range : range.lowerBound...(range.lowerBound + max(1e-9, abs(range.lowerBound)))
        self.scale = scale
        self.style = style
    }

    /// `0...1` along the axis; beyond it for values outside of the range.
    func place(of value: Double) -> Double {
        switch scale {
        case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        case .logarithmic: (log10(value) - log10(range.lowerBound)) / (log10(range.upperBound) - log10(range.lowerBound))
        }
    }

    /// About `count` round numbers within the range, with their texts.
    package func ticks(_ count: Int = 5) -> [(value: Double, text: String)] {
        switch scale {
        case .linear:
            let span = range.upperBound - range.lowerBound
            let rough = span / Double(count)
            let power = pow(10, floor(log10(rough)))
            let step = [1.0, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
            let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
            let last = Int((range.upperBound / step + 1e-9).rounded(.down))
            guard first <= last else { return [] }
            return (first...last).map { (Double($0) * step, text(Double($0) * step, step: step)) }
        case .logarithmic:
            let first = Int((log10(range.lowerBound) - 1e-9).rounded(.up))
            let last = Int((log10(range.upperBound) + 1e-9).rounded(.down))
            guard first <= last else { return [] }
            let every = max(1, (last - first + count) / (count + 1))
            return stride(from: first, through: last, by: every).map { exponent in
                (pow(10, Double(exponent)), Axis.powerText(exponent))
            }
        }
    }

    /// `100`, `0.1`, `10⁻³`: zeros are hard to count.
    private static func powerText(_ exponent: Int) -> String {
        if (-2...3).contains(exponent) { return FigureText.short(pow(10, Double(exponent))) }
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let raised = String(exponent.magnitude).compactMap(\.wholeNumberValue).map { String(digits[$0]) }.joined()
        return "10" + (exponent < 0 ? "⁻" : "") + raised
    }

    private func text(_ value: Double, step: Double) -> String {
        let scale = style == .percent ? 100.0 : 1
        // As many decimals as tell neighbouring ticks apart.
        var decimals = 0
        var size = step * scale
        while decimals < 9, (size - size.rounded()).magnitude > 1e-6 {
            decimals += 1
            size *= 10
        }
        return FigureText.fixed(value * scale, decimals) + (style == .percent ? " %" : "")
    }
}
