"""How long a comparison takes, side by side: speed.py MLOPS VENV [ROWS] [FOLDER]. ROWS rows of 30
columns against as many; each tool, in a process of its own, reads the current table and says which
columns drifted, by its defaults. VENV has Evidently, NannyML and DuckDB, which makes the tables;
they are kept in FOLDER. Ours has the reference's profile from when it was packaged; the others read
the reference, too, which is told apart: `read` is pandas reading both files, `drift` what is left.
Ours runs three times before each of the others and three times after it, and its time is the middle
of these. By default it compares columns, tells rows apart by a classifier and rebuilds them from
components. Evidently compares columns. NannyML is asked for columns alone, and as NannyML-all for a
classifier and components, too. TOOLS=NannyML,NannyML-all,Evidently chooses."""
import json, os, statistics, subprocess, sys, tempfile, time

MLOPS, VENV = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2])
ROWS = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
FOLDER = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else tempfile.mkdtemp()
PYTHON = VENV + "/bin/python"
QUIET = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}

MAKE = """
import duckdb, sys
path, rows, seed, far = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
numbers = ", ".join(f"round(random() * {10 ** (i % 4)}, {4 + i % 3}) AS f{i}" for i in range(18))
whole = ", ".join(f"(random() * {10 ** (i + 1)})::INT AS n{i}" for i in range(6))
duckdb.sql(f"SELECT setseed({seed})")
duckdb.sql(f'''COPY (SELECT random() + {far} AS moved, {numbers}, {whole},
    ['de', 'fr', 'it', 'es', 'nl'][1 + (random() * 4.99)::INT % 5] AS country,
    'shop-' || (random() * 200)::INT AS shop, ['web', 'app', 'till'][1 + (random() * 2.99)::INT % 3] AS channel,
    CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 1000)::INT END AS gaps,
    (random() * 86400)::INT AS second FROM range({rows})) TO '{path}' (HEADER)''')
"""
EVIDENTLY = """
import sys, time, logging
logging.disable(logging.CRITICAL)
import pandas as pd
from evidently.legacy.metric_preset import DataDriftPreset
from evidently.legacy.report import Report
begin = time.monotonic()
reference, current = (pd.read_csv(path) for path in sys.argv[1:3])
read = time.monotonic()
report = Report(metrics=[DataDriftPreset()])
report.run(reference_data=reference, current_data=current)
found = report.as_dict()["metrics"][0]["result"]["number_of_drifted_columns"]
print(read - begin, time.monotonic() - read, found)
"""
NANNYML = """
import sys, time, logging
logging.disable(logging.CRITICAL)
import nannyml, pandas as pd
begin = time.monotonic()
reference, current = (pd.read_csv(path) for path in sys.argv[1:3])
read = time.monotonic()
calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference.columns))
calculator.fit(reference)
result = calculator.calculate(current).filter(period="analysis").to_df()
found = sum(bool(result[c].any()) for c in result.columns if c[-1] == "alert")
if len(sys.argv) > 3:
    for kind in (nannyml.DataReconstructionDriftCalculator, nannyml.DomainClassifierCalculator):
        calculator = kind(list(reference.columns))
        calculator.fit(reference)
        calculator.calculate(current)
print(read - begin, time.monotonic() - read, found)
"""


def run(command, **options):
    """Wall seconds, processor seconds, peak memory in MiB, and what it printed."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             env=QUIET, cwd=FOLDER, **options)
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return (time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed)


os.makedirs(FOLDER + "/p", exist_ok=True)
if not os.path.exists(FOLDER + "/.mlops"):
    for path, seed, far in (("p/train.csv", 0.9, 0), ("now.csv", 0.3, 0.5)):
        subprocess.run([PYTHON, "-c", MAKE, path, str(ROWS), str(seed), str(far)], cwd=FOLDER, check=True)
    with open(FOLDER + "/p/mlops.yaml", "w") as file:
        file.write("model: m\ncode: [mlops.yaml]\ndata:\n  train: {path: train.csv, role: reference}\n")
    for command in (["init"], ["register", "p"]):
        subprocess.run([MLOPS, *command], cwd=FOLDER, check=True, capture_output=True)
tools = {"ours": [MLOPS, "--json", "drift", "m@1", "--current", "now.csv"],
         "NannyML": [PYTHON, "-c", NANNYML, "p/train.csv", "now.csv"],
         "NannyML-all": [PYTHON, "-c", NANNYML, "p/train.csv", "now.csv", "all"],
         "Evidently": [PYTHON, "-c", EVIDENTLY, "p/train.csv", "now.csv"]}
wanted = os.environ["TOOLS"].split(",") if "TOOLS" in os.environ else list(tools)[1:]
print(f"{ROWS} rows x 30 columns, {os.path.getsize(FOLDER + '/now.csv') / 1e6:.0f} MB; "
      f"the middle of 3 runs of ours before and 3 after one run of each other")
print("| tool | whole, s | of it read, s | of it drift, s | processor, s | memory, MiB | drifted | "
      "ours, s | processor, s | memory, MiB | drifted | ours / whole | ours / drift |")
print("|" + " --- |" * 13, flush=True)


def run_ours(times):
    return [run(tools["ours"]) for _ in range(times)]


for name in wanted:
    run_ours(1)  # the file is in memory from now on, as it is for who comes second
    runs = run_ours(3)
    wall, cpu, memory, printed = run(tools[name])
    runs += run_ours(3)
    read, drift, found = (float(v) for v in printed.splitlines()[-1].split())  # LightGBM writes, too
    ours, ours_cpu, ours_memory = (statistics.median(r[i] for r in runs) for i in range(3))
    ours_found = sum(c["drift"] for c in json.loads(runs[0][3])["columns"])
    print(f"| {name} | {wall:.1f} | {read:.1f} | {drift:.1f} | {cpu:.1f} | {memory:.0f} | {found:.0f} | "
          f"{ours:.2f} | {ours_cpu:.2f} | {ours_memory:.0f} | {ours_found} | "
          f"{ours / wall:.4f} | {ours / drift:.4f} |", flush=True)
