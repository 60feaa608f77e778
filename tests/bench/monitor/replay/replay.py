"""Change detectors on streams of errors with a change at a known place: replay.py DETECTORS_DUMP
RIVER_VENV NANNYML_VENV FOLDER
The venvs are those of interop.detectors and interop.drift_tools, which make them; packaged streams are
fetched into FOLDER. A model is right or wrong on each event; a detector sees that and nothing else. Printed
for each stream: events until the first alarm after the change (median of the runs; '-': none in most of
them) and alarms before it per 100,000 events. river's detectors at their defaults (KSWIN by our own, which
says the same event by event in a tenth of the time: interop.detectors), NannyML's realised accuracy at its
defaults (ten chunks of reference and of the rest, alarms outside three standard deviations), and ours,
'shift'."""
import json, os, statistics, subprocess, sys
import venvs

DUMP, RIVER, NANNYML, FOLDER = map(os.path.abspath, sys.argv[1:5])
PYTHON = venvs.enter(RIVER, NANNYML)

import warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd, nannyml
import packaged, streams

KINDS = ["adwin", "ddm", "eddm", "hddm-a", "hddm-w", "kswin", "page-hinkley"]
COLUMNS = ["shift"] + KINDS + ["nannyml"]
IN_RIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "in_river.py")
LIB = next(p for p in (os.path.join(RIVER, "lib", d, "site-packages", "river", "datasets")
                       for d in os.listdir(os.path.join(RIVER, "lib"))) if os.path.isdir(p))


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
    found = json.loads(subprocess.run([PYTHON["river"], IN_RIVER, "detect"], input=text, capture_output=True,
                                      text=True, check=True).stdout)
    for kind in "shift", "kswin":
        ours = subprocess.run([DUMP, kind, "1"], input="\n".join(text), capture_output=True, text=True,
                              check=True).stdout
        found[kind] = [int(line.split()[0]) for line in ours.splitlines() if "drift" in line]
    found["nannyml"] = nannyml_alarms(wrong)
    return found


tables = packaged.folder(FOLDER)
if tables is None:
    print("without Elec2, weather and forest: their package cannot be had from PyPI\n")
tally = {kind: [0, 0, 0] for kind in COLUMNS}
print("| stream | change | errors | " + " | ".join(COLUMNS) + " |")
print("| --- " * (3 + len(COLUMNS)) + "|")
for stream in streams.all_streams(LIB, PYTHON["river"], tables):
    runs, delays, false, events = stream.make(), {k: [] for k in COLUMNS}, dict.fromkeys(COLUMNS, 0), 0
    for before, after in runs:
        change = len(before.wrong)
        events += change
        for kind, places in alarms(np.concatenate([before.wrong, after.wrong])).items():
            false[kind] += sum(p < change for p in places)
            delays[kind].append(min((p - change + 1 for p in places if p >= change), default=float("inf")))
    rate = [100 * np.mean(np.concatenate([r[i].wrong for r in runs])) for i in (0, 1)]
    delay = {k: statistics.median(delays[k]) for k in COLUMNS}
    cells = [f"{'-' if delay[k] == float('inf') else round(delay[k])} / {1e5 * false[k] / events:.3g}" for k in COLUMNS]
    print(f"| {stream.name} | {stream.what} | {rate[0]:.1f} % to {rate[1]:.1f} % | " + " | ".join(cells) + " |",
          flush=True)
    for k in COLUMNS[1:]:
        better = delay["shift"] < delay[k] and false["shift"] <= false[k]
        worse = delay["shift"] > delay[k] and false["shift"] >= false[k]
        tally[k][0 if better else 2 if worse else 1] += 1
print()
print("| shift against | faster, and no more false alarms | one of the two | slower, and no fewer false alarms |")
print("| --- | --- | --- | --- |")
for k in COLUMNS[1:]:
    print(f"| {k} | {tally[k][0]} | {tally[k][1]} | {tally[k][2]} |")
