"""Trains the forests, hands them to every library, checks that all agree, and prints the times side by side.

Started by `run`, which makes the environment. Every library uses one thread. What has a C function is called from C; the others
from Python, whose share in a call (some microseconds) is theirs: see the last column.
"""

import argparse
import ctypes
import os
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy
import pandas

SHAPES = ((100, 8), (100, 16), (500, 8))
BATCHES = (1, 32, 1_000, 100_000)
ROWS = 100_000


def handbook(folder):
    """The handbook's 15 features of its train week."""
    features = pandas.read_csv(os.path.join(folder, "handbook-7d-features-train.csv.gz"))
    transactions = pandas.read_csv(
        os.path.join(folder, "handbook-7d.csv.gz"), usecols=["TRANSACTION_ID", "TX_AMOUNT", "TX_FRAUD"])
    merged = features.merge(transactions, on="TRANSACTION_ID")
    columns = ["TX_AMOUNT"] + [name for name in features.columns if name != "TRANSACTION_ID"]
    return merged[columns].to_numpy(numpy.float64), merged.TX_FRAUD.to_numpy()


def generated(assay, folder):
    """The suite's features of its own generator's transactions."""
    csv, out = os.path.join(folder, "generated.csv"), os.path.join(folder, "generated-features.csv")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))}
    subprocess.run([assay, "generate", "--days", "45", "--out", csv], **quiet)
    # The last week, as with the handbook; what is before is history.
    subprocess.run([assay, "features", "--csv", csv, "--out", out, "--from", "2018-05-09"], **quiet)
    features = pandas.read_csv(out)
    merged = features.merge(pandas.read_csv(csv, usecols=["TRANSACTION_ID", "TX_FRAUD"]), on="TRANSACTION_ID", suffixes=("", "_y"))
    columns = [name for name in features.select_dtypes("number").columns if name not in ("TRANSACTION_ID", "TX_FRAUD")]
    return merged[columns].to_numpy(numpy.float64), merged.TX_FRAUD.to_numpy()


def train(values, labels, trees, depth):
    from sklearn.ensemble import RandomForestClassifier
    return RandomForestClassifier(trees, max_depth=depth, random_state=1, n_jobs=1).fit(values.astype(numpy.float32), labels)


def leaf_values(tree):
    return tree.value[:, 0, 1] / tree.value[:, 0, :].sum(1)


def write_ours(forest, features, path):
    with open(path, "wb") as file:
        file.write(numpy.array([len(forest.estimators_), features], "<i4").tobytes())
        for estimator in forest.estimators_:
            tree = estimator.tree_
            for array in (
                numpy.array([tree.node_count], "<i4"), numpy.where(tree.feature < 0, -1, tree.feature).astype("<i4"),
                tree.threshold.astype("<f8"), tree.children_left.astype("<i4"), tree.children_right.astype("<i4"),
                leaf_values(tree).astype("<f8"),
            ):
                file.write(array.tobytes())


def write_lightgbm(forest, features, path):
    """LightGBM's text: inner nodes and leaves are counted apart, leaf i is child -i - 1."""
    blocks = []
    for number, estimator in enumerate(forest.estimators_):
        tree, values = estimator.tree_, leaf_values(estimator.tree_)
        is_leaf = tree.feature < 0
        index = numpy.where(is_leaf, -numpy.cumsum(is_leaf), numpy.cumsum(~is_leaf) - 1)
        inner = ~is_leaf

        def line(name, items):
            return f"{name}={' '.join(map(str, items))}"

        zeros = [0] * int(inner.sum())
        blocks.append("\n".join([
            f"Tree={number}", f"num_leaves={int(is_leaf.sum())}", "num_cat=0", line("split_feature", tree.feature[inner]),
            line("split_gain", zeros), line("threshold", (repr(float(value)) for value in tree.threshold[inner])),
            # 2: numeric, default left, no missing value.
            line("decision_type", [2] * len(zeros)), line("left_child", index[tree.children_left[inner]]),
            line("right_child", index[tree.children_right[inner]]), line("leaf_value", (repr(float(value)) for value in values[is_leaf])),
            line("leaf_weight", [1] * int(is_leaf.sum())), line("leaf_count", [1] * int(is_leaf.sum())), line("internal_value", zeros),
            line("internal_weight", zeros), line("internal_count", zeros), "is_linear=0", "shrinkage=1", "", "", "",
        ]))
    head = "\n".join([
        "tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0", f"max_feature_idx={features - 1}",
        "objective=regression", "feature_names=" + " ".join(f"f{index}" for index in range(features)),
        "feature_infos=" + " ".join(["[-1e308:1e308]"] * features),
        "tree_sizes=" + " ".join(str(len(block)) for block in blocks), "", "",
    ])
    with open(path, "w") as file:
        file.write(head + "".join(blocks) + "end of trees\n\nparameters:\nend of parameters\n\npandas_categorical:null\n")


