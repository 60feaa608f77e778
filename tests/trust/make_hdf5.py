#!/usr/bin/env python3
"""Makes the files of tests/data/hdf5, which tests/unit/trust/test_hdf5.c reads.

    make_hdf5.py FOLDER

They were made by h5py 3.14.0 with HDF5 1.14.6. The Keras attribute is what keras 3.15.1 writes for
a Sequential with a Dense and a Lambda layer, shortened.
"""
import json
import os
import sys

import h5py
import numpy as np


def layer(class_name, **config):
    return {"module": "keras.layers", "class_name": class_name, "config": config,
            "registered_name": None}


def model(*layers):
    return json.dumps({"module": "keras", "class_name": "Sequential", "registered_name": None,
                       "config": {"name": "sequential", "layers": list(layers)}})


def plain(f):
    f.attrs["keras_version"] = "3.15.1"
    f.attrs["model_config"] = model(layer("Dense", name="dense", units=2))
    group = f.create_group("model_weights/dense")
    group.attrs["weight_names"] = np.array([b"kernel", b"bias"])
    group["kernel"] = np.arange(6, dtype="f4").reshape(3, 2)
    group["bias"] = np.zeros(2, "f4")
    f.create_dataset("chunks", data=np.arange(40).reshape(10, 4), chunks=(3, 4),
                     compression="gzip")
    f["words"] = ["one", "two", "three"]
    f["compound"] = np.zeros(2, [("a", "i4"), ("b", "f8", (2,)), ("s", "S4")])
    f["enum"] = np.array([1, 2], dtype=h5py.enum_dtype({"A": 1, "B": 2}))
    f["soft"] = h5py.SoftLink("/words")
    f["hard"] = f["words"]
    f.create_dataset("unwritten", (100,), dtype="f4")
    for i in range(20):
        f[f"many/{i}"] = i


def lambda_layer(f):
    f.attrs["model_config"] = model(layer("Dense", name="dense", units=2),
                                    layer("Lambda", name="lambda", function={
                                        "class_name": "__lambda__", "config": {"code": "4wEAAAA="}}))


def pickled(f):
    f["opaque"] = np.void(b"\x80\x04cos\ngetpid\n)R.")


def pickled_bytes(f):
    f["bytes"] = np.frombuffer(b"\x80\x04cos\ngetpid\n)R." + bytes(50), dtype="u1")


def objects(f):
    f["v"] = [b"\x80\x02]K\x01a."]
    f["v"].attrs["PSEUDOATOM"] = np.bytes_("object")


def outside(f):
    f["link"] = h5py.ExternalLink("/etc/model.h5", "/x")


def beside(f):
    f["link"] = h5py.ExternalLink("other.h5", "/x")


def raw_outside(f):
    f.create_dataset("raw", (10,), dtype="i4", external=[("../raw.bin", 0, 40)])


def virtual(f):
    layout = h5py.VirtualLayout(shape=(10,), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(10,))
    f.create_virtual_dataset("v", layout)


def deleted(f):
    f["a"] = np.arange(100.0)
    f["b"] = np.arange(100.0)
    f.flush()
    del f["a"]


def numbers(f):
    f["x"] = np.arange(3)


def dense(f):
    for i in range(30):
        f[f"d{i}"] = i


def compact(f):
    f.attrs["a"] = "text that is long enough to be looked at"
    f["x"] = np.arange(3.0)
    f["g/y"] = np.arange(3.0)


FILES = [(plain, {}), (lambda_layer, {}), (pickled, {}), (pickled_bytes, {}), (objects, {}),
         (outside, {}), (beside, {}), (raw_outside, {}), (virtual, {}), (deleted, {}),
         (numbers, {"userblock_size": 512}), (dense, {"libver": "latest"}),
         (compact, {"libver": "latest"})]

for make, options in FILES:
    with h5py.File(os.path.join(sys.argv[1], make.__name__ + ".h5"), "w", **options) as file:
        make(file)
