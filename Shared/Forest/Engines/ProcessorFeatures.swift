internal import CForestKernels

/// What the engines can use of a processor.
package struct ProcessorFeatures: Hashable, Sendable {
    /// AVX-512 F, BW, DQ and VL.
    package var hasAvx512: Bool
    package var hasAvx2: Bool

    package static let none = ProcessorFeatures(hasAvx512: false, hasAvx2: false)
    /// This machine's.
    package static let detected = ProcessorFeatures(hasAvx512: assay_forest_has_avx512(), hasAvx2: assay_forest_has_avx2())
}
