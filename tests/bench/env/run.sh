#!/bin/sh
# How long 'mlops env capture' takes with 500 distributions, each of 100 files, beside the same by
# Python's own importlib.metadata: tests/bench/env/run.sh [MLOPS] (build/release/mlops).
set -eu
mlops=$(realpath "${1:-build/release/mlops}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$work" <<'PY'
import os, sys
venv = sys.argv[1] + "/venv"
site = venv + "/lib/python3.11/site-packages"
os.makedirs(site)
open(venv + "/pyvenv.cfg", "w").write("version = 3.11.7\n")
for i in range(500):
    info = f"{site}/package_{i}-1.{i}.dist-info"
    os.mkdir(info)
    open(info + "/METADATA", "w").write(f"Metadata-Version: 2.1\nName: package-{i}\nVersion: 1.{i}\n\n" + "text\n" * 2000)
    open(info + "/RECORD", "w").write("".join(f"package_{i}/file_{j}.py,sha256={j:043d},{j}\n" for j in range(100)))
PY
python3 - "$mlops" "$work" <<'PY'
import statistics, subprocess, sys, time
mlops, work = sys.argv[1:]
read = "import importlib.metadata as m, sys\nfor d in m.distributions(path=[sys.argv[1]]): d.metadata['Name'], d.version, len(d.read_text('RECORD'))"
def median(command):
    times = []
    for _ in range(11):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)
ours = median([mlops, "-q", "env", "capture", "--venv", work + "/venv"])
theirs = median([sys.executable, "-c", read, work + "/venv/lib/python3.11/site-packages"])
print(f"500 distributions: mlops env capture {ours:.0f} ms, importlib.metadata {theirs:.0f} ms, ratio {ours / theirs:.2f}")
PY
