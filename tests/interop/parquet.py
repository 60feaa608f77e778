"""Profiles of Parquet against those of the same rows as CSV, files written by pyarrow and by DuckDB,
and damaged files: parquet.py MLOPS FOLDER. pyarrow and duckdb come from PyPI and DuckDB's C library
from npm (or $MLOPS_DUCKDB) into FOLDER; where they cannot be had the test is skipped."""
import json, os, subprocess, sys

MLOPS, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FROM_PYPI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "from_pypi")
PYTHON = os.path.join(FOLDER, "venv", "bin", "python")
PACKAGES = ["duckdb==2.0.1", "pyarrow==26.0.1"]
LIBRARY = os.path.join(FOLDER, "node_modules", "@duckdb", "node-bindings-linux-x64", "libduckdb.so")


def prepare():
    os.makedirs(FOLDER, exist_ok=True)
    subprocess.run([FROM_PYPI, os.path.join(FOLDER, "venv"), *PACKAGES], check=True, capture_output=True)
    if not os.environ.get("MLOPS_DUCKDB") and not os.path.exists(LIBRARY):
        subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", FOLDER,
                        "@duckdb/node-bindings-linux-x64@1.5.6-r.1"], check=True, capture_output=True, timeout=600)


if os.environ.get("PARQUET_INSIDE") is None:
    try:
        prepare()
    except (subprocess.SubprocessError, OSError) as error:
        print("skipped: pyarrow, duckdb (PyPI) or libduckdb.so (npm) cannot be had:", error)
        sys.exit(77)
    environment = {"MLOPS_DUCKDB": LIBRARY, **os.environ, "PARQUET_INSIDE": "1"}
    sys.exit(subprocess.run([PYTHON, *sys.argv], env=environment).returncode)

import datetime, decimal, random, shutil

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

random.seed(9)
ROWS = 20000
HERE = os.path.join(FOLDER, "work")
shutil.rmtree(HERE, ignore_errors=True)
os.makedirs(HERE)
os.chdir(HERE)


def mlops(*arguments, **options):
    return subprocess.run([MLOPS, *arguments], capture_output=True, text=True, **options)


def profile(*arguments, **options):
    done = mlops("--json", "profile", *arguments, **options)
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)


def without(document, *keys):
    for column in document["columns"]:
        for key in keys:
            column.pop(key, None)
    return document


def some(value):
    return None if random.random() < 0.1 else value


def rows_of_all_types():
    begin = datetime.datetime(2026, 1, 1)
    countries = ["de", "fr", "it", None, 'a "quoted", one']
    columns = {
        "flag": pa.array([some(random.random() < 0.3) for _ in range(ROWS)], pa.bool_()),
        "i8": pa.array([some(random.randrange(-128, 128)) for _ in range(ROWS)], pa.int8()),
        "i16": pa.array([random.randrange(-2**15, 2**15) for _ in range(ROWS)], pa.int16()),
        "i32": pa.array([some(random.randrange(-2**31, 2**31)) for _ in range(ROWS)], pa.int32()),
        "i64": pa.array([random.randrange(-2**63, 2**63) for _ in range(ROWS)], pa.int64()),
        "u8": pa.array([random.randrange(256) for _ in range(ROWS)], pa.uint8()),
        "u16": pa.array([random.randrange(2**16) for _ in range(ROWS)], pa.uint16()),
        "u32": pa.array([random.randrange(2**32) for _ in range(ROWS)], pa.uint32()),
        "u64": pa.array([random.randrange(2**64) for _ in range(ROWS)], pa.uint64()),
        "f64": pa.array([some(random.gauss(0, 1e3)) for _ in range(ROWS)], pa.float64()),
        "price": pa.array([decimal.Decimal(random.randrange(-10**9, 10**9)) / 100 for _ in range(ROWS)],
                          pa.decimal128(12, 2)),
        "long": pa.array([decimal.Decimal(random.randrange(10**30)).scaleb(-10) for _ in range(ROWS)],
                         pa.decimal128(38, 10)),
        "country": pa.array([random.choice(countries) for _ in range(ROWS)]).dictionary_encode(),
        "note": pa.array([some(f"ünïcode note {i} {random.random()}") for i in range(ROWS)]),
        "at": pa.array([some(begin + datetime.timedelta(minutes=i, microseconds=i)) for i in range(ROWS)],
                       pa.timestamp("us")),
        "ms": pa.array([begin + datetime.timedelta(milliseconds=7 * i) for i in range(ROWS)], pa.timestamp("ms")),
        "day": pa.array([(begin + datetime.timedelta(days=i % 60)).date() for i in range(ROWS)], pa.date32()),
        "empty": pa.array([None] * ROWS, pa.int32()),
        "created_at": pa.array([1700000000 + i for i in range(ROWS)], pa.int64()),
    }
    return pa.table(columns)


