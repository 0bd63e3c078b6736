enum PmmlReader {
    static func read(_ bytes: UnsafeRawBufferPointer, limits: ImportLimits) throws(ImportFailure) -> ImportedModel {
        throw ImportFailure(.unsupported, at: "file", "PMML")
    }
}
