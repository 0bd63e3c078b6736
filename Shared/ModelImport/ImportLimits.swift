/// What a model from outside may cost.
package struct ImportLimits: Hashable, Sendable {
    /// Larger files are refused unread.
    package var byteCountMax: Int
    /// Nodes of one tree; also bounds what a PMML tree of many-sided nodes may grow to as a binary one.
    package var treeNodeCountMax: Int
    package var treeCountMax: Int
    /// Edges from a root to a leaf.
    package var treeDepthMax: Int
    package var featureCountMax: Int
    package var outputCountMax: Int

    package init(
        byteCountMax: Int = 2 << 30, treeNodeCountMax: Int = 1 << 25, treeCountMax: Int = 1_000_000, treeDepthMax: Int = 10_000,
        featureCountMax: Int = 1 << 20, outputCountMax: Int = 4_096
    ) {
        self.byteCountMax = byteCountMax
        self.treeNodeCountMax = treeNodeCountMax
        self.treeCountMax = treeCountMax
        self.treeDepthMax = treeDepthMax
        self.featureCountMax = featureCountMax
        self.outputCountMax = outputCountMax
    }
}
