"""Change detectors on streams of errors with a change at a known place: replay.py DETECTORS_DUMP
RIVER_VENV NANNYML_VENV
The venvs are those of interop.detectors and interop.drift_tools, which make them. A model is right or
wrong on each event; a detector sees that and nothing else. Printed for each stream: events until the
first alarm after the change (median of the runs; '-': none in most of them) and alarms before it per
100,000 events. river's detectors at their defaults (KSWIN by our own, which says the same event by event in a tenth
of the time: interop.detectors), NannyML's realised accuracy at its defaults (ten
chunks of reference and of the rest, alarms outside three standard deviations), and ours, 'shift'."""
import json, os, statistics, subprocess, sys, zipfile

DUMP, RIVER, NANNYML = sys.argv[1:4]
PYTHON = {name: os.path.join(venv, "bin", "python3") for name, venv in (("river", RIVER), ("nannyml", NANNYML))}
KINDS = ["adwin", "ddm", "eddm", "hddm-a", "hddm-w", "kswin", "page-hinkley"]
BEFORE, AFTER, RUNS = 20000, 5000, 3

if len(sys.argv) > 4 and sys.argv[4] == "river":  # in river's venv: alarms of each kind, as JSON
    from river import drift
    from river.drift import binary
    kinds = {"adwin": drift.ADWIN, "ddm": binary.DDM, "eddm": binary.EDDM, "hddm-a": binary.HDDMA,
             "hddm-w": binary.HDDMW, "page-hinkley": drift.PageHinkley}
    values, found = sys.stdin.read(), {}
    for kind, make in kinds.items():
        detector, found[kind] = make(), []
        for i, c in enumerate(values):
            detector.update(c == "1" if kind in ("ddm", "eddm", "hddm-a", "hddm-w") else float(c))
            if detector.drift_detected:
                found[kind].append(i)
    json.dump(found, sys.stdout)
    sys.exit(0)
if len(sys.argv) > 4 and sys.argv[4] == "synth":  # in river's venv: rows of a generator's two concepts
    from river.datasets import synth
    before, after = {"SEA": (synth.SEA(0, 3, 0.05), synth.SEA(2, 3, 0.05)),
                     "Agrawal": (synth.Agrawal(0, 3), synth.Agrawal(2, 3)),
                     "Sine": (synth.Sine(0, 3, False, True), synth.Sine(1, 3, False, True)),
                     "Mixed": (synth.Mixed(0, 3), synth.Mixed(1, 3)),
                     "STAGGER": (synth.STAGGER(0, 3), synth.STAGGER(1, 3))}[sys.argv[5]]
    for rows in before.take(8000), after.take(4000):
        json.dump([[float(v) for v in x.values()] + [int(y)] for x, y in rows], sys.stdout)
        print()
    sys.exit(0)
if sys.executable != PYTHON["nannyml"]:
    if not all(os.path.exists(p) for p in PYTHON.values()):
        print("skipped: run interop.detectors and interop.drift_tools first: they make the venvs")
        sys.exit(77)
    os.execv(PYTHON["nannyml"], [PYTHON["nannyml"]] + sys.argv)

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd, nannyml
from sklearn.tree import DecisionTreeClassifier

rng = np.random.default_rng(1)
SHIPPED = os.path.join(os.path.dirname(nannyml.__file__), "datasets", "data")
LIB = next(p for p in (os.path.join(RIVER, "lib", d, "site-packages", "river", "datasets")
                       for d in os.listdir(os.path.join(RIVER, "lib"))) if os.path.isdir(p))


def shipped(name, truth, prediction="y_pred"):
    """A set of NannyML's as it came: the world changes halfway through what it calls analysis."""
    target = "_gt" if name in ("synthetic_sample", "mc") else "_target"
    reference, analysis, labels = (pd.read_csv(f"{SHIPPED}/{name}_{part}.csv") for part in
                                   ("reference", "analysis", "analysis" + target))
    wrong = [(reference[truth] != reference[prediction]), (labels[truth] != analysis[prediction])]
    wrong = np.concatenate(wrong).astype(int)
    change = len(reference) + len(analysis) // 2
    return [(wrong[:change], wrong[change:])]


def drawn(before, after):
    """Runs of events drawn from two pools of outcomes, in no order."""
    return [(rng.choice(before, BEFORE), rng.choice(after, AFTER)) for _ in range(RUNS)]


def employment():
    reference = pd.read_parquet(f"{SHIPPED}/employment_MA_reference.pq")
    analysis = pd.read_parquet(f"{SHIPPED}/employment_MA_analysis.pq")
    labels = pd.read_parquet(f"{SHIPPED}/employment_MA_analysis_target.pq")
    old = (reference["employed"] != reference["prediction"]).astype(int).to_numpy()
    new = (analysis["prediction"].to_numpy() != labels["employed"].to_numpy()).astype(int)
    old_people = analysis["AGEP"].to_numpy() > 60  # who asks has changed: from all to those over 60
    return drawn(old, new[old_people])


