"""Real models on scikit-learn's own data: their predictions, and what scikit-learn says of them.

usage: performance.py make                     writes a CSV file for each suite of performance.bats
       performance.py check EVIDENCE.json      holds what mlops recorded against scikit-learn
"""
import csv
import json
import sys
import warnings

import numpy as np
from sklearn import datasets, linear_model, metrics as m, multioutput, pipeline, preprocessing

warnings.simplefilter("ignore")


def write(name, header, *columns):
    with open(name, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        for row in zip(*columns):
            out.writerow([repr(float(x)) if isinstance(x, (float, np.floating)) else x for x in row])


def make():
    rng = np.random.default_rng(3)
    x, y = datasets.load_breast_cancer(return_X_y=True)
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    score = model.fit(x[::2, :4], y[::2]).predict_proba(x[1::2, :4])[:, 1]
    write("binary.csv", ["y", "p", "w", "country", "amount"], y[1::2], score,
          rng.integers(1, 10, len(score)) / 4, np.where(x[1::2, 0] > 14, "DE", "FR"), x[1::2, 3])
    x, y = datasets.load_digits(return_X_y=True)
    model = linear_model.LogisticRegression(max_iter=100).fit(x[::3] / 16, y[::3])
    write("multi.csv", ["y", "d"] + [f"p{i}" for i in range(10)], y[1::3],
          model.predict(x[1::3] / 16), *model.predict_proba(x[1::3] / 16).T)
    x, y = datasets.make_multilabel_classification(400, n_classes=4, random_state=1)
    model = multioutput.MultiOutputClassifier(linear_model.LogisticRegression()).fit(x[::2], y[::2])
    write("labels.csv", ["a", "b", "c", "d", "pa", "pb", "pc", "pd"], *y[1::2].T,
          *model.predict(x[1::2]).T)
    x, y = datasets.load_diabetes(return_X_y=True)
    write("regression.csv", ["y", "d"], y[1::2], linear_model.Ridge().fit(x[::2], y[::2]).predict(x[1::2]))
    relevance = rng.integers(0, 4, 480)
    write("ranking.csv", ["q", "rel", "s"], np.repeat(np.arange(40), 12), relevance,
          np.round(relevance + rng.normal(0, 1.5, 480), 1))


def read(name):
    with open(name) as file:
        rows = list(csv.reader(file))
    columns = {key: np.array(values) for key, values in zip(rows[0], zip(*rows[1:]))}
    return {key: values if key == "country" else values.astype(float) for key, values in columns.items()}


def decided(y, d, w=None):
    o = {"sample_weight": w}
    tn, fp, fn, tp = m.confusion_matrix(y, d, **o).ravel()
    return {"tn": tn, "fp": fp, "fn": fn, "tp": tp, "cost": 5 * fp + 120 * fn, "fpr": fp / (fp + tn),
            "specificity": tn / (tn + fp), "precision": m.precision_score(y, d, **o),
            "recall": m.recall_score(y, d, **o), "accuracy": m.accuracy_score(y, d, **o),
            "balanced_accuracy": m.balanced_accuracy_score(y, d, **o),
            "mcc": m.matthews_corrcoef(y, d, **o), "f1": m.f1_score(y, d, **o)}


def scored(y, s, w=None):
    o = {"sample_weight": w}
    return decided(y, s >= 0.5, w) | {
        "auc": m.roc_auc_score(y, s, **o), "pr_auc": m.average_precision_score(y, s, **o),
        "log_loss": m.log_loss(y, s, **o), "brier": m.brier_score_loss(y, s, **o)}


def expected():
    """(suite, part, metrics): part is None, or a slice's or a threshold's name."""
    c = read("binary.csv")
    y, s = c["y"], c["p"]
    yield "binary", None, scored(y, s) | {"fbeta": m.fbeta_score(y, s >= 0.5, beta=2)}
    yield "weighted", None, scored(y, s, c["w"])
    for at in (0.1, 0.3, 0.9):
        yield "binary", f"{at}", decided(y, s >= at)
    for name, rows in (("country = DE", c["country"] == "DE"), ("amount > 600", c["amount"] > 600)):
        yield "binary", name, scored(y[rows], s[rows])
    c = read("multi.csv")
    y, d, p = c["y"], c["d"], np.array([c[f"p{i}"] for i in range(10)]).T
    yield "multi", None, {
        "accuracy": m.accuracy_score(y, d), "mcc": m.matthews_corrcoef(y, d),
        "f1_macro": m.f1_score(y, d, average="macro"), "log_loss": m.log_loss(y, p),
        "auc_macro": m.roc_auc_score(y, p, multi_class="ovr"),
        } | {f"recall[{i}]": r for i, r in enumerate(m.recall_score(y, d, average=None))}
    c = read("labels.csv")
    y, d = (np.array([c[k + x] for x in "abcd"]).T.astype(int) for k in ("", "p"))
    yield "labels", None, {
        "hamming_loss": m.hamming_loss(y, d), "accuracy": m.accuracy_score(y, d),
        "f1_micro": m.f1_score(y, d, average="micro"),
        "precision_weighted": m.precision_score(y, d, average="weighted")}
    c = read("regression.csv")
    y, d = c["y"], c["d"]
    yield "regression", None, {
        "rmse": m.mean_squared_error(y, d, squared=False), "r2": m.r2_score(y, d),
        "pinball": m.mean_pinball_loss(y, d, alpha=0.9), "mae": m.mean_absolute_error(y, d)}
    c = read("ranking.csv")
    groups = [(c["rel"][c["q"] == g], c["s"][c["q"] == g]) for g in range(40)]
    yield "ranking", None, {
        "ndcg": np.mean([m.ndcg_score([r], [s], k=5) for r, s in groups]),
        "map": np.mean([m.average_precision_score(r > 0, s) for r, s in groups if r.any()])}


def check(path):
    with open(path) as file:
        bodies = {e["name"]: e["body"] for e in json.load(file)["evidence"] if e["kind"] == "test"}
    count = 0
    for suite, part, values in expected():
        body = bodies[suite]
        parts = {p["name"]: p for p in body.get("slices", []) + body.get("thresholds", [])}
        found = (parts[part] if part else body)["metrics"]
        for name, value in values.items():
            if abs(found[name] - value) > 1e-12 * abs(value) + 1e-14:
                sys.exit(f"{suite} {part or ''} {name}: {found[name]}, scikit-learn says {value}")
            count += 1
    print(count, "figures agree")


make() if sys.argv[1] == "make" else check(sys.argv[2])