def write_xgboost(forest, features, path):
    """XGBoost's JSON: it compares `x < t` in Float32, so t is the lowest Float32 above the threshold; right children follow left ones."""
    import json
    trees = []
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        order = [0]
        for node in order:
            if tree.feature[node] >= 0:
                order += [tree.children_left[node], tree.children_right[node]]
        place = numpy.zeros(tree.node_count, int)
        place[order] = numpy.arange(tree.node_count)
        feature, threshold, values = tree.feature[order], tree.threshold[order], leaf_values(tree)[order]
        is_leaf = feature < 0
        left = numpy.where(is_leaf, -1, place[tree.children_left[order]])
        right = numpy.where(is_leaf, -1, place[tree.children_right[order]])
        floats = threshold.astype(numpy.float32)
        floats = numpy.where(floats > threshold, floats, numpy.nextafter(floats, numpy.float32(numpy.inf)))
        parents = numpy.full(tree.node_count, 2147483647)
        for child in (left, right):
            parents[child[~is_leaf]] = numpy.flatnonzero(~is_leaf)
        count = tree.node_count
        trees.append({
            "base_weights": [0.0] * count, "categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": [],
            "default_left": [1] * count, "id": number, "left_children": left.tolist(), "loss_changes": [0.0] * count,
            "parents": parents.tolist(), "right_children": right.tolist(),
            "split_conditions": [float(v) for v in numpy.where(is_leaf, values, floats)],
            "split_indices": numpy.where(is_leaf, 0, feature).tolist(), "split_type": [0] * count, "sum_hessian": [1.0] * count,
            "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(count), "size_leaf_vector": "1"},
        })
    model = {
        "version": [2, 0, 0],
        "learner": {
            "attributes": {}, "feature_names": [], "feature_types": [],
            "gradient_booster": {"name": "gbtree", "model": {
                "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
                "iteration_indptr": list(range(len(trees) + 1)), "tree_info": [0] * len(trees), "trees": trees}},
            "learner_model_param": {
                "base_score": "0", "boost_from_average": "1", "num_class": "0", "num_feature": str(features), "num_target": "1"},
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }
    with open(path, "w") as file:
        json.dump(model, file)


class Driver:
    def __init__(self, folder):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "driver.c")
        path = os.path.join(folder, "driver.so")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", path, source], check=True)
        self.library = ctypes.CDLL(path)

    def measure(self, name, context, rows):
        """By batch: p50 and p99 warm, then cold; and the scores."""
        scores = numpy.zeros(len(rows))
        result = numpy.zeros(5)
        figures = {}
        pointer = ctypes.c_void_p
        for batch in BATCHES:
            self.library.measure(
                ctypes.cast(getattr(self.library, name), pointer), pointer(context), pointer(rows.ctypes.data),
                ctypes.c_long(len(rows)), ctypes.c_long(rows.shape[1]), ctypes.c_long(batch), pointer(scores.ctypes.data),
                pointer(result.ctypes.data))
            figures[batch] = tuple(result[1:])
        return figures, scores


