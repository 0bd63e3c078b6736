import CLibyaml

#if canImport(Glibc)
    import Glibc
#endif

/// Bounds on a document, so that a hostile or broken file ends in a message.
package struct YamlLimits: Hashable, Sendable {
    package var byteCountMax = 4 << 20
    package var depthMax = 32
    package var nodeCountMax = 100_000
    package var keyByteCountMax = 256

    package init() {}
}

extension YamlDocument {
    /// Parses one UTF-8 document. Anchors, aliases, tags, duplicate keys and further documents are refused.
    package static func parse(_ bytes: [UInt8], file: String, limits: YamlLimits = YamlLimits()) throws(YamlFailure) -> YamlDocument {
        guard bytes.count <= limits.byteCountMax else {
            throw YamlFailure(
                file: file, line: 1, column: 1, problem: "the file has \(bytes.count) bytes, at most \(limits.byteCountMax) are read",
                remedy: "make it smaller")
        }
        // Typed errors do not pass through `withUnsafeBufferPointer` without help, so the outcome is carried as a value.
        let outcome: Result<YamlDocument, YamlFailure> = bytes.withUnsafeBufferPointer { buffer in
            do throws(YamlFailure) {
                var parser = YamlParser(reading: buffer, file: file, limits: limits)
                return .success(YamlDocument(file: file, root: try parser.document()))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    package static func parse(_ text: String, file: String, limits: YamlLimits = YamlLimits()) throws(YamlFailure) -> YamlDocument {
        try parse(Array(text.utf8), file: file, limits: limits)
    }

    /// Reads and parses the file at `path`.
    package static func read(path: String, limits: YamlLimits = YamlLimits()) throws(YamlFailure) -> YamlDocument {
        func refuse() -> YamlFailure {
            YamlFailure(
                file: path, line: 1, column: 1, problem: "cannot read the file: \(String(cString: strerror(errno)))",
                remedy: "check the path and its permissions")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refuse() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        // One byte more than allowed is enough for `parse` to refuse it.
        while bytes.count <= limits.byteCountMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw refuse() }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return try parse(bytes, file: path, limits: limits)
    }
}

/// Owns one `yaml_parser_t` over bytes that outlive it, and builds the tree from its events.
private struct YamlParser: ~Copyable {
    private let raw: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>
    private let file: String
    private let limits: YamlLimits
    private var nodeCount = 0

    init(reading input: UnsafeBufferPointer<UInt8>, file: String, limits: YamlLimits) {
        raw = .allocate(capacity: 1)
        self.input = input
        self.file = file
        self.limits = limits
        // Fails only when memory is out, which Swift itself does not survive either.
        precondition(yaml_parser_initialize(raw) == 1, "libyaml has no memory for a parser")
        yaml_parser_set_encoding(raw, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(raw, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(raw)
        raw.deallocate()
    }

    /// What the tree needs of an event, copied so that the event can be freed at once.
    private struct Event {
        enum Kind { case streamStart, streamEnd, documentStart, documentEnd, mappingStart, mappingEnd, sequenceStart, sequenceEnd, scalar }
        var kind: Kind
        var line: Int
        var column: Int
        var scalar = YamlNode.Scalar(text: "", isQuoted: false)
    }

    private func failure(_ line: Int, _ column: Int, _ problem: String, _ remedy: String) -> YamlFailure {
        YamlFailure(file: file, line: line, column: column, problem: problem, remedy: remedy)
    }

    private func next() throws(YamlFailure) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(raw, &event) == 1 else { throw parserFailure() }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        let column = Int(event.start_mark.column) + 1
        var anchor: UnsafeMutablePointer<yaml_char_t>?
        var tag: UnsafeMutablePointer<yaml_char_t>?
        var copy = Event(kind: .streamEnd, line: line, column: column)
        switch event.type {
        case YAML_STREAM_START_EVENT: copy.kind = .streamStart
        case YAML_STREAM_END_EVENT: copy.kind = .streamEnd
        case YAML_DOCUMENT_START_EVENT: copy.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: copy.kind = .documentEnd
        case YAML_MAPPING_END_EVENT: copy.kind = .mappingEnd
        case YAML_SEQUENCE_END_EVENT: copy.kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            copy.kind = .mappingStart
            anchor = event.data.mapping_start.anchor
            tag = event.data.mapping_start.tag
        case YAML_SEQUENCE_START_EVENT:
            copy.kind = .sequenceStart
            anchor = event.data.sequence_start.anchor
            tag = event.data.sequence_start.tag
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            copy.kind = .scalar
            anchor = scalar.anchor
            tag = scalar.tag
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            copy.scalar = YamlNode.Scalar(text: String(decoding: bytes, as: UTF8.self), isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE)
        case YAML_ALIAS_EVENT:
            throw failure(line, column, "an alias (*name) is not allowed", "write the value out")
        default:
            throw failure(line, column, "unexpected YAML event \(event.type.rawValue)", "simplify the file")
        }
        if anchor != nil { throw failure(line, column, "an anchor (&name) is not allowed", "write the value out where it is needed") }
        if tag != nil { throw failure(line, column, "a tag (!name) is not allowed", "remove it; the reader knows each value's type") }
        return copy
    }

    private func parserFailure() -> YamlFailure {
        let problem = raw.pointee.problem.map { String(cString: $0) } ?? "the file cannot be parsed"
        if raw.pointee.error == YAML_READER_ERROR {
            // The reader runs ahead of the parser and only knows a byte offset.
            let before = input.prefix(raw.pointee.problem_offset)
            let line = before.count { $0 == 0x0A } + 1
            let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
            return failure(line, column, problem, "write the file in UTF-8 without control characters")
        }
        let context = raw.pointee.context.map { " \(String(cString: $0))" } ?? ""
        return failure(
            Int(raw.pointee.problem_mark.line) + 1, Int(raw.pointee.problem_mark.column) + 1, problem + context,
            "check indentation, quotes and brackets near here")
    }

    mutating func document() throws(YamlFailure) -> YamlNode {
        _ = try next()  // stream start
        let start = try next()
        guard start.kind == .documentStart else { throw failure(1, 1, "the file is empty", "write a YAML document") }
        let root = try node(after: try next(), path: "", depth: 1)
        _ = try next()  // document end
        let end = try next()
        guard end.kind == .streamEnd else {
            throw failure(end.line, end.column, "a second document starts here", "keep one document in a file; remove the --- line")
        }
        return root
    }

    private mutating func node(after event: Event, path: String, depth: Int) throws(YamlFailure) -> YamlNode {
        guard depth <= limits.depthMax else {
            throw failure(event.line, event.column, "values are nested deeper than \(limits.depthMax) levels", "flatten the file")
        }
        nodeCount += 1
        guard nodeCount <= limits.nodeCountMax else {
            throw failure(event.line, event.column, "the file has more than \(limits.nodeCountMax) values", "make it smaller")
        }
        let content: YamlNode.Content
        switch event.kind {
        case .scalar: content = .scalar(event.scalar)
        case .sequenceStart:
            var nodes: [YamlNode] = []
            var item = try next()
            while item.kind != .sequenceEnd {
                nodes.append(try node(after: item, path: "\(path)[\(nodes.count)]", depth: depth + 1))
                item = try next()
            }
            content = .sequence(nodes)
        case .mappingStart: content = .mapping(try entries(path: path, depth: depth))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .mappingEnd, .sequenceEnd:
            preconditionFailure("libyaml promised a value, not \(event.kind)")
        }
        return YamlNode(content: content, file: file, line: event.line, column: event.column, path: path)
    }

    private mutating func entries(path: String, depth: Int) throws(YamlFailure) -> [YamlNode.Entry] {
        var entries: [YamlNode.Entry] = []
        var lines: [String: Int] = [:]
        var event = try next()
        while event.kind != .mappingEnd {
            guard event.kind == .scalar, !event.scalar.isNull, event.scalar.text.utf8.count <= limits.keyByteCountMax else {
                throw failure(
                    event.line, event.column, "a key must be text of 1 to \(limits.keyByteCountMax) bytes",
                    "write key: value with a plain key")
            }
            let key = event.scalar.text
            if let earlier = lines.updateValue(event.line, forKey: key) {
                throw failure(
                    event.line, event.column, "the key \(key.quotedForMessage) is already given on line \(earlier)", "remove one of the two"
                )
            }
            let value = try node(after: try next(), path: path.isEmpty ? key : "\(path).\(key)", depth: depth + 1)
            entries.append(YamlNode.Entry(key: key, line: event.line, column: event.column, value: value))
            event = try next()
        }
        return entries
    }
}
