import FrameServer
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FrameTests {
    @Test(arguments: [0, 1, 3, 4, 100, 16_379, 16_380, 16_381, 65_536, 65_537, 1_000_000, 16 << 20])
    func aFrameOfAnySizeComesBackAsItWas(byteCount: Int) throws {
        let server = try RunningServer()
        let client = try PlainClient(port: server.port)
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        for _ in 0..<3 { #expect(try client.exchange(content) == content) }
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.stop())
    }
}
