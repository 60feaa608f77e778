#!/usr/bin/env bash
# How long promote with ten gates, rollback, proofs and the verification of the log take: on 10,000
# versions and 100,000 log entries, and on 1,000,000 entries. Prints the median of RUNS runs of the
# whole program, beside `mlops --version` and a `git commit` and `git update-ref` in a repository of
# 1,000 commits; judges nothing.
#   tests/bench/release/run.sh [MLOPS [RUNS]]        (MAKE: the program that makes the registries)
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
mlops=$(realpath "${1:-$root/build/release/mlops}")
runs=${2:-15}
make=${MAKE:-$(dirname "$mlops")/tests/make_registry}
work=$(mktemp -d "${TMPDIR:-/tmp}/bench-release-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export MLOPS_KEYS=$work/keys MLOPS_ACTOR=ana

# ms COMMAND…: the median of RUNS runs, in milliseconds
ms() {
    local i start
    for i in $(seq "$runs"); do
        start=$(date +%s%N)
        "$@" >out 2>&1 || { cat out >&2; return 1; }
        echo $((($(date +%s%N) - start) / 1000))
    done | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}'
}
line() { printf '%-58s %9s ms\n' "$1" "$2"; }

project() {
    mkdir -p p
    cat > p/mlops.yaml <<'YAML'
model: fraud
code: [predict.sh]
environment: requirements.lock
tests:
  unit: {kind: unit, run: "true"}
  holdout: {kind: performance, run: sh predict.sh, predictions: p.csv, score: s, label: y,
            require: {auc: ">= 0.6"}}
YAML
    echo 'printf "s,y\n0.1,0\n0.9,1\n0.2,0\n0.8,1\n" > p.csv' > p/predict.sh
    echo 'numpy==1.0' > p/requirements.lock
}

policy() {
    cat > policy.yaml <<'YAML'
stages:
  staging:
  production:
    tests: all
    requirements: met
    metrics: {auc: ">= 0.7"}
    scan: safe
    signed: author
    approvals: 2
    from: staging
    git: clean
    environment: pinned
    windows: [daily 00:00-24:00 UTC]
YAML
}

mlops() { "$mlops" "$@"; }
mlops -q init
"$make" . 10000 99900
project
policy
(cd p && git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm one)
for who in ana bob cy; do mlops -q key generate --no-passphrase $who > /dev/null; done
mlops -q trust add bob --role approver --owner bob
mlops -q trust add cy --role approver --owner cy
mlops -q trust add ana --role author --role releaser --owner ana
mlops -q policy set --default policy.yaml --key ana
for n in 1 2; do
    echo "echo $n > /dev/null" >> p/predict.sh
    git -C p -c user.name=a -c user.email=a@b commit -qam "$n"
    mlops -q register p > /dev/null
    mlops -q test "fraud@$n" > /dev/null
    mlops -q sign "fraud@$n" --key ana
    for who in bob cy; do mlops -q approve "fraud@$n" --for production --key $who; done
done
# a freeze that holds is a gate that is asked; this one has ended
mlops -q freeze fraud --reason past --key ana && mlops -q unfreeze fraud --key ana
mlops -q promote fraud@1 --to staging
mlops -q promote fraud@1 --to production
mlops -q promote fraud@2 --to staging
mlops promote fraud@2 --to production --dry-run | grep -c '  ok ' | sed 's/$/ gates, all open/'

line "mlops --version" "$(ms mlops --version)"
line "promote --dry-run, all gates" "$(ms mlops promote fraud@2 --to production --dry-run)"
promote_and_back() {
    for i in $(seq "$runs"); do
        start=$(date +%s%N)
        mlops -q promote fraud@2 --to production >/dev/null 2>&1
        middle=$(date +%s%N)
        mlops -q rollback fraud > /dev/null 2>&1
        end=$(date +%s%N)
        echo $(((middle - start) / 1000)) $(((end - middle) / 1000))
        for who in bob cy; do mlops -q approve fraud@2 --for production --key $who; done
    done > times
    line "promote" "$(cut -d ' ' -f 1 times | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}')"
    line "rollback" "$(cut -d ' ' -f 2 times | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}')"
}
promote_and_back
mlops log --checkpoint > kept
line "log --prove 5000" "$(ms mlops log --prove 5000)"
line "log --since CHECKPOINT" "$(ms mlops log --since kept)"
line "fsync of a file of 4 KiB (dd)" "$(ms dd if=/dev/zero of=f bs=4k count=1 conv=fsync)"

rm -rf .mlops && mlops -q init
"$make" . 0 1000000
runs=3
line "log --verify, 1,000,000 entries" "$(ms mlops log --verify)"
runs=${2:-15}
line "log --prove 500000, of 1,000,000 entries" "$(ms mlops log --prove 500000)"
head -c 300000000 /dev/zero > zeros
line "sha256sum of as many bytes (300 MB), for comparison" "$(ms sha256sum zeros)"
