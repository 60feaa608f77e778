"""Score a flights table:  python3 predict.py IN.csv OUT.csv

Writes the probability of being late, and the label where the table has one.
"""
import csv
import sys

import joblib

from features import matrix, read_rows


def main():
    source, target = sys.argv[1:3]
    model = joblib.load("model/model.joblib")
    rows = read_rows(source)
    features = matrix(rows, model["groups"], model["vocabulary"])
    scores = model["classifier"].predict_proba(features)[:, 1]
    with open(target, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["p_late", "late"])
        writer.writerows([f"{score:.6f}", row.get("late", "")] for score, row in zip(scores, rows))


if __name__ == "__main__":
    main()
