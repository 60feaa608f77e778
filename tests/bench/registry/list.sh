#!/usr/bin/env bash
# How long finding and showing versions takes in a registry of 10,000 versions with 50 metrics and
# 10 parameters each, beside sqlite3 reading one indexed column of the same rows, and `git log` of
# 10,000 commits. Prints; judges nothing. Making it takes a few minutes.
#   tests/bench/registry/list.sh [MLOPS [RUNS [VERSIONS]]]
set -eu
mlops=$(realpath "${1:-build/release/mlops}")
runs=${2:-20}
count=${3:-10000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# One version by mlops itself; the others as rows after its example: packaging 10,000 folders, each
# made durable, measures the disk.
"$mlops" init > /dev/null
mkdir project
printf 'model: fraud\nparams: params.json\nmetrics: metrics.json\n' > project/mlops.yaml
python3 - <<'PY'
import json
json.dump({f"p{i}": i for i in range(10)}, open("project/params.json", "w"))
json.dump({f"m{i}": i / 100 for i in range(50)}, open("project/metrics.json", "w"))
PY
"$mlops" -q register project > /dev/null
python3 - "$count" <<'PY'
import random, sqlite3, sys
random.seed(7)
db = sqlite3.connect(".mlops/registry.db")
count = int(sys.argv[1])
for n in range(2, count + 1):
    bundle = "sha256:" + "%064x" % random.getrandbits(256)
    db.execute("INSERT INTO bundle (id, model, files, bytes, created_ns, created_by, packaged_ns) "
               "SELECT ?, model, files, bytes, created_ns + ?, created_by, packaged_ns FROM bundle LIMIT 1",
               (bundle, n * 10**9))
    db.execute("INSERT INTO version (model, number, bundle, created_ns, created_by) "
               "SELECT model, ?, ?, created_ns + ?, created_by FROM version WHERE number = 1",
               (n, bundle, n * 10**9))
    rows = [("fraud", n, f"metrics.m{i}", "float", random.random()) for i in range(50)]
    rows += [("fraud", n, f"params.p{i}", "int", random.randrange(100)) for i in range(10)]
    db.executemany("INSERT INTO fact (model, number, name, kind, amount) VALUES (?, ?, ?, ?, ?)", rows)
db.execute("UPDATE model SET last_number = ?", (count,))
db.commit()
PY
git init -q -b main repository
for i in $(seq "$count"); do
    printf 'commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n' "$i"
done | git -C repository fast-import --quiet

median() {
    for _ in $(seq "$runs"); do
        local from=$EPOCHREALTIME
        "$@" > /dev/null
        local to=$EPOCHREALTIME
        echo $((${to/./} - ${from/./}))
    done | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}'
}
base=$(median git -C repository log --oneline -n 10000)
row() {
    awk -v name="$1" -v ms="$2" -v base="$base" 'BEGIN {printf "%-62s %7.1f ms  %5.2f x git log\n", name, ms, ms / base}'
}
echo "$count versions, $(du -h .mlops/registry.db | cut -f 1) of database; git log of as many commits: $base ms"
row "list --where 'metrics.m7 > 0.99'" "$(median "$mlops" list fraud --where 'metrics.m7 > 0.99')"
row "list --where (3 fields) --sort -metrics.m7 --limit 10" \
    "$(median "$mlops" list fraud --where 'metrics.m7 > 0.9 and params.p3 <= 50 and not metrics.m9 < 0.5' --sort -metrics.m7 --limit 10)"
row "list --where (10 fields)" "$(median "$mlops" list fraud --where \
    'metrics.m0>0.5 and metrics.m1>0.5 and metrics.m2>0.5 and metrics.m3>0.5 and metrics.m4>0.5 and metrics.m5>0.5 and metrics.m6>0.5 and metrics.m7>0.5 and metrics.m8>0.5 and metrics.m9>0.5')"
row "list (all of them)" "$(median "$mlops" list fraud)"
row "show fraud@1" "$(median "$mlops" show fraud@1)"
