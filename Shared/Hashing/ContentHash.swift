internal import COpenssl

/// SHA-256 of a file's bytes: the name by which models, feature sets and schemas are known.
///
/// Source: FIPS 180-4, through OpenSSL's `EVP_Digest`.
package struct ContentHash: Hashable, Sendable, CustomStringConvertible {
    /// Thirty-two bytes.
    package let bytes: [UInt8]

    package init(of content: some Sequence<UInt8>) {
        let content = Array(content)
        var digest = [UInt8](repeating: 0, count: 32)
        let done = EVP_Digest(content, content.count, &digest, nil, EVP_sha256(), nil)
        precondition(done == 1, "EVP_Digest(SHA-256) failed, which OpenSSL does only when it cannot allocate")
        bytes = digest
    }

    /// A stored hash; nil unless there are thirty-two bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Sixty-four lower-case hexadecimal digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The first twelve digits: enough for a person.
    package var short: String { String(description.prefix(12)) }
}
