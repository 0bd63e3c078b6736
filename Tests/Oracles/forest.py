#!/usr/bin/env python3
"""Holds the trees and the metrics against scikit-learn.

    ASSAY_ORACLE_CASES=/tmp/cases.json swift test --disable-xctest --filter OracleCases
    python3 Tests/Oracles/forest.py /tmp/cases.json

Needs numpy and scikit-learn >= 1.4 (missing values in trees). Scores of rows that were not trained on must be equal to 1e-12, and so
must the metrics; ends with status 1 otherwise. Trees are compared for several of scikit-learn's feature orders: where two splits of a
node are equally good it takes the first it meets, so a case agrees when one of the orders gives our tree.
"""

import json
import sys

import numpy as np
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

ORDERS = 100
TOLERANCE = 1e-12


def matrix(rows):
    return np.array([[np.nan if v is None else v for v in column] for column in rows["columns"]]).T


def tree_agrees(case):
    x, y = matrix(case["train"]), np.array(case["train"]["labels"])
    least = np.inf
    for order in range(ORDERS):
        model = DecisionTreeClassifier(
            criterion=case["criterion"],
            max_depth=case["depthMax"],
            min_samples_split=case["splitRowsMin"],
            min_samples_leaf=case["leafRowsMin"],
            class_weight={0: 1.0, 1: case["fraudWeight"]},
            random_state=order,
        ).fit(x, y)
        scores = model.predict_proba(matrix(case["test"]))[:, 1]
        difference = np.abs(scores - np.array(case["scores"])).max()
        least = min(least, difference)
        if difference <= TOLERANCE and model.tree_.node_count == case["nodes"]:
            return True, order, difference
    return False, ORDERS, least


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
    for number, case in enumerate(cases["trees"]):
        agrees, order, difference = tree_agrees(case)
        tied += agrees and order > 0
        if not agrees:
            failures += 1
            missing = any(v is None for column in case["train"]["columns"] for v in column)
            print(f"tree {number}: {case['criterion']} depth {case['depthMax']} missing {missing}: scores differ by up to {difference}")
    print(f"trees: {len(cases['trees']) - failures} of {len(cases['trees'])} agree, {tied} of them not with the first feature order")
    worst = max(metric_difference(case) for case in cases["metrics"])
    print(f"metrics: {len(cases['metrics'])} cases, greatest difference {worst:.1e}")
    sys.exit(1 if failures or worst > TOLERANCE else 0)


if __name__ == "__main__":
    main(sys.argv[1])
