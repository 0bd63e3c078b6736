#!/usr/bin/env python3
"""Holds trees, regression, logistic regression, calibration and metrics against scikit-learn.

    ASSAY_ORACLE_CASES=/tmp/cases.json swift test --disable-xctest --filter OracleCases
    python3 Tests/Oracles/forest.py /tmp/cases.json

Needs numpy and scikit-learn >= 1.4 (missing values and directions in trees). Ends with status 1 when anything differs.

Trees, on all rows, on bootstrap samples and on rows that weigh as often as a bootstrap sample holds them, must be scikit-learn's in structure: the same feature and threshold at each node (to 1e-12),
missing values to the same side where there are any, the same covers, and values to 1e-12. Where two splits of a node are equally good
scikit-learn takes the first it meets, so several of its feature orders are tried. Where ties abound, as in trees grown to the last leaf,
each node's split must be as good as the best one that scikit-learn finds for the node's rows.
"""

import json
import sys

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ORDERS = 100
TOLERANCE = 1e-12


def matrix(columns):
    return np.array([[np.nan if v is None else v for v in column] for column in columns]).T


def estimator(case, order, **changes):
    options = dict(
        criterion=case["criterion"], max_depth=case["depthMax"], min_samples_split=case["splitRowsMin"],
        min_samples_leaf=case["leafRowsMin"], class_weight={0: 1.0, 1: case["fraudWeight"]},
        min_impurity_decrease=case["impurityDecreaseMin"], ccp_alpha=case["pruningAlpha"],
        monotonic_cst=case["monotonicity"] or None, random_state=order)
    return DecisionTreeClassifier(**(options | changes))


def same(case, tree, x):
    """Whether a tree of scikit-learn's is ours, node by node from the root."""
    values = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    pending = [(0, 0, np.arange(len(x)))]
    while pending:
        ours, theirs, rows = pending.pop()
        if abs(case["cover"][ours] - tree.weighted_n_node_samples[theirs]) > TOLERANCE * case["cover"][0]:
            return False
        if (case["feature"][ours] < 0) != (tree.children_left[theirs] < 0):
            return False
        if case["feature"][ours] < 0:
            if abs(case["value"][ours] - values[theirs]) > TOLERANCE:
                return False
            continue
        feature = case["feature"][ours]
        if feature != tree.feature[theirs]:
            return False
        column = x[rows, feature]
        missing = np.isnan(column)
        # Where only missing values go right, the threshold is ours to choose at or above the greatest value.
        edge = missing.any() and column[~missing].max() <= min(case["threshold"][ours], tree.threshold[theirs])
        if not edge and abs(case["threshold"][ours] - tree.threshold[theirs]) > TOLERANCE * 1024:
            return False
        if missing.any() and bool(case["missingGoesLeft"][ours]) != bool(tree.missing_go_to_left[theirs]):
            return False
        left = np.where(missing, bool(case["missingGoesLeft"][ours]), column <= case["threshold"][ours])
        pending.append((case["left"][ours], tree.children_left[theirs], rows[left]))
        pending.append((case["right"][ours], tree.children_right[theirs], rows[~left]))
    return True


def each_split_is_best(case, x, y):
    """Whether each inner node's split is as good as a stump's for its rows, and leaves without bounds are pure; rows weigh the same."""
    is_bounded = case["depthMax"] is not None or case["leafRowsMin"] > 1
    def impurity(labels):
        share = labels.mean()
        if case["criterion"] == "gini":
            return 2 * share * (1 - share)
        return -sum(p * np.log2(p) for p in (share, 1 - share) if p > 0)

    pending = [(0, np.arange(len(x)))]
    while pending:
        node, rows = pending.pop()
        labels = y[rows]
        if case["feature"][node] < 0:
            if not is_bounded and labels.min() != labels.max():
                return False
            continue
        column = x[rows, case["feature"][node]]
        left = np.where(np.isnan(column), bool(case["missingGoesLeft"][node]), column <= case["threshold"][node])
        ours = left.mean() * impurity(labels[left]) + (1 - left.mean()) * impurity(labels[~left])
        stump = estimator(case, 0, max_depth=1, min_impurity_decrease=0.0).fit(x[rows], labels).tree_
        n = stump.weighted_n_node_samples
        theirs = (n[1] * stump.impurity[1] + n[2] * stump.impurity[2]) / n[0]
        if ours > theirs + TOLERANCE:
            return False
        pending += [(case["left"][node], rows[left]), (case["right"][node], rows[~left])]
    return True


def tree_agrees(case):
    rows = np.array(case["rows"])
    x, y = matrix(case["columns"])[rows], np.array(case["labels"])[rows]
    if case["depthMax"] is None and case["leafRowsMin"] == 1:
        return each_split_is_best(case, x, y), ORDERS
    for order in range(ORDERS):
        if same(case, estimator(case, order).fit(x, y).tree_, x):
            return True, order
    # Ties at several nodes: no order of 100 may break them all as ours does.
    is_plain = case["fraudWeight"] == 1 and case["pruningAlpha"] == 0 and not case["monotonicity"]
    return is_plain and each_split_is_best(case, x, y), ORDERS


