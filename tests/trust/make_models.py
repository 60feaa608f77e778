#!/usr/bin/env python3
"""Benign models by the real libraries, as far as they are installed.

    make_models.py FOLDER               writes them
    make_models.py check PICKLE_DUMP    writes them to a temporary folder; each must be safe

Every estimator of scikit-learn that fits small data, with pickle (protocols 0, 2 to 5) and joblib;
arrays of numpy; SciPy's sparse matrices; pandas; PyTorch; XGBoost, LightGBM, CatBoost.
"""
import os
import pickle
import subprocess
import sys
import tempfile
import warnings

folder = None  # where `keep` writes
count = 0


def keep(name, value, protocols=(0, 2, 4, 5), with_joblib=True):
    global count
    for protocol in protocols:
        try:
            data = pickle.dumps(value, protocol)
        except Exception as error:  # some need protocol 2
            print("no pickle:", name, protocol, error, file=sys.stderr)
            continue
        with open(os.path.join(folder, f"{name}.{protocol}.pkl"), "wb") as out:
            out.write(data)
        count += 1
    if with_joblib:
        try:
            import joblib
            joblib.dump(value, os.path.join(folder, f"{name}.joblib"))
            count += 1
        except ImportError:
            pass


def numpy_values():
    import numpy as np
    rng = np.random.RandomState(0)
    keep("np_float", np.arange(1000.0))
    keep("np_object", np.array([1, "a", None, {"b": (2, 3)}], dtype=object))
    keep("np_text", np.array(["a", "bcd"]))
    keep("np_bytes", np.array([b"a", b"bcd"]))
    keep("np_time", np.array(["2020-01-01", "2021-01-01"], dtype="M8[ns]"))
    keep("np_fields", np.array([(1, 2.0, "x")] * 3, dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]))
    keep("np_fields_object", np.array([(1, "x")] * 3, dtype=[("a", "i4"), ("c", "O")]))
    keep("np_sub", np.zeros(3, dtype=[("a", "f4", (2, 3)), ("b", "?")]))
    keep("np_aligned", np.zeros(3, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)))
    keep("np_fortran", np.asfortranarray(rng.rand(30, 40)))
    keep("np_masked", np.ma.array([1.0, 2.0], mask=[0, 1]))
    keep("np_matrix", np.matrix([[1, 2]]))
    keep("np_record", np.rec.array([(1, 2.0)]))
    keep("np_scalars", [np.float32(1), np.int64(2), np.bool_(True), np.datetime64("2020-01-01")])
    keep("np_random", [rng, np.random.default_rng(1)], with_joblib=False)
    keep("np_many", {str(i): np.arange(float(i)) for i in range(200)})
    keep("np_dtypes", [np.dtype(t) for t in ("f8", "O", "U5", "S3", "M8[s]", "?", ">i4", "V7")])
    keep("np_long", [np.float64(i) for i in range(60000)], protocols=(4,))
    keep("py_values", {"a": {1, 2}, "b": frozenset([3]), "c": bytearray(b"x" * 300), "d": 1 << 900,
                       "e": (1.5, None, True), "f": b"\xff" * 70000, "g": "\u20ac" * 300,
                       "h": 1 + 2j, "i": range(5), "j": slice(1, 2)})
    for name, value in (("plain", np.arange(10.0)), ("objects", np.array([{}, 1], dtype=object)),
                        ("fields", np.zeros(3, dtype=[("a", "f4", (2, 3)), ("b", "U2")])),
                        ("scalar", np.array(5))):
        np.save(os.path.join(folder, f"{name}.npy"), value)


def sklearn_values():
    import numpy as np
    from sklearn.utils import all_estimators
    rng = np.random.RandomState(0)
    x = np.abs(rng.randn(60, 4))
    label, number = (x[:, 0] > 0.6).astype(int), x[:, 0] * 2
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier
    for name, cls in all_estimators():
        estimator = None
        for arguments in ((), (LogisticRegression(),),
                          ([("a", LogisticRegression()), ("b", DecisionTreeClassifier())],),
                          (LogisticRegression(), {"C": [1, 2]})):
            try:
                estimator = cls(*arguments)
                break
            except Exception:
                continue
        if estimator is None:
            continue
        for target in (label, number, np.c_[label, label], None):
            done = False
            for data in (x, x[:, 0], ["aa bb", "cc dd"] * 30, label):
                try:
                    estimator.fit(data, target) if target is not None else estimator.fit(data)
                    done = True
                    break
                except Exception:
                    continue
            if done:
                break
        keep("sk_" + name, estimator)
    variants(x, label, number)


