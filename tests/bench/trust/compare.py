#!/usr/bin/env python3
"""Our scanner beside picklescan, modelscan and fickling, on the same files.

    compare.py MLOPS PYTHON FOLDER RUNS

PYTHON is of a virtual environment with picklescan, modelscan, fickling and typing_extensions (which
fickling 0.1.12 imports and does not ask for); FOLDER gets the files:
the malicious and harmless pickles of tests/trust/make_pickles.py, the corpora of the other scanners
as tests/trust/corpora.py makes them anew, and 1 GiB of model files for the time. RUNS 0 leaves
the time out. Prints tables; judges nothing.
"""
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

JUDGE = """
import sys, os, warnings
warnings.filterwarnings("ignore")
tool, files = sys.argv[1], sys.stdin.read().split("\\n")
for path in files:
    try:
        if tool == "picklescan":
            from picklescan.scanner import scan_file_path
            r = scan_file_path(path)
            verdict = "found" if r.infected_files or r.issues_count else "error" if r.scan_err or not r.scanned_files else "clean"
        elif tool == "modelscan":
            from modelscan.modelscan import ModelScan
            from pathlib import Path
            r = ModelScan().scan(Path(path))
            verdict = "found" if r["issues"] else "error" if r["errors"] or r["summary"]["skipped"]["total_skipped"] else "clean"
        else:
            from fickling.fickle import StackedPickle
            from fickling.analysis import check_safety, Severity
            with open(path, "rb") as f:
                ps = StackedPickle.load(f, fail_on_decode_error=False)
            verdict = "found" if any(check_safety(p).severity > Severity.LIKELY_SAFE for p in ps) else "clean"
    except BaseException as e:
        verdict = "error"
    print(path, verdict, sep="\\t", file=sys.stderr)
"""


sys.path.insert(0, f"{HERE}/../../trust")
import corpora  # noqa: E402
import make_pickles  # noqa: E402


def cases():
    """name, bytes, and whether it is malicious; what is neither is left out."""
    for name, body, allowed, _ in make_pickles.CASES:
        if allowed == ["safe"] or "unsafe" in allowed:
            yield name if "." in name[-5:] else name + ".pkl", body, allowed != ["safe"]


def corpus(name):
    for path, body, kind in corpora.FILES:
        if path.startswith(name + "/"):
            yield path, body, kind == corpora.MALICIOUS


def ours(mlops, files):
    done = subprocess.run([mlops, "--json", "scan", *files], capture_output=True, text=True)
    worst = {}
    order = ["safe", "unknown", "unreadable", "unsafe"]
    for f in json.loads(done.stdout)["findings"]:
        name = f["file"].split("!")[0]
        worst[name] = max(worst.get(name, 0), order.index(f["verdict"]))
    answer = {0: "clean", order.index("unsafe"): "found"}
    return {name: answer.get(worst.get(name, 0), "error") for name in files}


def theirs(python, tool, files):
    done = subprocess.run([python, "-c", JUDGE, tool], input="\n".join(files), capture_output=True,
                          text=True)
    return dict(line.split("\t") for line in done.stderr.split("\n") if line.count("\t") == 1)


def detection(mlops, python, folder, title, files):
    good, bad = [], []
    for name, body, malicious in files:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(body)
        (bad if malicious else good).append(path)
    print(f"\n{title}: ", end="")
    print(f"{len(bad)} malicious files, {len(good)} harmless ones\n")
    print("| | malicious: found | called clean | not judged | harmless: found |")
    print("| --- | --- | --- | --- | --- |")
    for tool in ("mlops", "picklescan", "modelscan", "fickling"):
        got = ours(mlops, bad + good) if tool == "mlops" else theirs(python, tool, bad + good)
        row = [sum(got.get(p, "error") == v for p in bad) for v in ("found", "clean", "error")]
        print(f"| {tool} | {row[0]} | {row[1]} | {row[2]} | "
              f"{sum(got.get(p, 'error') == 'found' for p in good)} |")


MAKE = """
import sys, os, pickle, collections
import numpy as np
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
r = np.random.default_rng(0)
for i in range(5):
    np.savez(f"{folder}/arrays{i}.npz", a=r.normal(size=4 << 20).astype("f4"), b=r.normal(size=4 << 20).astype("f4"))
    np.save(f"{folder}/array{i}.npy", r.normal(size=8 << 20).astype("f4"))
    import joblib
    joblib.dump({"w": r.normal(size=4 << 20)}, f"{folder}/model{i}.joblib")
    with open(f"{folder}/weights{i}.pkl", "wb") as out:
        pickle.dump(collections.OrderedDict((f"layer{j}", r.normal(size=1 << 20).astype("f4")) for j in range(8)), out, 4)
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
X, y = make_classification(20000, 20, random_state=0)
for i in range(6):
    joblib.dump(RandomForestClassifier(60, random_state=i).fit(X, y), f"{folder}/forest{i}.joblib")
    with open(f"{folder}/forest{i}.pkl", "wb") as out:
        pickle.dump(RandomForestClassifier(60, random_state=i).fit(X, y), out)
from sklearn.feature_extraction.text import TfidfVectorizer
for i in range(3):  # a million words: many opcodes, few bytes of arrays
    words = np.random.default_rng(i).integers(0, 1 << 40, 1000000)
    with open(f"{folder}/words{i}.pkl", "wb") as out:
        pickle.dump(TfidfVectorizer().fit([" ".join(f"w{x:x}" for x in words)]), out)
"""


def rate(mlops, python, folder, runs):
    if not os.path.exists(folder):
        subprocess.run([python, "-c", MAKE, folder], check=True)
    files = [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
    total = sum(os.path.getsize(f) for f in files)
    commands = {
        "reading (cat)": ["sh", "-c", 'cat "$@" > /dev/null', "sh", *files],
        "mlops": [mlops, "scan", folder],
        "picklescan": [python, "-m", "picklescan", "-p", folder],
        "modelscan": [os.path.join(os.path.dirname(python), "modelscan"), "-p", folder],
    }
    times = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            begun = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times[name].append(time.monotonic() - begun)
    print(f"\n{len(files)} model files, {total / 1e6:.0f} MB, medians of {runs}\n")
    print("| | seconds | MB/s |\n| --- | --- | --- |")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"| {name} | {median:.2f} | {total / 1e6 / median:.0f} |")


def main():
    mlops, python, folder, runs = (os.path.abspath(sys.argv[1]), sys.argv[2],
                                   os.path.abspath(sys.argv[3]), int(sys.argv[4]))
    detection(mlops, python, folder + "/cases", "our own cases", cases())
    for name in ("picklescan", "modelscan", "fickling"):
        detection(mlops, python, folder, f"the corpus of {name}, made anew", corpus(name))
    if runs:
        rate(mlops, python, folder + "/models", runs)


main()
