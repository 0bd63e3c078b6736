#!/usr/bin/env python3
"""An independent computation of the handbook's features, with pandas, and a comparison with published or computed ones.

Set up once:  python3 -m venv .local/oracle && .local/oracle/bin/pip install pandas numpy
Compare:      .local/oracle/bin/python Tests/Oracles/features.py --transactions a.csv.gz b.csv.gz --features f.csv.gz
Write:        .local/oracle/bin/python Tests/Oracles/features.py --transactions a.csv.gz --from 2018-07-25 --to 2018-08-01 --out out.csv

Transactions have the columns TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD and are sorted by time, then id.
Features have TRANSACTION_ID and any of the feature columns; means are compared to 6 decimals, rates to 8.
Frauds become known `--delay` days (7) after the transaction. Everything is in integers until one division.
"""
import argparse
import sys

import numpy as np
import pandas as pd

DAY = 86_400 * 1_000_000


def features(frame, delay_days):
    micros = frame.TX_DATETIME.astype("int64").to_numpy()
    minor = np.rint(frame.TX_AMOUNT.to_numpy() * 100).astype("int64")
    fraud = frame.TX_FRAUD.to_numpy().astype("int64")
    out = {
        "TX_DURING_WEEKEND": (frame.TX_DATETIME.dt.day_of_week >= 5).astype("int64").to_numpy(),
        "TX_DURING_NIGHT": (frame.TX_DATETIME.dt.hour <= 6).astype("int64").to_numpy(),
    }
    days = (1, 7, 30)
    for day in days:
        for name in ("CUSTOMER_ID_NB_TX", "CUSTOMER_ID_AVG_AMOUNT", "TERMINAL_ID_NB_TX", "TERMINAL_ID_RISK"):
            out[f"{name}_{day}DAY_WINDOW"] = np.zeros(len(frame))
    for rows in frame.groupby("CUSTOMER_ID", sort=False).indices.values():
        times = micros[rows]
        sums = np.concatenate([[0], np.cumsum(minor[rows])])
        end = np.arange(1, len(rows) + 1)  # ties count in order of arrival
        for day in days:
            start = np.searchsorted(times, times - day * DAY, side="right")
            out[f"CUSTOMER_ID_NB_TX_{day}DAY_WINDOW"][rows] = end - start
            out[f"CUSTOMER_ID_AVG_AMOUNT_{day}DAY_WINDOW"][rows] = (sums[end] - sums[start]) / ((end - start) * 100)
    for rows in frame.groupby("TERMINAL_ID", sort=False).indices.values():
        times = micros[rows]
        # With a window delayed by at least the outcomes' delay, every fraud inside is known.
        frauds = np.concatenate([[0], np.cumsum(fraud[rows])])
        end = np.searchsorted(times, times - delay_days * DAY, side="right")
        for day in days:
            start = np.searchsorted(times, times - (delay_days + day) * DAY, side="right")
            count = end - start
            out[f"TERMINAL_ID_NB_TX_{day}DAY_WINDOW"][rows] = count
            out[f"TERMINAL_ID_RISK_{day}DAY_WINDOW"][rows] = (frauds[end] - frauds[start]) / np.maximum(count, 1)
    return pd.DataFrame(out).assign(TX_AMOUNT=frame.TX_AMOUNT.to_numpy(), TRANSACTION_ID=frame.TRANSACTION_ID.to_numpy())


def tolerance(column):
    return 0.5000001e-6 if "AVG_AMOUNT" in column else 0.5000001e-8 if "RISK" in column else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", nargs="+", required=True)
    parser.add_argument("--features", help="CSV to compare with")
    parser.add_argument("--delay", type=int, default=7, help="days until a fraud is known")
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="end")
    parser.add_argument("--out")
    options = parser.parse_args()
    frame = pd.concat([pd.read_csv(path) for path in options.transactions], ignore_index=True)
    frame["TX_DATETIME"] = pd.to_datetime(frame.TX_DATETIME, utc=True).dt.tz_localize(None).astype("datetime64[us]")
    assert frame.TX_DATETIME.is_monotonic_increasing, "transactions are not sorted by time"
    computed = features(frame, options.delay)
    if options.out:
        chosen = pd.Series(True, index=frame.index)
        if options.start:
            chosen &= frame.TX_DATETIME >= pd.Timestamp(options.start)
        if options.end:
            chosen &= frame.TX_DATETIME < pd.Timestamp(options.end)
        computed[chosen].to_csv(options.out, index=False)
    if not options.features:
        return 0
    expected = pd.read_csv(options.features)
    joined = expected.merge(computed, on="TRANSACTION_ID", suffixes=("", "_computed"), validate="one_to_one")
    if len(joined) != len(expected):
        print(f"{len(expected) - len(joined)} rows have no transaction")
        return 1
    equal = np.ones(len(joined), dtype=bool)
    for column in expected.columns.drop("TRANSACTION_ID"):
        close = np.abs(joined[column] - joined[column + "_computed"]) <= tolerance(column)
        equal &= close
        if not close.all():
            print(f"{column}: {(~close).sum()} rows differ")
    print(f"{equal.sum()} of {len(joined)} rows equal in all {len(expected.columns) - 1} columns")
    return 0 if equal.all() else 1


if __name__ == "__main__":
    sys.exit(main())
