"""Reads cases from a file, writes scikit-learn's metrics: see test_metrics_sklearn.c.

A case: a kind and a count of rows, then so many lines of label and score or prediction. For each a
line "name=value name=value ...". What scikit-learn refuses to compute is nan, as in our definition.
"""
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")


def decided(y, p):
    tn, fp, fn, tp = m.confusion_matrix(y, p, labels=[0, 1]).ravel()
    return {
        "accuracy": m.accuracy_score(y, p), "precision": m.precision_score(y, p, zero_division=0),
        "recall": m.recall_score(y, p, zero_division=0), "f1": m.f1_score(y, p, zero_division=0),
        "fpr": fp / (fp + tn) if fp + tn else 0.0,
        "specificity": m.recall_score(y, p, pos_label=0, zero_division=0),
        "balanced_accuracy": m.balanced_accuracy_score(y, p), "mcc": m.matthews_corrcoef(y, p),
        "tp": tp, "fp": fp, "tn": tn, "fn": fn,
    }


def binary(y, s):
    probabilities = s.min() >= 0 and s.max() <= 1
    return decided(y, s >= 0.5) | {
        "auc": m.roc_auc_score(y, s) if len(set(y)) == 2 else np.nan,
        "pr_auc": m.average_precision_score(y, s) if y.any() else np.nan,
        "log_loss": m.log_loss(y, s, labels=[0, 1]) if probabilities else np.nan,
        "brier": m.brier_score_loss(y, s) if probabilities else np.nan,
    }


def multi(y, p):
    out = {"accuracy": m.accuracy_score(y, p), "balanced_accuracy": m.balanced_accuracy_score(y, p)}
    for average in ("macro", "weighted"):
        values = m.precision_recall_fscore_support(y, p, average=average, zero_division=0)
        for name, value in zip(("precision", "recall", "f1"), values):
            out[f"{name}_{average}"] = value
    return out


def regression(y, p):
    return {"rmse": m.mean_squared_error(y, p, squared=False), "mae": m.mean_absolute_error(y, p),
            "r2": m.r2_score(y, p) if len(y) > 1 else np.nan}


KINDS = {"binary": binary, "decided": decided, "multi": multi, "regression": regression}


def main(path):
    with open(path) as lines:
        for head in lines:
            kind, count = head.split()
            rows = np.array([next(lines).split() for _ in range(int(count))], dtype=float)
            values = KINDS[kind](*rows.T)
            print(" ".join(f"{name}={float(value)!r}" for name, value in values.items()))


main(sys.argv[1])
