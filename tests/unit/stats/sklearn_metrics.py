"""Reads cases from a file, writes scikit-learn's metrics: see test_metrics_sklearn.c.

A case: a kind, a count of rows and a number, then so many lines of numbers. For each a line
"name=value name=value ...", or "refused" where a number is none. What is not defined is nan, as in
our definition; what scikit-learn does not have (ECE, KS, lift, cost) is written down here, KS as SciPy has it where there are no
weights.
"""
import sys
import warnings

import numpy as np
from scipy.stats import ks_2samp
from sklearn import metrics as m

warnings.simplefilter("ignore")


def decided(y, p, w=None):
    tn, fp, fn, tp = m.confusion_matrix(y, p, labels=[0, 1], sample_weight=w).ravel()
    o = {"sample_weight": w}
    z = {"sample_weight": w, "zero_division": 0}
    cost = 5 * fp + 120 * fn
    return {
        "accuracy": m.accuracy_score(y, p, **o), "precision": m.precision_score(y, p, **z),
        "recall": m.recall_score(y, p, **z), "f1": m.f1_score(y, p, **z),
        "fpr": fp / (fp + tn) if fp + tn else 0.0,
        "specificity": m.recall_score(y, p, pos_label=0, **z),
        "balanced_accuracy": m.balanced_accuracy_score(y, p, **o),
        "mcc": m.matthews_corrcoef(y, p, **o), "fbeta": m.fbeta_score(y, p, beta=2, **z),
        "cost": cost, "cost_per_row": cost / (tn + fp + fn + tp),
        "tp": tp, "fp": fp, "tn": tn, "fn": fn,
    }


def calibration_error(y, s, w):
    """Bins as those of sklearn.calibration.calibration_curve."""
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], s)
    return sum(abs(((y - s) * w)[bins == b].sum()) for b in range(10)) / w.sum()


def lift(y, s, w, share=0.1):
    """Precision among the rows with the highest scores, over that of all; ties by their mean."""
    target, taken, hit = share * w.sum(), 0.0, 0.0
    for value in np.unique(s)[::-1]:
        here = w[s == value].sum()
        part = min(1, (target - taken) / here) if here else 0
        hit += part * (w * y)[s == value].sum()
        taken += here
        if taken >= target:
            break
    return hit / (w * y).sum() / share


def curve(y, s, w):
    """At a false-positive rate of one tenth at most, over all thresholds of roc_curve."""
    fpr, tpr, at = m.roc_curve(y, s, sample_weight=w, drop_intermediate=False)
    # the counts that rates are made of, so that 0.1 of them is the same on both sides
    false = fpr * w[y == 0].sum()
    fits = (false <= 0.1 * w[y == 0].sum() * (1 + 1e-15)) & (tpr > 0)
    out = {"ks": np.abs(tpr - fpr).max(), "recall_at_fpr": 0.0, "precision_at_fpr": 0.0,
           "threshold_at_fpr": np.nan}
    if fits.any():
        i = np.flatnonzero(fits & (tpr == tpr[fits].max()))[0]
        p = m.precision_score(y, s >= at[i], sample_weight=w, zero_division=0)
        out |= {"recall_at_fpr": tpr[i], "precision_at_fpr": p, "threshold_at_fpr": at[i]}
    return out


def binary(number, y, s, w=None):
    kept = np.ones(len(y), dtype=bool) if w is None else w > 0
    probabilities = s[kept].min() >= 0 and s[kept].max() <= 1
    ones = np.ones(len(y)) if w is None else w
    both = len(set(y[kept])) == 2
    known = curve(y, s, ones) if both else dict.fromkeys(
        ("ks", "recall_at_fpr", "precision_at_fpr", "threshold_at_fpr"), np.nan)
    if both and w is None:
        assert abs(known["ks"] - ks_2samp(s[y == 1], s[y == 0]).statistic) < 1e-12
    some = y[kept].any()
    o = {"sample_weight": w}
    return decided(y, s >= 0.5, w) | known | {
        "auc": m.roc_auc_score(y, s, **o) if both else np.nan,
        "pr_auc": m.average_precision_score(y, s, **o) if some else np.nan,
        "log_loss": m.log_loss(y, s, labels=[0, 1], **o) if probabilities else np.nan,
        "brier": m.brier_score_loss(y, s, **o) if probabilities else np.nan,
        "ece": calibration_error(y, s, ones) if probabilities else np.nan,
        "lift": lift(y, s, ones) if some else np.nan,
    }


