#!/usr/bin/env python3
"""ONNX Runtime's word on ONNX models, for OnnxTests.

    onnx_oracle.py can GROUP                     ends with status 0 when the packages for a group of cases are there
    onnx_oracle.py cases GROUP FOLDER ROWS SEED  writes models, rows and what ONNX Runtime gives for them
    onnx_oracle.py run MODEL ROWS COLUMNS        prints the first output for float64 rows, as float64

Groups: crafted (operators made by hand: every mode, flag and rule), sklearn, boosted.
Needs numpy, onnx and onnxruntime; sklearn also scikit-learn and skl2onnx; boosted also onnxmltools, lightgbm and xgboost.

A case NAME is NAME.onnx, NAME.rows (float64, row-major, little endian) and NAME.0, NAME.1, … (its outputs as float64; texts are left
out). FOLDER/cases lists them: name, rows, columns, and how many units in the last place of a float32 the outputs may differ by.
"""

import importlib
import os
import sys
import warnings

warnings.filterwarnings("ignore")

PACKAGES = {
    "crafted": ["numpy", "onnx", "onnxruntime"],
    "sklearn": ["numpy", "onnx", "onnxruntime", "sklearn", "skl2onnx"],
    "boosted": ["numpy", "onnx", "onnxruntime", "onnxmltools", "lightgbm", "xgboost"],
}
FEATURES = 6


def session(content):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(content, rows):
    """All numeric outputs of a model, as float64; ZipMap's maps as rows of a matrix."""
    import numpy as np

    model = session(content)
    feed = {}
    first = 0
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    for value in model.get_inputs():
        columns = value.shape[1] if len(value.shape) > 1 and isinstance(value.shape[1], int) else rows.shape[1]
        feed[value.name] = rows[:, first : first + columns].astype(types[value.type])
        first += columns
    results = []
    for result in model.run(None, feed):
        if isinstance(result, list):
            result = np.array([list(entry.values()) for entry in result], dtype=np.float64)
        results.append(None if result.dtype.kind in "OU" else np.asarray(result, dtype=np.float64))
    return results


def thresholds(model):
    """What the nodes of all trees compare with, by feature."""
    import onnx
    import numpy as np

    found = {}
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values = attributes.get("nodes_values")
        for name in ("nodes_values_as_tensor", "nodes_splits"):
            if name in attributes:
                values = onnx.numpy_helper.to_array(attributes[name])
        if values is None:
            continue
        for feature, value in zip(attributes["nodes_featureids"], values):
            found.setdefault(feature, set()).add(float(value))
    return {feature: np.array(sorted(values)) for feature, values in found.items()}


def delicate_rows(random, model, count, columns, data=None, missing=True):
    """Rows of the data, most values of which are replaced by thresholds, their neighbours, zeros, infinities and missing values."""
    import numpy as np

    rows = random.normal(size=(count, columns)) * 2
    if data is not None:
        rows = data[random.integers(0, len(data), count)].astype(np.float64)
    known = thresholds(model)
    for feature, values in known.items():
        if feature >= columns:
            continue
        picked = values[random.integers(0, len(values), count)]
        single = picked.astype(np.float32)
        choices = [
            picked,
            np.nextafter(single, np.float32(np.inf)).astype(np.float64),
            np.nextafter(single, np.float32(-np.inf)).astype(np.float64),
            np.nextafter(picked, np.inf),
            np.nextafter(picked, -np.inf),
        ]
        kind = random.integers(0, 10, count)
        for number, choice in enumerate(choices):
            rows[:, feature] = np.where(kind == number, choice, rows[:, feature])
    special = random.integers(0, 40, size=rows.shape)
    for number, value in enumerate([0.0, -0.0, np.inf, -np.inf]):
        if np.isfinite(value) or missing:
            rows[special == number] = value
    if missing:
        rows[(special == 4) | (special == 5)] = np.nan
    return rows


class Folder:
    def __init__(self, path, rows, seed):
        import numpy as np

        self.path, self.count = path, rows
        self.random = np.random.default_rng(seed)
        self.lines = []

    def add(self, name, model, ulps, data=None, columns=FEATURES, missing=True):
        rows = delicate_rows(self.random, model, self.count, columns, data, missing)
        content = model.SerializeToString()
        results = run(content, rows)
        base = os.path.join(self.path, name)
        with open(base + ".onnx", "wb") as file:
            file.write(content)
        rows.tofile(base + ".rows")
        for number, result in enumerate(results):
            if result is not None:
                result.tofile(f"{base}.{number}")
        self.lines.append(f"{name} {self.count} {columns} {ulps}")

    def close(self):
        with open(os.path.join(self.path, "cases"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))


# Operators made by hand


