"""Rows for the training benchmark: the handbook's protocol over computed features, and one flat file that both sides read.

Layout, little endian: `ASSAYTR1`, rows and features as int64, the features' columns one after another as float64, labels as uint8, times
(microseconds since 1970) as int64, customers as int64.
"""

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

PROJECT = Path(__file__).resolve().parents[2]
MAGIC = b"ASSAYTR1"
DAY = 86_400_000_000
TRAIN_FIRST = pd.Timestamp("2018-07-25").value // 1_000
FILES = ["handbook-7d-pre.csv.gz", "handbook-7d.csv.gz"]


class Rows:
    def __init__(self, x, y, times, customers):
        self.x, self.y, self.times, self.customers = x, y, times, customers

    def where(self, mask):
        return Rows(self.x[mask], self.y[mask], self.times[mask], self.customers[mask])

    def write(self, path):
        with open(path, "wb") as file:
            file.write(MAGIC)
            np.array(self.x.shape, dtype="<i8").tofile(file)
            np.asfortranarray(self.x).astype("<f8").ravel(order="F").tofile(file)
            self.y.astype("u1").tofile(file)
            self.times.astype("<i8").tofile(file)
            self.customers.astype("<i8").tofile(file)


def read(path):
    with open(path, "rb") as file:
        if file.read(8) != MAGIC:
            raise SystemExit(f"{path}: not a data set of this benchmark")
        rows, features = np.fromfile(file, "<i8", 2)
        x = np.fromfile(file, "<f8", rows * features).reshape(features, rows).T
        return Rows(x, np.fromfile(file, "u1", rows), np.fromfile(file, "<i8", rows), np.fromfile(file, "<i8", rows))


def load(assay, sources, work):
    """All rows of some transaction files with their features, in order of time."""
    table = Path(work) / "features.csv"
    command = [assay, "features", "--out", str(table), "--round", "handbook"]
    for source in sources:
        command += ["--csv", str(source)]
    # The features file is looked for from the project's folder.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=PROJECT)
    features = pd.read_csv(table)
    columns = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TX_FRAUD"]
    raw = pd.concat([pd.read_csv(source, usecols=columns) for source in sources]).drop_duplicates("TRANSACTION_ID")
    both = features.merge(raw, on="TRANSACTION_ID", validate="one_to_one")
    times = pd.to_datetime(both["TX_DATETIME"], utc=True).dt.tz_localize(None).astype("datetime64[us]").astype("int64").to_numpy()
    x = both[[name for name in features.columns if name != "TRANSACTION_ID"]].to_numpy(dtype="f8")
    return Rows(x, both["TX_FRAUD"].to_numpy(), times, both["CUSTOMER_ID"].to_numpy())


def split(rows, first):
    """The handbook's week to learn from, all before the test week, and the test week without the cards known as compromised."""
    week = 7 * DAY
    test_start = first + 2 * week
    day = rows.times // DAY
    known = {}
    for customer, when in zip(rows.customers[(rows.y == 1) & (rows.times >= first)], day[(rows.y == 1) & (rows.times >= first)]):
        known[customer] = min(known.get(customer, when), when)
    first_fraud = np.array([known.get(customer, 1 << 40) for customer in rows.customers])
    fresh = (first_fraud >= (first + week) // DAY) & (first_fraud > day - 8)
    test = (rows.times >= test_start) & (rows.times < test_start + week) & fresh
    train = (rows.times >= first) & (rows.times < first + week)
    return rows.where(train), rows.where(rows.times < test_start), rows.where(test)
