internal import CShap

/// The shapes of small subtrees, which are walked as one: what is known on the way stays in registers.
///
/// A letter is a subtree: L a leaf, T a twig, which is a node with two leaves, H a node with a twig and a leaf, F one with two twigs; two
/// letters are a node with these two, in whichever order the tree has them. In a forest of depth 8 they hold three of four nodes.
enum ShapShape: Int, CaseIterable {
    // As in cshap.h.
    // swift-format-ignore
    case T, H, F, HL, FL, HT, FT, HH, FH, FF

    /// What a node is the root of.
    enum OfNode: Equatable {
        case leaf
        case small(ShapShape)
        case large

        /// Inner nodes, for comparing; what is large counts as more than all others.
        var size: Int {
            switch self {
            case .leaf: 0
            case .small(let shape): shape.nodeCount
            case .large: .max
            }
        }
    }

    var nodeCount: Int {
        switch self {
        case .T: 1
        case .H: 2
        case .F, .HL: 3
        case .FL, .HT: 4
        case .FT, .HH: 5
        case .FH: 6
        case .FF: 7
        }
    }

    /// The shape of a node with these children, the one with more nodes first; nil where that is no small subtree.
    private init?(_ first: OfNode, _ second: OfNode) {
        switch (first, second) {
        case (.leaf, .leaf): self = .T
        case (.small(.T), .leaf): self = .H
        case (.small(.T), .small(.T)): self = .F
        case (.small(.H), .leaf): self = .HL
        case (.small(.F), .leaf): self = .FL
        case (.small(.H), .small(.T)): self = .HT
        case (.small(.F), .small(.T)): self = .FT
        case (.small(.H), .small(.H)): self = .HH
        case (.small(.F), .small(.H)): self = .FH
        case (.small(.F), .small(.F)): self = .FF
        default: return nil
        }
    }

    /// By node.
    static func shapes(of tree: DecisionTree) -> [OfNode] {
        var shapes = [OfNode](repeating: .leaf, count: tree.nodeCount)
        // Children stand behind their parents: backwards, they are known before them.
        for node in (0..<tree.nodeCount).reversed() where !tree.isLeaf(node) {
            let children = (shapes[Int(tree.left[node])], shapes[Int(tree.right[node])])
            let ordered = children.0.size >= children.1.size ? children : (children.1, children.0)
            shapes[node] = ShapShape(ordered.0, ordered.1).map(OfNode.small) ?? .large
        }
        return shapes
    }
}
