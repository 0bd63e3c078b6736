/// A growable run of plain values in memory of its own: an array without reference counts, copies or uniqueness checks.
struct Column<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private(set) var capacity: Int

    init(capacity: Int = 0) {
        self.capacity = capacity
        base = .allocate(capacity: max(1, capacity))
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(0 <= index && index < count)
            return base[index]
        }
        @inline(__always) set {
            assert(0 <= index && index < count)
            base[index] = newValue
        }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { reserve(max(8, capacity * 2)) }
        base[count] = element
        count += 1
    }

    mutating func append(repeating element: Element, count added: Int) {
        reserve(count + added)
        (base + count).initialize(repeating: element, count: added)
        count += added
    }

    /// At least `wanted` slots, doubling so that appends cost O(1) amortised.
    mutating func reserve(_ wanted: Int) {
        if wanted <= capacity { return }
        let grown = max(wanted, capacity * 2)
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: grown)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = grown
    }
}
