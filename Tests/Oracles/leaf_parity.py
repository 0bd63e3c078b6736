#!/usr/bin/env python3
"""Holds imported models against the libraries they come from: leaf for leaf, margin for margin.

    swift build -c release --product leaf-walk
    python3 Tests/Oracles/leaf_parity.py .build/release/leaf-walk [--quick] [--rows N] [--only WORD…] [--skip NAME…] [--out FILE]

Needs numpy and, of onnxruntime (with onnx, skl2onnx and onnxmltools), lightgbm, xgboost, scikit-learn and sklearn2pmml (with Java), those
that are to be compared; says which are absent. Runs in about a gigabyte of memory and, at a million rows, in two or three hours of one core.
Rows are drawn from what the model was trained on and hold every threshold of the model with its Float32 and Float64 neighbours on both
sides (of a pipeline, what its steps make of them), zeros of both signs, LightGBM's bounds of zero, subnormal numbers, missing values,
unknown, negative and broken categories. Columns of the table:

    leaves   compared, and how many of them are wrong
    margins  whether our margins in the source's arithmetic (assay model convert --source-arithmetic) are the source's to the last bit
    ulp      how far our scores in the source's arithmetic are from the source's, in units of the last place of its type
    f64      greatest difference between the source's margins and those that services have unless told otherwise: sums in Float64
    score    the same of scores, whose links are taken in Float64 too

All but the leaves are what the compiled engines give. Leaves must be the same; margins equal; f64 be 0 and scores equal where the source
sums in Float64, else scores within one unit. A model that breaks this is FAIL and the status 1, as it is where nothing was compared. ONNX
Runtime tells no leaves: a regressor of the same nodes, whose weights are the leaves' numbers, does.

Where the source sums in Float32, f64 and score are the source's own rounding, and that of its links: of scores below a half, which it takes
from 1, ONNX Runtime keeps some 11 bits of 24 at 1e-4.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import warnings

# Libraries whose threads wait for one another take minutes beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

warnings.filterwarnings("ignore", category=RuntimeWarning)  # sums of probes with missing values

# Of one block: bounds the memory.
BLOCK_LEAVES = 10_000_000
BLOCK_ROWS = 200_000


class Walk:
    """The tool, with a model loaded."""

    def __init__(self, tool, path, *options):
        self.process = subprocess.Popen([tool, *options, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError("refused, see above")
        self.about = dict(word.split("=", 1) for word in line.split(" "))
        self.trees, self.outputs = int(self.about["trees"]), int(self.about["outputs"])

    def __call__(self, rows):
        rows = np.ascontiguousarray(rows, dtype="<f8")
        assert rows.shape[1] == int(self.about["features"]), (rows.shape, self.about)
        self.process.stdin.write(struct.pack("<Q", len(rows)))
        self.process.stdin.write(rows.data)
        self.process.stdin.flush()
        read = lambda count, dtype: np.frombuffer(self.process.stdout.read(count * np.dtype(dtype).itemsize), dtype=dtype)
        leaves = read(self.trees * len(rows), "<i4").reshape(self.trees, len(rows)).T
        numbers = lambda: read(len(rows) * self.outputs, "<f8").reshape(len(rows), self.outputs)
        margins, scores, margins_as_source, scores_as_source = numbers(), numbers(), numbers(), numbers()
        return leaves, margins, scores, margins_as_source, scores_as_source

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ulps(a, b, dtype):
    """Greatest distance in units of the last place of the type, of numbers that are not far apart."""
    kind = {"f4": np.int32, "f8": np.int64}[dtype]
    order = lambda x: (lambda i: np.where(i < 0, np.iinfo(kind).min - i, i))(np.ascontiguousarray(x, dtype=dtype).view(kind)).astype(np.int64)
    a, b = order(a), order(b)
    return int((np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(np.uint64)).max()) if a.size else 0


class Numbering:
    """Whether two numberings of a tree's leaves part rows alike: each number of one stands for one number of the other."""

    def __init__(self, trees, nodes):
        self.maps = [(np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)) for _ in range(trees)]

    def wrong(self, ours, theirs):
        wrong = 0
        for tree, maps in enumerate(self.maps):
            one, other = np.ascontiguousarray(ours[:, tree]), np.ascontiguousarray(theirs[:, tree])
            for numbers, keys, values in ((maps[0], one, other), (maps[1], other, one)):
                differs = numbers[keys] != values
                if differs.any():
                    # What a number stands for is told by the first row that has it.
                    known = numbers.copy()
                    numbers[keys[::-1]] = values[::-1]
                    numbers[known >= 0] = known[known >= 0]
                    differs = numbers[keys] != values
                wrong += int(differs.sum())
        return wrong


# Data and rows


