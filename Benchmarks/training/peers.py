#!/usr/bin/env python3
"""Fits one library's forest to a file of dataset.py's layout and prints one line of JSON: seconds, added memory, figures.

    python3 Benchmarks/training/peers.py NAME --train FILE --test FILE --threads N --trees N --depth N

Each library runs in a process of its own, so that memory is its own. The time is that of building its data set and fitting, from a matrix
of doubles in memory; the added memory is the greatest resident size after it less the size before.
"""

import argparse
import json
import os
import resource
import time

import dataset
import numpy as np


def resident():
    with open("/proc/self/status", encoding="ascii") as file:
        return {line.split(":")[0]: int(line.split()[1]) for line in file if line.startswith(("VmRSS", "VmHWM"))}


def xgboost(x, y, options):
    import xgboost as xgb

    def fit():
        return xgb.XGBRFClassifier(
            n_estimators=options.trees, max_depth=options.depth, tree_method="hist", max_bin=256, subsample=0.632,
            colsample_bynode=options.features / x.shape[1], reg_lambda=1e-5, min_child_weight=0, learning_rate=1.0, base_score=0.5,
            n_jobs=options.threads, random_state=options.seed).fit(x, y)

    return fit, lambda model, rows: model.predict_proba(rows)[:, 1]


def xgboost_boosted(x, y, options):
    import xgboost as xgb

    def fit():
        return xgb.XGBClassifier(
            n_estimators=options.trees, max_depth=options.depth, tree_method="hist", max_bin=256, n_jobs=options.threads,
            random_state=options.seed).fit(x, y)

    return fit, lambda model, rows: model.predict_proba(rows)[:, 1]


def lightgbm(x, y, options):
    import lightgbm as lgb

    def fit():
        return lgb.LGBMClassifier(
            boosting_type="rf", n_estimators=options.trees, max_depth=options.depth, num_leaves=min(2**options.depth, 131_072),
            bagging_freq=1, bagging_fraction=0.632, feature_fraction_bynode=options.features / x.shape[1], min_child_samples=1,
            max_bin=255, n_jobs=options.threads, random_state=options.seed, verbose=-1).fit(x, y)

    return fit, lambda model, rows: model.predict_proba(rows)[:, 1]


def sklearn(x, y, options):
    from sklearn.ensemble import RandomForestClassifier

    def fit():
        return RandomForestClassifier(
            n_estimators=options.trees, max_depth=options.depth, max_features=options.features, n_jobs=options.threads,
            random_state=options.seed).fit(x, y)

    return fit, lambda model, rows: model.predict_proba(rows)[:, 1]


def ydf(x, y, options):
    import ydf as library

    def table(rows, labels=None):
        data = {f"f{i}": np.ascontiguousarray(rows[:, i], dtype="f4") for i in range(rows.shape[1])}
        if labels is not None:
            data["label"] = labels
        return data

    def fit():
        return library.RandomForestLearner(
            label="label", num_trees=options.trees, max_depth=options.depth, num_threads=options.threads, winner_take_all=False,
            num_candidate_attributes=options.features, min_examples=1, compute_oob_performances=False,
            random_seed=options.seed).train(table(x, y), verbose=0)

    return fit, lambda model, rows: model.predict(table(rows))


PEERS = {"xgboost": xgboost, "xgboost-boosted": xgboost_boosted, "lightgbm": lightgbm, "sklearn": sklearn, "ydf": ydf}


def card_precision(scores, rows, k=100):
    """The handbook's card precision, as Shared/Training/CardPrecision.swift counts it."""
    days = rows.times // dataset.DAY
    known, found = set(), []
    for day in np.unique(days):
        cards = {}
        for place in np.flatnonzero(days == day):
            card = rows.customers[place]
            if card not in known:
                score, fraud = cards.get(card, (-1.0, 0))
                cards[card] = (max(score, scores[place]), max(fraud, rows.y[place]))
        top = sorted(cards.items(), key=lambda item: (-item[1][0], item[0]))[:k]
        caught = [card for card, (_, fraud) in top if fraud]
        known.update(caught)
        found.append(len(caught) / k)
    return float(np.mean(found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=16)
    parser.add_argument("--features", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    rows = dataset.read(options.train)
    x, y = np.ascontiguousarray(rows.x), rows.y.astype("i4")
    fit, predict = PEERS[options.name](x, y, options)
    # What is loaded with the library is not what fitting needs.
    small = np.r_[np.flatnonzero(y == 1)[:50], np.flatnonzero(y == 0)[:450]]
    PEERS[options.name](x[small], y[small], options)[0]()
    before = resident()["VmRSS"]
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # starts VmHWM anew
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    model = fit()
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = resident()["VmHWM"]
    from sklearn.metrics import average_precision_score, roc_auc_score

    test = dataset.read(options.test)
    scores = np.asarray(predict(model, np.ascontiguousarray(test.x)), dtype="f8")
    print(json.dumps({
        "name": options.name, "seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime,
        "added_mb": (peak - before) / 1024, "auc": roc_auc_score(test.y, scores), "ap": average_precision_score(test.y, scores),
        "cp100": card_precision(scores, test)}))


if __name__ == "__main__":
    main()
