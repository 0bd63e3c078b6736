import RecordLog

/// A range of a log's file in a response; keeps the file open.
struct FileSliceChunk {
    var descriptor: CInt
    var position: Int64
    var byteCount: Int
    var owner: AnyObject

    init(_ slice: FileSlice) {
        descriptor = slice.file.descriptor
        position = slice.position
        byteCount = slice.byteCount
        owner = slice.file
    }
}