def measure_python(call, rows):
    figures, scores = {}, None
    evicted = numpy.zeros(8 << 20, numpy.uint64)
    for batch in BATCHES:
        times, first = [], 0
        end = time.perf_counter_ns() + 400_000_000
        while len(times) < 2 or time.perf_counter_ns() < end:
            if first + batch > len(rows):
                first = 0
            part = rows[first:first + batch]
            begin = time.perf_counter_ns()
            scores = call(part)
            times.append((time.perf_counter_ns() - begin) / batch)
            first += batch
        cold = [0]
        if batch <= 1_000:
            cold = []
            end = time.perf_counter_ns() + 400_000_000
            while len(cold) < 2 or len(cold) < 100 and time.perf_counter_ns() < end:
                evicted[::8] += 1
                begin = time.perf_counter_ns()
                call(rows[:batch])
                cold.append((time.perf_counter_ns() - begin) / batch)
        figures[batch] = (*numpy.quantile(times, (0.5, 0.99)), *numpy.quantile(cold, (0.5, 0.99)))
    return figures, numpy.asarray(scores, float).ravel()


def ours(executable, forest_path, rows_path, repeat=1):
    lines = subprocess.run([executable, forest_path, rows_path], check=True, capture_output=True, text=True).stdout.splitlines()
    figures = {}
    for line in lines:
        words = line.split()
        if words[0] == "ours":
            figures[int(words[1])] = (float(words[3]), float(words[4]), float(words[6]), float(words[7]))
    return figures, next(line for line in lines if line.startswith("compiled"))


def lleaves_peer(driver, model_path, rows, folder, name):
    import lleaves
    model = lleaves.Model(model_file=model_path)
    cache = os.path.join(folder, f"lleaves-{name}.o")
    if os.path.exists(cache):
        os.remove(cache)
    model.compile(cache=cache)
    library = os.path.join(folder, f"lleaves-{name}.so")
    subprocess.run(["cc", "-shared", "-o", library, cache], check=True)
    function = ctypes.CDLL(library).forest_root
    return driver.measure("score_lleaves", ctypes.cast(function, ctypes.c_void_p).value, rows)


def tl2cgen_peer(driver, model_path, rows, folder, name):
    import tl2cgen
    import treelite
    path = os.path.join(folder, f"tl2cgen-{name}.so")
    tl2cgen.export_lib(
        treelite.frontend.load_lightgbm_model(model_path), toolchain="gcc", libpath=path, params={"parallel_comp": 4}, verbose=False)
    function = ctypes.CDLL(path).predict
    return driver.measure("score_tl2cgen", ctypes.cast(function, ctypes.c_void_p).value, rows)


def lightgbm_peer(driver, model_path, rows, *_):
    import lightgbm
    from lightgbm.basic import _LIB
    booster = lightgbm.Booster(model_file=model_path, params={"num_threads": 1})
    fast = ctypes.c_void_p()
    handle = booster._handle if hasattr(booster, "_handle") else booster.handle
    _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
        handle, ctypes.c_int(1), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(1), ctypes.c_int32(rows.shape[1]),
        ctypes.c_char_p(b"num_threads=1"), ctypes.byref(fast))
    context = (ctypes.c_void_p * 4)(
        handle, fast, ctypes.cast(_LIB.LGBM_BoosterPredictForMatSingleRowFast, ctypes.c_void_p),
        ctypes.cast(_LIB.LGBM_BoosterPredictForMat, ctypes.c_void_p))
    return driver.measure("score_lightgbm", ctypes.addressof(context), rows)


def onnxruntime_peer(forest, rows):
    import onnxruntime
    from skl2onnx import to_onnx
    model = to_onnx(forest, rows[:1].astype(numpy.float32), options={"zipmap": False}, target_opset={"": 18, "ai.onnx.ml": 3})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    output = [session.get_outputs()[1].name]
    return measure_python(lambda part: session.run(output, {name: part})[0][:, 1], rows.astype(numpy.float32))


def xgboost_peer(path, rows):
    import xgboost
    booster = xgboost.Booster({"nthread": 1}, model_file=path)
    return measure_python(lambda part: booster.inplace_predict(part), rows.astype(numpy.float32))


