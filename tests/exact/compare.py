"""mlops' windows against a batch recomputation: compare.py MLOPS MAKE_STREAM BATCH_ORACLE [COUNT
[DAYS [MINUTES [PREFIX...]]]]

Works in the present folder, where a registry with fraud@1 and fraud@2 is. A day of traffic goes into
mlops and into the oracle, then the next; labels every fifth day. At the end every window that mlops
keeps must say what the oracle says: counts exactly, shares to rounding, Brier's score to 1e-8 (it is
kept in fixed point), latency quantiles within 1 % of the exact ones. PREFIX comes before what is
heavy (a nice, a lock). The oracle needs 40 bytes of memory an event.
"""

import csv
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone

MLOPS, MAKE, ORACLE = sys.argv[1:4]
COUNT, DAYS, MINUTES = (int(a) for a in (sys.argv[4:7] + ["100000", "40", "5"][len(sys.argv[4:7]):]))
PREFIX = sys.argv[7:]
SEED = os.environ.get("MLOPS_SEED", "1")
LABEL_EVERY = 5
LAST = DAYS + 31  # labels come a month after the last event
EXACT = ["events", "errors", "labelled"]
ROUNDED = {"positives": 1e-12, "score_mean": 1e-9, "accuracy": 1e-12, "precision": 1e-12,
           "recall": 1e-12, "fpr": 1e-12, "brier": 1e-8}
QUANTILES = ["latency_p50", "latency_p90", "latency_p99", "latency_p999"]

oracle = subprocess.Popen([ORACLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(command):
    oracle.stdin.write(command + "\n")
    oracle.stdin.flush()
    return json.loads(oracle.stdout.readline().removeprefix("done "))


def make(path, *arguments):
    with open(path, "w") as out:
        subprocess.run([*PREFIX, MAKE, arguments[0], SEED, str(COUNT), str(DAYS), str(MINUTES),
                        *map(str, arguments[1:])], stdout=out, check=True)


def mlops(*arguments):
    done = subprocess.run([*PREFIX, MLOPS, "--json", "monitor", *arguments], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def windows(text, seconds):
    found = {}
    for row in csv.DictReader(text.splitlines()):
        if int(row.get("seconds", seconds)) != seconds:
            continue
        start = row["start"]
        if not start.isdigit():
            start = datetime.fromisoformat(start.replace("Z", "+00:00")).astimezone(timezone.utc)
            start = str(int(start.timestamp()))
        found[start, row["version"], row["segment"], row["shadow"]] = row
    return found


worst = dict.fromkeys([*ROUNDED, *QUANTILES], 0.0)


def compare(ours, theirs, seconds):
    since = min(int(key[0]) for key in ours)
    theirs = {key: row for key, row in theirs.items() if int(key[0]) >= since}
    assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())[:5]
    for key, row in ours.items():
        other = theirs[key]
        for name in EXACT:
            assert int(float(row[name])) == int(other[name]), (seconds, key, name, row, other)
        for name in [*ROUNDED, *QUANTILES]:
            assert (row[name] == "") == (other[name] == ""), (seconds, key, name, row, other)
            if row[name] == "":
                continue
            error = abs(float(row[name]) - float(other[name]))
            if name in QUANTILES and float(other[name]) > 0:
                error /= float(other[name])
            worst[name] = max(worst[name], error)
            assert error <= ROUNDED.get(name, 0.01), (seconds, key, name, row, other)


began, spent, size = time.time(), {"ingest": 0.0, "label": 0.0}, 0
totals = {}
labelled = 0
for day in range(LAST + 1):
    if day < DAYS + 13:
        make("piece", "events", day)
        size += os.path.getsize("piece")
        at = time.time()
        for key, value in json.loads(mlops("ingest", "fraud", "piece", "--keep-raw", "1d")).items():
            if key != "model":
                totals[key] = totals.get(key, 0) + value
        spent["ingest"] += time.time() - at
        theirs = ask("events piece")
        assert totals == theirs, (day, totals, theirs)
    if (day + 1) % LABEL_EVERY == 0 or day == LAST:
        make("piece", "labels", day // LABEL_EVERY * LABEL_EVERY, day + 1)
        if open("piece").read().count("\n") == 1:
            continue  # nothing became known
        at = time.time()
        labelled += json.loads(mlops("label", "fraud", "piece"))["received"]
        spent["label"] += time.time() - at
        ask("labels piece")
        print(f"day {day}: {totals['counted']} events, {labelled} labels, "
              f"{time.time() - began:.0f} s", flush=True)

compared = {}
for seconds, since in ((86400, f"{DAYS + 60}d"), (3600, "2d"), (60, "1h")):
    ask(f"report {seconds} windows")
    exported = mlops("export", "fraud", "--format", "csv", "--since", since)
    ours = windows(json.loads(exported)["text"], seconds)
    compared[seconds] = len(ours)
    compare(ours, windows(open("windows").read(), seconds), seconds)
assert all(compared.values()), compared
print(f"{totals}\n{labelled} labels; {compared} windows by their seconds agree; "
      f"worst differences {worst}")
print(f"{size} bytes of JSON; ingest {spent['ingest']:.0f} s, label {spent['label']:.0f} s, all "
      f"{time.time() - began:.0f} s")
