#!/usr/bin/env bats
# Data tests: suites of the kind `data`, which mlops runs itself (docs/data-tests.md).
load session

setup() {
    session
    mlops -q init
    given_data
}

# rows FROM COUNT: a table of that many rows, numbered from there.
rows() {
    awk -v from="$1" -v count="$2" 'BEGIN {
        srand(from); split("DE FR PL", countries, " "); print "id,amount,country,email,ts,is_fraud"
        for (i = from; i < from + count; i++)
            printf "%d,%.2f,%s,u%d@example.com,2026-05-%02dT%02d:00:00Z,%d\n", i, exp(rand() * 5),
                countries[1 + int(rand() * 3)], int(rand() * 500), 1 + i % 28, i % 24, rand() < 0.1
    }'
}

# 600 rows to train on; `fresh`, 300 further ones of the same kind; and a suite that passes on them.
given_data() {
    mkdir -p p/data
    rows 1 600 > p/data/train.csv
    rows 601 300 > p/data/fresh.csv
    cat > p/mlops.yaml <<'EOF'
model: fraud
data:
  train: {path: data/train.csv, target: is_fraud, time: ts, role: reference}
  fresh: {path: data/fresh.csv, target: is_fraud, time: ts, role: evaluation}
tests:
  fresh-data:
    kind: data
    data: fresh
    schema: train
    rows: {min: 100, max: 10000}
    columns:
      id:      {type: integer, not_null: true, unique: true}
      amount:  {type: float, min: 0, max: 1000, missing: 1%}
      country: {accepted_values: [DE, FR, PL]}
      email:   {matches: '^[^@ ]+@[^@ ]+$'}
      ts:      {type: time}
    skew: {against: train, except: [id, email]}
    leakage: {against: train}
EOF
}

# expectation NAME: that of the last `mlops --json test`, whose name begins so.
expectation() {
    jq -c --arg name "$1" '.suites[0].expectations[] | select(.name | startswith($name))' <<<"$output"
}

# fails NAME DETAIL: after a change to fresh.csv, this expectation alone is not met, and says this.
fails() {
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    [ "$(jq -r '[.suites[0].expectations[] | select(.met | not) | .name] | join("; ")' <<<"$output")" = "$1" ]
    [ "$(expectation "$1" | jq -r .detail)" = "$2" ]
}

@test "what is as expected passes, each expectation with its figures, and is not read again" {
    mlops -q register p
    run mlops test fraud
    [ "$status" -eq 0 ]
    [[ "$output" =~ ok\ +fresh-data\ +data.*13\ passed ]]
    [[ "$output" =~ id:\ unique\ +met\ +none\ of\ 300\ rows\ repeat\ an\ earlier\ one ]]
    [[ "$output" =~ no\ drift\ from\ train\ +met\ +none\ of\ 2\ columns\ drifted ]]
    run mlops --json test fraud
    [ "$(jq -c '[.suites[0].cached, .suites[0].tests.passed, .suites[0].expectations[0].met]' <<<"$output")" = '[true,13,true]' ]
    [ "$(jq -r .sandbox <<<"$output")" = full ]
    # neither the environment nor the machine decides
    LANG=de_DE.UTF-8 PATH=$PATH:/tmp run mlops --json test fraud
    [ "$(jq .suites[0].cached <<<"$output")" = true ]
}

