#!/usr/bin/env python3
"""Makes the files of tests/data/catboost, which tests/unit/trust/test_catboost.c reads.

    make_catboost.py FOLDER

They were made by catboost 1.2.10.
"""
import sys
import tempfile

import catboost
import numpy as np
import pandas

random = np.random.default_rng(0)
X = random.normal(size=(60, 2))
y = (X[:, 0] > 0).astype(int)
names = pandas.DataFrame({"c": random.choice(list("uvw"), 60), "x": X[:, 0]})
with tempfile.TemporaryDirectory() as scratch:
    plain = {"iterations": 2, "depth": 2, "border_count": 4, "verbose": 0, "train_dir": scratch}
    for name, model, data in (
            ("oblivious", catboost.CatBoostClassifier(**plain), X),
            ("steps", catboost.CatBoostRegressor(grow_policy="Lossguide", **plain), X),
            ("categories", catboost.CatBoostClassifier(cat_features=["c"], one_hot_max_size=2,
                                                       **plain), names)):
        model.fit(data, y).save_model(f"{sys.argv[1]}/{name}.cbm")