def table(name):
    if name == "shuttle":
        return pd.read_csv(f"{LIB}/shuttle.csv.gz")
    if name == "phishing":
        return pd.read_csv(f"{LIB}/phishing.csv.gz")
    if name == "segment":
        return pd.read_csv(f"{LIB}/segment.csv.zip")
    text = zipfile.ZipFile(f"{LIB}/banana.zip").read("banana.all.txt").decode()
    rows = [line.split() for line in text.splitlines() if line.count(":") == 2]
    return pd.DataFrame([[float(c.split(":")[1]) for c in row[1:]] + [row[0]] for row in rows])


def broken(name):
    """A real table, a tree learnt on half of it; then the column that it leans on most is stuck."""
    data = table(name).sample(frac=1, random_state=1)
    x, y = data.iloc[:, :-1].to_numpy(float), data.iloc[:, -1].to_numpy()
    half = len(x) // 2
    model = DecisionTreeClassifier(max_depth=6, random_state=1).fit(x[:half], y[:half])
    stuck = x[half:].copy()
    column = int(np.argmax(model.feature_importances_))
    stuck[:, column] = np.median(x[:half, column])
    wrong = [(model.predict(rows) != y[half:]).astype(int) for rows in (x[half:], stuck)]
    return drawn(*wrong)


def concept(name):
    """A generator of river's: what its rows mean changes."""
    text = subprocess.run([PYTHON["river"], __file__] + sys.argv[1:4] + ["synth", name],
                          capture_output=True, text=True, check=True).stdout
    before, after = (np.array(json.loads(line)) for line in text.splitlines())
    model = DecisionTreeClassifier(max_depth=6, random_state=1).fit(before[:4000, :-1], before[:4000, -1])
    wrong = [(model.predict(rows[:, :-1]) != rows[:, -1]).astype(int) for rows in (before[4000:], after)]
    return drawn(*wrong)


def nannyml_alarms(wrong, reference=10000):
    truth = np.arange(len(wrong)) % 2  # both classes occur
    frame = pd.DataFrame({"y_true": truth, "y_pred": truth ^ np.asarray(wrong), "score": 0.5})
    calculator = nannyml.PerformanceCalculator(y_true="y_true", y_pred="y_pred", y_pred_proba="score",
                                               metrics=["accuracy"],
                                               problem_type="classification_binary")
    calculator.fit(frame[:reference])
    result = calculator.calculate(frame[reference:].reset_index(drop=True)).filter(period="analysis").to_df()
    ends = result[("chunk", "end_index")]
    return [reference + int(end) for end, alarm in zip(ends, result[("accuracy", "alert")]) if alarm]


def alarms(wrong):
    text = "".join(map(str, wrong))
    found = json.loads(subprocess.run([PYTHON["river"], __file__] + sys.argv[1:4] + ["river"], input=text,
                                      capture_output=True, text=True, check=True).stdout)
    for kind in "shift", "kswin":
        ours = subprocess.run([DUMP, kind, "1"], input="\n".join(text), capture_output=True, text=True,
                              check=True).stdout
        found[kind] = [int(line.split()[0]) for line in ours.splitlines() if "drift" in line]
    found["nannyml"] = nannyml_alarms(wrong)
    return found


STREAMS = [("car loan", "as it came", lambda: shipped("synthetic_car_loan", "repaid")),
           ("work from home", "as it came", lambda: shipped("synthetic_sample", "work_home_actual")),
           ("credit cards", "as it came", lambda: shipped("mc", "y_true")),
           ("employment", "others ask", employment)]
STREAMS += [(name, "stuck column", lambda name=name: broken(name)) for name in
            ("shuttle", "phishing", "segment", "banana")]
STREAMS += [(name, "new concept", lambda name=name: concept(name)) for name in
            ("SEA", "Agrawal", "Sine", "Mixed", "STAGGER")]
COLUMNS = ["shift"] + KINDS + ["nannyml"]
tally = {kind: [0, 0, 0] for kind in COLUMNS}
print("| stream | change | errors | " + " | ".join(COLUMNS) + " |")
print("| --- " * (3 + len(COLUMNS)) + "|")
for name, what, make in STREAMS:
    runs, delays, false, events = make(), {k: [] for k in COLUMNS}, dict.fromkeys(COLUMNS, 0), 0
    for before, after in runs:
        change = len(before)
        events += change
        for kind, places in alarms(np.concatenate([before, after])).items():
            false[kind] += sum(p < change for p in places)
            delays[kind].append(min((p - change + 1 for p in places if p >= change), default=float("inf")))
    rate = [100 * np.mean(np.concatenate([r[i] for r in runs])) for i in (0, 1)]
    delay = {k: statistics.median(delays[k]) for k in COLUMNS}
    cells = [f"{'-' if delay[k] == float('inf') else round(delay[k])} / {1e5 * false[k] / events:.3g}" for k in COLUMNS]
    print(f"| {name} | {what} | {rate[0]:.1f} % to {rate[1]:.1f} % | " + " | ".join(cells) + " |", flush=True)
    for k in COLUMNS[1:]:
        better = delay["shift"] < delay[k] and false["shift"] <= false[k]
        worse = delay["shift"] > delay[k] and false["shift"] >= false[k]
        tally[k][0 if better else 2 if worse else 1] += 1
print()
print("| shift against | faster, and no more false alarms | one of the two | slower, and no fewer false alarms |")
print("| --- | --- | --- | --- |")
for k in COLUMNS[1:]:
    print(f"| {k} | {tally[k][0]} | {tally[k][1]} | {tally[k][2]} |")