class Data:
    """Features of many kinds: continuous, Float32, few values, zeros, missing, categories; labels that need them all."""

    def __init__(self, seed, rows, classes=2, categories=(), missing=True, zeros=False):
        self.rng = rng = np.random.default_rng(seed)
        x = rng.normal(size=(rows, 10))
        x[:, 1] = np.exp(3 * x[:, 1])
        x[:, 2] = np.round(x[:, 2] * 4)
        x[:, 3] = x[:, 3].astype(np.float32)
        x[:, 4] = x[:, 4] * 1e-34 if zeros else x[:, 4] * 1e-3
        x[:, 5] = rng.integers(0, 3, rows)
        self.categories = {8: 40, 9: 7} if categories else {}
        for column, count in self.categories.items():
            x[:, column] = rng.integers(0, count, rows)
        signal = x[:, 0] + np.log(x[:, 1]) * 0.3 + (x[:, 2] > 1) + np.sin(x[:, 8] * 2) + (x[:, 9] % 3 == 1) + x[:, 6] * x[:, 7]
        signal += rng.normal(size=rows) * 0.5
        if zeros:
            x[rng.random(x.shape) < 0.3] = 0
        if missing:
            x[rng.random(x.shape) < 0.1] = np.nan
        self.x, self.signal = x, signal
        self.y = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])) if classes else signal

    def probes(self, edges, count, dtype=np.float64, infinite=False, known=False, missing=True, tiny=True):
        """Rows in which every feature takes all its edges, among values as they are trained on."""
        rng = self.rng
        rows = self.x[rng.integers(0, len(self.x), count)].copy()
        odd = [0.0, -0.0, 1e-45, -1e-45, 1e-40, 1e-30, -1e-30]
        zero = np.float32(1e-35)
        odd += [s * float(v) for s in (1, -1) for v in (zero, np.nextafter(zero, np.float32(1)), np.nextafter(zero, np.float32(0)), 1e-35)]
        odd += [float(np.nextafter(float(zero), d)) for d in (0, 1)] + [-float(np.nextafter(float(zero), d)) for d in (0, 1)]
        odd += [np.inf, -np.inf] if infinite else []
        odd += [3e38, -3e38, np.nan, np.nan]
        for column in range(rows.shape[1]):
            values = neighbours(np.unique(np.array(edges.get(column, []), dtype=np.float64)))
            values = np.concatenate([values, odd])
            if column in self.categories:
                n = self.categories[column]
                values = np.array(list(range(-2, n + 70)) + [0.5, 1.5, n - 0.5, -0.5, -0.999, 2.0**24, 2.0**31, 3e9, -3e9, np.nan, 1e-40])
                if known:
                    values = np.array([*range(n), np.nan])
            if not tiny:
                values = values[~((np.abs(values) < 2e-35) & (values != 0))]
            if not missing:
                values = values[~np.isnan(values)]
            values = rng.permutation(values)
            if len(values) > count:
                raise SystemExit(f"feature {column} has {len(values)} edges for {count} rows: ask for more rows")
            # Every edge at least once, at places of its own.
            at = np.flatnonzero(rng.random(count) < 0.6) if len(values) < count // 2 else rng.permutation(count)
            rows[at, column] = np.resize(values, len(at))
        return rows.astype(dtype)


def neighbours(values):
    single = values.astype(np.float32)
    lower, upper = np.nextafter(single, np.float32(-np.inf)), np.nextafter(single, np.float32(np.inf))
    below, above = np.nextafter(values, -np.inf), np.nextafter(values, np.inf)
    all_values = np.concatenate([values, below, above] + [v.astype(np.float64) for v in (single, lower, upper)])
    return np.unique(all_values[np.isfinite(all_values) & (np.abs(all_values) < 3.3e38)])


# Models


