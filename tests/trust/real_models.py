#!/usr/bin/env python3
"""Files made by the real libraries, which must be safe; and some that must not be.

    real_models.py MLOPS FOLDER

Installs the libraries from PyPI into a virtual environment in FOLDER; exits with 77 where that
cannot be had.
"""
import copy
import json
import os
import shutil
import subprocess
import sys

PACKAGES = ["skops==0.16.0", "xgboost-cpu==3.2.0", "scikit-learn==1.9.1", "pandas==3.1.1", "nbformat==5.11.1",
            "onnx==1.23.2", "skl2onnx==1.20.0", "gguf==0.19.0", "keras==3.15.1", "jax==0.10.2", "lightgbm==4.7.0",
            "catboost==1.2.10"]


def make(folder):
    """Runs in the virtual environment."""
    os.environ["KERAS_BACKEND"] = "jax"
    import gguf
    import keras
    import nbformat
    import numpy as np
    import onnx
    import pandas
    import skops.io
    import xgboost
    import skl2onnx
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
        if name in ("logistic", "forest", "svc", "neighbours"):  # what skl2onnx keeps up with
            converted = skl2onnx.to_onnx(model, X[:1].astype(np.float32),
                                         options={"zipmap": False})
            onnx.save(converted, f"{folder}/safe/{name}.onnx")
    onnx.save(onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> { y = Add(x, w) }"""),
        f"{folder}/safe/parsed.onnx")
    graph = converted.graph
    graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(8, np.float32), "outside"))
    onnx.external_data_helper.set_external_data(graph.initializer[-1], "../outside")
    with open(f"{folder}/unsafe/outside.onnx", "wb") as file:
        file.write(converted.SerializeToString())
    beside = skl2onnx.to_onnx(logistic, X[:1].astype(np.float32), options={"zipmap": False})
    beside.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(999, np.float32), "w"))
    for kind in ("safe", "unsafe"):
        os.makedirs(f"{folder}/{kind}/external")
        onnx.save_model(copy.deepcopy(beside), f"{folder}/{kind}/external/m.onnx",
                        save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    with open(f"{folder}/unsafe/external/m.onnx.data", "ab") as file:
        file.write(b"more")
    for name, template in (("safe/plain", "{% for m in messages %}{{ m.content }}{% endfor %}"),
                           ("unsafe/template", "{{ cycler.__init__.__globals__ }}")):
        writer = gguf.GGUFWriter(f"{folder}/{name}.gguf", "llama")
        writer.add_block_count(1)
        writer.add_token_list(["<s>", "</s>", "a"])
        writer.add_chat_template(template)
        writer.add_tensor("token_embd.weight", np.ones((3, 33), np.float32))
        writer.add_tensor("output.weight", np.ones((3, 5), np.float16))
        writer.add_tensor("blk.0.q", gguf.quants.quantize(np.ones((2, 64), np.float32),
                                                          gguf.GGMLQuantizationType.Q8_0),
                          raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    layers = keras.layers
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization()(layers.MaxPooling2D()(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    functional = keras.Model(inputs, layers.Dense(10, "softmax")(x))
    functional.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    functional.fit(np.zeros((8, 28, 28, 1)), np.zeros(8), verbose=0)
    text = keras.Sequential([keras.Input((5,)), layers.Embedding(10, 4), layers.LSTM(3),
                             layers.Dense(1, activation=keras.activations.sigmoid)])
    for name, made in (("functional", functional), ("sequential", text)):
        config = keras.saving.serialize_keras_object(made)
        with open(f"{folder}/safe/{name}_config.json", "w") as file:
            json.dump(config, file)
    model = keras.Sequential([keras.Input((5,)), layers.Lambda(lambda v: v * 2)])
    with open(f"{folder}/unsafe/lambda_config.json", "w") as file:
        json.dump(keras.saving.serialize_keras_object(model), file)
    model.save(f"{folder}/unsafe/lambda.h5")
    model.save(f"{folder}/unsafe/lambda.keras")
    for name, made in (("functional", functional), ("sequential", text)):
        for ending in ("h5", "keras"):
            made.save(f"{folder}/safe/{name}.{ending}")
        made.save_weights(f"{folder}/safe/{name}.weights.h5")
    data = xgboost.DMatrix(X, y)
    for booster in ("gbtree", "dart", "gblinear"):
        model = xgboost.train({"booster": booster, "objective": "binary:logistic"}, data, 5)
        model.save_model(f"{folder}/safe/{booster}.json")
        model.save_model(f"{folder}/safe/{booster}.ubj")
        with open(f"{folder}/safe/{booster}_config.json", "w") as file:
            file.write(model.save_config())
    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"c": pandas.Categorical(random.choice(list("abcdefgh"), 500)),
                              "x": random.normal(size=500)})
    xgboost.XGBClassifier(n_estimators=5, enable_categorical=True, max_cat_to_onehot=2).fit(
        frame, frame.c.cat.codes % 2).save_model(f"{folder}/safe/categories.json")
    xgboost.XGBRegressor(n_estimators=5, multi_strategy="multi_output_tree", tree_method="hist").fit(
        X[:, :5], X[:, 5:8]).save_model(f"{folder}/safe/vectors.json")
    import lightgbm
    frame["c"] = frame.c.cat.rename_categories(list("stuvwxyz"))
    labels = (frame.x + frame.c.cat.codes > 3).astype(int)
    for name, parameters in {
        "trees": {}, "linear": {"linear_tree": True}, "dart": {"boosting": "dart"},
        "stumps": {"num_leaves": 2},
        "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    }.items():
        lightgbm.train({"objective": "binary", "verbose": -1, "min_data_per_group": 5, **parameters},
                       lightgbm.Dataset(frame, labels), 5).save_model(f"{folder}/safe/{name}.txt")
    with open(f"{folder}/safe/trees.txt") as file:
        text = file.read()
    with open(f"{folder}/unsafe/trees.txt", "w") as file:
        file.write(text.replace("left_child=", "left_child=7", 1))
    import catboost
    plain = {"iterations": 5, "verbose": 0, "train_dir": f"{folder}/catboost"}
    texts = frame.astype({"c": str})
    for name, model, data in (
            ("oblivious", catboost.CatBoostClassifier(**plain), X),
            ("steps", catboost.CatBoostRegressor(grow_policy="Lossguide", **plain), X),
            ("depthwise", catboost.CatBoostClassifier(grow_policy="Depthwise", **plain), X),
            ("categories", catboost.CatBoostClassifier(cat_features=["c"], **plain), texts)):
        model.fit(data, y[:len(data)] if data is X else labels).save_model(f"{folder}/safe/{name}.cbm")
    shutil.rmtree(f"{folder}/catboost")
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
    from_pypi = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop", "from_pypi")
    if subprocess.run([from_pypi, f"{folder}/venv", *PACKAGES]).returncode:
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
