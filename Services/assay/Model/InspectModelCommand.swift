import Evaluation
import Forest
import ModelTools
import ServiceRuntime

/// `assay model inspect`: what a model file says of itself.
enum InspectModelCommand {
    static let command = Command(
        "inspect", abstract: "Shows what a model is: its source, sizes, thresholds, training, features, trees.",
        flags: [ModelCommandSupport.jsonFlag, .init("trees", doc: "A line for each tree too")],
        arguments: [ModelCommandSupport.modelArgument]
    ) { invocation in
        let model = try ModelCommandSupport.load(invocation.string("model"))
        let uses = model.featureUses
        if invocation.flag("json") {
            ReportJson { json in
                json.list("properties", model.properties) { json, property in
                    json.member("name", property.name)
                    json.member("value", property.value)
                }
                json.list("features", uses) { json, use in
                    json.member("name", use.name)
                    json.member("splits", use.splitCount)
                    json.member("trees", use.treeCount)
                    json.member("thresholds", use.thresholdCount)
                    json.member("least", use.thresholds?.lowerBound ?? .nan)
                    json.member("greatest", use.thresholds?.upperBound ?? .nan)
                }
                if invocation.flag("trees") {
                    json.list("trees", model.ensemble.trees) { json, tree in
                        json.member("nodes", tree.nodeCount)
                        json.member("leaves", tree.leafCount)
                        json.member("depth", tree.depth)
                        json.member("firstOutput", tree.firstOutput)
                    }
                }
            }.print()
            return
        }
        var properties = TextTable(columns: ["", model.path])
        for property in model.properties { properties.append([property.name, property.value]) }
        print(properties.render())
        var features = TextTable(columns: ["feature", "splits", "trees", "thresholds", "least", "greatest"])
        for use in uses {
            features.append([
                use.name, TextNumber.grouped(use.splitCount), TextNumber.grouped(use.treeCount), TextNumber.grouped(use.thresholdCount),
                use.thresholds.map { FigureText.short($0.lowerBound) } ?? "-",
                use.thresholds.map { FigureText.short($0.upperBound) } ?? "-",
            ])
        }
        print(features.render(), terminator: "")
        guard invocation.flag("trees") else { return }
        var trees = TextTable(columns: ["tree", "nodes", "leaves", "depth", "output"])
        for (index, tree) in model.ensemble.trees.enumerated() {
            trees.append([
                "\(index)", TextNumber.grouped(tree.nodeCount), TextNumber.grouped(tree.leafCount), "\(tree.depth)", "\(tree.firstOutput)",
            ])
        }
        print("\n" + trees.render(), terminator: "")
    }
}