def sampled_agrees(case):
    x, y, weights = matrix(case["columns"]), np.array(case["labels"]), np.array(case["weights"], dtype="f8")
    held = x[weights > 0]
    for order in range(ORDERS):
        if same(case, estimator(case, order).fit(x, y, sample_weight=weights).tree_, held):
            return True, order
    return False, ORDERS


def regression_agrees(case):
    x, y = matrix(case["columns"]), np.array(case["targets"])
    for order in range(ORDERS):
        tree = DecisionTreeRegressor(
            max_depth=case["depthMax"], min_samples_leaf=case["leafRowsMin"], random_state=order).fit(x, y).tree_
        leaves = np.sort(tree.value[tree.children_left < 0, 0, 0])
        if tree.node_count == case["nodes"] and np.abs(leaves - case["leafValues"]).max() < 1e-9:
            return True
    return False


def logistic_difference(case):
    x, y = matrix(case["columns"]), np.array(case["labels"])
    x = StandardScaler().fit_transform(x)
    scores = np.array(case["scores"])
    model = LogisticRegression(C=1 / case["strength"], tol=1e-12, max_iter=1_000, solver="newton-cholesky").fit(x, y)
    steps = IsotonicRegression(out_of_bounds="clip").fit(scores, y).predict(scores)
    # Platt's targets and a sigmoid without regularisation.
    high, low = (y.sum() + 1) / (y.sum() + 2), 1 / (len(y) - y.sum() + 2)
    twice = np.r_[scores, scores].reshape(-1, 1)
    targets = np.where(y == 1, high, low)
    sigmoid = LogisticRegression(C=1e12, tol=1e-12, max_iter=1_000, solver="newton-cholesky").fit(
        twice, np.r_[np.ones(len(y)), np.zeros(len(y))], sample_weight=np.r_[targets, 1 - targets])
    return (
        np.abs(model.predict_proba(x)[:, 1] - scores).max(), np.abs(steps - case["isotonic"]).max(),
        np.abs(sigmoid.predict_proba(scores.reshape(-1, 1))[:, 1] - case["platt"]).max())


def metric_difference(case):
    y, s = np.array(case["labels"]), np.array(case["scores"])
    alerts = s >= case["threshold"]
    return max(
        abs(roc_auc_score(y, s) - case["rocAuc"]),
        abs(average_precision_score(y, s) - case["averagePrecision"]),
        abs(precision_score(y, alerts) - case["precision"]),
        abs(recall_score(y, alerts) - case["recall"]),
    )


def main(path):
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    failures = 0
    tied = 0
    by_node = 0
    for number, case in enumerate(cases["trees"]):
        agrees, order = tree_agrees(case)
        tied += agrees and 0 < order < ORDERS
        by_node += agrees and order == ORDERS
        if not agrees:
            failures += 1
            missing = any(v is None for column in case["columns"] for v in column)
            options = {k: case[k] for k in ["criterion", "depthMax", "leafRowsMin", "fraudWeight", "impurityDecreaseMin", "pruningAlpha"]}
            print(f"tree {number}: {options} {case['monotonicity']} missing {missing}", file=sys.stderr)
    nodes = sum(len(case["feature"]) for case in cases["trees"])
    print(
        f"trees: {len(cases['trees']) - failures} of {len(cases['trees'])} agree ({nodes} nodes), {tied} of them not with the first "
        f"feature order, {by_node} node by node")
    results = [sampled_agrees(case) for case in cases["sampled"]]
    for case, (agrees, _) in zip(cases["sampled"], results):
        if not agrees:
            print("sampled:", {k: case[k] for k in ["criterion", "depthMax", "leafRowsMin", "fraudWeight"]}, file=sys.stderr)
    unlike = sum(not agrees for agrees, _ in results)
    print(f"trees of samples by weight: {len(results) - unlike} of {len(results)} agree, {sum(0 < order < ORDERS for _, order in results)} "
          "of them not with the first feature order")
    wrong = sum(not regression_agrees(case) for case in cases["regressions"])
    print(f"regression trees: {len(cases['regressions']) - wrong} of {len(cases['regressions'])} agree")
    logistic, isotonic, platt = np.max([logistic_difference(case) for case in cases["logistic"]], axis=0)
    print(f"logistic regression {logistic:.1e}, isotonic {isotonic:.1e}, Platt {platt:.1e}: greatest differences")
    worst = max(metric_difference(case) for case in cases["metrics"])
    print(f"metrics: {len(cases['metrics'])} cases, greatest difference {worst:.1e}")
    # Newton's methods stop where the slope is small; the others have nothing to converge.
    bad = failures or unlike or wrong or worst > TOLERANCE or isotonic > TOLERANCE or logistic > 1e-7 or platt > 1e-4
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1])