def averages(y, p, w, labels, kinds):
    out = {}
    for average in kinds:
        values = m.precision_recall_fscore_support(y, p, average=average, zero_division=0,
                                                   sample_weight=w)
        for name, value in zip(("precision", "recall", "f1"), values):
            out[f"{name}_{average}"] = value
    values = m.precision_recall_fscore_support(y, p, average=None, zero_division=0,
                                               sample_weight=w, labels=labels)
    for name, row in zip(("precision", "recall", "f1"), values):
        out |= {f"{name}[{label}]": value for label, value in zip(labels, row)}
    return out


def multi(number, y, p, w):
    w = w if number % 2 else None
    return {"accuracy": m.accuracy_score(y, p, sample_weight=w),
            "balanced_accuracy": m.balanced_accuracy_score(y, p, sample_weight=w),
            "mcc": m.matthews_corrcoef(y, p, sample_weight=w),
            } | averages(y, p, w, range(7), ("macro", "micro", "weighted"))


def chances(number, y, p, w, *columns):
    s = np.array(columns).T
    used = w if number % 2 else None
    out = multi(number, y, p, w)
    out["log_loss"] = m.log_loss(y, s, labels=range(7), sample_weight=used)
    seen = y if used is None else y[w > 0]
    whole = len(set(seen)) == 7
    for average in ("macro", "weighted"):
        out[f"auc_{average}"] = m.roc_auc_score(
            y, s, multi_class="ovr", average=average, sample_weight=used) if whole else np.nan
    return out


def labels(number, *columns):
    y, p = np.array(columns[:-1:2]).T.astype(int), np.array(columns[1:-1:2]).T.astype(int)
    w = columns[-1] if number % 2 else None
    return {"accuracy": m.accuracy_score(y, p, sample_weight=w),
            "hamming_loss": m.hamming_loss(y, p, sample_weight=w),
            } | averages(y, p, w, range(5), ("macro", "micro", "weighted"))


def regression(number, y, p, w):
    w = w if number % 2 else None
    o = {"sample_weight": w}
    kept = slice(None) if w is None else w > 0
    return {"rmse": m.mean_squared_error(y, p, squared=False, **o),
            "mae": m.mean_absolute_error(y, p, **o),
            "median_ae": m.median_absolute_error(y, p, **o),
            "max_error": m.max_error(y[kept], p[kept]),
            "mape": m.mean_absolute_percentage_error(y, p, **o),
            "pinball": m.mean_pinball_loss(y, p, alpha=0.9, **o),
            "explained_variance": m.explained_variance_score(y, p, **o),
            "r2": m.r2_score(y, p, **o) if len(y) > 1 else np.nan}


def ranking(number, group, relevance, s):
    gains, precisions = [], []
    for g in np.unique(group):
        y, x = relevance[group == g], s[group == g]
        gains.append(m.ndcg_score([y], [x], k=5 if number % 2 else None))
        if y.any():
            precisions.append(m.average_precision_score(y > 0, x))
    return {"ndcg": np.mean(gains), "map": np.mean(precisions) if precisions else np.nan}


KINDS = {"binary": binary, "weighted": binary, "decided": lambda number, *rows: decided(*rows),
         "multi": multi, "chances": chances, "labels": labels, "regression": regression,
         "ranking": ranking}


def main(path):
    with open(path) as lines:
        for head in lines:
            kind, count, number = head.split()
            rows = np.array([next(lines).split() for _ in range(int(count))], dtype=float)
            try:
                values = KINDS[kind](int(number), *rows.T)
            except ValueError as refusal:
                print("refused", refusal)
                continue
            print(" ".join(f"{name}={float(value)!r}" for name, value in values.items()))


main(sys.argv[1])
