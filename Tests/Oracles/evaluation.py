#!/usr/bin/env python3
"""Holds the figures of evaluation against scikit-learn, SciPy, pandas and NumPy.

Reads the cases that EvaluationTests write from a file or standard input, prints one line a figure and ends with status 1 if any differs.
`--probe` only says whether the packages are here. Needs numpy, pandas, scipy and scikit-learn.

    ASSAY_ORACLE_CASES=/tmp/cases.json swift test --disable-xctest --filter EvaluationOracle
    python3 Tests/Oracles/evaluation.py /tmp/cases.json
"""

import json
import sys

try:
    import numpy as np
    import pandas as pd
    from scipy.stats import ks_2samp
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import (
        average_precision_score,
        brier_score_loss,
        log_loss,
        precision_score,
        recall_score,
        roc_auc_score,
        roc_curve,
    )
except ImportError as error:
    print(f"absent: {error}")
    sys.exit(0)

TOLERANCE = 1e-12


def card_precision(frame, k):
    """The handbook's card_precision_top_k, ties by customer number."""
    known, days = set(), []
    for _, day in frame.groupby("day", sort=True):
        cards = day.groupby("customer").agg(score=("score", "max"), fraud=("fraud", "max")).reset_index()
        cards = cards[~cards.customer.isin(known)]
        top = cards.sort_values(["score", "customer"], ascending=[False, True]).head(k)
        found = set(top[top.fraud == 1].customer)
        days.append(len(found) / k)
        known |= found
    return float(np.mean(days))


def expected_calibration_error(y, s, count):
    edges = np.linspace(0, 1, count + 1)
    place = np.searchsorted(edges[1:-1], s)
    frame = pd.DataFrame({"bin": place, "y": y, "s": s})
    bins = frame.groupby("bin").agg(y=("y", "mean"), s=("s", "mean"), n=("y", "size"))
    return float((bins.n / len(y) * (bins.y - bins.s).abs()).sum())


def stability(case):
    """The index over bins cut by pandas at the edges that the case names."""
    earlier = np.array([np.nan if v is None else v for v in case["earlier"]])
    later = np.array([np.nan if v is None else v for v in case["later"]])
    edges = [-np.inf] + case["inner"] + [np.inf]
    def counts(values):
        cut = pd.Series(pd.cut(values, edges, labels=False))
        return cut.value_counts(dropna=False).reindex(list(range(len(edges) - 1)) + [np.nan], fill_value=0).to_numpy(dtype=float)
    e, a = counts(earlier), counts(later)
    kept = (e + a) > 0
    e, a = e[kept] + 0.5, a[kept] + 0.5
    e, a = e / e.sum(), a / a.sum()
    return float(np.sum((a - e) * np.log(a / e)))


def decision_cost(y, s, amount, costs, review, decline):
    missed = costs["missedFraud"] + costs["missedFraudShare"] * amount
    wrong = costs["falseDecline"] + costs["falseDeclineShare"] * amount
    approved = np.where(y == 1, missed, 0)
    declined = np.where(y == 1, 0, wrong)
    return float(np.where(s >= decline, declined, np.where(s >= review, costs["review"], approved)).sum())


def least_cost(y, s, amount, costs):
    candidates = list(np.unique(s)) + [np.inf]
    return min(
        decision_cost(y, s, amount, costs, review, decline)
        for place, review in enumerate(candidates)
        for decline in candidates[place:]
    )


def expectations(case):
    y, s = np.array(case["labels"]), np.array(case["scores"])
    amount, case["k"] = np.array(case["amounts"]), int(case["k"])
    frame = pd.DataFrame({"score": s, "fraud": y, "day": case["days"], "customer": case["customers"]})
    yield "rocAuc", roc_auc_score(y, s)
    yield "averagePrecision", average_precision_score(y, s)
    yield "ks", ks_2samp(s[y == 1], s[y == 0]).statistic
    rates = roc_curve(y, s, drop_intermediate=False)
    yield "ksOfRoc", float(np.abs(rates[1] - rates[0]).max())
    yield "brier", brier_score_loss(y, s)
    yield "logLoss", log_loss(y, s)
    yield "ece", expected_calibration_error(y, s, 10)
    yield "cardPrecision", card_precision(frame, case["k"])
    for name, threshold in [("review", case["review"]), ("decline", case["decline"])]:
        alerts = s >= threshold
        if alerts.any():
            yield name + "Precision", precision_score(y, alerts)
        yield name + "Recall", recall_score(y, alerts)
    cost = decision_cost(y, s, amount, case["costs"], case["review"], case["decline"])
    yield "costPerThousand", cost * 1000 / len(y)
    if len(np.unique(s)) <= 60:
        yield "leastCost", least_cost(y, s, amount, case["costs"])
    for strategy in ["uniform", "quantile"]:
        share, mean = calibration_curve(y, s, n_bins=10, strategy=strategy)
        yield strategy + "Share", share
        yield strategy + "Mean", mean
    ranks = pd.Series(s).sort_values(ascending=False)
    if ranks.nunique() == len(ranks):  # without ties the top k are k rows
        top = y[ranks.index[: case["k"]]]
        yield "topPrecision", top.mean()
        yield "topRecall", top.sum() / y.sum()
    yield "quantiles", np.percentile(s, [2.5, 25, 50, 97.5])
    if case["intervalDraws"]:
        draws = np.array(case["intervalDraws"])  # replicates x customers
        names = np.array(sorted(set(case["customers"])))
        rows = {name: np.flatnonzero(frame.customer == name) for name in names}
        values = []
        for draw in draws:
            picked = np.concatenate([np.repeat(rows[name], int(times)) for name, times in zip(names, draw) if times > 0])
            values.append(roc_auc_score(y[picked], s[picked]))
        yield "interval", np.percentile(values, [2.5, 97.5])
        yield "intervalError", np.std(values, ddof=1)


def main(arguments):
    if "--probe" in arguments:
        print("present")
        return 0
    with open(arguments[0], encoding="utf-8") if arguments else sys.stdin as file:
        cases = json.load(file)
    worst, count = {}, 0
    for number, case in enumerate(cases["figures"]):
        for name, expected in expectations(case):
            expected, found = np.atleast_1d(expected), np.atleast_1d(np.array(case[name], dtype=float))
            same = expected.shape == found.shape
            difference = float(np.max(np.abs(expected - found) / np.maximum(1, np.abs(expected)))) if same else np.inf
            worst[name] = max(worst.get(name, (0, 0)), (difference, number))
            count += 1
    for number, case in enumerate(cases["stability"]):
        worst["stability"] = max(worst.get("stability", (0, 0)), (abs(stability(case) - case["value"]), number))
        count += 1
    wrong = {name: value for name, value in worst.items() if not value[0] <= TOLERANCE}
    for name, (difference, number) in worst.items():
        print(f"{name:20} greatest difference {difference:.1e}" + (f" in case {number}: WRONG" if name in wrong else ""))
    print(f"{count} figures of {len(cases['figures'])} + {len(cases['stability'])} cases, {len(wrong)} kinds differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
