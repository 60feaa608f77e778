"""A stream of events through the real commands, in the time of the events: live.py MLOPS FOLDER [HOURS]
Elec2 (packaged.py fetches it into FOLDER), half hour after half hour from 7 May 1996 to 5 December 1998:
each HOURS (24) of it `monitor ingest` takes in what happened, `monitor label` what became known of the HOURS
before, and `monitor check --at` judges the rules as of then. Needs pandas and scikit-learn.
Printed: how many times faster than it happened, what each command took, and when alerts opened."""
import csv, datetime, json, os, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packaged

MLOPS, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HOURS = int(sys.argv[3]) if len(sys.argv) > 3 else 24
START, STEP = datetime.datetime(1996, 5, 7, tzinfo=datetime.timezone.utc), datetime.timedelta(minutes=30)
LEARNT = 4000
RULES = ["changed=shift < 1 over 7d", "moved=drift <= 0.3 over 7d", "wrong=accuracy >= 0.65 over 7d"]

tables = packaged.folder(FOLDER)
if tables is None:
    print("skipped: Elec2's package cannot be had from PyPI")
    sys.exit(77)
import numpy as np, pandas as pd
from sklearn.tree import DecisionTreeClassifier

data = pd.read_csv(os.path.join(tables, "elec.csv"))
data.columns = ["period", "nsw_price", "nsw_demand", "vic_price", "vic_demand", "transfer", "up"]
x, y = data.iloc[:, :-1].to_numpy(), data["up"].to_numpy()
scores = DecisionTreeClassifier(max_depth=6, random_state=1).fit(x[:LEARNT], y[:LEARNT]).predict_proba(x)[:, 1]
joined = int(np.argmax((x[:, 3:] != x[0, 3:]).any(axis=1)))


def at(event):
    return (START + event * STEP).strftime("%Y-%m-%dT%H:%M:%SZ")


def mlops(*words, expect=(0,), stdin=None):
    began = time.perf_counter()
    done = subprocess.run([MLOPS, "-C", place, *words], input=stdin, capture_output=True, text=True)
    spent[words[1]] = spent.get(words[1], []) + [time.perf_counter() - began]
    if done.returncode not in expect:
        sys.exit(f"{words}: {done.returncode}\n{done.stderr}")
    return done.stdout


spent = {}
with tempfile.TemporaryDirectory(prefix="live-") as place:
    with open(os.path.join(place, "train.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(list(data.columns) + ["ts"])
        writer.writerows([*map(repr, map(float, x[i])), y[i], at(i)] for i in range(LEARNT))
    with open(os.path.join(place, "mlops.yaml"), "w") as file:
        file.write("model: elec2\ndata:\n  train: {path: train.csv, target: up, time: ts, role: reference}\n")
    with open(os.path.join(place, "policy.yaml"), "w") as file:
        file.write("stages: {production: }\n")
    for words in (["init"], ["package", "--register"], ["policy", "set", "elec2", os.path.join(place, "policy.yaml")],
                  ["promote", "elec2@1", "--to", "production"]):
        mlops(*words, stdin="") if len(words) > 1 else subprocess.run([MLOPS, "-C", place, "init"], check=True,
                                                                      capture_output=True)
    for rule in RULES:
        mlops("monitor", "rule", "elec2", rule)
    spent.clear()
    batch, opened, open_now, events, labelled = 2 * HOURS, [], set(), os.path.join(place, "e"), os.path.join(place, "l")
    spent_on = {"ingest": [], "label": [], "check": []}
    began = time.perf_counter()
    for first in range(LEARNT, len(x), batch):
        last = min(first + batch, len(x))
        with open(events, "w") as file:
            for i in range(first, last):
                file.write(json.dumps({"time": at(i), "id": str(i), "version": 1, "score": round(float(scores[i]), 6),
                                       "prediction": int(scores[i] >= 0.5), "latency_ms": 1,
                                       "features": dict(zip(data.columns[:-1], map(float, x[i])))}) + "\n")
        with open(labelled, "w") as file:
            file.writelines(json.dumps({"id": str(i), "label": int(y[i]), "time": at(first)}) + "\n"
                            for i in range(max(first - batch, LEARNT), first))
        for words, expect in ((["ingest", "elec2", events], (0,)), (["label", "elec2", labelled], (0,)),
                              (["check", "elec2", "--at", at(last)], (0, 1))):
            if words[0] == "label" and first == LEARNT:
                continue
            t = time.perf_counter()
            done = subprocess.run([MLOPS, "-C", place, "--json", "monitor", *words], capture_output=True, text=True)
            spent_on[words[0]].append(time.perf_counter() - t)
            if done.returncode not in expect:
                sys.exit(f"{words}: {done.returncode}\n{done.stderr}")
        alerts = {a["rule"]: a for a in json.loads(done.stdout)["alerts"] if a["state"] == "open"}
        opened += [(rule, last) for rule in alerts if rule not in open_now]
        open_now = set(alerts)
    seconds = time.perf_counter() - began
    happened = (len(x) - LEARNT) * STEP.total_seconds()
    kept = mlops("monitor", "status", "elec2", "--since", "1d")

print(f"{len(x) - LEARNT} events of {happened / 86400:.0f} days in {seconds:.1f} s, {len(spent_on['check'])} times "
      f"ingest, label, check: {happened / seconds:,.0f} x real time")
print("median of each: " + ", ".join(f"{what} {1000 * statistics.median(times):.0f} ms" for what, times in spent_on.items()))
print(f"Victoria joins the market at event {joined}, {at(joined)}")
for rule in (r.split("=")[0] for r in RULES):
    places = [place for r, place in opened if r == rule]
    after = [place for place in places if place > joined]
    print(f"{rule}: opened {sum(place <= joined for place in places)} times in the {(joined - LEARNT) / 48:.0f} days before, "
          f"{len(after)} in the {(len(x) - joined) / 48:.0f} after"
          + (f", the first {(after[0] - joined) / 48:.1f} days after, at {at(after[0])}" if after else ""))
