#!/usr/bin/env bats
# The story that all of this is for: a model in production, a drift at hour T, and what happens within
# two hours of its time and a minute of ours, without anybody doing anything.
load common
load learning

setup() {
    cli_setup
    export MLOPS_ACTOR=watch@payments
    given_registry
    given_learner "$BATS_TEST_TMPDIR/project"
    mlops -q register "$BATS_TEST_TMPDIR/project"
    given_promoted fraud@1 production
    mkdir -p .mlops/hooks
    printf '#!/bin/sh\njq -r .text >> "%s/told"\n' "$PWD" > .mlops/hooks/page-me
    chmod 755 .mlops/hooks/page-me
    mlops -q monitor notify add fraud exec page-me
    began=$(($(date +%s) - 7200))
    : > stream
    started=
}

teardown() {
    for process in $started; do { kill "$process" && wait "$process"; } 2>/dev/null || true; done
}

watching() {
    : > said # its own redirection comes later, and another's port may stand there
    mlops monitor watch fraud stream --replay --tick 200ms --listen 0 "$@" > out 2> said 3>&- &
    watch=$!
    started+=" $watch"
    until_true grep 'at port ' said
    port=$(sed -n 's/.*at port \([0-9]*\),.*/\1/p' said)
}

# play FROM TO [LABELS [UNTIL]]: minutes FROM to TO, of an event a second each, are played back two at a time,
# LABELS true: with labels four minutes later, and not beyond what makes UNTIL true. Of minute N `version_at N`
# prints the version that answers, `shift_at N` the shift of amounts and the limit by which it does.
play() {
    local from
    for ((minute = $1; minute < $2; minute += 2)); do
        ! eval "${4-false}" > /dev/null || return 0
        from=$((began + minute * 60))
        traffic $(version_at "$minute") "$from" 120 $(shift_at "$minute")
        cat events >> stream
        mv labels "labels.$minute"
        ! "${3-false}" || [ ! -e "labels.$((minute - 4))" ] || mlops -q monitor label fraud "labels.$((minute - 4))"
        sleep 0.15
        keep_up
    done
}

# keep_up: the watch has counted all but the last ten minutes, and judged since.
keep_up() {
    local since
    since=$(date +%s.%N)
    until_true counted $(($(wc -l < stream) - 600))
    until_true judged "$since"
}

counted() {
    [ "$1" -le 0 ] || [ "$(mlops --json monitor status fraud | jq .counts.received)" -ge "$1" ]
}

judged() {
    curl -sf "http://127.0.0.1:$port/metrics" | awk -v since="$1" '
        $1 ~ /^mlops_watch_check_timestamp_seconds/ { after = $2 > since } END { exit !after }'
}

in_production() {
    mlops --json show fraud@production | jq -e ".version == $1"
}

@test "version 2 sends amounts in cents: within minutes the stage is back, and the right feature is named" {
    # 2 is trained as 1 is; what is wrong with it is the service around it
    sed -i '1i # round 2' "$BATS_TEST_TMPDIR/project/train.sh"
    mlops -q register "$BATS_TEST_TMPDIR/project"
    mlops -q monitor rule fraud 'moved=drift <= 0.1 over 20m severity critical'
    version_at() { echo "$holder"; }
    shift_at() { [ "$holder" = 1 ] && echo 0 || echo 9900; }
    holder=1
    watching --auto-rollback
    play 0 70
    given_promoted fraud@2 production # T: ten minutes after the first hour
    holder=2
    play 70 90
    until_true in_production 1
    holder=1
    play 90 120
    until_true grep -q 'resolved: moved' said
    kill -TERM "$watch"
    wait "$watch"

    grep 'open: moved, fraud@2 in production: drift is 0.5.*; moved: amount: ' said
    run -1 grep 'moved: .*city' said
    grep -c '^rolled back: production of fraud from @2 to @1, for the alert moved$' said | grep -x 1
    run -0 mlops monitor alerts fraud
    ended 0 "no alerts are open"
    # what people were told, and what the log has
    grep -x 'likely cause: amount: .*' told
    grep -x 'roll back: mlops rollback fraud --stage production --if-alerting' told
    mlops events | jq -r 'select(.model == "fraud") | [.action, .version // 0] | join(" ")' > actions
    sed -n '/^promote 2$/,$p' actions | grep -v evidence | tr '\n' ',' | grep '^promote 2,alert 2,rollback 1,resolve 2,$' ||
        { cat actions; false; }
    opened=$(mlops --json monitor alerts fraud --all | jq -r '.alerts[0].opened | sub("\\..*Z"; "Z") | fromdate')
    [ $((opened - (began + 70 * 60))) -le 1200 ] # of its time: within 20 minutes of the drift
    mlops log --verify
}

@test "the world changes: the model is trained anew, passes, replaces the old one, and the alerts end" {
    mlops -q monitor rule fraud 'moved=drift <= 0.1 over 20m'
    mlops -q monitor rule fraud 'wrong=accuracy >= 0.8 over 20m for 10m'
    mlops -q retrain fraud --triggers 'performance cooldown=2s data=15m'
    version_at() { [ "$(mlops --json show fraud@production | jq .version)" = 1 ] && echo 1 || echo 2; }
    # from T on amounts are 200 more, and fraud begins at 300; version 1 alarms from 100 on, 2 from 300
    shift_at() {
        if [ "$1" -lt 60 ]; then echo 0 100
        elif in_production 1 > /dev/null; then echo 200 100
        else echo 200 300; fi
    }
    began=$((began - 3600)) # as much more as it may take on a slow machine
    watching --auto-retrain
    play 0 60 true
    play 60 180 true "grep -q 'training fraud' said" # within two hours
    until_true in_production 2
    play "$minute" "$((minute + 20))" true # so much at least
    play "$minute" 180 true "grep -q 'resolved: wrong' said && grep -q 'resolved: moved' said"
    until_true grep -q 'resolved: wrong' said
    until_true grep -q 'resolved: moved' said
    kill -TERM "$watch"
    wait "$watch"

    grep 'open: moved, fraud@1 in production: drift is .*; moved: amount: ' said
    grep 'open: wrong, fraud@1 in production: accuracy is ' said
    grep 'training fraud from @1: the alert wrong is open: accuracy is ' said
    grep 'retrained: version 2 is in production' said
    mlops checkout fraud@2 new
    awk '{ exit !($1 > 290 && $1 < 310) }' new/model/threshold
    run --separate-stderr mlops --json monitor status fraud --version 2 --since 10m
    ended 0
    jq -e '.groups[0].performance.accuracy.value > 0.95 and .groups[0].against_training.share == 0' <<<"$output"
    run mlops monitor alerts fraud
    ended 0 "no alerts are open"
    mlops events | jq -r 'select(.model == "fraud") | [.action, .version // 0] | join(" ")' > actions
    grep -E '^(alert|retrain|register|test|promote|retrained|resolve) ' actions | tr '\n' ' ' |
        grep 'alert 1 .*retrain 1 .*register 2 .*promote 2 .*retrained 2 .*resolve 1' || { cat actions; false; }
    mlops log --verify
}
