"""docs/cluster/spark_profile.py on a real Spark, two workers of their own processes (local-cluster),
against the profile of one pass: spark.py MLOPS FOLDER. pyspark, pyarrow and pandas come from PyPI into FOLDER,
Java is Debian's default-jre-headless; where they cannot be had the test is skipped."""
import json, os, shutil, subprocess, sys

MLOPS, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PYTHON = os.path.join(FOLDER, "venv", "bin", "python")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECIPE = os.path.join(SOURCE, "docs", "cluster", "spark_profile.py")
ROWS, RANK_BOUND = 60000, 0.0125


def prepare():
    if not shutil.which("java"):
        raise OSError("there is no java: apt install default-jre-headless")
    subprocess.run([os.path.join(SOURCE, "tests", "interop", "from_pypi"), os.path.join(FOLDER, "venv"),
                    # made from its sources, of archives: not packed again
                    "--config-settings=--build-option=--compression=stored",
                    "pyspark==4.3.0", "pyarrow==26.0.1", "pandas==3.1.1"], check=True, capture_output=True)


try:
    prepare()
except (subprocess.SubprocessError, OSError) as error:
    print("skipped: pyspark (PyPI) or Java cannot be had:", error)
    sys.exit(77)

work = os.path.join(FOLDER, "work")
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
MAKE = f"""
import random, pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as pc
random.seed(9)
n = {ROWS}
t = pa.table({{"id": list(range(n)), "amount": [None if i % 7 == 0 else round(random.gauss(50, 9), 3) for i in range(n)],
              "country": [random.choice(["de", "fr", "it"]) for _ in range(n)]}})
for i in range(3):
    pq.write_table(t.slice(i * n // 3, n // 3), f"{{i}}.parquet")
    pc.write_csv(t.slice(i * n // 3, n // 3), f"{{i}}.csv", pc.WriteOptions(quoting_style="none"))
"""
subprocess.run([PYTHON, "-c", MAKE], check=True)


def profile(*arguments):
    return json.loads(subprocess.run([MLOPS, "--json", "profile", *arguments], check=True, capture_output=True).stdout)


def spark(kind, output, *paths):
    submit = os.path.join(FOLDER, "venv", "bin", "spark-submit")
    done = subprocess.run([submit, "--master", "local-cluster[2,1,1024]", "--conf", "spark.executor.memory=1g",
                           "--conf", "spark.ui.enabled=false", "--conf", "spark.default.parallelism=5",
                           "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
                           RECIPE, kind, output, *paths], capture_output=True, text=True, timeout=900,
                          env={**os.environ, "MLOPS": MLOPS, "PYSPARK_PYTHON": PYTHON,
                               # compiled once and simply: the machine ends before better code would pay
                               "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                               "PATH": os.path.dirname(MLOPS) + ":" + os.environ["PATH"]})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return profile("show", output)


def rank(values, value):
    return sum(x <= value for x in values) / len(values)


whole = profile("0.csv", "1.csv", "2.csv")
amounts = [float(line.split(",")[1]) for i in range(3) for line in list(open(f"{i}.csv"))[1:] if line.split(",")[1]]
for kind, paths in ("arrow", ["0.parquet", "1.parquet", "2.parquet"]), ("pipe", ["0.csv", "1.csv", "2.csv"]):
    merged = spark(kind, kind + ".mlprof", *paths)
    assert merged["rows"] == ROWS and merged["duplicates"] == whole["duplicates"], merged["rows"]
    for ours, wanted in zip(merged["columns"], whole["columns"]):
        for key in "name", "type", "count", "missing", "missing_as", "distinct":
            assert ours[key] == wanted[key], (kind, key, ours[key], wanted[key])
    ours, wanted = merged["columns"][1], whole["columns"][1]
    assert (ours["min"], ours["max"]) == (wanted["min"], wanted["max"])
    assert abs(ours["mean"] / wanted["mean"] - 1) < 1e-12 and abs(ours["std"] / wanted["std"] - 1) < 1e-9
    for name, value in ours["quantiles"].items():
        error = abs(rank(amounts, value) - float(name[1:]) / 100)
        assert error <= RANK_BOUND, (kind, name, value, error)
    assert merged["columns"][2]["top"] == whole["columns"][2]["top"]
    print(kind, "gives the profile of one pass")
