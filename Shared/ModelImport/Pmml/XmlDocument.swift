internal import CExpat
internal import Json

/// An XML document as flat arrays: about 40 bytes an element and 20 an attribute besides its text, for files of millions of nodes.
///
/// `Extension` elements are left out with all that is in them, and text is kept where ``textElements`` stand. A document type is
/// refused, and with it every entity but XML's own five, so that nothing expands and nothing is fetched.
final class XmlDocument {
    static let none: Int32 = -1
    private static let textElements: Set<String> = ["Array"]

    fileprivate var names: [String] = []
    fileprivate var elementName: [Int32] = []
    fileprivate var elementParent: [Int32] = []
    fileprivate var firstChild: [Int32] = []
    fileprivate var nextSibling: [Int32] = []
    /// Attributes of element `i`: `attributeStart[i] ..< attributeStart[i + 1]`.
    fileprivate var attributeStart: [Int] = [0]
    fileprivate var attributeName: [Int32] = []
    fileprivate var attributeEnd: [Int] = []
    /// The values of all attributes, one behind another.
    fileprivate var attributeText: [UInt8] = []
    fileprivate var text: [Int32: [UInt8]] = [:]

    // While parsing.
    private var nameNumbers: [String: Int32] = [:]
    private var open: [Int32] = []
    private var lastChild: [Int32] = []
    private var skippedDepth = 0
    private let depthMax: Int
    private var failure: ImportFailure?
    private var parser: XML_Parser?

    var elementCount: Int { elementName.count }

    private init(depthMax: Int) { self.depthMax = depthMax }

    static func parse(_ bytes: UnsafeRawBufferPointer, depthMax: Int) throws(ImportFailure) -> XmlElement {
        let document = XmlDocument(depthMax: depthMax)
        guard let parser = XML_ParserCreate(nil) else { throw ImportFailure(.tooLarge, at: "file", "there is no memory for an XML parser") }
        defer { XML_ParserFree(parser) }
        document.parser = parser
        // The document outlives the parser, which alone calls back.
        XML_SetUserData(parser, Unmanaged.passUnretained(document).toOpaque())
        XML_SetElementHandler(parser, elementStarts, elementEnds)
        XML_SetCharacterDataHandler(parser, textComes)
        XML_SetStartDoctypeDeclHandler(parser, documentTypeStarts)
        var start = 0
        repeat {
            let count = min(bytes.count - start, 1 << 24)  // expat counts in Int32
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
            start += count
            let status = XML_Parse(
                parser, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(count), start == bytes.count ? 1 : 0)
            if let failure = document.failure { throw failure }
            guard status == XML_STATUS_OK else {
                let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "unknown"
                throw ImportFailure(.malformed, at: "line \(XML_GetCurrentLineNumber(parser))", "not XML: \(reason)")
            }
        } while start < bytes.count
        document.parser = nil
        return XmlElement(document: document, index: 0)
    }

    fileprivate func start(_ name: UnsafePointer<CChar>, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>) {
        let name = XmlDocument.localName(name)
        guard skippedDepth == 0, name != "Extension" else {
            skippedDepth += 1
            return
        }
        guard open.count < depthMax else { return stop(.tooLarge, "elements are nested deeper than \(depthMax)") }
        let element = Int32(truncatingIfNeeded: elementName.count)
        elementName.append(number(of: name))
        elementParent.append(open.last ?? XmlDocument.none)
        firstChild.append(XmlDocument.none)
        nextSibling.append(XmlDocument.none)
        if let parent = open.last {
            let last = lastChild[lastChild.count - 1]
            if last == XmlDocument.none { firstChild[Int(parent)] = element } else { nextSibling[Int(last)] = element }
            lastChild[lastChild.count - 1] = element
        }
        open.append(element)
        lastChild.append(XmlDocument.none)
        var next = attributes
        while let key = next.pointee, let value = next.advanced(by: 1).pointee {
            attributeName.append(number(of: String(cString: key)))
            var byte = value
            while byte.pointee != 0 {
                attributeText.append(UInt8(bitPattern: byte.pointee))
                byte += 1
            }
            attributeEnd.append(attributeText.count)
            next += 2
        }
        attributeStart.append(attributeName.count)
    }

