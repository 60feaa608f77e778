#!/usr/bin/env bash
# story.sh MLOPS [MIB MB]: a trained model's folder (a model of 1024 MiB, 300 MB of data) to live on
# a host that follows production: registered, tested in the sandbox, scanned, signed, in staging,
# approved by two people, in production, laid out, verified and switched. Then a second version of
# which a hundredth changed, and a rollback. Prints seconds, and where they went.
#
# The host is another folder on the same machine: nothing here measures a network.
set -eu
mlops=$(realpath "$1") mib=${2:-1024} mb=${3:-300}
work=$(mktemp -d)
trap '[ -z "${follower:-}" ] || kill "$follower" || true; rm -rf "$work"' EXIT
cd "$work"
export MLOPS_KEYS=$work/keys MLOPS_ACTOR=ana@example.com
unset MLOPS_REGISTRY

mkdir -p p/model p/data
printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
    "{'descr': '|u1', 'fortran_order': False, 'shape': ($((mib * 1048576)),), }" > p/model/weights.npy
head -c "${mib}M" /dev/urandom >> p/model/weights.npy
awk -v bytes=$((mb * 1000000)) 'BEGIN {
    srand(7); print "id,amount,country,score,is_fraud"
    for (n = 0; size < bytes; n++) {
        y = rand() < 0.02
        line = sprintf("%d,%.2f,%s,%.4f,%d", n, rand() * 900, substr("defrit", 1 + 2 * int(rand() * 3), 2),
                       y ? 0.4 + rand() * 0.6 : rand() * 0.6, y)
        print line; size += length(line) + 1
    }
}' > p/data/train.csv
(head -1 p/data/train.csv; tail -n 20000 p/data/train.csv) > p/data/holdout.csv
cat > p/mlops.yaml <<'YAML'
model: fraud
artifacts: [model/]
data:
  train: {path: data/train.csv, target: is_fraud, role: reference}
  holdout: {path: data/holdout.csv, target: is_fraud, role: evaluation}
tests:
  unit: {kind: unit, run: "test -s model/weights.npy"}
  pipeline: {kind: integration, run: "head -c 4096 model/weights.npy | grep -q NUMPY"}
  holdout:
    kind: performance
    run: cp data/holdout.csv predictions.csv
    predictions: predictions.csv
    score: score
    label: is_fraud
    require: {auc: ">= 0.8"}
deploy: {health: "test -s model/weights.npy", keep: 3}
YAML
cat > policy.yaml <<'YAML'
stages:
  staging: {tests: all, requirements: met}
  production: {tests: all, requirements: met, scan: safe, signed: author, approvals: 2, from: staging}
YAML

"$mlops" -q init
for who in ana bob cy; do "$mlops" -q key generate --no-passphrase $who > keys.out; done
"$mlops" -q trust add bob --role approver --owner bob
"$mlops" -q trust add cy --role approver --owner cy
"$mlops" -q trust add ana --role author --role releaser --owner ana
"$mlops" -q policy set --default policy.yaml --key ana
"$mlops" --json deploy fraud@production host --follow > follow.out 2>&1 &
follower=$!
sync

now() { date +%s.%N; }
# step NAME COMMAND…: run it, and say how long it took.
step() {
    local name=$1 from
    shift
    from=$(now)
    "$@" > step.out 2>&1 || { cat step.out; exit 1; }
    awk -v name="$name" -v from="$from" -v to="$(now)" \
        'BEGIN { printf "  %-34s %7.2f s\n", name, to - from }'
}
# live N: wait for version N to be live on the host.
live() {
    local id
    id=$("$mlops" --json show "fraud@$1" | jq -r .bundle)
    until [ "$(readlink host/current)" = "releases/${id#sha256:}" ] &&
        tail -n 1 follow.out | jq -e ".event == \"live\" and .version == $1" > live.out 2>&1; do
        sleep 0.01
    done
}
# switched N: wait for the link alone.
switched() {
    until [ "$(readlink host/current)" = "releases/$1" ]; do sleep 0.005; done
}
release() {
    step "package and register" "$mlops" register p
    step "tests, in the sandbox" "$mlops" test "fraud@$1"
    step "scan" "$mlops" scan "fraud@$1"
    step "signature" "$mlops" sign "fraud@$1" --key ana
    step "staging" "$mlops" promote "fraud@$1" --to staging
    step "approval of bob" "$mlops" approve "fraud@$1" --for production --key bob
    step "approval of cy" "$mlops" approve "fraud@$1" --for production --key cy
    step "production" "$mlops" promote "fraud@$1" --to production
    step "live on the host that follows" live "$1"
}
total() {
    awk -v name="$1" -v from="$2" -v to="$(now)" 'BEGIN { printf "%-36s %7.2f s\n", name, to - from }'
}

echo "version 1: a model of $mib MiB, $mb MB of data"
from=$(now)
release 1
total "folder to live" "$from"

head -c "$((mib * 1048576 / 100))" /dev/urandom |
    dd of=p/model/weights.npy bs=1M seek=$((mib / 3)) conv=notrunc status=none
sync
echo "version 2: a hundredth of the model changed"
from=$(now)
release 2
total "folder to live" "$from"

first=$("$mlops" --json show fraud@1 | jq -r .bundle)
from=$(now)
"$mlops" -q rollback fraud --reason 'bench'
done_at=$(now)
switched "${first#sha256:}"
awk -v from="$from" -v done_at="$done_at" -v to="$(now)" 'BEGIN {
    printf "rollback to the switched link: %.2f s, of which the command %.2f s\n", to - from, done_at - from }'
live 1
tail -n 1 follow.out | jq -r '"  verifying what lay there: \(.layout_seconds) s, the switch \(.switch_seconds) s"'
