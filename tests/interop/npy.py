"""Profiles of numpy's arrays against those of the same rows as CSV: npy.py MLOPS. numpy is Debian's
(python3-numpy comes with python3-sklearn); without it the test is skipped."""
import json, os, random, subprocess, sys, tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: numpy is not there: apt install python3-numpy")
    sys.exit(77)

MLOPS = os.path.abspath(sys.argv[1])
ROWS = 20011
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
generator = np.random.default_rng(9)


def mlops(*arguments):
    return subprocess.run([MLOPS, *arguments], capture_output=True, text=True)


def profile(*arguments):
    done = mlops("--json", "profile", *arguments)
    assert done.returncode == 0, (arguments, done)
    return json.loads(done.stdout)


def same_as_csv(array, names, cells):
    np.save("a.npy", array)
    with open("a.csv", "w") as file:
        file.write(",".join(names) + "\n")
        for row in cells:
            file.write(",".join(row) + "\n")
    mlops("-q", "profile", "-o", "a.mlprof", "a.npy")
    found, wanted = profile("a.npy"), profile("--schema", "a.mlprof", "a.csv")
    for ours, theirs in zip(found["columns"], wanted["columns"]):
        assert ours == theirs, (ours, theirs)
    assert found == wanted
    return {column["name"]: column for column in found["columns"]}


def show(value):
    if isinstance(value, (float, np.floating)):
        return repr(float(value)).replace("nan", "NaN")
    if isinstance(value, bytes):
        return value.decode()
    return "true" if value is np.True_ else "false" if value is np.False_ else str(value)


def one_and_two_dimensions():
    for kind in "f8", "f4", "f2", ">f8", "i1", "i2", ">i4", "i8", "u1", ">u2", "u4", "?":
        array = (generator.normal(size=ROWS) * 50).astype(kind)
        if kind.endswith("f8"):
            array[5], array[6] = np.inf, np.nan
        columns = same_as_csv(array, ["0"], ([show(x)] for x in array))
        assert list(columns) == ["0"]
    array = generator.normal(size=(ROWS, 5))
    rows = [[show(x) for x in row] for row in array]
    for order in array, np.asfortranarray(array), array.astype(">f8"):
        same_as_csv(order, "01234", rows)
    np.save("v2.npy", array[:, :1])
    assert [c["name"] for c in profile("v2.npy")["columns"]] == ["0"]


def structures():
    kind = np.dtype([("id", "<i4"), ("name", "U7"), ("code", "S3"), ("at", "M8[ms]"), ("day", ">M8[D]"), ("ok", "?"),
                     ("in", [("x", "<f4"), ("y", ">i2")]), ("v", "<f8", (2,)), ("created_at", "<i8")], align=True)
    array = np.zeros(ROWS, kind)
    array["id"] = np.arange(ROWS)
    array["name"] = generator.choice(["grün", "日本", "", "a", "seven77"], ROWS)
    array["code"] = generator.choice([b"a", b"bcd", b""], ROWS)
    array["at"] = np.datetime64("2026-01-01T00:00:00", "ms") + np.arange(ROWS) * 997
    array["at"][3] = np.datetime64("NaT")
    array["day"] = np.datetime64("1969-12-01", "D") + np.arange(ROWS) % 60
    array["ok"] = generator.random(ROWS) < 0.3
    array["in"]["x"] = generator.normal(size=ROWS)
    array["in"]["y"] = np.arange(ROWS) % 300 - 150
    array["v"] = generator.normal(size=(ROWS, 2))
    array["created_at"] = 1700000000 + np.arange(ROWS)
    names = ["id", "name", "code", "at", "day", "ok", "in.x", "in.y", "v.0", "v.1", "created_at"]
    cells = ([show(x) for x in (r["id"], r["name"], r["code"], r["at"], r["day"], r["ok"], r["in"]["x"],
                                r["in"]["y"], r["v"][0], r["v"][1], r["created_at"])] for r in array)
    columns = same_as_csv(array, names, cells)
    assert [columns[n]["type"] for n in names] == ["integer", "category", "category", "time", "time", "bool", "float",
                                                   "integer", "float", "float", "time"]
    assert columns["at"]["missing_as"] == {"NaT": 1}


def several_files_are_one_table():
    array = generator.normal(size=(ROWS, 2))
    np.save("w.npy", array)
    np.save("w1.npy", array[:777])
    np.save("w2.npy", np.asfortranarray(array[777:]))
    mlops("-q", "profile", "-o", "whole", "w.npy")
    mlops("-q", "profile", "-o", "parts", "w?.npy")
    assert open("whole", "rb").read() == open("parts", "rb").read()


def what_is_no_table_is_refused():
    def refused(array, why):
        np.save("r.npy", array, allow_pickle=True)
        done = mlops("profile", "r.npy")
        assert done.returncode == 2 and "r.npy" in done.stderr and why in done.stderr, (why, done)

    refused(np.array(3.0), "0 dimensions is no table")
    refused(np.zeros((2, 2, 2)), "3 dimensions is no table")
    refused(np.zeros((2, 2), [("a", "f8"), ("b", "f8")]), "where its items are structures")
    refused(np.zeros(3, complex), "complex numbers")
    refused(np.array([None, {}]), "pickle, which is not read")
    refused(np.zeros((0, 3)), "no rows")
    refused(np.zeros((3, 0)), "0 columns")
    refused(np.zeros(3, "M8[Y]"), "another unit")
    np.save("t.npy", generator.normal(size=1000))
    whole = open("t.npy", "rb").read()
    for length in [6, 8, 11, 12, 40, 127, 128, 5000, len(whole) - 1]:
        open("cut.npy", "wb").write(whole[:length])
        assert mlops("profile", "cut.npy").returncode == 2, length
    open("more.npy", "wb").write(whole + b"x")
    assert "another number of bytes" in mlops("profile", "more.npy").stderr


one_and_two_dimensions()
structures()
several_files_are_one_table()
what_is_no_table_is_refused()
print("profiles of arrays are those of CSV")
