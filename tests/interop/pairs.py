"""Differences of two versions on the same rows, as mlops tells them, beside SciPy's and
scikit-learn's: pairs.py OURS.csv THEIRS.csv COMPARISON.json (of 'mlops --json test'). A bootstrap is
held against another one with its own draws, so to an eighth of the interval's width."""
import csv, json, sys

try:
    import numpy as np
    from scipy import stats
    from sklearn import metrics
except ImportError:
    print("skipped: python3-scipy or python3-sklearn is not there")
    sys.exit(77)


def read(path):
    rows = list(csv.reader(open(path)))[1:]
    return np.array([int(r[0]) for r in rows]), np.array([float(r[1]) for r in rows])


label, ours = read(sys.argv[1])
other, theirs = read(sys.argv[2])
assert (label == other).all()
comparison = json.load(open(sys.argv[3]))["suites"][0]["comparisons"][0]
found = {d["metric"]: d for d in comparison["differences"]}
level = 2 * comparison["confidence"] - 1


def near(name, low, high, share):
    width = high - low
    for mine, right in ((found[name]["low"], low), (found[name]["high"], high)):
        if abs(mine - right) > share * width:
            sys.exit(f"{name}: {found[name]['low']} to {found[name]['high']}, not {low} to {high}")
    print(f"{name}: {found[name]['low']:+.5f} to {found[name]['high']:+.5f}, "
          f"there {low:+.5f} to {high:+.5f}")


# means of rows: SciPy's own bootstrap of pairs
for name, a, b in (("brier", (ours - label) ** 2, (theirs - label) ** 2),):
    interval = stats.bootstrap((a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), paired=True,
                               vectorized=True, n_resamples=5000, method="percentile",
                               confidence_level=level, random_state=1).confidence_interval
    near(name, interval.low, interval.high, 0.125)

# what is no mean: drawn by hand, as many of each label as there are
rng = np.random.default_rng(3)
strata = [np.flatnonzero(label == 0), np.flatnonzero(label == 1)]
functions = {
    "pr_auc": lambda y, s: metrics.average_precision_score(y, s),
    "precision": lambda y, s: metrics.precision_score(y, s >= 0.5),
    "f1": lambda y, s: metrics.f1_score(y, s >= 0.5),
    "mcc": lambda y, s: metrics.matthews_corrcoef(y, s >= 0.5),
}
draws = {name: [] for name in functions}
for _ in range(1000):
    rows = np.concatenate([rng.choice(s, len(s)) for s in strata])
    for name, f in functions.items():
        draws[name].append(f(label[rows], ours[rows]) - f(label[rows], theirs[rows]))
for name, f in functions.items():
    assert abs(found[name]["difference"] - (f(label, ours) - f(label, theirs))) < 1e-12, name
    near(name, *np.quantile(draws[name], [(1 - level) / 2, (1 + level) / 2]), 0.125)

# DeLong: values by scikit-learn; the interval is held against pROC's in tests/unit/stats
auc = metrics.roc_auc_score(label, ours) - metrics.roc_auc_score(label, theirs)
assert abs(found["auc"]["difference"] - auc) < 1e-12

# McNemar: the interval has 0 in it exactly where the two-sided test at that level sees nothing
for name, rows in (("accuracy", label >= 0), ("recall", label == 1), ("specificity", label == 0)):
    a, b = ((ours >= 0.5) == label)[rows], ((theirs >= 0.5) == label)[rows]
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p = stats.chi2.sf((only_a - only_b) ** 2 / (only_a + only_b), 1)
    sees = found[name]["low"] > 0 or found[name]["high"] < 0
    assert sees == (p < 1 - level), (name, only_a, only_b, p, found[name])
    assert abs(found[name]["difference"] - (only_a - only_b) / rows.sum()) < 1e-12
