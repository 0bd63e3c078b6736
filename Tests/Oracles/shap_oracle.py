#!/usr/bin/env python3
"""Makes cases for the explanations: models of other libraries, rows, and what the shap package says of them.

    python3 Tests/Oracles/shap_oracle.py FOLDER [--rows 10000]
    ASSAY_SHAP_CASES=FOLDER swift test --disable-xctest --filter ShapOracleTests

Needs numpy, scikit-learn, lightgbm, xgboost and shap. Each case is a folder: model.txt (see Tests/EnsembleText), rows.bin, background.bin,
and path.bin and interventional.bin (rows x features, little-endian doubles; interventional for the first rows only), importances.bin where
scikit-learn has them, and tolerance.txt. By paths shap explains in double, but XGBoost's models through XGBoost, in float32; against a
background it weighs subsets in float32.

shap reads the models itself; model.txt is written here from the libraries' own dumps, so each also checks the other's reading.
"""

import argparse
import json
import os

import lightgbm
import numpy as np
import shap
import xgboost
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

MISSING_LEFT = 1
MISSING_IS_ZERO = 4


class Ensemble:
    def __init__(self, features, outputs, precision, aggregation, base):
        self.lines = [
            f"features {features} outputs {outputs} precision {precision} aggregation {aggregation} base "
            + " ".join(repr(float(b)) for b in base)
        ]

    def tree(self, nodes, first=0, values=1):
        """nodes: ("split", feature, threshold, left, right, flags, cover) or ("leaf", cover, [values]), children behind parents."""
        self.lines.append(f"tree nodes {len(nodes)} first {first} values {values}")
        for node in nodes:
            if node[0] == "leaf":
                self.lines.append("leaf " + " ".join(repr(float(v)) for v in [node[1], *node[2]]))
            else:
                _, feature, threshold, left, right, flags, cover = node
                self.lines.append(f"split {int(feature)} {float(threshold)!r} {int(left)} {int(right)} {int(flags)} {float(cover)!r}")

    def only(self, output):
        """The same trees with one of their outputs."""
        words = self.lines[0].split()
        base = words[words.index("base") + 1 :][output]
        lines = [" ".join(words[: words.index("base")]).replace(f"outputs {words[3]}", "outputs 1") + f" base {base}"]
        for line in self.lines[1:]:
            words = line.split()
            if words[0] == "tree":
                lines.append(f"tree nodes {words[2]} first 0 values 1")
            else:
                lines.append(f"leaf {words[1]} {words[2 + output]}" if words[0] == "leaf" else line)
        self.lines = lines
        return self

    def text(self):
        return "\n".join(self.lines) + "\n"


def scikit_tree(tree, value):
    nodes = []
    for i in range(tree.node_count):
        cover = tree.weighted_n_node_samples[i]
        if tree.children_left[i] < 0:
            nodes.append(("leaf", cover, value(tree.value[i][0])))
        else:
            flags = MISSING_LEFT if tree.missing_go_to_left[i] else 0
            nodes.append(("split", tree.feature[i], tree.threshold[i], tree.children_left[i], tree.children_right[i], flags, cover))
    return nodes


def scikit_forest(model, features):
    if hasattr(model, "classes_"):
        outputs, value = len(model.classes_), lambda v: v / v.sum()
    else:
        outputs, value = 1, lambda v: v
    result = Ensemble(features, outputs, "single", "mean", [0.0] * outputs)
    for tree in getattr(model, "estimators_", [model]):
        result.tree(scikit_tree(tree.tree_, value), 0, outputs)
    return result


def scikit_boosting(model, features, base):
    result = Ensemble(features, 1, "single", "sum", [base])
    for (tree,) in model.estimators_:
        result.tree(scikit_tree(tree.tree_, lambda v: v * model.learning_rate))
    return result


def lightgbm_model(model, features):
    result = Ensemble(features, 1, "double", "sum", [0.0])
    for info in model.dump_model()["tree_info"]:
        nodes = []

        def add(node):
            place = len(nodes)
            nodes.append(None)
            if "leaf_value" in node:
                nodes[place] = ("leaf", node.get("leaf_count", 0), [node["leaf_value"]])
                return place
            assert node["decision_type"] == "<="
            flags = {"None": MISSING_IS_ZERO, "NaN": MISSING_LEFT if node["default_left"] else 0}[node["missing_type"]]
            left, right = add(node["left_child"]), add(node["right_child"])
            nodes[place] = ("split", node["split_feature"], node["threshold"], left, right, flags, node["internal_count"])
            return place

        add(info["tree_structure"])
        result.tree(nodes)
    return result