def lightgbm_cases(quick):
    import lightgbm as lgb

    def case(name, rounds, data, keys, edit=None):
        def build(folder):
            d = data()
            p = {"verbosity": -1, "num_threads": 1, "seed": 1, "min_data_in_leaf": 3, "min_data_per_group": 3, "cat_smooth": 1, **keys}
            train = lgb.Dataset(d.x, d.y, categorical_feature=list(d.categories) or "auto", params={"min_data_in_bin": 1})
            booster = lgb.train(p, train, rounds)
            path = os.path.join(folder, "model.txt")
            booster.save_model(path)
            if edit:
                with open(path, encoding="utf-8") as file:
                    text = edit(file.read())
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                booster = lgb.Booster(model_file=path)
            edges = {}
            with open(path, encoding="utf-8") as file:
                features = decisions = ()
                for line in file:
                    key, _, value = line.strip().partition("=")
                    if key == "split_feature":
                        features = value.split()
                    elif key == "threshold":
                        thresholds = value.split()
                    elif key == "decision_type":
                        for f, t, kind in zip(features, thresholds, value.split()):
                            if int(kind) & 1 == 0:
                                edges.setdefault(int(f), []).append(float(t))
            leaf = lambda x: np.asarray(booster.predict(x, pred_leaf=True)).reshape(len(x), -1)
            # Raw scores of a forest are sums; what is linked, and what we call the margin, is their mean.
            divisor = rounds if keys.get("boosting") == "rf" else 1
            margin = lambda x: np.asarray(booster.predict(x, raw_score=True)).reshape(len(x), -1) / divisor
            score = lambda x: np.asarray(booster.predict(x)).reshape(len(x), -1)
            return path, d, edges, leaf, margin, score, "f8", {"infinite": True}

        return f"lightgbm {name}", build

    n = 1_000 if quick else 20_000
    binary = {"objective": "binary"}
    yield case("binary, missing NaN", 50, lambda: Data(1, n), {**binary, "num_leaves": 31})
    yield case("binary, categories", 50, lambda: Data(2, n, categories=True), {**binary, "num_leaves": 31})
    yield case("zero as missing", 50, lambda: Data(3, n, zeros=True), {**binary, "num_leaves": 31, "zero_as_missing": True})
    yield case("nothing missing", 50, lambda: Data(4, n, missing=False, zeros=True), {**binary, "num_leaves": 31})
    yield case("use_missing=false", 50, lambda: Data(5, n, categories=True), {**binary, "use_missing": False})
    yield case("4 classes, categories", 25, lambda: Data(6, n, classes=4, categories=True), {"objective": "multiclass", "num_class": 4})
    yield case("forest (rf)", 30, lambda: Data(7, n), {**binary, "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "num_leaves": 200})
    if quick:
        return
    yield case("one-versus-all", 25, lambda: Data(8, n, classes=3), {"objective": "multiclassova", "num_class": 3})
    yield case("rf of 4 classes", 20, lambda: Data(8, n, classes=4), {"objective": "multiclass", "num_class": 4, "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6})
    yield case("dart", 60, lambda: Data(9, n), {**binary, "boosting": "dart"})
    yield case("poisson", 50, lambda: Data(10, n, classes=5), {"objective": "poisson"})
    yield case("regression", 50, lambda: Data(11, n, classes=0, categories=True), {"objective": "regression"})
    yield case("depth 1", 2_000, lambda: Data(12, n), {**binary, "max_depth": 1})
    yield case("2,000 trees", 2_000, lambda: Data(13, n, categories=True), {**binary, "num_leaves": 31, "learning_rate": 0.02})
    deep = {"num_leaves": 2_000, "max_depth": 30, "min_data_in_leaf": 1, "max_bin": 1_000, "histogram_pool_size": 256}
    yield case("depth 30", 50, lambda: Data(14, 2 * n), {**binary, **deep})
    yield case("one tree", 1, lambda: Data(15, n), {**binary, "num_leaves": 2_000, "min_data_in_leaf": 1})
    yield case("stumps and none", 20, lambda: Data(16, 60), {**binary, "min_data_in_leaf": 25})
    yield case("version v3", 20, lambda: Data(17, n, categories=True), binary, edit=lambda text: text.replace("version=v4", "version=v3", 1))


def xgboost_cases(quick):
    import xgboost as xgb

    def case(name, rounds, data, keys, suffix="json", margin_only=False, classes=None):
        def build(folder):
            d = data()
            types = ["c" if i in d.categories else "q" for i in range(d.x.shape[1])]
            matrix = lambda x, y=None: xgb.DMatrix(x, y, feature_types=types, enable_categorical=True, nthread=1)
            y = np.stack([d.y, -d.y, d.y**2], 1) if keys.get("multi_strategy") else d.y
            booster = xgb.train({"nthread": 1, "seed": 1, "max_cat_to_onehot": 4, **keys}, matrix(d.x, y), rounds)
            path = os.path.join(folder, f"model.{suffix}")
            booster.save_model(path)
            trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
            trees = trees.get("gbtree", trees)["model"]["trees"]
            edges = {}
            for tree in trees:
                kinds = tree["split_type"]
                for node, child in enumerate(tree["left_children"]):
                    if child >= 0 and kinds[node] == 0:
                        edges.setdefault(tree["split_indices"][node], []).append(tree["split_conditions"][node])
            leaf = None if margin_only else lambda x: booster.predict(matrix(x), pred_leaf=True).reshape(len(x), -1).astype(np.int32)
            margin = lambda x: booster.predict(matrix(x), output_margin=True).reshape(len(x), -1)
            score = lambda x: booster.predict(matrix(x)).reshape(len(x), -1)
            return path, d, edges, leaf, margin, score, "f4", {"dtype": np.float32}

        return f"xgboost {name}", build

    n = 1_000 if quick else 20_000
    binary = {"objective": "binary:logistic"}
    yield case("binary, hist", 50, lambda: Data(21, n), {**binary, "max_depth": 6})
    yield case("binary, categories, ubj", 50, lambda: Data(22, n, categories=True), {**binary, "max_depth": 6}, "ubj")
    yield case("4 classes, categories", 25, lambda: Data(23, n, classes=4, categories=True), {"objective": "multi:softprob", "num_class": 4})
    yield case("dart", 40, lambda: Data(24, n), {**binary, "booster": "dart", "rate_drop": 0.3})
    yield case("exact, depth 12, ubj", 20, lambda: Data(25, n), {**binary, "tree_method": "exact", "max_depth": 12, "min_child_weight": 0}, "ubj")
    if quick:
        return
    yield case("regression, base 3", 50, lambda: Data(26, n, classes=0), {"objective": "reg:squarederror", "base_score": 3})
    yield case("logitraw, base 0.2", 50, lambda: Data(26, n), {"objective": "binary:logitraw", "base_score": 0.2})
    yield case("poisson", 50, lambda: Data(27, n, classes=5), {"objective": "count:poisson"})
    yield case("tweedie", 50, lambda: Data(27, n, classes=5), {"objective": "reg:tweedie"})
    yield case("rank", 20, lambda: Data(27, 2_000, classes=3), {"objective": "rank:pairwise"})
    yield case("quantiles", 30, lambda: Data(27, n, classes=0), {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]})
    yield case("parallel trees", 10, lambda: Data(28, n), {**binary, "num_parallel_tree": 8, "subsample": 0.6, "colsample_bynode": 0.5})
    yield case("depth 1", 2_000, lambda: Data(29, n), {**binary, "max_depth": 1})
    yield case("2,000 trees", 2_000, lambda: Data(30, n, categories=True), {**binary, "max_depth": 6, "learning_rate": 0.02}, "ubj")
    yield case("depth 30", 50, lambda: Data(31, 2 * n), {**binary, "max_depth": 30, "min_child_weight": 0, "max_bin": 1_000})
    yield case("lossguide", 50, lambda: Data(32, n, categories=True), {**binary, "grow_policy": "lossguide", "max_leaves": 200, "max_depth": 0})
    yield case("pruned", 50, lambda: Data(33, n), {**binary, "tree_method": "exact", "gamma": 5, "max_depth": 10})
    multi = {"objective": "reg:squarederror", "multi_strategy": "multi_output_tree", "tree_method": "hist"}
    yield case("vector leaves", 30, lambda: Data(34, n, classes=0), multi, margin_only=True)


def write_pmml(path, columns, trees, base, scale, labels, method, float_rows, categories):
    """Trees as dictionaries of lists (feature, threshold, left, right, missing_left, value, sets) as PMML; a node's id is its number."""
    out = ['<?xml version="1.0"?>', '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/><DataDictionary>']
    kind = "float" if float_rows else "double"
    for column in range(columns):
        if column in categories:
            out.append(f'<DataField name="x{column}" optype="categorical" dataType="double"/>')
        else:
            out.append(f'<DataField name="x{column}" optype="continuous" dataType="{kind}"/>')
    classifies = "classification" if labels else "regression"
    if labels:
        values = "".join(f'<Value value="{label}"/>' for label in labels)
        out.append(f'<DataField name="y" optype="categorical" dataType="string">{values}</DataField>')
    out.append("</DataDictionary>")
    fields = "".join(f'<MiningField name="x{column}" invalidValueTreatment="asIs"/>' for column in range(columns))
    fields += '<MiningField name="y" usageType="target"/>' if labels else ""
    schema = f"<MiningSchema>{fields}</MiningSchema>"

    def predicate(tree, node, is_left):
        field = f'field="x{tree["feature"][node]}"'
        if node in tree.get("sets", {}):
            words = " ".join(repr(float(v)) for v in tree["sets"][node])
            return f'<SimpleSetPredicate {field} booleanOperator="is{"" if is_left else "Not"}In"><Array type="real">{words}</Array></SimpleSetPredicate>'
        threshold = tree["threshold"][node]
        if np.isinf(threshold):  # values that are there against those that are missing
            return f'<SimplePredicate {field} operator="{"isNotMissing" if is_left else "isMissing"}"/>'
        if float_rows:
            # PMML rounds the threshold to the field's type: take the Float32 that tells the same rows apart.
            single = np.float32(threshold)
            threshold = np.nextafter(single, np.float32(-np.inf)) if float(single) > threshold else single
        text = repr(float(threshold)) if not float_rows else str(threshold)
        return f'<SimplePredicate {field} operator="{"lessOrEqual" if is_left else "greaterThan"}" value="{text}"/>'

    def model(tree):
        out.append(f'<TreeModel functionName="{classifies}" missingValueStrategy="defaultChild">{schema}')
        pending = [(0, "<True/>")]
        while pending:
            item = pending.pop()
            if item is None:
                out.append("</Node>")
                continue
            node, condition = item
            left, right = tree["left"][node], tree["right"][node]
            if left < 0:
                value = tree["value"][node]
                if labels:
                    score = "".join(f'<ScoreDistribution value="{l}" recordCount="1" probability="{float(v)!r}"/>' for l, v in zip(labels, value))
                    out.append(f'<Node id="{node}" score="{labels[int(np.argmax(value))]}">{condition}{score}</Node>')
                else:
                    out.append(f'<Node id="{node}" score="{float(value)!r}">{condition}</Node>')
                continue
            out.append(f'<Node id="{node}" defaultChild="{left if tree["missing_left"][node] else right}">{condition}')
            pending += [None, (right, predicate(tree, node, False)), (left, predicate(tree, node, True))]
        out.append("</TreeModel>")

    if len(trees) == 1 and not base and scale == 1:
        model(trees[0])
    else:
        out.append(f'<MiningModel functionName="{classifies}">{schema}')
        if base or scale != 1:
            out.append(f'<Targets><Target rescaleFactor="{float(scale)!r}" rescaleConstant="{float(base)!r}"/></Targets>')
        out.append(f'<Segmentation multipleModelMethod="{method}">')
        for tree in trees:
            out.append("<Segment><True/>")
            model(tree)
            out.append("</Segment>")
        out.append("</Segmentation></MiningModel>")
    out.append("</PMML>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


def sklearn_cases(quick):
    from sklearn import ensemble, tree

    def plain(t, classify):
        value = t.value[:, 0, :] if classify else t.value[:, 0, 0]
        return {
            "feature": t.feature, "threshold": t.threshold, "left": t.children_left, "right": t.children_right, "value": value,
            "missing_left": t.missing_go_to_left if hasattr(t, "missing_go_to_left") else np.zeros(t.node_count),
        }

    def edges_of(trees):
        edges = {}
        for t in trees:
            for node in np.flatnonzero(np.asarray(t["left"]) >= 0):
                if node not in t.get("sets", {}):
                    edges.setdefault(int(t["feature"][node]), []).append(float(t["threshold"][node]))
        return edges

    def forest(name, make, data, classify=True):
        def build(folder):
            d = data()
            m = make().fit(d.x, d.y if classify else d.signal)
            members = [m] if hasattr(m, "tree_") else list(m.estimators_)
            trees = [plain(e.tree_, classify) for e in members]
            path = os.path.join(folder, "model.pmml")
            labels = [str(c) for c in m.classes_] if classify else []
            write_pmml(path, d.x.shape[1], trees, 0, 1, labels, "average", True, {})
            leaf = lambda x: np.asarray(m.apply(x)).reshape(len(x), -1)
            margin = lambda x: (m.predict_proba(x) if classify else m.predict(x)).reshape(len(x), -1)
            # Their sums are taken by threads in any order; one thread keeps the trees'.
            if hasattr(m, "n_jobs"):
                m.n_jobs = 1
            return path, d, edges_of(trees), leaf, margin, margin, "f8", {}

        return f"scikit-learn {name}", build

    def boosting(name, make, data, classify=False):
        def build(folder):
            d = data()
            m = make().fit(d.x, d.y if classify else d.signal)
            trees = [plain(e.tree_, False) for e in m.estimators_[:, 0]]
            base = m._raw_predict_init(np.zeros((1, d.x.shape[1]), np.float32))[0, 0]
            path = os.path.join(folder, "model.pmml")
            write_pmml(path, d.x.shape[1], trees, base, m.learning_rate, [], "sum", True, {})
            leaf = lambda x: m.apply(x).reshape(len(x), -1)
            margin = lambda x: (m.decision_function(x) if classify else m.predict(x)).reshape(len(x), -1)
            return path, d, edges_of(trees), leaf, margin, margin, "f8", {"missing": False}

        return f"scikit-learn {name}", build

    def hist(name, make, data):
        def build(folder):
            d = data()
            m = make().fit(d.x, d.signal)
            trees = []
            # Categorical columns come first inside.
            order = np.array([*d.categories, *(c for c in range(d.x.shape[1]) if c not in d.categories)])
            for (predictor,) in m._predictors:
                nodes = predictor.nodes
                sets = {}
                for node in np.flatnonzero(nodes["is_categorical"] & (nodes["is_leaf"] == 0)):
                    words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
                    sets[int(node)] = [v for v in range(256) if words[v // 32] >> (v % 32) & 1]
                trees.append({
                    "feature": order[nodes["feature_idx"]], "threshold": nodes["num_threshold"], "value": nodes["value"], "sets": sets,
                    "left": np.where(nodes["is_leaf"], -1, nodes["left"].astype(np.int64)), "right": nodes["right"].astype(np.int64),
                    "missing_left": nodes["missing_go_to_left"],
                })
            base = float(m._baseline_prediction.ravel()[0])
            path = os.path.join(folder, "model.pmml")
            write_pmml(path, d.x.shape[1], trees, base, 1, [], "sum", False, d.categories)
            margin = lambda x: m.predict(x).reshape(len(x), -1)
            return path, d, edges_of(trees), None, margin, margin, "f8", {"known": True}

        return f"scikit-learn {name}", build

    n = 1_000 if quick else 20_000
    forests = lambda kind, count, **keys: lambda: kind(count, n_jobs=1, random_state=1, **keys)
    yield forest("random forest, missing", forests(ensemble.RandomForestClassifier, 10, max_depth=12), lambda: Data(41, n))
    yield forest("tree, 4 classes", lambda: tree.DecisionTreeClassifier(random_state=1), lambda: Data(42, n, classes=4))
    yield boosting("gradient boosting", lambda: ensemble.GradientBoostingRegressor(n_estimators=30, random_state=1), lambda: Data(43, n, missing=False))
    yield hist("histogram boosting, categories", lambda: ensemble.HistGradientBoostingRegressor(max_iter=30, categorical_features=[8, 9], random_state=1), lambda: Data(44, n, categories=True))
    if quick:
        return
    yield forest("random forest of 5 classes, depth 30", forests(ensemble.RandomForestClassifier, 100, max_depth=30), lambda: Data(45, n, classes=5))
    yield forest("extra trees", forests(ensemble.ExtraTreesClassifier, 100), lambda: Data(46, n))
    yield forest("extra trees, regression", forests(ensemble.ExtraTreesRegressor, 50), lambda: Data(47, n), classify=False)
    yield forest("2,000 trees", forests(ensemble.RandomForestClassifier, 2_000, max_depth=5), lambda: Data(48, n))
    yield forest("depth 1", lambda: tree.DecisionTreeRegressor(max_depth=1), lambda: Data(49, n), classify=False)
    yield boosting("gradient boosting, binary", lambda: ensemble.GradientBoostingClassifier(n_estimators=200, max_depth=5), lambda: Data(50, n, missing=False), classify=True)
    yield hist("histogram boosting, 500 trees", lambda: ensemble.HistGradientBoostingRegressor(max_iter=500, early_stopping=False), lambda: Data(51, n, zeros=True))


def pmml_cases(quick):
    """What sklearn2pmml (JPMML) makes of models: nodes folded into their parents, chains with a link, words for categories."""
    import lightgbm as lgb
    import pandas
    import xgboost as xgb
    from sklearn2pmml import PMMLPipeline, sklearn2pmml

    def case(name, model, data, dtype, margin_of):
        def build(folder):
            d = data()
            columns = [f"x{i}" for i in range(d.x.shape[1])]

            def frame(x):
                table = pandas.DataFrame(x, columns=columns)
                for column, count in d.categories.items():
                    table[columns[column]] = pandas.Categorical(table[columns[column]], categories=[float(v) for v in range(count)])
                return table

            path = os.path.join(folder, "model.pmml")
            pipeline = PMMLPipeline([("model", model)]).fit(frame(d.x), d.y)
            sklearn2pmml(pipeline, path)
            margin = lambda x: np.asarray(margin_of(model, frame(x))).reshape(len(x), -1)
            score = lambda x: model.predict_proba(frame(x))[:, 1:] if len(model.classes_) == 2 else model.predict_proba(frame(x))
            edges = {}
            with open(path, encoding="utf-8") as file:
                for field, value in re.findall(r'<SimplePredicate field="x(\d+)" operator="[gl][a-zA-Z]*" value="([^"]*)"', file.read()):
                    edges.setdefault(int(field), []).append(float(value))
            options = {"dtype": np.float32 if dtype == "f4" else np.float64, "tiny": False, "known": True}
            return path, d, edges, None, margin, score, dtype, options

        return f"sklearn2pmml {name}", build

    n = 1_000 if quick else 20_000
    light = lambda **keys: lgb.LGBMClassifier(n_estimators=30, verbose=-1, random_state=1, n_jobs=1, min_child_samples=5, **keys)
    raw = lambda model, table: model.predict(table, raw_score=True)
    yield case("LightGBM", light(), lambda: Data(61, n), "f8", raw)
    boosted = xgb.XGBClassifier(n_estimators=30, max_depth=6, random_state=1, n_jobs=1)
    yield case("XGBoost", boosted, lambda: Data(62, n), "f4", lambda model, table: model.predict(table, output_margin=True))
    if quick:
        return
    yield case("LightGBM, 4 classes", light(), lambda: Data(64, n, classes=4), "f8", raw)


# ONNX


class Runtime:
    """ONNX Runtime on a model, and on models made of it that tell what it does not: the trees' row, each tree's leaf, the sums."""

    def __init__(self, content):
        import onnx

        self.model = onnx.load_from_string(content)
        self.place = next(i for i, node in enumerate(self.model.graph.node) if node.op_type.startswith("TreeEnsemble"))
        self.node = self.model.graph.node[self.place]
        get = onnx.helper.get_attribute_value
        self.attributes = {a.name: get(a) for a in self.node.attribute}
        for name in [n for n in self.attributes if n.endswith("_as_tensor")]:
            self.attributes[name.removesuffix("_as_tensor")] = onnx.numpy_helper.to_array(self.attributes.pop(name)).tolist()
        inputs = self.model.graph.input
        self.types = [np.float64 if v.type.tensor_type.elem_type == 11 else np.float32 for v in inputs]
        self.is_double = any(a.name.endswith("_as_tensor") for a in self.node.attribute)
        self.prefix = "class" if "class_ids" in self.attributes else "target"
        self.full = self.session(self.model)
        self.memo = {}

    @staticmethod
    def session(model):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def feed(self, session, x):
        inputs = session.get_inputs()
        if len(inputs) == 1:
            return {inputs[0].name: np.ascontiguousarray(x, self.types[0])}
        return {v.name: np.ascontiguousarray(x[:, [i]], self.types[i]) for i, v in enumerate(inputs)}

    def made(self, name, targets=None, ids=None, weights=None, base=()):
        """The steps before the trees, then a regressor of the same nodes with these weights; without any, the trees' row."""
        import onnx

        if name not in self.memo:
            model = onnx.ModelProto()
            model.CopyFrom(self.model)
            graph = model.graph
            del graph.node[self.place :]
            result = self.node.input[0]
            if targets:
                a = self.attributes
                numbers = np.float64 if self.is_double else np.float32
                nodes = {k: v for k, v in a.items() if k.startswith("nodes_")}
                values = {"nodes_values": nodes.pop("nodes_values"), "target_weights": weights, "base_values": base or None}
                nodes.pop("nodes_hitrates", None)
                if self.is_double:
                    values = {
                        f"{k}_as_tensor": onnx.numpy_helper.from_array(np.array(v, numbers), k) for k, v in values.items() if v is not None
                    }
                node = onnx.helper.make_node(
                    "TreeEnsembleRegressor", [result], ["made"], domain="ai.onnx.ml", n_targets=targets, target_ids=ids,
                    target_treeids=a[f"{self.prefix}_treeids"], target_nodeids=a[f"{self.prefix}_nodeids"],
                    aggregate_function=a.get("aggregate_function", "SUM"), **nodes, **{k: v for k, v in values.items() if v is not None})
                graph.node.append(node)
                result = "made"
            # Steps give what their inputs are of, or floats; trees give floats.
            for kind in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
                del graph.output[:]
                graph.output.append(onnx.helper.make_tensor_value_info(result, kind, None))
                try:
                    self.memo[name] = self.session(model)
                    break
                except Exception:
                    if kind == onnx.TensorProto.DOUBLE:
                        raise
        return self.memo[name]

    def tree_rows(self, x):
        if self.place == 0:
            return x.astype(self.types[0])
        session = self.made("rows")
        return session.run(None, self.feed(session, x))[0]

    def leaves(self, x):
        """The number of each tree's leaf: that of its node among the tree's."""
        a = self.attributes
        nodes = a[f"{self.prefix}_nodeids"]
        # Of a leaf with several weights the first tells the node, the others nothing.
        seen = set()
        trees = {tree: i for i, tree in enumerate(dict.fromkeys(a["nodes_treeids"]))}
        weights = []
        for tree, node in zip(a[f"{self.prefix}_treeids"], nodes):
            weights.append(0.0 if (tree, node) in seen else float(node))
            seen.add((tree, node))
        mean = a.get("aggregate_function", b"SUM") == b"AVERAGE"
        if mean:
            raise SystemExit("leaves of means are not told apart")
        session = self.made("leaves", len(trees), [trees[t] for t in a[f"{self.prefix}_treeids"]], weights)
        return session.run(None, self.feed(session, x))[0].astype(np.int32)

    def sums(self, x):
        a = self.attributes
        count = a.get("n_targets") or len(a.get("classlabels_int64s") or a["classlabels_strings"])
        base = list(a.get("base_values", []))
        base += [0.0] * (count - len(base)) if base else []
        session = self.made("sums", count, a[f"{self.prefix}_ids"], a[f"{self.prefix}_weights"], base)
        return session.run(None, self.feed(session, x))[0].astype(np.float64)

    def scores(self, x):
        result = self.full.run(None, self.feed(self.full, x))[-1]
        if isinstance(result, list):
            result = np.array([list(row.values()) for row in result])
        return np.asarray(result, np.float64).reshape(len(x), -1)

    def edges(self, columns, sources):
        """Of each column of the model's row the greatest values that pass the tests: sought by bisection, for steps may stand before."""
        found = {}
        tests = {}
        a = self.attributes
        for feature, value, mode in zip(a["nodes_featureids"], a["nodes_values"], a["nodes_modes"]):
            if mode != b"LEAF":
                tests.setdefault(feature, set()).add(value)
        if self.place == 0:
            return {feature: sorted(values) for feature, values in tests.items()}
        kind, width = (np.int64, 64) if self.types[0] == np.float64 else (np.int32, 32)
        top = int(np.array(3e38, self.types[0]).view(kind))
        number = lambda order: np.where(order < 0, -1.0, 1.0) * np.abs(order).astype(kind).view(self.types[0])
        for feature, values in tests.items():
            values = np.array(sorted(values))
            low, high = np.full(len(values), -top), np.full(len(values), top)
            x = np.zeros((len(values), columns))
            for _ in range(width):
                middle = (low // 2 + high // 2) + (low % 2 + high % 2) // 2
                x[:, sources[feature]] = number(middle)
                below = self.tree_rows(x)[:, feature] <= values
                low, high = np.where(below, middle, low), np.where(below, high, middle)
            found.setdefault(sources[feature], []).extend(number(low).tolist())
        return found


def onnx_cases(quick):
    import lightgbm as lgb
    import xgboost as xgb
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType
    from skl2onnx import to_onnx
    from sklearn import compose, ensemble, impute, pipeline, preprocessing, tree

    def case(name, make, data, convert, dtype=np.float32, sources=None, regress=False, **options):
        def build(folder):
            d = data()
            x = d.x.astype(dtype)
            model = make().fit(x, d.signal if regress else d.y)
            content = convert(model, x[:1]).SerializeToString()
            path = os.path.join(folder, "model.onnx")
            with open(path, "wb") as file:
                file.write(content)
            runtime = Runtime(content)
            columns = d.x.shape[1]
            edges = runtime.edges(columns, sources or list(range(columns)))
            return path, d, edges, runtime.leaves, runtime.sums, runtime.scores, "f4", options

        return f"onnx {name}", build

    def plain(model, x):
        return to_onnx(model, x, options={id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None)

    def double(model, x):
        made = to_onnx(model, x, target_opset={"": 18, "ai.onnx.ml": 3}, options={id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None)
        # The converter says double where the operator gives floats, and ONNX Runtime refuses that.
        made.graph.output[-1].type.tensor_type.elem_type = 1
        return made

    n = 1_000 if quick else 20_000
    types = [("X", FloatTensorType([None, 10]))]
    of_lightgbm = lambda model, x: convert_lightgbm(model, initial_types=types, zipmap=False)
    of_xgboost = lambda model, x: convert_xgboost(model, initial_types=types)
    forest = lambda count=20, depth=10, kind=ensemble.RandomForestClassifier: lambda: kind(count, max_depth=depth, n_jobs=1, random_state=1)
    pipe = lambda *steps: lambda: pipeline.make_pipeline(*steps, forest()())
    whole = lambda seed, **keys: lambda: Data(seed, n, missing=False, **keys)
    # skl2onnx takes the square of the nodes' number of time.
    few = lambda seed, **keys: lambda: Data(seed, min(n, 3_000), **keys)
    columns = compose.ColumnTransformer([
        ("standard", preprocessing.StandardScaler(), [0, 1, 2]), ("as it is", "passthrough", [3, 4, 5]),
        ("range", preprocessing.MinMaxScaler(), [6, 7]), ("flags", preprocessing.OneHotEncoder(handle_unknown="ignore"), [8]),
        ("codes", preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [9])])
    placed = [*range(8), *[8] * 40, 9]
    yield case("standard scaler, forest", pipe(preprocessing.StandardScaler()), whole(81), plain)
    yield case("imputer, standard scaler, forest", pipe(impute.SimpleImputer(), preprocessing.StandardScaler()), lambda: Data(82, n), plain)
    yield case("columns of five kinds, forest", pipe(columns), whole(83, categories=True), plain, sources=placed, known=True, missing=False)
    yield case("LightGBM", lambda: lgb.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1), lambda: Data(84, n), of_lightgbm)
    yield case("XGBoost, depth 6", lambda: xgb.XGBClassifier(n_estimators=30, max_depth=6, n_jobs=1), lambda: Data(85, n), of_xgboost)
    if quick:
        return
    yield case("range scaler, forest", pipe(preprocessing.MinMaxScaler((-1, 3))), whole(86), plain)
    yield case("range scaler that clips, forest", pipe(preprocessing.MinMaxScaler(clip=True)), whole(80), plain)
    yield case("robust scaler, extra trees", lambda: pipeline.make_pipeline(preprocessing.RobustScaler(), forest(50, 14, ensemble.ExtraTreesClassifier)()), whole(87), plain)
    yield case("scaler of doubles, forest", pipe(preprocessing.StandardScaler()), whole(88), double, dtype=np.float64)
    yield case("range scaler of doubles, forest", pipe(preprocessing.MinMaxScaler()), whole(89), double, dtype=np.float64)
    yield case("scaler twice, boosting", lambda: pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.MaxAbsScaler(), preprocessing.StandardScaler(), ensemble.GradientBoostingClassifier(n_estimators=60, max_depth=5)), lambda: Data(90, n), plain)
    yield case("extra trees, depth 30", forest(20, 30, ensemble.ExtraTreesClassifier), few(91), plain)
    yield case("forest of 5 classes, depth 30", forest(20, 30), few(92, classes=5), plain, all_outputs=True)
    yield case("forest, 2,000 trees", forest(2_000, 4), few(93, missing=False), plain)
    yield case("forest, regression", lambda: ensemble.RandomForestRegressor(20, max_depth=12, n_jobs=1), few(94), plain, regress=True)
    yield case("extra trees", forest(20, None, ensemble.ExtraTreesClassifier), few(95, missing=False), plain)
    yield case("tree, depth 1", lambda: tree.DecisionTreeClassifier(max_depth=1), lambda: Data(96, n), plain)
    yield case("gradient boosting, 4 classes", lambda: ensemble.GradientBoostingClassifier(n_estimators=20), whole(97, classes=4), plain, all_outputs=True)
    yield case("LightGBM, 4 classes", lambda: lgb.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1), lambda: Data(98, n, classes=4), of_lightgbm, all_outputs=True)
    yield case("LightGBM, 2,000 trees", lambda: lgb.LGBMClassifier(n_estimators=2_000, learning_rate=0.02, verbose=-1, n_jobs=1), lambda: Data(99, n), of_lightgbm)
    yield case("XGBoost, depth 30", lambda: xgb.XGBClassifier(n_estimators=30, max_depth=30, min_child_weight=0, n_jobs=1), lambda: Data(100, n), of_xgboost)
    yield case("XGBoost, 4 classes", lambda: xgb.XGBClassifier(n_estimators=20, max_depth=6, n_jobs=1), lambda: Data(101, n, classes=4), of_xgboost, all_outputs=True)
    yield case("XGBoost, 2,000 trees", lambda: xgb.XGBClassifier(n_estimators=2_000, max_depth=4, learning_rate=0.02, n_jobs=1), lambda: Data(102, n), of_xgboost)


# Comparison

TABLE = "{:<5} {:<52} {:>5} {:>5} {:>8} {:>3} {:>9} {:>8} {:>13} {:>5} {:>7} {:>4} {:>8} {:>8} {:>6}"
HEADER = TABLE.format(
    "", "model", "trees", "depth", "nodes", "out", "rows", "edges", "leaves", "wrong", "margins", "ulp", "f64", "score", "s")


def compare(name, build, tool, row_count):
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path, data, edges, leaf, margin, score, dtype, options = build(folder)
        is_onnx = path.endswith(".onnx")
        walk = Walk(tool, path, *(["--outputs"] if options.pop("all_outputs", False) else []))
        edge_count = sum(len(neighbours(np.unique(np.array(e, dtype=np.float64)))) for e in edges.values())
        rows = data.probes(edges, row_count, **options)
        numbering = Numbering(walk.trees, int(walk.about["largest"])) if is_onnx else None
        wrong = compared = score_ulps = 0
        margin_gap = score_gap = 0.0
        equal = True
        block = max(1, min(BLOCK_ROWS, BLOCK_LEAVES // max(walk.trees, 1)))
        for at in range(0, len(rows), block):
            part = rows[at : at + block]
            # A model may have dropped features it does not ask for.
            names = walk.about["names"].split(",")
            asked = [int(name[1:]) for name in names] if len(names) != rows.shape[1] else slice(None)
            leaves, margins, our_scores, margins_as_source, scores_as_source = walk(part[:, asked])
            if leaf:
                expected = leaf(part)
                wrong += numbering.wrong(leaves, expected) if is_onnx else int((expected != leaves).sum())
                compared += expected.size
            expected, scores = margin(part), score(part)
            if is_onnx:
                # Of two classes ours is the second one, or the only one that leaves speak of.
                column = -1 if (expected[:, -1] != expected[0, -1]).any() else 0
                expected = expected[:, [column]] if walk.outputs == 1 else expected
                scores = scores[:, [-1]] if walk.outputs == 1 else scores
            equal &= bool((expected == margins_as_source).all())
            margin_gap = max(margin_gap, float(np.abs(expected - margins).max()))
            score_ulps = max(score_ulps, ulps(scores, scores_as_source, dtype))
            score_gap = max(score_gap, float(np.abs(scores - our_scores).max()))
        about = walk.about
        walk.close()
    passed = wrong == 0 and equal and (margin_gap == 0 and score_ulps == 0 if dtype == "f8" else score_ulps <= 1)
    line = TABLE.format(
        "ok" if passed else "FAIL", name, about["trees"], about["depth"], about["nodes"], about["outputs"], len(rows), edge_count,
        compared or "-", wrong, "equal" if equal else "DIFFER", score_ulps, f"{margin_gap:.0e}", f"{score_gap:.0e}",
        f"{time.monotonic() - start:.0f}")
    return passed, line, compared, len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", help="the executable leaf-walk")
    parser.add_argument("--quick", action="store_true", help="small models, under a minute")
    parser.add_argument("--rows", type=int, help="rows a model, 1,000,000 unless told (quick: 6,000)")
    parser.add_argument("--only", nargs="+", default=[""], help="the cases with that in their names, those with the first word first")
    parser.add_argument("--skip", nargs="+", default=[], help="names of cases to leave out, such as those of a table there is already")
    parser.add_argument("--out", help="a file for the table, beside standard output")
    arguments = parser.parse_args()
    rows = arguments.rows or (6_000 if arguments.quick else 1_000_000)
    out = open(arguments.out, "w", encoding="utf-8") if arguments.out else None

    def tell(line):
        print(line, flush=True)
        if out:
            print(line, file=out, flush=True)

    groups = [
        ("onnx", ("onnxruntime", "onnx", "skl2onnx", "onnxmltools", "lightgbm", "xgboost", "sklearn"), onnx_cases),
        ("xgboost", ("xgboost",), xgboost_cases), ("lightgbm", ("lightgbm",), lightgbm_cases), ("scikit-learn", ("sklearn",), sklearn_cases),
        ("sklearn2pmml", ("sklearn2pmml", "pandas", "lightgbm", "xgboost"), pmml_cases),
    ]
    failures = count = leaves = total = 0
    versions = {}
    tell(HEADER)
    known = []
    for group, packages, cases in groups:
        absent = [package for package in packages if importlib.util.find_spec(package) is None]
        if absent:
            tell(f"absent for {group}: {', '.join(absent)}")
            continue
        for package in packages:
            versions[package] = importlib.metadata.version({"sklearn": "scikit-learn"}.get(package, package))
        known += cases(arguments.quick)
    for word in arguments.only:
        for name, build in [case for case in known if word in case[0] and case[0] not in arguments.skip]:
            known = [case for case in known if case[0] != name]
            count += 1
            try:
                passed, line, compared, row_count = compare(name, build, arguments.tool, rows)
            except Exception as problem:  # A library that fails on one model says nothing of the others.
                passed, line, compared, row_count = False, f"FAIL  {name}: {type(problem).__name__}: {problem}", 0, 0
            failures += not passed
            leaves += compared
            total += row_count
            tell(line)
    if versions:
        tell(", ".join(f"{package} {version}" for package, version in versions.items()))
    if count == 0:
        tell("FAIL  no model was compared: packages are absent, or no case has that in its name")
        sys.exit(1)
    tell(f"{count - failures} of {count} models agree; {total:,} rows, {leaves:,} leaves")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
