#!/usr/bin/env bats
# Training run anew on what production taught: events joined with labels, the sandbox, the gates.
load common
load learning

setup() {
    cli_setup
    given_registry
    given_learner "$BATS_TEST_TMPDIR/project"
    mlops -q register "$BATS_TEST_TMPDIR/project"
    given_promoted fraud@1 production
    now=$(date +%s)
}

teardown() {
    [ -z "${watch:-}" ] || { kill "$watch" && wait "$watch"; } 2>/dev/null || true
    [ -z "${trainer:-}" ] || kill -KILL "$trainer" 2> /dev/null || true # stopped, where a test failed
}

# The world moved: fraud begins at 300 now, and all is alarmed at 100.
drifted() {
    traffic 1 $((now - 1200)) 1000 200
    mlops -q monitor ingest fraud events
    mlops -q monitor label fraud labels
}

@test "retrain learns from labelled events, and takes the new version to production" {
    drifted
    run --separate-stderr mlops --json retrain fraud
    ended 0
    jq -e '.due and .trained and .tested and .promoted and .created and .from == 1 and .version == 2 and
        .reached == "production" and .data.events == 1000 and .data.rows == 1000 and .trigger == "by hand"' <<<"$output"
    command=$(jq -r .command <<<"$output") sha=$(jq -r .data.sha256 <<<"$output")
    [ "$(mlops --json show fraud@production | jq .version)" = 2 ]
    # what it learnt, and from what
    mlops checkout fraud@2 out
    threshold=$(cat out/model/threshold)
    awk -v t="$threshold" 'BEGIN { exit !(t > 290 && t < 310) }'
    [ "$(sha256sum < out/data/train.csv | cut -d' ' -f1)" = "$sha" ]
    [ "$(head -1 out/data/train.csv)" = amount,city,y ]
    [ "$(sed -n 2p out/data/train.csv)" = 200,a,0 ]
    [ "$(wc -l < out/data/train.csv)" -eq 1001 ]
    # where it comes from stands with it and in the log
    mlops --json show fraud@2 | jq -e '.manifest.lineage.run | startswith("retrain-")'
    [ "$(mlops --json show fraud@2 | jq -r '.manifest.lineage.parents[0].bundle')" = "$(mlops --json show fraud@1 | jq -r .bundle)" ]
    mlops events | jq -se --arg sha "$sha" '[.[] | select(.action == "retrained")][0] |
        .version == 2 and .reason == "promoted" and .detail.data_sha256 == $sha'
    mlops log --verify
    # the same inputs, the same command line: the same bundle
    # shellcheck disable=SC2086 # the words of a command
    run --separate-stderr mlops --json ${command#mlops }
    ended 0
    jq -e '.version == 2 and (.created | not)' <<<"$output"
}

@test "a file in the place of events, a range of them, and the code of another version" {
    drifted
    awk 'BEGIN { print "amount,city,y"; for (i = 0; i < 100; i++) printf("%d,a,%d\n", i * 10, i >= 50) }' > new.csv
    run --separate-stderr mlops --json retrain fraud --data new.csv --no-promote
    ended 0
    jq -e '.version == 2 and .tested and (.promoted | not) and .reached == null' <<<"$output"
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
    since=$(date -u -d "@$((now - 700))" +%Y-%m-%dT%H:%M:%SZ)
    run --separate-stderr mlops --json retrain fraud --from fraud@2 --since "$since" --no-promote
    ended 0
    jq -e '.from == 2 and .version == 3 and .data.rows == 500' <<<"$output"
    run mlops retrain fraud --data missing.csv
    ended 3 "missing.csv"
    run mlops retrain fraud --runs
    ended 0 "triggers: none" "@2 -> @3  tested  by hand" "@1 -> @2" "failed"
}

@test "events that came twice, other stages and shadows teach nothing" {
    traffic 1 $((now - 600)) 300 0
    cat events events > twice
    sed 's/"version"/"shadow":true,"version"/; s/"id":"/"id":"s/' events > shadow
    sed 's/"version"/"stage":"staging","version"/; s/"id":"/"id":"t/' events > staging
    mlops -q monitor ingest fraud twice
    mlops -q monitor ingest fraud shadow
    mlops -q monitor ingest fraud staging
    head -200 labels > some
    mlops -q monitor label fraud some
    run --separate-stderr mlops --json retrain fraud --no-promote
    ended 0
    jq -e '.data.events == 300 and .data.rows == 200' <<<"$output"
}

@test "training that fails, a suite that fails and a gate that refuses are answers" {
    drifted
    printf 'amount,city,y\n1,a,0\n' > one.csv # no fraud in it: train.sh says no
    run --separate-stderr mlops --json retrain fraud --data one.csv
    ended 1
    jq -e '.version == null and (.trained | not) and (.message | startswith("training: "))' <<<"$output"
    awk 'BEGIN { print "amount,city,y"; for (i = 0; i < 100; i++) printf "%d,a,%d\n", i, i % 2 }' > noise.csv
    run --separate-stderr mlops --json retrain fraud --data noise.csv
    ended 1
    jq -e '.version == 2 and .trained and (.tested | not) and (.message | contains("holdout"))' <<<"$output"
    printf 'stages: {staging: , production: {from: staging for 1h}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run --separate-stderr mlops --json retrain fraud
    ended 1
    jq -e '.version == 3 and .tested and .reached == "staging" and (.promoted | not) and (.message | contains("production refuses it"))' <<<"$output"
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
    [ "$(mlops --json show fraud@staging | jq .version)" = 3 ]
    run mlops log fraud
    ended 0 "failed: training" "failed: tests" "refused: production refuses it"
}

@test "training is kept from the machine" {
    command -v bwrap > /dev/null || skip "bubblewrap is not installed"
    mlops --json doctor 2>/dev/null | grep -q '"full"' || mlops sandbox | grep -q full || skip "no full sandbox here"
    echo secret > "$HOME/secret"
    sed -i "2i cat '$HOME/secret' && exit 9" "$BATS_TEST_TMPDIR/project/train.sh"
    sed -i '2i (echo > /dev/tcp/127.0.0.1/1) 2>/dev/null; touch /etc/evil 2>/dev/null && exit 8' "$BATS_TEST_TMPDIR/project/train.sh"
    sed -i 's/^set -e$/true/' "$BATS_TEST_TMPDIR/project/train.sh"
    mlops -q register "$BATS_TEST_TMPDIR/project"
    given_promoted fraud@2 production
    drifted
    run --separate-stderr mlops --json retrain fraud --no-promote --strict
    ended 0
    jq -e '.trained' <<<"$output"
}

@test "a model is due when a trigger says so, and no limit forbids it" {
    run mlops retrain fraud --if-due
    ended 3 "no events"
    drifted
    run mlops retrain fraud --if-due
    ended 0 "not due: there are no triggers"
    run mlops retrain fraud --triggers 'labels=1001 cooldown=1h'
    ended 0 "are set"
    run mlops retrain fraud --if-due
    ended 0 "not due: no trigger says so"
    mlops -q monitor rule fraud 'moved=drift <= 0.1 over 1h'
    mlops -q retrain fraud --triggers 'drift cooldown=1h budget=4/30d'
    run mlops retrain fraud --if-due
    ended 0 "not due" # nobody has judged the rule yet
    run mlops monitor check fraud
    ended 1
    mlops -q monitor silence add fraud rule=moved --until 1h --reason 'known'
    run mlops retrain fraud --if-due
    ended 0 "not due: no trigger says so"
    mlops -q monitor silence remove fraud "$(mlops --json monitor silence list fraud | jq '.silences[0].id')"
    run --separate-stderr mlops --json retrain fraud --if-due
    ended 0
    jq -e '.due and .promoted and (.trigger | startswith("the alert moved is open: drift is"))' <<<"$output"
    run mlops monitor check fraud
    mlops -q retrain fraud --triggers 'labels=1 cooldown=1h'
    run mlops retrain fraud --if-due
    ended 0 "not due"
    mlops -q retrain fraud --triggers 'every=1ms cooldown=0 budget=1/30d'
    run mlops retrain fraud --if-due
    ended 0 "the budget is spent"
    mlops -q retrain fraud --triggers 'every=1ms cooldown=1h'
    run mlops retrain fraud --if-due
    ended 0 "cooldown"
    mlops -q retrain fraud --triggers 'every=1ms cooldown=0'
    run --separate-stderr mlops --json retrain fraud --if-due
    jq -e '.due and (.trigger | startswith("it was trained"))' <<<"$output"
    mlops -q retrain fraud --triggers ''
    run mlops retrain fraud --if-due
    ended 0 "there are no triggers"
    mlops log --verify
}

@test "what cannot be trained is refused with what to do" {
    run mlops retrain ghost
    ended 3
    run mlops retrain fraud
    ended 3 "no events"
    run mlops retrain fraud --triggers 'drfit'
    ended 2 "did you mean 'drift'?"
    run mlops retrain fraud --triggers 'labels'
    ended 2 "'labels' is no trigger without a value" "labels=5000"
    run mlops retrain fraud --triggers 'drift=5'
    ended 2 "'drift' takes no value"
    run mlops retrain fraud --triggers 'cooldown=1d'
    ended 2 "limits alone"
    run mlops retrain fraud --triggers 'drift labels=0'
    ended 2
    run mlops retrain fraud --triggers 'drift budget=4'
    ended 2 "4/30d"
    traffic 1 $((now - 600)) 100 0
    mlops -q monitor ingest fraud events
    run mlops retrain fraud
    ended 1 "no event of that time has a label"
    given_project "$BATS_TEST_TMPDIR/other" other
    mlops -q register "$BATS_TEST_TMPDIR/other"
    given_promoted other@1 production
    run mlops retrain other --data labels
    ended 2 "does not say how it is trained"
}

# shadowed COUNT: the first requests of ten minutes, which the champion answered, answered in the
# shadow by version 2, which knows the new limit.
shadowed() {
    traffic 1 $((now - 1200)) "$1" 200
    sed 's/"version":1/"version":2,"shadow":true/' events |
        awk '{ match($0, /"amount":[0-9]+/); a = substr($0, RSTART + 9, RLENGTH - 9)
            sub(/"score":[0-9.]+/, "\"score\":" (a >= 300 ? 0.9 : 0.1)); print }' > shadow
    mlops -q monitor ingest fraud shadow
}

