#!/usr/bin/env python3
"""Means over seeds, ten by default: Assay's forest beside scikit-learn's, on the handbook's weeks and on UCI credit default.

    python3 Benchmarks/training/seeds.py --data DIR --program .build/release/assay-benchmark-training --assay .build/release/assay

DIR holds the handbook's transactions and, where it has it, uci-default-dev.csv.gz: trained on the IDs whose last digit is below 5, tested on
the others, both libraries with the same parameters. Needs numpy, pandas, scikit-learn. The handbook's book prints .867 / .658 / .287 for its forest.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import dataset
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

UCI = "uci-default-dev.csv.gz"
# Name, Assay's options, scikit-learn's (None: Assay alone).
HANDBOOK = [
    ("standard recipe: entropy, depth 12, 5 a leaf, 5 features", ["--depth", "12", "--leaf", "5", "--features", "5"], None),
    ("entropy, depth 16, 5 features", ["--features", "5"], None),
    ("gini, depth 16, 3 features", ["--features", "3", "--criterion", "gini"], {"max_depth": 16}),
]
CREDIT = [
    ("gini, any depth, 4 features", ["--features", "4", "--criterion", "gini", "--depth", "0"], {}),
    ("gini, any depth, 5 a leaf, 4 features", ["--features", "4", "--criterion", "gini", "--depth", "0", "--leaf", "5"],
     {"min_samples_leaf": 5}),
    ("entropy, depth 12, 5 a leaf, 5 features (standard recipe)", ["--features", "5", "--depth", "12", "--leaf", "5"],
     {"criterion": "entropy", "max_depth": 12, "min_samples_leaf": 5, "max_features": 5}),
]


def ours(program, train, test, options, seeds):
    result = subprocess.run(
        [program, "--train", train, "--test", test, "--seeds", str(seeds), *options], check=True, stdout=subprocess.PIPE, text=True)
    line = json.loads(result.stdout.splitlines()[-1])
    return line["auc"], line["ap"], line["cp100"]


def theirs(train, test, options, seeds):
    figures = []
    for seed in range(seeds):
        model = RandomForestClassifier(n_estimators=100, n_jobs=-1, random_state=seed, **options).fit(train.x, train.y)
        scores = model.predict_proba(test.x)[:, 1]
        figures.append((roc_auc_score(test.y, scores), average_precision_score(test.y, scores)))
    figures = np.array(figures)
    return figures.mean(axis=0), figures.std(axis=0, ddof=1) / np.sqrt(seeds)


def compare(title, program, folder, train, test, variants, seeds, with_sklearn):
    train.write(folder / "train.bin")
    test.write(folder / "test.bin")
    print(f"{title}: {len(train.y):,} rows to learn from, {len(test.y):,} to test on; means of {seeds} seeds, AUC / average precision"
          + (" / card precision@100" if variants is HANDBOOK else ""))
    for name, options, sklearn in variants:
        auc, ap, cards = ours(program, str(folder / "train.bin"), str(folder / "test.bin"), options, seeds)
        line = f"  {name:58} assay {auc:.4f} / {ap:.4f}" + (f" / {cards:.4f}" if variants is HANDBOOK else "")
        if sklearn is not None and with_sklearn:
            (auc, ap), (auc_error, ap_error) = theirs(train, test, sklearn, seeds)
            line += f"   scikit-learn {auc:.4f} / {ap:.4f} (standard errors {auc_error:.4f} / {ap_error:.4f})"
        print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--assay")
    parser.add_argument("--without-sklearn", action="store_true")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    data = Path(options.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.assay:
            rows = dataset.load(options.assay, [data / file for file in dataset.FILES], folder)
            train, _, test = dataset.split(rows, dataset.TRAIN_FIRST)
            compare("handbook", options.program, folder, train, test, HANDBOOK, options.seeds, not options.without_sklearn)
        if (data / UCI).exists():
            table = pd.read_csv(data / UCI)
            x = table.drop(columns=["ID", "default_payment_next_month"]).to_numpy(dtype="f8")
            ids = table["ID"].to_numpy()
            rows = dataset.Rows(x, table["default_payment_next_month"].to_numpy(), ids, ids)
            compare(
                "UCI credit default", options.program, folder, rows.where(ids % 10 < 5), rows.where(ids % 10 >= 5), CREDIT, options.seeds,
                not options.without_sklearn)


if __name__ == "__main__":
    main()
