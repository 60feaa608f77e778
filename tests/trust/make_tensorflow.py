#!/usr/bin/env python3
"""Makes the files of tests/data/tensorflow, which tests/unit/trust/test_tensorflow.c reads.

    make_tensorflow.py FOLDER

They were made by tensorflow-cpu 2.21.0 with keras 3.15.1 and tf_keras 2.21.0.
"""
import os
import shutil
import sys
import tempfile

import keras
import tf_keras

out = sys.argv[1]
with tempfile.TemporaryDirectory() as folder:
    keras.Sequential([keras.Input((5,)), keras.layers.Dense(3), keras.layers.Dense(1)]).export(
        folder + "/new")
    for name in ("fingerprint.pb", "variables/variables.index",
                 "variables/variables.data-00000-of-00001"):
        shutil.copy(f"{folder}/new/{name}", out)
    layers = tf_keras.layers
    for name, layer in (("keras", layers.Dense(3)), ("lambda", layers.Lambda(lambda v: v * 2))):
        model = tf_keras.Sequential([tf_keras.Input((5,)), layer])
        model.save(f"{folder}/{name}", save_format="tf")
        shutil.copy(f"{folder}/{name}/keras_metadata.pb", os.path.join(out, name + "_metadata.pb"))