    fileprivate func end() {
        if skippedDepth > 0 {
            skippedDepth -= 1
        } else {
            open.removeLast()
            lastChild.removeLast()
        }
    }

    fileprivate func append(_ bytes: UnsafeRawBufferPointer) {
        guard skippedDepth == 0, let element = open.last, XmlDocument.textElements.contains(names[Int(elementName[Int(element)])]) else {
            return
        }
        text[element, default: []].append(contentsOf: bytes)
    }

    fileprivate func stop(_ kind: ImportFailure.Kind, _ problem: String) {
        guard failure == nil else { return }
        failure = ImportFailure(kind, at: "line \(parser.map { XML_GetCurrentLineNumber($0) } ?? 0)", problem)
        _ = XML_StopParser(parser, 0)
    }

    private func number(of name: String) -> Int32 {
        if let number = nameNumbers[name] { return number }
        let number = Int32(names.count)
        names.append(name)
        nameNumbers[name] = number
        return number
    }

    /// Without the namespace's prefix: all elements that are looked at are PMML's.
    private static func localName(_ name: UnsafePointer<CChar>) -> String {
        let name = String(cString: name)
        return name.firstIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
    }
}

private func document(_ pointer: UnsafeMutableRawPointer?) -> XmlDocument {
    guard let pointer else { preconditionFailure("expat lost its user data") }
    return Unmanaged<XmlDocument>.fromOpaque(pointer).takeUnretainedValue()
}

private func elementStarts(
    _ user: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) {
    if let name, let attributes { document(user).start(name, attributes) }
}

private func elementEnds(_ user: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?) { document(user).end() }

private func textComes(_ user: UnsafeMutableRawPointer?, _ text: UnsafePointer<CChar>?, _ count: Int32) {
    document(user).append(UnsafeRawBufferPointer(start: text, count: Int(count)))
}

private func documentTypeStarts(
    _ user: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ system: UnsafePointer<CChar>?, _ public: UnsafePointer<CChar>?,
    _ hasSubset: Int32
) {
    document(user).stop(.unsupported, "DOCTYPE: a document type, which could define entities")
}

/// A place in an ``XmlDocument``.
struct XmlElement: Equatable {
    let document: XmlDocument
    let index: Int32

    static func == (left: XmlElement, right: XmlElement) -> Bool { left.index == right.index }

    var name: String { document.names[Int(document.elementName[Int(index)])] }
    var place: String { self["id"].map { "\(name) \($0.prefix(64))" } ?? "\(name) (element \(index))" }
    var text: String { String(decoding: document.text[index] ?? [], as: UTF8.self) }

    subscript(_ attribute: StaticString) -> String? { bytes(attribute).map { String(decoding: $0, as: UTF8.self) } }

    private func bytes(_ attribute: StaticString) -> ArraySlice<UInt8>? {
        for number in document.attributeStart[Int(index)]..<document.attributeStart[Int(index) + 1] {
            guard document.names[Int(document.attributeName[number])] == attribute.description else { continue }
            return document.attributeText[(number == 0 ? 0 : document.attributeEnd[number - 1])..<document.attributeEnd[number]]
        }
        return nil
    }

    func required(_ attribute: StaticString) throws(ImportFailure) -> String {
        guard let value = self[attribute] else { throw fault("\(attribute) is missing") }
        return value
    }

    /// A finite number; nil where the attribute is absent.
    func number(_ attribute: StaticString) throws(ImportFailure) -> Double? {
        guard let bytes = bytes(attribute) else { return nil }
        guard let value = bytes.withUnsafeBytes({ JsonText.readDouble($0) }), value.isFinite else {
            throw fault("\(attribute) is not a number")
        }
        return value
    }

    /// In the order of the document.
    var children: [XmlElement] {
        var children: [XmlElement] = []
        var next = document.firstChild[Int(index)]
        while next != XmlDocument.none {
            children.append(XmlElement(document: document, index: next))
            next = document.nextSibling[Int(next)]
        }
        return children
    }

    func first(_ name: String) -> XmlElement? { children.first { $0.name == name } }
    func all(_ name: String) -> [XmlElement] { children.filter { $0.name == name } }

    func fault(_ problem: String) -> ImportFailure { ImportFailure(.malformed, at: place, problem) }
    func unsupported(_ problem: String) -> ImportFailure { ImportFailure(.unsupported, at: place, problem) }
}
