"""How often each tool raises an alarm on graded shifts of real data, by its own defaults, on the same
samples: power.py MLOPS VENV [TRIALS [TABLE]]. VENV has Evidently and NannyML (tests/interop/drift_tools.py).
TABLE is `flights` from New York, or `homes`, the houses of California that NannyML brings along.
2,000 rows of reference, 500 current ones, dealt out at random anew for each trial. An alarm is a
column that drifted, and of mlops whole rows that did; of Evidently also its verdict on the data set
(half of the columns); beside these our reconstruction error and NannyML's. The row without a
shift is the rate of false alarms."""
import json, os, subprocess, sys, tempfile, warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = os.environ["DO_NOT_TRACK"] = "1"
MLOPS, VENV = os.path.realpath(sys.argv[1]), sys.argv[2]
PYTHON = os.path.join(VENV, "bin", "python")
if os.environ.get("DRIFT_TOOLS") != "inside":
    sys.exit(subprocess.run([PYTHON, *sys.argv], env={**os.environ, "DRIFT_TOOLS": "inside"}).returncode)

warnings.simplefilter("ignore")
import logging
logging.disable(logging.CRITICAL)
import nannyml, numpy as np, pandas as pd
from evidently.legacy.metric_preset import DataDriftPreset
from evidently.legacy.report import Report

TRIALS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../../.."
TABLE = sys.argv[4] if len(sys.argv) > 4 else "flights"
random = np.random.default_rng(5)
if TABLE == "flights":
    whole = pd.read_csv(ROOT + "/docs/quickstart/data/train.csv.gz").drop(columns=["ts", "late"])
    MOVED, EMPTIED, WORDS, WORD = "temp", "humid", "carrier", "UA"
else:
    folder = os.path.dirname(nannyml.__file__) + "/datasets/data/"
    whole = pd.read_csv(folder + "california_housing_reference.csv").iloc[:, 1:9]
    MOVED, EMPTIED, WORDS, WORD = "Longitude", "AveRooms", None, None


def shifted(table, kind, size):
    table = table.copy()
    chosen = random.uniform(size=len(table)) < size
    if kind == "mean":
        table[MOVED] += size * whole[MOVED].std()
    elif kind == "scale":
        table[MOVED] = whole[MOVED].mean() + (1 + size) * (table[MOVED] - whole[MOVED].mean())
    elif kind == "category":
        table.loc[chosen, WORDS] = WORD
    elif kind == "missing":
        table.loc[chosen, EMPTIED] = np.nan
    elif kind == "correlation":
        order = random.permutation(np.flatnonzero(chosen))
        table.iloc[np.flatnonzero(chosen), table.columns.get_loc(MOVED)] = table[MOVED].to_numpy()[order]
    return table


def by_mlops(current, *options):
    current.to_csv("now.csv", index=False)
    done = subprocess.run([MLOPS, "--json", "drift", "m", "--current", "now.csv", *options],
                          capture_output=True, text=True)
    found = json.loads(done.stdout)
    error = found["reconstruction_current"] or 0
    return (found["drift"], found["rows_drift"],
            not found["reconstruction_low"] <= error <= found["reconstruction_high"])


def by_evidently(reference, current):
    report = Report(metrics=[DataDriftPreset()])
    report.run(reference_data=reference, current_data=current)
    result = report.as_dict()["metrics"][0]["result"]
    return result["number_of_drifted_columns"] > 0, result["dataset_drift"]


def nannyml_of(reference):
    columns = list(reference.columns)
    made = [nannyml.UnivariateDriftCalculator(column_names=columns, chunk_size=500),
            nannyml.DataReconstructionDriftCalculator(column_names=columns, chunk_size=500)]
    return [calculator.fit(reference) for calculator in made]


def by_nannyml(calculator, current):
    result = calculator.calculate(current).filter(period="analysis").to_df()
    alerts = [column for column in result.columns if column[-1] == "alert"]
    return bool(result[alerts].to_numpy().any())


cases = [("none", 0)] + [(kind, size) for kind in ("mean", "scale", "category", "missing", "correlation")
                         for size in ((0.1, 0.25, 0.5) if kind != "correlation" else (0.25, 0.5, 1))
                         if WORDS or kind != "category"]
counts = {case: np.zeros(8, int) for case in cases}
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([MLOPS, "init"], check=True, capture_output=True)
    os.mkdir("p")
    with open("p/mlops.yaml", "w") as file:
        file.write("model: m\ncode: [mlops.yaml]\ndata:\n  train: {path: train.csv, role: reference}\n")
    for trial in range(TRIALS):
        dealt = whole.sample(2500, random_state=trial)
        reference, rest = dealt[:2000].reset_index(drop=True), dealt[2000:].reset_index(drop=True)
        reference.to_csv("p/train.csv", index=False)
        subprocess.run([MLOPS, "register", "p"], check=True, capture_output=True)
        univariate, components = nannyml_of(reference)
        for case in cases:
            current = shifted(rest, *case)
            effect, apart, rebuilt = by_mlops(current)
            noise = by_mlops(current, "--any-effect")[0]
            one, half = by_evidently(reference, current)
            counts[case] += [effect, noise, apart, rebuilt, one, half,
                             by_nannyml(univariate, current), by_nannyml(components, current)]
print(f"{TABLE}: alarms of {TRIALS}; mlops at --far 1%")
print("| shift | size | mlops | mlops `--any-effect` | of it by whole rows | rows rebuilt otherwise | Evidently, a column "
      "| Evidently, data set | NannyML, a column | NannyML, reconstruction |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for (kind, size), found in counts.items():
    print(f"| {kind} | {size or ''} | " + " | ".join(str(v) for v in found) + " |")