@test "what was trained waits beside the champion until it has shown itself the better" {
    printf 'stages:\n  staging:\n  production:\n    challenge: {verdict: better, by: accuracy}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops retrain fraud --decide
    ended 0 "no version of fraud waits"
    drifted
    run --separate-stderr mlops --json retrain fraud
    ended 1
    jq -e '.version == 2 and .reached == "staging" and (.promoted | not) and
        (.message | contains("not compared with @1"))' <<<"$output"
    run mlops retrain fraud --decide
    ended 1 "fraud@2 waits: fraud@2 has not answered beside fraud@1"
    shadowed 20
    run mlops retrain fraud --decide
    ended 1 "fraud@2 waits: nothing can be said by accuracy: 20 labelled events"
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
    shadowed 600
    run --separate-stderr mlops --json retrain fraud --decide
    ended 0
    jq -e '.waiting and .promoted and .version == 2 and .champion == 1 and .verdict == "better"' <<<"$output"
    [ "$(mlops --json show fraud@production | jq .version)" = 2 ]
    mlops --json retrain fraud --runs | jq -e '.runs[0].status == "promoted"'
    run mlops retrain fraud --decide
    ended 0 "no version of fraud waits"
    mlops log --verify
}

# challenged TRIGGERS: version 2 was trained and waits, beside a policy that wants it better.
challenged() {
    printf 'stages:\n  staging:\n  production:\n    challenge: {verdict: better, by: accuracy}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    mlops -q retrain fraud --triggers "$1"
    drifted
    run mlops retrain fraud
    ended 1
}