def xgboost_model(model, features):
    document = json.loads(bytes(model.save_raw("json")))["learner"]
    base = document["learner_model_param"]["base_score"].strip("[]")
    if document["objective"]["name"] == "binary:logistic":
        base = np.log(float(base) / (1 - float(base)))
    result = Ensemble(features, 1, "single", "sum", [float(base)])
    for tree in document["gradient_booster"]["model"]["trees"]:
        nodes = []
        for i, left in enumerate(tree["left_children"]):
            cover = tree["sum_hessian"][i]
            if left < 0:
                nodes.append(("leaf", cover, [np.float32(tree["split_conditions"][i])]))
                continue
            # Left is less than here: the next lower float is the greatest that goes left.
            threshold = np.nextafter(np.float32(tree["split_conditions"][i]), np.float32(-np.inf))
            flags = MISSING_LEFT if tree["default_left"][i] else 0
            nodes.append(("split", tree["split_indices"][i], threshold, left, tree["right_children"][i], flags, cover))
        result.tree(nodes)
    return result


def data(random, rows, features, missing):
    x = random.normal(size=(rows, features))
    x[:, 1] = np.round(x[:, 1])
    margin = x[:, 0] - x[:, 1] * x[:, 2] + np.abs(x[:, 3]) + 0.5 * x[:, 4]
    if missing:
        x[random.random(x.shape) < 0.1] = np.nan
    x = x.astype(np.float32).astype(np.float64)
    return x, (margin + random.normal(size=rows) > 1.5).astype(int), margin + random.normal(size=rows)


def cases(random):
    features = 12
    x, y, margin = data(random, 4000, features, False)
    gaps, gaps_y, _ = data(random, 4000, features, True)
    three = y + (x[:, 5] > 0.8)
    forest = RandomForestClassifier(60, max_depth=8, random_state=1).fit(x, y)
    yield "sklearn-forest", forest, scikit_forest(forest, features), x, 1e-9, forest.feature_importances_
    extra = ExtraTreesClassifier(30, max_depth=10, random_state=1, bootstrap=True).fit(x, three)
    yield "sklearn-extra-trees-3-classes", extra, scikit_forest(extra, features), x, 1e-9, None
    deep = RandomForestRegressor(8, random_state=1).fit(x, margin)
    yield "sklearn-deep-regressor", deep, scikit_forest(deep, features), x, 1e-9, deep.feature_importances_
    tree = DecisionTreeClassifier(max_depth=6, random_state=1).fit(gaps, gaps_y)
    yield "sklearn-tree-missing", tree, scikit_forest(tree, features), gaps, 1e-9, tree.feature_importances_
    boosting = GradientBoostingRegressor(n_estimators=60, max_depth=4, random_state=1).fit(x, margin)
    base = float(boosting.init_.constant_.ravel()[0])
    yield "sklearn-boosting", boosting, scikit_boosting(boosting, features, base), x, 1e-9, None
    for missing, (rows, labels) in {"": (x, y), "-missing": (gaps, gaps_y)}.items():
        light = lightgbm.train(
            {"objective": "binary", "num_leaves": 63, "max_depth": 8, "verbose": -1, "num_threads": 2}, lightgbm.Dataset(rows, labels), 60
        )
        yield "lightgbm" + missing, light, lightgbm_model(light, features), rows, 1e-9, None
        boost = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 8, "nthread": 2}, xgboost.DMatrix(rows, labels), 60
        )
        # XGBoost explains in float32.
        yield "xgboost" + missing, boost, xgboost_model(boost, features), rows, 2e-5, None


def write(path, values):
    np.ascontiguousarray(values, dtype="<f8").tofile(path)


def path_dependent(model, rows):
    return shap.TreeExplainer(model, feature_perturbation="tree_path_dependent").shap_values(rows, check_additivity=False)


def outputs_first(values, rows):
    """rows x outputs x features of whatever shape the library gives."""
    values = np.asarray(values, dtype=float)
    return values.transpose(0, 2, 1) if values.ndim == 3 else values.reshape(len(rows), 1, -1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=10_000, help="rows explained by paths; a fiftieth of them against a background")
    arguments = parser.parse_args()
    random = np.random.default_rng(20_180_725)
    for name, model, ensemble, known, tolerance, importances in cases(random):
        folder = os.path.join(arguments.folder, name)
        os.makedirs(folder, exist_ok=True)
        rows, _, _ = data(random, arguments.rows, known.shape[1], bool(np.isnan(known).any()))
        with open(os.path.join(folder, "model.txt"), "w", encoding="ascii") as file:
            file.write(ensemble.text())
        write(os.path.join(folder, "rows.bin"), rows)
        write(os.path.join(folder, "path.bin"), outputs_first(path_dependent(model, rows), rows))
        background, few = known[:50], rows[: max(10, arguments.rows // 50)]
        explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional", model_output="raw")
        write(os.path.join(folder, "background.bin"), background)
        write(os.path.join(folder, "interventional.bin"), outputs_first(explainer.shap_values(few, check_additivity=False), few))
        if importances is not None:
            write(os.path.join(folder, "importances.bin"), importances)
        with open(os.path.join(folder, "tolerance.txt"), "w", encoding="ascii") as file:
            file.write(f"{tolerance}\n")
        print(f"{name}: {len(rows)} rows", flush=True)


if __name__ == "__main__":
    main()
