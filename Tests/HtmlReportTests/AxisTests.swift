import HtmlReport
import Testing

@Suite struct AxisTests {
    @Test(
        arguments: [
            (0.0...1.0, Axis.Scale.linear, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (0...0.037, .linear, ["0.00", "0.01", "0.02", "0.03"]),
            (0...1_234, .linear, ["0", "250", "500", "750", "1,000"]),
            (0.001...1, .logarithmic, ["10⁻³", "0.01", "0.1", "1"]),
        ] as [(ClosedRange<Double>, Axis.Scale, [String])])
    func ticksAreRoundNumbers(range: ClosedRange<Double>, scale: Axis.Scale, texts: [String]) {
        #expect(Axis("", range, scale: scale).ticks().map(\.text) == texts)
    }

    @Test func aRangeOfOneNumberIsWidened() {
        #expect(Axis("", 5...5).range == 5...10)
        #expect(!Axis("", 0...0).ticks().isEmpty)
    }
}