@test "it is compared at the time that was said, and not before" {
    challenged drift
    run mlops retrain fraud --decide --if-due
    ended 0 "fraud@2 waits: the triggers do not say when"
    mlops -q retrain fraud --triggers 'drift decide=7d'
    shadowed 600
    run --separate-stderr mlops --json retrain fraud --decide --if-due
    ended 0
    jq -e '.waiting and (.due | not) and (.promoted | not) and (.message | startswith("it is compared from 2"))' <<<"$output"
}

# evened COUNT: answered in the shadow by version 2 as the champion did.
evened() {
    traffic 1 $((now - 1200)) "$1" 200
    sed 's/"version":1/"version":2,"shadow":true/' events > shadow
    mlops -q monitor ingest fraud shadow
}

@test "what is compared at its time is over with, and what cannot be said yet is asked later" {
    challenged 'drift decide=1ms'
    evened 20
    run mlops retrain fraud --decide --if-due
    ended 1 "fraud@2 waits: nothing can be said by accuracy: 20 labelled events"
    mlops --json retrain fraud --runs | jq -e '.runs[0].status == "refused"'
    evened 600
    run mlops retrain fraud --decide --if-due
    ended 1 "fraud@2 waits: by accuracy +0.0"
    mlops --json retrain fraud --runs | jq -e '.runs[0].status == "compared"'
    run mlops retrain fraud --decide --if-due
    ended 0 "no version of fraud waits"
    run mlops retrain fraud --decide
    ended 1 "fraud@2 waits: by accuracy"
    run mlops log fraud
    ended 0 "refused: nothing can be said" "compared: by accuracy"
}