def arbitrary_trees(random, trees, modes, positive, classes):
    """Attributes of random trees, and their leaves as (tree, node, class, weight)."""
    lists = {k: [] for k in ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing"]}
    leaves = []
    for tree in range(trees):
        pending = [(0, 0)]
        next_id = 1
        while pending:
            node, depth = pending.pop(0)
            is_leaf = depth == 5 or (depth > 0 and random.random() < 0.25)
            lists["treeids"].append(tree)
            lists["nodeids"].append(node)
            lists["featureids"].append(0 if is_leaf else int(random.integers(0, FEATURES)))
            lists["modes"].append("LEAF" if is_leaf else str(random.choice(modes)))
            lists["values"].append(0.0 if is_leaf else float(random.choice([0.0, 1.0, -0.5, 2.0, round(random.normal(), 2)])))
            lists["missing"].append(0 if is_leaf else int(random.integers(0, 2)))
            if is_leaf:
                lists["truenodeids"].append(0)
                lists["falsenodeids"].append(0)
                for c in classes:
                    weight = random.random() / trees if positive else random.normal()
                    leaves.append((tree, node, c, float(weight)))
            else:
                lists["truenodeids"].append(next_id)
                lists["falsenodeids"].append(next_id + 1)
                pending += [(next_id, depth + 1), (next_id + 1, depth + 1)]
                next_id += 2
    return lists, leaves


def tree_model(random, kind, double, modes, transform="NONE", positive=False, classes=(0,), labels=None, base=(), aggregate=None, trees=7):
    import onnx
    from onnx import TensorProto, helper

    lists, leaves = arbitrary_trees(random, trees, modes, positive, classes)
    prefix = "class" if kind == "TreeEnsembleClassifier" else "target"
    attributes = {
        "nodes_treeids": lists["treeids"],
        "nodes_nodeids": lists["nodeids"],
        "nodes_featureids": lists["featureids"],
        "nodes_modes": lists["modes"],
        "nodes_truenodeids": lists["truenodeids"],
        "nodes_falsenodeids": lists["falsenodeids"],
        "nodes_missing_value_tracks_true": lists["missing"],
        "post_transform": transform,
        f"{prefix}_treeids": [leaf[0] for leaf in leaves],
        f"{prefix}_nodeids": [leaf[1] for leaf in leaves],
        f"{prefix}_ids": [leaf[2] for leaf in leaves],
    }
    numbers = {"nodes_values": lists["values"], f"{prefix}_weights": [leaf[3] for leaf in leaves]}
    if base:
        numbers["base_values"] = list(base)
    for name, values in numbers.items():
        if double:
            attributes[name + "_as_tensor"] = helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], values)
        else:
            attributes[name] = values
    outputs = ["scores"]
    if prefix == "class":
        attributes["classlabels_int64s"] = labels or [0, 1]
        outputs = ["label", "scores"]
    else:
        attributes["n_targets"] = max(classes) + 1
        if aggregate:
            attributes["aggregate_function"] = aggregate
    node = helper.make_node(kind, ["X"], outputs, domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.DOUBLE if double else TensorProto.FLOAT, [None, FEATURES])],
        [helper.make_tensor_value_info(o, TensorProto.INT64 if o == "label" else TensorProto.FLOAT, None) for o in outputs],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)


def version5_model(random, double, modes, aggregate=1, transform=0, targets=1, trees=5):
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    number = np.float64 if double else np.float32
    nodes, leaf_targets, leaf_weights, roots = [], [], [], []
    members = []

    def leaf(tree):
        leaf_targets.append(int(random.integers(0, targets)))
        leaf_weights.append(random.normal())
        return len(leaf_weights) - 1

    def grow(depth, tree):
        index = len(nodes)
        node = {"feature": int(random.integers(0, FEATURES)), "mode": int(random.choice(modes)), "missing": int(random.integers(0, 2))}
        node["split"] = float(random.choice([0.0, 1.0, -0.5, 2.0, round(random.normal(), 2)]))
        nodes.append(node)
        if node["mode"] == 6:
            node["split"] = 0.0
            node["members"] = [float(x) for x in sorted(set(random.integers(0, 6, int(random.integers(1, 4))).tolist()))]
        for side in ("true", "false"):
            if depth == 4 or random.random() < 0.25:
                node[side], node[side + "leaf"] = leaf(tree), 1
            else:
                node[side], node[side + "leaf"] = grow(depth + 1, tree), 0
        return index

    for tree in range(trees):
        roots.append(grow(0, tree))
    for node in nodes:
        if node["mode"] == 6:
            members += node["members"] + [float("nan")]
    attributes = {
        "aggregate_function": aggregate,
        "post_transform": transform,
        "n_targets": targets,
        "tree_roots": roots,
        "leaf_targetids": leaf_targets,
        "leaf_weights": numpy_helper.from_array(np.array(leaf_weights, dtype=number)),
        "nodes_featureids": [n["feature"] for n in nodes],
        "nodes_modes": numpy_helper.from_array(np.array([n["mode"] for n in nodes], dtype=np.uint8)),
        "nodes_splits": numpy_helper.from_array(np.array([n["split"] for n in nodes], dtype=number)),
        "nodes_truenodeids": [n["true"] for n in nodes],
        "nodes_falsenodeids": [n["false"] for n in nodes],
        "nodes_trueleafs": [n["trueleaf"] for n in nodes],
        "nodes_falseleafs": [n["falseleaf"] for n in nodes],
        "nodes_missing_value_tracks_true": [n["missing"] for n in nodes],
    }
    if members:
        attributes["membership_values"] = numpy_helper.from_array(np.array(members, dtype=number))
    node = helper.make_node("TreeEnsemble", ["X"], ["scores"], domain="ai.onnx.ml", **attributes)
    element = TensorProto.DOUBLE if double else TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", element, [None, FEATURES])],
        [helper.make_tensor_value_info("scores", element, None)],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)], ir_version=10)


