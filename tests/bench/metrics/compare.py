"""All binary metrics of 10 million predictions: mlops with intervals, scikit-learn without.

usage: compare.py PROGRAM [ROWS]    PROGRAM is bench_metrics of the build (cmake --build … -t
bench_metrics). Both measure the same arrays in memory; what is timed is the metrics alone. Values
that both have are compared, too. Run it by /usr/bin/python3 with Debian's python3-sklearn.
"""
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")


def sklearn_values(y, s):
    p = s >= 0.5
    tn, fp, fn, tp = m.confusion_matrix(y, p).ravel()
    fpr, tpr, at = m.roc_curve(y, s, drop_intermediate=False)
    best = np.flatnonzero(fpr <= 0.01)[-1]
    return {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "accuracy": m.accuracy_score(y, p),
            "precision": m.precision_score(y, p), "recall": m.recall_score(y, p),
            "f1": m.f1_score(y, p), "fbeta": m.fbeta_score(y, p, beta=2),
            "specificity": m.recall_score(y, p, pos_label=0), "fpr": fp / (fp + tn),
            "balanced_accuracy": m.balanced_accuracy_score(y, p),
            "mcc": m.matthews_corrcoef(y, p), "auc": m.roc_auc_score(y, s),
            "pr_auc": m.average_precision_score(y, s), "log_loss": m.log_loss(y, s),
            "brier": m.brier_score_loss(y, s), "ks": np.abs(tpr - fpr).max(),
            "recall_at_fpr": tpr[best]}


def main(program, rows=10_000_000):
    rng = np.random.default_rng(1)
    y = rng.random(rows) < 0.03
    s = 1 / (1 + np.exp(-(rng.normal(size=rows) + 2.2 * y - 3.5)))
    with tempfile.TemporaryDirectory() as folder:
        labels, scores = pathlib.Path(folder, "labels"), pathlib.Path(folder, "scores")
        labels.write_bytes(y.astype(np.uint8).tobytes())
        scores.write_bytes(s.tobytes())
        runs = []
        for _ in range(3):
            out = subprocess.run([program, labels, scores], check=True, capture_output=True,
                                 text=True).stdout
            ours = {line.split()[0]: [float(x) for x in line.split()[1:]]
                    for line in out.splitlines()}
            runs.append(ours.pop("seconds")[0])
    begun = time.perf_counter()
    theirs = sklearn_values(y.astype(np.int8), s)
    seconds = time.perf_counter() - begun
    for name, value in theirs.items():
        assert abs(ours[name][0] - value) <= 1e-12 * abs(value), (name, ours[name], value)
    print(f"{rows} rows: mlops {min(runs):.2f} s ({', '.join(f'{r:.2f}' for r in runs)}) with "
          f"intervals, scikit-learn {seconds:.2f} s without: {min(runs) / seconds:.3f}")
    for name, (value, low, high) in ours.items():
        print(f"  {name:20} {value:12.6g}  {low:.6g} .. {high:.6g}")


main(sys.argv[1], *map(int, sys.argv[2:]))