@test "one whose tests failed does not wait, however good its answers are" {
    drifted
    printf 'stages:\n  production: {challenge: {verdict: better, by: accuracy}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    awk 'BEGIN { print "amount,city,y"; for (i = 0; i < 100; i++) printf "%d,a,%d\n", i, i % 2 }' > noise.csv
    run --separate-stderr mlops --json retrain fraud --data noise.csv
    ended 1
    jq -e '.version == 2 and (.tested | not)' <<<"$output"
    shadowed 600
    run mlops retrain fraud --decide
    ended 0 "no version of fraud waits"
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
}

@test "the watch compares what waits when its time has come" {
    challenged 'labels=100000 decide=1s'
    shadowed 600
    mlops monitor watch fraud --auto-retrain --tick 1s > said 2>&1 3>&- &
    watch=$!
    until_true grep -q 'compared: ' said
    kill -TERM "$watch"
    wait "$watch"
    grep -x 'compared: version 2 is in production: by accuracy +0.5.*' said
    [ "$(grep -c 'compared: ' said)" = 1 ]
    [ "$(mlops --json show fraud@production | jq .version)" = 2 ]
    mlops --json retrain fraud --runs | jq -e '.runs[0].status == "promoted"'
    mlops log --verify
}

# training_waits: training on data with the city "wait" says that it began, and goes on once it may. That of
# all else does as ever.
training_waits() {
    # shellcheck disable=SC2016 # for the shell of the project
    sed -i '2i if grep -q ,wait, data/train.csv; then touch began; until [ -e go ]; do sleep 0.05; done; fi' \
        "$BATS_TEST_TMPDIR/project/train.sh"
    mlops -q register "$BATS_TEST_TMPDIR/project"
    given_promoted fraud@2 production
    drifted
    awk 'BEGIN { print "amount,city,y"; for (i = 0; i < 100; i++) printf("%d,a,%d\n", i * 10, i >= 50) }' > new.csv
    sed 's/,a,/,wait,/' new.csv > wait.csv
}

# given_training: one, the process $trainer, that says what it does in ./said and trains in $tree, until it is
# ended or finds $tree/go.
given_training() {
    mlops retrain fraud --data wait.csv --no-promote > said 2>&1 3>&- &
    trainer=$!
    until_true has_begun
    tree=$(dirname "$(find .mlops/tmp -name began)")
}

has_begun() {
    find .mlops/tmp -name began | grep .
}

# statuses: of all runs, the newest first.
statuses() {
    mlops --json retrain fraud --runs | jq -r '[.runs[].status] | join(" ")'
}

@test "one at a time, and one that was killed keeps nobody waiting" {
    training_waits
    given_training
    run mlops retrain fraud --data new.csv --no-promote
    ended 4 "1 run already, at most 1 may"
    [ "$(statuses)" = running ]
    kill -KILL "$trainer"
    wait "$trainer" || [ $? -eq 137 ]
    trainer=
    [ "$(statuses)" = lost ]
    run mlops retrain fraud --data new.csv --no-promote
    ended 0
    [ "$(statuses)" = "tested lost" ]
    run mlops log fraud
    ended 0 "lost: its process is gone"
    mlops log --verify
}

@test "who was stopped and lost the place registers nothing once it goes on" {
    training_waits
    given_training
    kill -STOP "$trainer"
    sqlite3 .mlops/registry.db "UPDATE retrain_run SET lease_ns = 1" # as when time goes by
    run mlops retrain fraud --data new.csv --no-promote
    ended 0
    [ "$(statuses)" = "tested lost" ]
    versions=$(mlops --json list fraud) entries=$(mlops events | wc -l)
    touch "$tree/go"
    kill -CONT "$trainer"
    code=0
    wait "$trainer" || code=$?
    trainer=
    [ "$code" -eq 4 ]
    [ "$(grep -c '^mlops: ' said)" = 1 ]
    grep -q '^mlops: retrain: run [0-9]* of fraud was taken for dead, and lost its place: it ends here$' said
    [ "$(mlops --json list fraud)" = "$versions" ]
    [ "$(mlops events | wc -l)" = "$entries" ]
    [ "$(statuses)" = "tested lost" ]
    mlops log --verify
}

@test "who was stopped for long goes on where nobody took the place" {
    training_waits
    given_training
    kill -STOP "$trainer"
    sqlite3 .mlops/registry.db "UPDATE retrain_run SET lease_ns = 1"
    touch "$tree/go"
    kill -CONT "$trainer"
    wait "$trainer"
    trainer=
    [ "$(statuses)" = tested ]
}