@test "each kind of fault is found, with its line and what stands there" {
    sed -i '5s/^\([0-9]*\),[^,]*/\1,-3.5/' p/data/fresh.csv
    fails 'amount: from 0 to 1000' "1 of 300 values are not (0.333 %): '-3.5' in line 5"
    given_data
    sed -i '7s/@/ at /' p/data/fresh.csv
    fails 'email: matches ^[^@ ]+@[^@ ]+$' "1 of 300 values are not (0.333 %): '$(sed -n 7p p/data/fresh.csv | cut -d , -f 4)' in line 7"
    given_data
    sed -i '9s/,\(DE\|FR\|PL\),/,UK,/' p/data/fresh.csv
    fails 'country: one of DE, FR, PL' "1 of 300 values are not (0.333 %): 'UK' in line 9"
    given_data
    sed -i '11s/^[0-9]*/601/' p/data/fresh.csv
    fails 'id: unique' "1 of 300 rows repeat an earlier one (0.333 %): '601' in line 11"
    given_data
    sed -i '2,9s/^\([0-9]*\),[^,]*/\1,/' p/data/fresh.csv
    fails 'amount: at most 1 % missing' '8 of 300 rows have none (2.67 %): line 2, line 3, line 4, line 5, line 6, …'
    given_data
    sed -n 4p p/data/train.csv >> p/data/fresh.csv
    fails 'no row is in train, by all columns' \
        "1 of 301 rows are in data/train.csv (0.332 %): '$(sed -n 4p p/data/train.csv | sed 's/,/, /g' | cut -c 1-40)...' in line 302"
}

@test "columns that are other than those of the snapshot before are told by name" {
    sed -i '1s/country/land/' p/data/fresh.csv
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    [ "$(expectation 'columns and types' | jq -r .detail)" = "lacks 'country'; has besides 'land'" ]
    [ "$(expectation country | jq -r .detail)" = "data/fresh.csv has no column 'country'" ]
    [ "$(expectation 'no drift' | jq -r .detail)" = "1 of 2 columns drifted: 'country' is not there" ]
}

@test "a column that has drifted from the training data is named, with what moved" {
    awk -F , -v OFS=, 'NR > 1 {$2 = $2 * 3 + 100} 1' p/data/fresh.csv > new && mv new p/data/fresh.csv
    sed -i 's/max: 1000,/max: 10000,/' p/mlops.yaml
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    [[ "$(expectation 'no drift' | jq -r .detail)" == "1 of 2 columns drifted: 'amount' ks "*median* ]]
    run mlops --json drift fraud --current p/data/fresh.csv # which says the same
    [ "$(jq '.columns[] | select(.name == "amount") | .drift' <<<"$output")" = true ]
    [ "$(jq '.columns[] | select(.name == "country") | .drift' <<<"$output")" = false ]
}

@test "leakage by a key, with a share that is tolerated" {
    sed -i 's/leakage: .*/leakage: {against: train, by: [id], max_share: 1%}/' p/mlops.yaml
    sed -i '2s/^601/17.0/;3s/^602/18/;4s/^603/19/' p/data/fresh.csv
    mlops -q register p
    run mlops --json test fraud
    [ "$(expectation 'at most 1 % of the rows are in train, by id' | jq -c '[.met, .judged, .unexpected]')" = '[true,300,3]' ]
    sed -i '5s/^604/20/' p/data/fresh.csv
    mlops -q register p
    run mlops --json test fraud
    [ "$(expectation 'at most 1 %' | jq -c '[.met, .unexpected, [.examples[].line]]')" = '[false,4,[2,3,4,5]]' ]
}

@test "columns that go together otherwise are no less skewed than one that moved" {
    (head -n 1 p/data/fresh.csv; paste -d , <(tail -n +2 p/data/fresh.csv | cut -d , -f 1) \
        <(tail -n +2 p/data/fresh.csv | cut -d , -f 2 | sort -g) \
        <(tail -n +2 p/data/fresh.csv | cut -d , -f 3 | sort) \
        <(tail -n +2 p/data/fresh.csv | cut -d , -f 4-)) > fresh.csv
    mv fresh.csv p/data/fresh.csv
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    [[ "$(expectation 'no drift' | jq -r .detail)" == "none of 2 columns drifted, but 'amount' and 'country' go together otherwise, correlation "* ]]
}

