#!/usr/bin/env python3
"""Files made by the real libraries, which must be safe; and some that must not be.

    real_models.py MLOPS FOLDER

Installs the libraries from PyPI into a virtual environment in FOLDER; exits with 77 where that
cannot be had.
"""
import json
import os
import shutil
import subprocess
import sys

PACKAGES = ["skops", "xgboost-cpu", "scikit-learn", "pandas", "nbformat"]


def make(folder):
    """Runs in the virtual environment."""
    import nbformat
    import numpy as np
    import pandas
    import skops.io
    import xgboost
    from sklearn import ensemble, linear_model, neighbors, pipeline, preprocessing, svm
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    logistic = linear_model.LogisticRegression(max_iter=500)
    for name, model in {
        "logistic": pipeline.make_pipeline(preprocessing.StandardScaler(), logistic),
        "forest": ensemble.RandomForestClassifier(5),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=5),
        "histogram": ensemble.HistGradientBoostingClassifier(max_iter=5),
        "isolation": ensemble.IsolationForest(n_estimators=5),
        "svc": svm.SVC(),
        "neighbours": neighbors.KNeighborsClassifier(),
        "function": pipeline.make_pipeline(preprocessing.FunctionTransformer(np.log1p), logistic),
    }.items():
        skops.io.dump(model.fit(X, y), f"{folder}/safe/{name}.skops")
    data = xgboost.DMatrix(X, y)
    for booster in ("gbtree", "dart", "gblinear"):
        model = xgboost.train({"booster": booster, "objective": "binary:logistic"}, data, 5)
        model.save_model(f"{folder}/safe/{booster}.json")
        with open(f"{folder}/safe/{booster}_config.json", "w") as file:
            file.write(model.save_config())
    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"c": pandas.Categorical(random.choice(list("abcdefgh"), 500)),
                              "x": random.normal(size=500)})
    xgboost.XGBClassifier(n_estimators=5, enable_categorical=True, max_cat_to_onehot=2).fit(
        frame, frame.c.cat.codes % 2).save_model(f"{folder}/safe/categories.json")
    xgboost.XGBRegressor(n_estimators=5, multi_strategy="multi_output_tree", tree_method="hist").fit(
        X[:, :5], X[:, 5:8]).save_model(f"{folder}/safe/vectors.json")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Results")])
    nbformat.write(notebook, f"{folder}/safe/words.ipynb")
    notebook.cells.append(nbformat.v4.new_code_cell("!ls"))
    nbformat.write(notebook, f"{folder}/unsafe/code.ipynb")
    skops.io.dump(preprocessing.FunctionTransformer(os.getpid), f"{folder}/unsafe/getpid.skops")
    with open(f"{folder}/safe/gbtree.json") as file:
        model = json.load(file)
    tree = model["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["left_children"][0] = 1 << 20
    with open(f"{folder}/unsafe/children.json", "w") as file:
        json.dump(model, file)


def verdict(mlops, path):
    done = subprocess.run([mlops, "--json", "scan", path], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return done.stderr.strip(), []
    report = json.loads(done.stdout)
    return report["verdict"], [f["rule"] + ": " + f["message"] for f in report["findings"]]


def main():
    mlops, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("safe", "unsafe"):
        os.makedirs(f"{folder}/{kind}")
    python = f"{folder}/venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
    if subprocess.run([python, "-m", "pip", "-q", "--disable-pip-version-check", "install",
                       *PACKAGES], timeout=600).returncode:
        print("PyPI is not reached: no real libraries to make models with")
        sys.exit(77)
    subprocess.run([python, __file__, "make", folder], check=True)
    wrong = files = 0
    for kind in ("safe", "unsafe"):
        for name in sorted(os.listdir(f"{folder}/{kind}")):
            got, findings = verdict(mlops, f"{folder}/{kind}/{name}")
            files += 1
            if (got == "safe") != (kind == "safe"):
                wrong += 1
                print(f"{kind}/{name} is {got}", *findings[:5], sep="\n    ")
    print(f"{files} files, {wrong} judged wrongly")
    shutil.rmtree(f"{folder}/venv")
    sys.exit(1 if wrong or files < 20 else 0)


make(sys.argv[2]) if sys.argv[1] == "make" else main()
