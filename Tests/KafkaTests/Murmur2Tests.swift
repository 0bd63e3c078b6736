import CLibrdkafka
import Kafka
import Testing

@Suite struct Murmur2Tests {
    /// Source: Apache Kafka, `UtilsTest.testMurmur2`.
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] as [(String, Int32)])
    func hashesLikeApacheKafka(key: String, hash: Int32) {
        let bytes = Array(key.utf8)
        #expect(Int32(bitPattern: bytes.withUnsafeBytes { Murmur2.hash($0) }) == hash)
    }

    @Test(arguments: 0...40)
    func partitionsLikeLibrdkafka(length: Int) {
        var state = UInt64(length) &* 0x9e37_79b9_7f4a_7c15 &+ 1
        for _ in 0..<200 {
            let key = (0..<length).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            let count = Int32(truncatingIfNeeded: state >> 40) & 0x3ff + 1
            let expected = key.withUnsafeBytes {
                // An empty key still needs an address there: without one it stands for "no key".
                withUnsafeBytes(of: 0) { [key = $0] some in
                    rd_kafka_msg_partitioner_murmur2(nil, key.baseAddress ?? some.baseAddress!, key.count, count, nil, nil)
                }
            }
            #expect(Murmur2.partition(key: key, count: count) == expected)
        }
    }
}
