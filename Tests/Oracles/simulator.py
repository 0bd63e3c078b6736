#!/usr/bin/env python3
"""Compares simulated card transactions with a NumPy rendering of the published rules.

    simulator.py ROWS.csv [--customers 5000] [--terminals 10000] [--radius 5] [--seed 1]

ROWS.csv has the columns TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD, TX_FRAUD_SCENARIO; the
days are counted from it. Both sides are draws, so each figure may differ by sampling error: four standard errors of the
oracle's own figure over ten seeds, or 1 %, whichever is more. Exit status: 0 all agree, 1 some do not.

The rules are those of the Fraud Detection Handbook (Le Borgne et al., 2022), chapter 3; this is written from its text. Needs NumPy (Debian: python3-numpy).
"""
import argparse
import csv
import sys

import numpy as np


def simulate(customers, terminals, days, radius, seed):
    """Columns day, second, customer, terminal, amount, scenario; the order is of no interest here."""
    rng = np.random.default_rng(seed)
    home, shop = rng.uniform(0, 100, (customers, 2)), rng.uniform(0, 100, (terminals, 2))
    mean, rate = rng.uniform(5, 100, customers), rng.uniform(0, 4, customers)
    parts = []
    for customer in range(customers):
        near = np.flatnonzero(((shop - home[customer]) ** 2).sum(axis=1) < radius**2)
        counts = rng.poisson(rate[customer], days)
        if not len(near):
            continue
        total = counts.sum()
        second = rng.normal(43_200, 20_000, total)
        amount = rng.normal(mean[customer], mean[customer] / 2, total)
        amount = np.where(amount < 0, rng.uniform(0, 2 * mean[customer], total), amount).round(2)
        day = np.repeat(np.arange(days), counts)
        part = np.column_stack([day, second, np.full(total, customer), rng.choice(near, total), amount, np.zeros(total)])
        parts.append(part[(second >= 1) & (second < 86_400)])
    rows = np.concatenate(parts)
    day, who, where = rows[:, 0], rows[:, 2], rows[:, 3]
    rows[rows[:, 4] > 220, 5] = 1
    for first in range(days - 1):
        bad = rng.choice(terminals, 2, replace=False)
        rows[(day >= first) & (day < first + 28) & np.isin(where, bad), 5] = 2
    for first in range(days - 1):
        hit = np.flatnonzero((day >= first) & (day < first + 14) & np.isin(who, rng.choice(customers, 3, replace=False)))
        stolen = rng.choice(hit, len(hit) // 3, replace=False)
        rows[stolen, 4] *= 5
        rows[stolen, 5] = 3
    return rows


def figures(rows, days):
    amount, scenario = rows[:, 4], rows[:, 5]
    clean = amount[scenario == 0]
    out = {"transactions a day": len(rows) / days, "customers seen": len(np.unique(rows[:, 2])), "terminals seen": len(np.unique(rows[:, 3]))}
    for kind in (1, 2, 3):
        out[f"share of scenario {kind}, %"] = 100 * np.mean(scenario == kind)
    for name, values in (("amount", clean), ("second of day", rows[:, 1])):
        out[f"{name}: mean"], out[f"{name}: deviation"] = values.mean(), values.std()
        for percent in (5, 25, 50, 75, 95):
            out[f"{name}: {percent} %"] = np.percentile(values, percent)
    out["amount of scenario 3: mean"] = amount[scenario == 3].mean() if (scenario == 3).any() else 0.0
    per_customer = np.bincount(rows[:, 2].astype(int))
    out["transactions a customer: 95 %"] = np.percentile(per_customer[per_customer > 0], 95)
    return out


def read(path):
    rows = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            hour, minute, second = row["TX_DATETIME"][11:19].split(":")
            moment = int(hour) * 3600 + int(minute) * 60 + int(second)
            day = np.datetime64(row["TX_DATETIME"][:10]).astype(int)
            rows.append([day, moment, int(row["CUSTOMER_ID"]), int(row["TERMINAL_ID"]), float(row["TX_AMOUNT"]), int(row["TX_FRAUD_SCENARIO"])])
    rows = np.array(rows, dtype=float)
    rows[:, 0] -= rows[:, 0].min()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows")
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--terminals", type=int, default=10000)
    parser.add_argument("--radius", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = read(options.rows)
    days = int(rows[:, 0].max()) + 1
    ours = figures(rows, days)
    draws = [figures(simulate(options.customers, options.terminals, days, options.radius, options.seed + n), days) for n in range(10)]
    wrong = 0
    print(f"{'':34}{'ours':>12}{'oracle':>12}{'allowed ±':>12}")
    for name, value in ours.items():
        theirs = np.array([draw[name] for draw in draws])
        allowed = max(4 * theirs.std(ddof=1) * np.sqrt(1.1), 0.01 * abs(theirs.mean()))
        agrees = abs(value - theirs.mean()) <= allowed
        wrong += not agrees
        print(f"{name:34}{value:12.4f}{theirs.mean():12.4f}{allowed:12.4f}{'' if agrees else '   differs'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
