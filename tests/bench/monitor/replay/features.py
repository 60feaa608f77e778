"""Drift of features on the streams of replay.py, before any label comes: features.py MLOPS RIVER_VENV
NANNYML_VENV FOLDER [FIRST]
The first 10,000 events are what a model was trained on; of the rest each 1,000 are judged: ours by
`monitor check` with the rule `drift <= 0 over 1h` (any feature, a thousand events an hour), NannyML 0.13 by its
univariate drift (Jensen-Shannon, any feature) and its multivariate (reconstruction by PCA) with the thresholds
that it comes with and chunks of 1,000. Printed for each stream: events from the change to the end of the first
alarming thousand ('-': none) and alarming thousands before it per 100,000
events; of drawn streams the first run. Where the concept changes and the features do not, every alarm is a false one."""
import csv, datetime, json, os, statistics, subprocess, sys, tempfile
import venvs

MLOPS, RIVER, NANNYML, FOLDER = map(os.path.abspath, sys.argv[1:5])
PYTHON = venvs.enter(RIVER, NANNYML)

import warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd, nannyml
import packaged, streams

REFERENCE, CHUNK = 10000, 1000
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
FIRST = int(sys.argv[5]) if len(sys.argv) > 5 else 0  # stream to begin with
COLUMNS = ["mlops", "univariate", "multivariate"]
LIB = next(p for p in (os.path.join(RIVER, "lib", d, "site-packages", "river", "datasets")
                       for d in os.listdir(os.path.join(RIVER, "lib"))) if os.path.isdir(p))


def at(event):
    return (START + datetime.timedelta(seconds=3.6 * event)).isoformat().replace("+00:00", "Z")


def mlops(place, *words):
    done = subprocess.run([MLOPS, "-C", place, "--json", *words], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{words}: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else None


def plain(value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.number)):
        return None if np.isnan(value) else float(value)
    return None if value is None or value is pd.NA else "_" + str(value)  # codes are texts, not numbers


def ours(rows):
    """Ends of the thousands that the rule is broken in."""
    names = list(rows.columns)
    cells = [[plain(v) for v in row] for row in rows.itertuples(index=False)]
    with tempfile.TemporaryDirectory(prefix="features-") as place:
        with open(os.path.join(place, "train.csv"), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(cells[:REFERENCE])
        with open(os.path.join(place, "mlops.yaml"), "w") as file:
            file.write("model: m\ndata:\n  train: {path: train.csv, role: reference}\n")
        with open(os.path.join(place, "policy.yaml"), "w") as file:
            file.write("stages: {production: }\n")
        with open(os.path.join(place, "events"), "w") as file:
            for i in range(REFERENCE, len(cells)):
                file.write(json.dumps({"time": at(i), "id": i, "version": 1, "features": dict(zip(names, cells[i]))})
                           + "\n")
        for words in (["init"], ["package", "--register"], ["policy", "set", "m", os.path.join(place, "policy.yaml")],
                      ["promote", "m@1", "--to", "production"], ["monitor", "rule", "m", "moved=drift <= 0 over 1h"],
                      ["monitor", "ingest", "m", "--keep-minutes", "30d", os.path.join(place, "events")]):
            mlops(place, *words)
        return [end for end in range(REFERENCE + CHUNK, len(cells) + 1, CHUNK)
                if mlops(place, "monitor", "check", "m", "--at", at(end))["open"]]


def theirs(rows):
    rows = rows.copy()
    texts = [c for c in rows if not pd.api.types.is_numeric_dtype(rows[c]) or rows[c].dtype == bool]
    rows[texts] = rows[texts].astype(str).astype("category")
    names = [str(c) for c in rows.columns]
    rows.columns = names
    reference, rest = rows[:REFERENCE].reset_index(drop=True), rows[REFERENCE:].reset_index(drop=True)
    found = {}
    calculator = nannyml.UnivariateDriftCalculator(column_names=names, chunk_size=CHUNK,
                                                   treat_as_categorical=[str(c) for c in texts])
    result = calculator.fit(reference).calculate(rest).filter(period="analysis").to_df()
    alert = result[[c for c in result if c[-1] == "alert"]].any(axis=1)
    ends = result[[c for c in result if c[-1] == "end_index"][0]]
    found["univariate"] = [REFERENCE + int(end) + 1 for end, alarm in zip(ends, alert) if alarm]
    if len(names) > 1:
        calculator = nannyml.DataReconstructionDriftCalculator(column_names=names, chunk_size=CHUNK)
        result = calculator.fit(reference).calculate(rest).filter(period="analysis").to_df()
        alert = result[[c for c in result if c[-1] == "alert"][0]]
        ends = result[[c for c in result if c[-1] == "end_index"][0]]
        found["multivariate"] = [REFERENCE + int(end) + 1 for end, alarm in zip(ends, alert) if alarm]
    return found


tables = packaged.folder(FOLDER)
tally = {kind: [0, 0, 0] for kind in COLUMNS}
print("| stream | change | features | " + " | ".join(COLUMNS) + " |")
print("| --- " * (3 + len(COLUMNS)) + "|")
for stream in streams.all_streams(LIB, PYTHON["river"], tables)[FIRST:]:
    delays, false, events = {k: [] for k in COLUMNS}, dict.fromkeys(COLUMNS, 0), 0
    for before, after in stream.make()[:1]:  # one run: of thousands, three would say the same
        rows = pd.concat([part.rows.iloc[part.at] for part in (before, after)], ignore_index=True)
        change = len(before.wrong) if stream.moves else len(rows)
        events += change - REFERENCE
        for kind, ends in {"mlops": ours(rows), **theirs(rows)}.items():
            false[kind] += sum(end <= change for end in ends)
            delays[kind].append(min((end - change for end in ends if end > change), default=float("inf")))
    delay = {k: statistics.median(delays[k]) for k in COLUMNS}
    cells = [f"{'-' if delay[k] == float('inf') else round(delay[k])} / {1e5 * false[k] / events:.3g}" for k in COLUMNS]
    print(f"| {stream.name} | {stream.what} | {rows.shape[1]} | " + " | ".join(cells) + " |", flush=True)
    for k in COLUMNS[1:]:
        better = delay["mlops"] <= delay[k] and false["mlops"] <= false[k]
        worse = delay["mlops"] >= delay[k] and false["mlops"] >= false[k]
        same = delay["mlops"] == delay[k] and false["mlops"] == false[k]
        tally[k][1 if same or better == worse else 0 if better else 2] += 1
print()
print("| mlops against | no later, no more false alarms, one of them better | the same, or one of the two | worse |")
print("| --- | --- | --- | --- |")
for k in COLUMNS[1:]:
    print(f"| {k} | {tally[k][0]} | {tally[k][1]} | {tally[k][2]} |")
