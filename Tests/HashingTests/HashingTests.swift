import Hashing
import Testing

@Suite struct HashingTests {
    /// Reference values: `printf '' | xxhsum -H2` and `printf abc | sha256sum`.
    @Test func knownValues() {
        #expect(Hash128(of: []) == Hash128(low: 0x6001_c324_468d_497f, high: 0x99aa_06d3_0147_98d8))
        #expect(
            ContentHash(of: "abc".utf8).description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func canonicalBytesAreInverse() {
        let hash = Hash128(of: [1, 2, 3])
        #expect(Hash128(bytes: hash.bytes) == hash)
        #expect(Hash128(bytes: [1, 2]) == nil)
    }

    @Test func sumDoesNotDependOnOrder() {
        let hashes = (0..<100 as Range<UInt8>).map { Hash128(of: [$0]) }
        #expect(hashes.reduce(.zero, &+) == hashes.reversed().reduce(.zero, &+))
        #expect(Hash128(low: .max, high: 0) &+ Hash128(low: 1, high: 0) == Hash128(low: 0, high: 1))
    }
}
