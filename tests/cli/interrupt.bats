#!/usr/bin/env bats
# One Ctrl-C at a terminal, in the middle of what takes long: it ends, and nothing is left behind. That of
# suites is in framework.bats and sandbox.bats.
load session

setup() {
    session
    nap="sleep 7$((RANDOM % 9000 + 1000)).$RANDOM"
}

teardown() {
    [ -z "${silent:-}" ] || kill "$silent" 2>/dev/null || true
}

ctrl_c() {
    python3 "$BATS_TEST_DIRNAME/ctrl_c.py" "$@"
}

# given_silence: $port is that of a server that takes connections, makes a file of it, and says nothing.
given_silence() {
    export connected=$BATS_TEST_TMPDIR/connected
    : > ../port # the server's own redirection comes later
    python3 -c '
import os, socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
taken = []
while True:
    taken.append(server.accept())
    open(os.environ["connected"], "w").close()' > ../port 3>&- &
    silent=$!
    until_true test -s ../port
    port=$(cat ../port)
}

@test "a profile of what is typed ends while it waits for rows" {
    run ctrl_c 'ls /proc/$PID/task | grep -c . | grep -qx 2' mlops profile --stream -o kept
    ended 130 "stopped by a signal"
    [ -z "$(ls -A)" ]
}

@test "events, labels and days of a series are waited for no longer" {
    given_registered fraud@1
    mkfifo pipe
    for command in "ingest fraud" "label fraud -" "business add fraud revenue -" "ingest fraud pipe"; do
        run ctrl_c 'ls -l /proc/$PID/fd | grep -q registry.db && sleep 0.3' mlops monitor $command
        ended 130 "stopped by a signal"
    done
    run ctrl_c 'ls -l /proc/$PID/fd | grep -q /pipe$ && sleep 0.3' mlops monitor watch fraud pipe
    ended 0
    [ "$(mlops --json log | jq '[.entries[] | select(.action == "series")] | length')" = 0 ]
}

@test "what follows the log ends between two looks" {
    given_registered fraud@1
    run ctrl_c 'grep -q register "$SAID" && sleep 0.2' mlops events --follow --interval 1h
    ended 130 '"action":"register"'
}

@test "a server that says nothing is waited for no longer" {
    given_silence
    export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:$port
    for command in "profile postgresql://127.0.0.1:$port/x --table t" \
        "list --registry postgresql://127.0.0.1:$port/x" \
        "init there --metadata postgresql://127.0.0.1:$port/x" \
        "init there --objects s3://bucket/x"; do
        rm -f "$connected"
        run ctrl_c "[ -e $connected ]" mlops $command
        ended 130 "stopped by a signal"
        [ -z "$(ls -A)" ] || [ -z "$(ls -A there)" ]
    done
    given_registered fraud@1
    rm "$connected"
    run ctrl_c "[ -e $connected ]" mlops push fraud@1 oci://127.0.0.1:$port/fraud
    ended 130 "stopped by a signal"
}

@test "a large folder that is being packaged" {
    given_registry
    given_project p
    truncate -s 1T p/model/weights.bin # more than is read before anybody looks
    run ctrl_c 'ls -l /proc/$PID/fd | grep -q weights.bin' mlops package p
    ended 130 "stopped by a signal"
    [ -z "$(ls -A .mlops/tmp)" ]
    echo small > p/model/weights.bin
    mlops -q register p
    mlops fsck
}

@test "a training, which is then said to have failed, and may begin anew" {
    given_registry
    given_project p
    echo "train: {run: '(setsid $nap &); $nap', data: train}" >> p/mlops.yaml
    mlops -q register p
    for _ in 1 2; do
        run ctrl_c "pgrep -fx '$nap'" mlops retrain fraud --from fraud@1 --data p/data/train.csv
        ended 130 "stopped by a signal"
        until_gone "$nap"
        [ -z "$(ls -A .mlops/tmp)" ]
    done
    run mlops retrain --runs fraud
    [ "$(grep -c 'failed' <<<"$output")" -eq 2 ]
    # one that is killed cannot say so
    mlops -q retrain fraud --from fraud@1 --data p/data/train.csv 2> /dev/null 3>&- &
    until_true runs "$nap"
    kill -9 $!
    until_gone "$nap"
    run ctrl_c "pgrep -fx '$nap'" mlops retrain fraud --from fraud@1 --data p/data/train.csv
    ended 130 "stopped by a signal"
    until_gone "$nap"
    [ "$(mlops --json retrain --runs fraud | jq -r '[.runs[].status] | join(" ")')" = "failed lost failed failed" ]
}

@test "a deploy that is being found out about goes back, and the next one is let in" {
    given_registry
    given_project p
    mlops -q register p
    mlops -q deploy fraud@1 host
    echo changed > p/model/weights.bin
    mlops -q register p
    run ctrl_c "pgrep -fx '$nap'" mlops deploy fraud@2 host --health "$nap" \
        --reload 'echo $MLOPS_VERSION >> ../../seen'
    ended 130 "the reload command is run once more" "stopped by a signal"
    until_gone "$nap"
    [ "$(tr '\n' ' ' < host/seen)" = "2 1 " ]
    diff <(echo "weights of fraud, round 1") host/current/model/weights.bin
    mlops -q deploy fraud@2 host
    diff p/model/weights.bin host/current/model/weights.bin
}

@test "a host that follows ends well" {
    given_registry
    printf 'stages: {dev: {}}\n' > policy.yaml
    mlops -q policy set --default policy.yaml
    given_project p
    mlops -q register p
    mlops -q promote fraud@1 --to dev
    run ctrl_c "pgrep -fx '$nap'" mlops deploy fraud@dev host --follow --health "$nap"
    ended 0
    until_gone "$nap"
    [ ! -e host/current ]
    run ctrl_c 'grep -q "is live" "$SAID"' mlops deploy fraud@dev host --follow
    ended 0 "fraud@1 is live in host"
}

@test "a watch that has a training run" {
    load learning
    given_registry
    given_learner p
    mlops -q register p
    given_promoted fraud@1 production
    sed -i "1a (setsid $nap \&); $nap" p/train.sh
    mlops -q register p
    given_promoted fraud@2 production
    traffic 2 $(($(date +%s) - 1200)) 300 200
    mlops -q monitor ingest fraud events
    mlops -q monitor label fraud labels
    mlops -q retrain fraud --triggers every=1s
    run ctrl_c "pgrep -fx '$nap'" mlops monitor watch fraud --auto-retrain --tick 200ms
    ended 0
    until_gone "$nap"
    mlops --json retrain fraud --runs | jq -e '.runs[0].status == "failed"'
    [ -z "$(ls -A .mlops/tmp)" ]
}