def ydf_peer(forest, rows):
    """YDF's own benchmark, in C++: best engine, one thread."""
    import ydf
    model = ydf.from_sklearn(forest, feature_name="features")
    figures = {}
    for batch in BATCHES:
        result = model.benchmark(
            {"features": rows[:max(batch, 1_000)].astype(numpy.float32)}, benchmark_duration=0.4, batch_size=batch, num_threads=1)
        figures[batch] = (float(result.duration_per_example) * 1e9, 0, 0, 0)
    return figures, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--assay", required=True)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--shape", action="append", help="trees x depth, such as 100x8; all three by default")
    parser.add_argument("--only", action="append", help="libraries to run beside ours")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    values, labels = handbook(arguments.data) if arguments.data else generated(arguments.assay, arguments.work)
    # Float32 throughout, so that libraries of either precision see the same rows.
    values = values.astype(numpy.float32).astype(numpy.float64)
    rows = numpy.ascontiguousarray(numpy.resize(values, (ROWS, values.shape[1])))
    rows_path = os.path.join(arguments.work, "rows.bin")
    rows.astype("<f8").tofile(rows_path)
    driver = Driver(arguments.work)
    shapes = [tuple(map(int, shape.split("x"))) for shape in arguments.shape] if arguments.shape else SHAPES
    for trees, depth in shapes:
        name = f"{trees}x{depth}"
        forest = train(values, labels, trees, depth)
        nodes = sum(estimator.tree_.node_count for estimator in forest.estimators_)
        paths = [os.path.join(arguments.work, f"{name}.{kind}") for kind in ("bin", "txt", "json")]
        write_ours(forest, values.shape[1], paths[0])
        write_lightgbm(forest, values.shape[1], paths[1])
        write_xgboost(forest, values.shape[1], paths[2])
        expected = sum(leaf_values(e.tree_)[e.apply(rows.astype(numpy.float32))] for e in forest.estimators_)
        peers = {
            "lleaves": lambda: lleaves_peer(driver, paths[1], rows, arguments.work, name),
            "tl2cgen": lambda: tl2cgen_peer(driver, paths[1], rows, arguments.work, name),
            "lightgbm": lambda: lightgbm_peer(driver, paths[1], rows),
            "xgboost": lambda: xgboost_peer(paths[2], rows),
            "onnxruntime": lambda: onnxruntime_peer(forest, rows),
            "ydf": lambda: ydf_peer(forest, rows),
        }
        called = {"ours": "Swift", "lleaves": "C", "tl2cgen": "C", "lightgbm": "C", "xgboost": "Python", "onnxruntime": "Python", "ydf": "C++"}
        figures, notes = {}, {}
        figures["ours"], compiled = ours(arguments.ours, paths[0], rows_path)
        for peer, run in peers.items():
            if arguments.only and peer not in arguments.only:
                continue
            try:
                figures[peer], scores = run()
            except Exception as failure:  # A peer that cannot take the model is left out, and says why.
                print(f"{peer}: {type(failure).__name__}: {failure}", file=sys.stderr)
                continue
            if scores is not None:
                reference = expected / trees if peer == "onnxruntime" else expected
                notes[peer] = float(numpy.abs(scores - reference[-len(scores):] if len(scores) < ROWS else scores - reference).max())
        print(f"\n{trees} trees, depth {depth}: {nodes} nodes; {compiled}")
        print("ns a row             " + "".join(f"{f'batch {batch:,}':>24}" for batch in BATCHES) + "   called from   max. difference")
        for row, offset in (("p50 / p99 warm", 0), ("p50 / p99 cold", 2)):
            print(row)
            for peer, by_batch in figures.items():
                cells = "".join(
                    f"{f'{by_batch[batch][offset]:,.0f} / {by_batch[batch][offset + 1]:,.0f}' if by_batch[batch][offset] > 0 else '':>24}"
                    for batch in BATCHES)
                print(f"  {peer:<19}{cells}   {called[peer]:<11}   {notes.get(peer, 0):.1e}")
        print("ours, times faster than the fastest peer (p50 warm): " + ", ".join(
            f"batch {batch:,}: {min(f[batch][0] for p, f in figures.items() if p != 'ours') / figures['ours'][batch][0]:.2f}"
            for batch in BATCHES if len(figures) > 1), flush=True)


if __name__ == "__main__":
    main()