@test "what was fresh when it passed is looked at again when it may be so no more" {
    sed -i '/skew/d;/leakage/d;/schema/d;s/ts: .*/ts: {max_age: 0s}/' p/mlops.yaml
    sed -i 's/time: ts, role: evaluation/role: evaluation/;s/^  train.*//;s/, role: reference//' p/mlops.yaml
    for seconds in 4 20 80; do # so that it is tested in time on a slow machine, too
        now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
        rows 601 300 | sed 's/2026-05-/2020-05-/' | sed "2s/2020-05-[^,]*/$now/" > p/data/fresh.csv
        sed -i "s/max_age: [0-9]*s/max_age: ${seconds}s/" p/mlops.yaml
        mlops -q register p
        run mlops --json test fraud
        [ "$status" -ne 0 ] || break
    done
    [ "$status" -eq 0 ]
    [ "$(expectation ts: | jq -r .detail)" = "the newest is of $now, 0.0 days ago" ]
    sleep "$((seconds + 1))"
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    [ "$(jq .suites[0].cached <<<"$output")" = false ]
    [ "$(expectation ts: | jq .met)" = false ]
}

@test "each expectation is a test case of JUnit, a row of Markdown, and evidence" {
    sed -i '9s/,\(DE\|FR\|PL\),/,UK,/' p/data/fresh.csv
    mlops -q register p
    run mlops test fraud --junit junit.xml --markdown summary.md
    [ "$status" -eq 1 ]
    [[ "$output" == *"1 of 13 expectations are not met: country: one of DE, FR, PL (1 of 300 values are not (0.333 %): 'UK' in line 9)"* ]]
    xmllint --noout --schema "$SOURCE_ROOT/tests/data/junit/junit-10.xsd" junit.xml
    value() { xmllint --xpath "string($1)" junit.xml; }
    [ "$(value /testsuites/testsuite/@tests)" = 14 ]
    [ "$(value /testsuites/testsuite/@failures)" = 1 ]
    [ "$(value '//testcase[@classname="fraud.data.fresh-data"]/failure/@type')" = expectation ]
    [[ "$(value '//testcase[@name="country: one of DE, FR, PL"]/failure')" == *"'UK' in line 9"* ]]
    grep -F "country: one of DE, FR, PL |" summary.md | grep -qF "'UK' in line 9 |"
    evidence=$(mlops --json show fraud | jq -c '[.evidence[] | select(.name == "fresh-data")][-1]')
    [ "$(jq -r .status <<<"$evidence")" = failed ]
    [ "$(jq -c '.body.expectations[] | select(.met | not) | [.unexpected, .examples[0].line, .examples[0].value]' <<<"$evidence")" = '[1,9,"UK"]' ]
}

@test "a gate can demand data suites" {
    printf 'stages:\n  production:\n    tests: {kinds: [data]}\n' > policy.yaml
    mlops -q register p
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"fresh-data was never run"* ]]
    mlops -q test fraud
    mlops -q promote fraud --to production
    sed -i '/^tests:/,$d' p/mlops.yaml
    mlops -q register p
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"the bundle has no data suite"* ]]
}

@test "suites that run commands can need data suites, and are looked after beside them" {
    sed -i '9s/,\(DE\|FR\|PL\),/,UK,/' p/data/fresh.csv
    cat >> p/mlops.yaml <<'EOF'
  after: {kind: unit, needs: fresh-data, run: exit 0}
  beside: {kind: unit, run: exit 0}
EOF
    mlops -q register p
    run mlops --json test fraud -j 3
    [ "$(jq -r '[.suites[].status] | join(" ")' <<<"$output")" = 'failed skipped passed passed' ]
}

@test "promoting judges again what is expected of data, by what is recorded" {
    mlops -q register p
    printf 'stages: {production: {requirements: met}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *'nothing of fresh-data is recorded'* ]]
    mlops -q test fraud > /dev/null
    run mlops --json promote fraud --to production --dry-run
    [ "$status" -eq 0 ]
    count=$(jq '[.suites[0].expectations[]] | length' <<<"$(mlops --json test fraud --no-cache)")
    [ "$(jq -r '.gates[0].evidence[0]' <<<"$output")" = "fresh-data: $count of $count expectations are met" ]
    [ "$(jq -r '.gates[0].detail' <<<"$output")" = "$count of $count requirements met" ]
    sed -i '2,$s/^\([^,]*,\)[^,]*/\1-5/' p/data/fresh.csv
    mlops -q register p
    mlops -q test fraud > /dev/null || true
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *'fresh-data: amount: from 0 to 1000 is NOT met: '* ]]
}
