/// A table that never changes, at an address that is a multiple of 64 bytes, with room to read behind its end.
///
/// Kernels load whole cache lines and gather four bytes where they need two, so 64 bytes of zeros follow the last element.
///
/// Unchecked: the memory is written in the initialiser only, and freed when nobody holds the table any longer.
final class AlignedTable<Element: BitwiseCopyable>: @unchecked Sendable {
    let start: UnsafePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        let byteCount = elements.count * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: (byteCount + 127) / 64 * 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: (byteCount + 127) / 64 * 64)
        elements.withUnsafeBytes { if let from = $0.baseAddress { memory.copyMemory(from: from, byteCount: byteCount) } }
        start = UnsafePointer(memory.assumingMemoryBound(to: Element.self))
    }

    deinit { UnsafeMutableRawPointer(mutating: start).deallocate() }

    @inline(__always) subscript(index: Int) -> Element { start[index] }
}
