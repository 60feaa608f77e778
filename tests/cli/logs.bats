#!/usr/bin/env bats
# What suites printed and predicted is kept with the evidence, and read again.
load session

setup() {
    session
    mlops -q init
}

given_talkative() {
    project
    cat > p/mlops.yaml <<'YAML'
model: fraud
code: [score.sh, talk.sh]
data:
  train: {path: data/train.csv, target: is_fraud, role: reference}
tests:
  talk: {kind: unit, run: sh talk.sh}
  loud: {kind: unit, run: yes and so on, limits: {output: 20 KB}}
  holdout:
    kind: performance
    run: sh score.sh data/train.csv predictions.csv
    predictions: predictions.csv
    score: p
    label: is_fraud
YAML
    printf 'printf "to the one\\n\\377\\033[31mred"; echo to the other >&2; exit %s\n' "${1:-0}" > p/talk.sh
    mlops -q register p
}

@test "what a suite printed comes back byte by byte, each stream on its own" {
    given_talkative
    mlops -q test fraud --suite talk
    mlops show fraud --log talk > out 2> err
    printf 'to the one\n\377\033[31mred' | cmp - out
    [ "$(cat err)" = "to the other" ]
}

@test "it is there for suites that failed, too, and for results that are cached" {
    given_talkative 3
    run mlops -q test fraud --suite talk
    [ "$status" -eq 1 ]
    [ "$(mlops show fraud --log talk 2>&1 >/dev/null)" = "to the other" ]
    mlops -q test fraud --suite holdout
    mlops --json test fraud --suite holdout > again.json
    jq -e '.suites[] | select(.name == "holdout") | .cached and .logs.cut == false' again.json
    [ "$(jq -r '.suites[] | select(.name == "holdout") | .predictions.sha256' again.json)" = \
      "$(mlops show fraud --predictions holdout | sha256sum | cut -d' ' -f1)" ]
}

@test "predictions come back as they were judged, and JSON has the digests" {
    given_talkative
    mlops --json test fraud --suite holdout > test.json
    mlops show fraud --predictions holdout > predictions.csv
    [ "$(jq -r '.suites[] | select(.name == "holdout") | .predictions.sha256' test.json)" = \
      "$(sha256sum < predictions.csv | cut -d' ' -f1)" ]
    head -1 predictions.csv | grep -q is_fraud
    mlops --json show fraud --log holdout > show.json
    jq -e '.log.suite == "holdout" and .log.status == "passed" and .log.logs.stdout.bytes == 0 and
        .log.predictions.sha256 == (.evidence[-1].body.predictions.sha256)' show.json
    jq -e '.log == null' <<<"$(mlops --json show fraud)"
}

@test "a suite that printed more than it may is cut there, and that is said" {
    given_talkative
    run mlops -q test fraud --suite loud
    [ "$status" -eq 1 ]
    run --separate-stderr mlops show fraud --log loud
    [ "$status" -eq 0 ]
    [ "${#output}" -gt 15000 ]
    [ "${#output}" -le 20000 ]
    [[ "$stderr" == *"printed more than its limit"* ]]
    jq -e '.log.logs.cut' <<<"$(mlops --json show fraud --log loud)"
}

@test "what was never run or never predicted is not there" {
    given_talkative
    run mlops show fraud --log talk
    [ "$status" -eq 3 ]
    mlops -q test fraud --suite talk
    run mlops show fraud --log talkk
    [ "$status" -eq 3 ]
    [[ "$output" == *"there is some of talk"* ]]
    run mlops show fraud --predictions talk
    [ "$status" -eq 3 ]
    [[ "$output" == *"no predictions of 'talk' are kept"* ]]
}

@test "evidence says where a suite ran and what it saw, and no secrets" {
    given_talkative
    SECRET_TOKEN=hush LANG=C.UTF-8 mlops -q test fraud --suite talk
    mlops --json show fraud > show.json
    jq -e '.evidence[-1].body.environment | .machine == "'"$(uname -m)"'" and .processors > 0 and
        (.system | length) > 0 and .kernel == "'"$(uname -r)"'" and .mlops != "" and
        .variables.LANG == "C.UTF-8" and .variables.MLOPS_SUITE == "talk" and
        (.variables | has("PATH"))' show.json
    ! grep -q hush show.json
}

@test "gc keeps what evidence speaks of, and lets it go with the version" {
    given_talkative
    mlops -q test fraud --suite holdout --suite talk
    mlops show fraud --predictions holdout > before.csv
    mlops -q gc --grace 0
    mlops -q fsck
    mlops show fraud --predictions holdout | cmp - before.csv
    mlops -q delete fraud@1 --reason "no more"
    mlops -q gc --grace 0
    [ "$(sqlite3 .mlops/registry.db 'SELECT count(*) FROM kept')" = 0 ]
    mlops -q fsck
    mlops -q package p
    mlops -q restore fraud@1
    mlops -q fsck
    run mlops show fraud --predictions holdout
    [ "$status" -eq 3 ]
}

@test "what evidence speaks of and is damaged is found, and got from a copy" {
    given_talkative
    mlops -q test fraud --suite holdout
    given_copy copy
    digest=$(mlops --json show fraud --predictions holdout | jq -r .log.predictions.sha256)
    pack=$(find .mlops/objects/packs/ -name '*.pack' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
    chmod u+w "$pack"
    mv "$pack" "$pack.gone"
    run mlops fsck
    [ "$status" -eq 5 ]
    [[ "$output" == *"predictions of evidence 1"* ]]
    mlops -q fsck --repair copy
    [ "$(mlops show fraud --predictions holdout | sha256sum | cut -d' ' -f1)" = "$digest" ]
}
