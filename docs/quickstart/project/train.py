"""Train the scorer as params.yaml says: model/model.joblib and metrics.json.

    python3 train.py [--smoke]     --smoke: a few rows, nothing written: does the pipeline run?
"""
import json
import pathlib
import sys

import joblib
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features import matrix, read_rows, vocabulary


def read_params(path="params.yaml"):
    """`key: value` lines: all that our parameters need."""
    lines = [line.split("#")[0].strip() for line in open(path)]
    return {key.strip(): value.strip() for key, _, value in
            (line.partition(":") for line in lines if line)}


def make_classifier(params):
    if params["classifier"] == "boosting":
        return HistGradientBoostingClassifier(
            learning_rate=float(params["learning_rate"]), max_iter=int(params["rounds"]),
            l2_regularization=1.0, random_state=0)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(),
                         LogisticRegression(C=float(params["C"]), max_iter=500))


def main():
    smoke = "--smoke" in sys.argv[1:]
    params = read_params()
    groups = params["features"].split()
    rows = read_rows("data/train.csv")[: 500 if smoke else None]
    labels = [int(row["late"]) for row in rows]
    words = vocabulary(rows)
    features = matrix(rows, groups, words)
    classifier = make_classifier(params).fit(features, labels)
    auc = roc_auc_score(labels, classifier.predict_proba(features)[:, 1])
    print(f"trained on {len(rows)} flights, AUC on them {auc:.3f}")
    if smoke:
        return
    pathlib.Path("model").mkdir(exist_ok=True)
    joblib.dump({"classifier": classifier, "groups": groups, "vocabulary": words},
                "model/model.joblib")
    with open("metrics.json", "w") as file:
        json.dump({"train": {"auc": round(auc, 6), "rows": len(rows)}}, file, indent=4)
        file.write("\n")


if __name__ == "__main__":
    main()