def crafted(folder):
    random = folder.random
    every = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    for double in (False, True):
        width = "double" if double else "float"
        for mode in every:
            folder.add(f"{mode}-{width}", tree_model(random, "TreeEnsembleRegressor", double, [mode]), 1)
        folder.add(f"modes-{width}", tree_model(random, "TreeEnsembleRegressor", double, every), 1)
        folder.add(f"mean-{width}", tree_model(random, "TreeEnsembleRegressor", double, every[:2], aggregate="AVERAGE"), 1)
        for transform in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]:
            folder.add(
                f"targets-{transform}-{width}",
                tree_model(random, "TreeEnsembleRegressor", double, every[:1], transform, classes=(0, 1, 2), base=(0.5, -1.0, 0.25)), 4)
            folder.add(
                f"classes-{transform}-{width}",
                tree_model(random, "TreeEnsembleClassifier", double, every[:1], transform, classes=(0, 1, 2), labels=[5, 7, 9]), 4)
            for classes in [(0,), (1,), (0, 1)]:
                for base in [(), (0.25,), (0.25, -0.5)]:
                    for positive in (False, True):
                        name = f"pair-{transform}-{''.join(map(str, classes))}-{len(base)}-{'plus' if positive else 'mixed'}-{width}"
                        folder.add(
                            name,
                            tree_model(
                                random, "TreeEnsembleClassifier", double, every[:1], transform, positive, classes, base=base, trees=3), 4)
        for modes in [[0], [0, 1, 2, 3, 4, 5], [6], [0, 6, 1]]:
            folder.add(f"version5-{''.join(map(str, modes))}-{width}", version5_model(random, double, modes), 1)
        folder.add(f"version5-mean-{width}", version5_model(random, double, [0], aggregate=0), 1)
        folder.add(f"version5-targets-{width}", version5_model(random, double, [0, 1], transform=3, targets=3), 4)


# Libraries


def table(random, rows=2000):
    import numpy as np

    data = random.normal(size=(rows, FEATURES)).astype(np.float32)
    data[:, 4] = np.floor(np.abs(data[:, 4]) * 3)
    data[:, 5] = np.round(data[:, 5], 1)
    margin = data[:, 0] + data[:, 1] * data[:, 2] - 0.5 * (data[:, 4] == 1) + random.normal(size=rows)
    return data, (margin > 0.5).astype(int), np.digitize(margin, [-0.5, 0.8]), margin