def variants(x, label, number):
    import numpy as np
    from sklearn import (calibration, compose, ensemble, gaussian_process, linear_model, metrics,
                         model_selection, neighbors, pipeline, preprocessing, svm, tree)
    three = np.arange(60) % 3
    made = []
    for loss in ("squared_error", "poisson", "absolute_error"):
        made.append(ensemble.HistGradientBoostingRegressor(loss=loss, max_iter=3))
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        made.append(ensemble.GradientBoostingRegressor(loss=loss, n_estimators=3))
    for loss in ("log_loss", "exponential"):
        made.append(ensemble.GradientBoostingClassifier(loss=loss, n_estimators=3))
    for loss in ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"):
        made.append(linear_model.SGDClassifier(loss=loss))
    for loss in ("squared_error", "huber", "epsilon_insensitive"):
        made.append(linear_model.SGDRegressor(loss=loss))
    for algorithm in ("ball_tree", "kd_tree", "brute"):
        for metric in ("euclidean", "manhattan", "chebyshev"):
            made.append(neighbors.KNeighborsClassifier(algorithm=algorithm, metric=metric))
    made.append(neighbors.KNeighborsClassifier(weights="distance", metric="seuclidean",
                                               metric_params={"V": np.ones(4)},
                                               algorithm="ball_tree"))
    for criterion in ("squared_error", "friedman_mse", "absolute_error", "poisson"):
        made.append(tree.DecisionTreeRegressor(criterion=criterion))
    kernels = gaussian_process.kernels
    made.append(gaussian_process.GaussianProcessRegressor(
        kernels.RBF() + kernels.WhiteKernel() * kernels.Matern() ** 2))
    made += [preprocessing.FunctionTransformer(np.log1p),
             pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC(probability=True)),
             compose.make_column_transformer((preprocessing.OneHotEncoder(), [0]),
                                             ("passthrough", [1])),
             model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, scoring="f1",
                                          cv=model_selection.KFold(3)),
             calibration.CalibratedClassifierCV(svm.SVC(), method="isotonic"),
             ensemble.HistGradientBoostingClassifier(max_iter=3),
             ensemble.RandomForestClassifier(30), ensemble.IsolationForest(n_estimators=3)]
    for i, estimator in enumerate(made):
        regressor = "Regressor" in type(estimator).__name__
        keep(f"var_{i}_{type(estimator).__name__}", estimator.fit(x, number if regressor else label))
    keep("var_three", ensemble.HistGradientBoostingClassifier(max_iter=3).fit(x, three))
    keep("var_scorers", [metrics.make_scorer(metrics.f1_score), metrics.get_scorer("roc_auc")])


def scipy_values():
    import numpy as np
    import scipy.sparse as sparse
    for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        keep("sp_" + kind, getattr(sparse, kind + "_matrix")(np.eye(3)))
        if hasattr(sparse, kind + "_array"):
            keep("spa_" + kind, getattr(sparse, kind + "_array")(np.eye(3)))


def pandas_values():
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.to_datetime(["2020", "2021"]),
                          "d": pd.Categorical(["u", "v"]), "e": pd.array([1, None], dtype="Int64"),
                          "g": pd.array(["a", "b"], dtype="string"),
                          "i": pd.to_timedelta([1, 2])})
    keep("pd_frame", frame)
    keep("pd_index", frame.set_index(["a", "b"]))
    keep("pd_series", frame.a)
    keep("pd_times", [pd.Timestamp("2020"), pd.Timedelta(1), pd.date_range("2020", periods=3)])


def torch_values():
    import torch
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.LSTM(8, 2))
    for name, value in (("state", model.state_dict()), ("model", model),
                        ("tensors", [torch.zeros(3, dtype=t) for t in
                                     (torch.float16, torch.int64, torch.bool, torch.uint8)]),
                        ("adam", torch.optim.Adam(model.parameters()).state_dict())):
        for zipped in (True, False):
            torch.save(value, os.path.join(folder, f"torch_{name}.{'zip' if zipped else 'old'}.pt"),
                       _use_new_zipfile_serialization=zipped)
    keep("torch_plain", model.state_dict(), with_joblib=False)


def boosting_values():
    import numpy as np
    rng = np.random.RandomState(0)
    x = rng.rand(60, 4)
    y = (x[:, 0] > 0.5).astype(int)
    for module, names in (("xgboost", ("XGBClassifier", "XGBRegressor")),
                          ("lightgbm", ("LGBMClassifier", "LGBMRegressor")),
                          ("catboost", ("CatBoostClassifier", "CatBoostRegressor"))):
        try:
            library = __import__(module)
        except ImportError:
            continue
        for name in names:
            options = {"iterations": 3, "verbose": 0} if module == "catboost" else {"n_estimators": 3}
            model = getattr(library, name)(**options).fit(x, y)
            keep(f"boost_{name}", model)
            if hasattr(model, "get_booster"):
                keep(f"boost_{name}_booster", model.get_booster())


def make(where):
    global folder
    folder = where
    os.makedirs(folder, exist_ok=True)
    warnings.simplefilter("ignore")
    for values in (numpy_values, sklearn_values, scipy_values, pandas_values, torch_values,
                   boosting_values):
        try:
            values()
        except ImportError as error:
            print("left out:", values.__name__, error, file=sys.stderr)


def check(program):
    with tempfile.TemporaryDirectory() as where:
        make(where)
        if count == 0:
            print("no library is installed that could make models")
            return 77
        # PyTorch's zip files are not pickles themselves.
        names = sorted(name for name in os.listdir(where) if not name.endswith(".zip.pt"))
        run = subprocess.run([os.path.abspath(program), "scan"] + names, cwd=where,
                             stdout=subprocess.PIPE, check=True)
        lines = run.stdout.decode("utf-8", "replace").split("\n")
    verdicts = [line for line in lines if line and not line.startswith("  ")]
    bad = [line for line in verdicts if not line.startswith("safe ")]
    for i, line in enumerate(lines):
        if line in bad:
            print(line, *lines[i + 1:i + 4], sep="\n")
    print(f"{len(verdicts) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    make(sys.argv[1])
    print(count, "files")
