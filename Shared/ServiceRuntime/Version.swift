/// The suite's version, the same in every executable.
package enum AssayVersion {
    /// Semantic version, as `--version` and the `assay_build_info` metric say it.
    package static let current = "0.2.0"
}