def sklearn_cases(folder):
    import numpy as np
    from skl2onnx import to_onnx
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier,
                                  RandomForestRegressor)
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Binarizer, MinMaxScaler, Normalizer, OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    data, pair, triple, target = table(folder.random)
    columns = ColumnTransformer(
        [("scaled", StandardScaler(), [0, 1]), ("as they are", "passthrough", [2, 3]),
         ("flags", OneHotEncoder(handle_unknown="ignore"), [4])])
    trees = [
        ("tree", DecisionTreeClassifier(max_depth=5), pair, 1),
        ("forest", RandomForestClassifier(30, max_depth=8, random_state=1), pair, 1),
        ("forest-deep", RandomForestClassifier(10, random_state=1), pair, 1),
        ("forest-3", RandomForestClassifier(10, max_depth=6, random_state=1), triple, 1),
        ("forest-texts", RandomForestClassifier(5, max_depth=6, random_state=1), np.array(["no", "yes"])[pair], 1),
        ("extra", ExtraTreesClassifier(20, max_depth=8, random_state=1), pair, 1),
        ("forest-target", RandomForestRegressor(10, max_depth=6, random_state=1), target, 1),
        ("boosted", GradientBoostingClassifier(n_estimators=20, random_state=1), pair, 4),
        ("boosted-3", GradientBoostingClassifier(n_estimators=10, random_state=1), triple, 4),
        ("boosted-target", GradientBoostingRegressor(n_estimators=20, random_state=1), target, 1),
    ]
    pipelines = [
        ("linear", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), pair, 64),
        ("linear-3", make_pipeline(MinMaxScaler(), Normalizer(), LogisticRegression()), triple, 64),
        ("linear-l1", make_pipeline(Normalizer(norm="l1"), LogisticRegression()), pair, 64),
        ("ridge", make_pipeline(StandardScaler(), Ridge()), target, 256),
        ("scaled-forest", make_pipeline(StandardScaler(), RandomForestClassifier(10, max_depth=5, random_state=1)), pair, 1),
        ("imputed-forest", make_pipeline(SimpleImputer(), RandomForestClassifier(10, max_depth=5, random_state=1)), pair, 1),
        ("flags", make_pipeline(columns, RandomForestClassifier(10, max_depth=5, random_state=1)), pair, 1),
        ("binarized", make_pipeline(Binarizer(), RandomForestClassifier(5, max_depth=5, random_state=1)), pair, 1),
        ("calibrated", CalibratedClassifierCV(RandomForestClassifier(5, max_depth=4, random_state=1), cv=2), pair, 64),
    ]
    for name, model, labels, ulps in trees + pipelines:
        model.fit(data, labels)
        is_tree = any(name == entry[0] for entry in trees)
        folder.add(name, to_onnx(model, data[:1]), ulps, data, missing=is_tree)
        if not is_tree or name in ("forest-texts",):
            continue
        if hasattr(model, "predict_proba"):
            folder.add(name + "-matrix", to_onnx(model, data[:1], options={"zipmap": False}), ulps, data)
        else:
            wide = to_onnx(model, data[:1].astype(np.float64), target_opset={"": 18, "ai.onnx.ml": 3})
            # The converter says double where the operator gives floats, and ONNX Runtime refuses that.
            wide.graph.output[0].type.tensor_type.elem_type = 1
            folder.add(name + "-double", wide, ulps, data)
    for name in ("linear-3", "ridge"):
        model = dict((entry[0], entry[1]) for entry in pipelines)[name]
        matrix = {"options": {"zipmap": False}} if hasattr(model, "predict_proba") else {}
        folder.add(name + "-double", to_onnx(model, data[:1].astype(np.float64), **matrix), 64, data, missing=False)


def boosted(folder):
    import lightgbm
    import xgboost
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    data, pair, triple, target = table(folder.random)
    types = [("X", FloatTensorType([None, FEATURES]))]
    holes = data.copy()
    holes[folder.random.random(holes.shape) < 0.1] = float("nan")
    quiet = {"n_estimators": 30, "verbose": -1, "random_state": 1, "n_jobs": 1}
    for name, model, labels, x in [
        ("lightgbm", lightgbm.LGBMClassifier(**quiet), pair, holes),
        ("lightgbm-3", lightgbm.LGBMClassifier(**quiet), triple, data),
        ("lightgbm-target", lightgbm.LGBMRegressor(**quiet), target, holes),
        ("lightgbm-forest", lightgbm.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **quiet), pair, data),
    ]:
        folder.add(name, convert_lightgbm(model.fit(x, labels), initial_types=types), 4, x)
    for name, model, labels, x in [
        ("xgboost", xgboost.XGBClassifier(n_estimators=30, random_state=1, n_jobs=1), pair, holes),
        ("xgboost-3", xgboost.XGBClassifier(n_estimators=10, random_state=1, n_jobs=1), triple, data),
        ("xgboost-target", xgboost.XGBRegressor(n_estimators=30, random_state=1, n_jobs=1), target, holes),
        ("xgboost-forest", xgboost.XGBRFClassifier(n_estimators=20, random_state=1, n_jobs=1), pair, data),
        ("xgboost-counts", xgboost.XGBRegressor(n_estimators=10, objective="count:poisson", random_state=1, n_jobs=1), pair, data),
    ]:
        folder.add(name, convert_xgboost(model.fit(x, labels), initial_types=types), 4, x)


def main():
    task = sys.argv[1]
    if task == "can":
        for package in PACKAGES[sys.argv[2]]:
            importlib.import_module(package)
    elif task == "cases":
        folder = Folder(sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        {"crafted": crafted, "sklearn": sklearn_cases, "boosted": boosted}[sys.argv[2]](folder)
        folder.close()
    elif task == "run":
        import numpy as np

        with open(sys.argv[2], "rb") as file:
            content = file.read()
        rows = np.fromfile(sys.argv[3], dtype=np.float64).reshape(-1, int(sys.argv[4]))
        sys.stdout.buffer.write(run(content, rows)[0].tobytes())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