def all_types_give_the_profile_of_the_same_rows_as_csv(table):
    pq.write_table(table, "all.parquet", row_group_size=7000, compression="zstd")
    duckdb.sql("COPY (FROM 'all.parquet') TO 'duck.parquet' (FORMAT parquet)")
    duckdb.sql("COPY (FROM 'all.parquet') TO 'all.csv' (HEADER, NULLSTR '')")
    mlops("-q", "profile", "-o", "all.mlprof", "all.parquet", check=True)
    # an empty cell of CSV is "empty", a null of Parquet "null"
    wanted = without(profile("--schema", "all.mlprof", "all.csv"), "missing_as")
    for path in "all.parquet", "duck.parquet":
        found = without(profile(path), "missing_as")
        for ours, theirs in zip(found["columns"], wanted["columns"]):
            assert ours == theirs, (path, ours, theirs)
        assert found == wanted, path
    inferred = {c["name"]: c["type"] for c in profile("all.csv")["columns"]}
    types = {c["name"]: c["type"] for c in wanted["columns"]}
    # 18 digits and an empty column: CSV cannot know
    different = {name for name in types if types[name] != inferred[name]}
    assert different <= {"i64", "u64", "empty"}, (different, types, inferred)


def parts_files_and_standard_input_give_the_same_bytes(table):
    pq.write_table(table.slice(0, 12345), "part-1.parquet", compression="gzip")
    pq.write_table(table.slice(12345), "part-2.parquet", compression="none", use_dictionary=False)
    shutil.copy("all.parquet", "s3:[a]*?.parquet")
    mlops("-q", "profile", "-o", "parts.mlprof", "part-*.parquet", check=True)
    mlops("-q", "profile", "-o", "odd.mlprof", "./s3:[a]*?.parquet", check=True)
    mlops("-q", "profile", "-o", "one.mlprof", "all.parquet", check=True, env={**os.environ, "MLOPS_THREADS": "1"})
    with open("all.parquet") as file:
        mlops("-q", "profile", "--stream", "-o", "stdin.mlprof", check=True, stdin=file)
    for name in "parts", "odd", "one", "stdin":
        assert open("all.mlprof", "rb").read() == open(name + ".mlprof", "rb").read(), name


def nested_columns_have_names_with_dots():
    rows = [{"a": i, "b": {"c d": str(i % 3), "e'\"f": None}} for i in range(100)]
    table = pa.table({"s": pa.array(rows), "list": pa.array([[i, i + 1] for i in range(100)]),
                      "bytes": pa.array([b"ab"] * 100), "clock": pa.array([datetime.time(1, 2)] * 100),
                      "nan": pa.array([float("nan"), float("inf")] * 50), "f32": pa.array([0.5] * 100, pa.float32())})
    pq.write_table(table, "nested.parquet")
    columns = {c["name"]: c for c in profile("nested.parquet")["columns"]}
    assert list(columns) == ["s.a", "s.b.c d", "s.b.e'\"f", "list", "bytes", "clock", "nan", "f32"], list(columns)
    assert columns["s.a"]["mean"] == 49.5 and columns["s.b.c d"]["top"][0] == {"value": "0", "count": 34}
    assert columns["list"]["type"] == "text" and columns["bytes"]["top"][0]["value"] == "ab"
    assert columns["clock"]["top"][0]["value"] == "01:02:00"
    assert columns["nan"]["missing_as"] == {"NaN": 50} and columns["nan"]["infinite"] == 50
    assert columns["f32"]["mean"] == 0.5


def types_may_be_given(table):
    """A schema of another kind of table: what does not fit is a misfit, not a failure."""
    open("other.csv", "w").write("i8,country,flag,u16\nx,1,1,2026-01-01\ny,2,0,2026-01-02\n")
    mlops("-q", "profile", "-o", "other.mlprof", "other.csv", check=True)
    pq.write_table(table.select(["i8", "country", "flag", "u16"]), "few.parquet")
    columns = {c["name"]: c for c in profile("--schema", "other.mlprof", "few.parquet")["columns"]}
    assert columns["i8"]["type"] == "category" and columns["i8"]["distinct"] > 200
    assert columns["country"]["missing_as"]["misfit"] > ROWS / 2
    assert columns["flag"]["max"] == 1 and columns["u16"]["missing_as"] == {"misfit": ROWS}


def damaged_files_are_refused():
    whole = open("duck.parquet", "rb").read()
    for i in range(40):
        length = 4 + (len(whole) - 5) * i // 39
        open("cut.parquet", "wb").write(whole[:length])
        done = mlops("profile", "cut.parquet")
        assert done.returncode == 2 and "cut.parquet" in done.stderr, (length, done)
        assert "/proc/self" not in done.stderr, done.stderr
    for i in range(150):  # some flips hit data, which no format tells; none may bring the process down
        damaged = bytearray(whole)
        where = random.randrange(4, len(whole)) if i % 2 else len(whole) - 1 - random.randrange(3000)
        for j in range(1 + i % 3):
            damaged[max(4, where - j)] = random.randrange(256)
        open("flip.parquet", "wb").write(damaged)
        done = mlops("profile", "flip.parquet")
        assert done.returncode in (0, 2, 6), (i, where, done)
        assert done.returncode == 0 or "flip.parquet" in done.stderr, done.stderr
    pq.write_table(pa.table({"a": pa.array([], pa.int32())}), "none.parquet")
    done = mlops("profile", "none.parquet")
    assert done.returncode == 2 and "has columns and no rows" in done.stderr, done


table = rows_of_all_types()
all_types_give_the_profile_of_the_same_rows_as_csv(table)
parts_files_and_standard_input_give_the_same_bytes(table)
nested_columns_have_names_with_dots()
types_may_be_given(table)
damaged_files_are_refused()
print("profiles of Parquet are those of CSV")
