/// A currency's three-letter code of ISO 4217, and how many decimals its amounts have.
package struct Currency: Hashable, Sendable {
    /// The letters, the first one in the highest of three bytes.
    private let code: UInt32
    /// Decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD, 4 for CLF.
    package let exponent: Int

    /// The currency of a code in capitals; nil when ISO 4217 lists none, or one without a minor unit (gold, testing).
    package init?(code: some Collection<UInt8>) {
        var packed: UInt32 = 0
        var count = 0
        for byte in code {
            packed = packed << 8 | UInt32(byte)
            count += 1
            if count > 3 { return nil }
        }
        guard count == 3, let exponent = Currency.exponent(packed) else { return nil }
        self.code = packed
        self.exponent = exponent
    }

    /// The same for borrowed bytes: the hot path's, which is not generic.
    init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 3 else { return nil }
        let packed = UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[2])
        guard let exponent = Currency.exponent(packed) else { return nil }
        code = packed
        self.exponent = exponent
    }

    /// Three letters.
    package var description: String {
        String(
            decoding: [UInt8(truncatingIfNeeded: code >> 16), UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)],
            as: UTF8.self)
    }

    /// Calls `body` with the three letters.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: (code << 8).bigEndian) { try body(UnsafeRawBufferPointer(rebasing: $0[0..<3])) }
    }

    private static func exponent(_ packed: UInt32) -> Int? {
        var low = 0
        var high = table.count
        while low < high {
            let middle = (low + high) / 2
            if table[middle].code < packed { low = middle + 1 } else { high = middle }
        }
        return low < table.count && table[low].code == packed ? table[low].exponent : nil
    }

    private struct Entry {
        let code: UInt32
        let exponent: Int
    }

    /// Sorted by code.
    private static let table: [Entry] = {
        let groups: [(exponent: Int, codes: String)] = [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
            (
                2,
                """
                AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
                CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
                IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
                MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS \
                SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
                """
            ),
        ]
        return groups.flatMap { group in
            group.codes.split(separator: " ").map { code in
                Entry(code: code.utf8.reduce(0) { $0 << 8 | UInt32($1) }, exponent: group.exponent)
            }
        }.sorted { $0.code < $1.code }
    }()
}

extension Currency: CustomStringConvertible {}
