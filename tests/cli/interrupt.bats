#!/usr/bin/env bats
# One Ctrl-C at a terminal, in the middle of what takes long: it ends, and nothing is left behind.
load session

setup() {
    session
}

ctrl_c() {
    python3 "$BATS_TEST_DIRNAME/ctrl_c.py" "$@"
}

@test "a profile of what is typed ends while it waits for rows" {
    run ctrl_c 'ls /proc/$PID/task | grep -c . | grep -qx 2' mlops profile --stream -o kept
    ended 130 "stopped by a signal"
    [ -z "$(ls -A)" ]
}

@test "events, labels and days of a series are waited for no longer" {
    given_registered fraud@1
    for command in "ingest fraud" "label fraud -" "business add fraud revenue -"; do
        run ctrl_c 'ls -l /proc/$PID/fd | grep -q registry.db && sleep 0.3' mlops monitor $command
        ended 130 "stopped by a signal"
    done
    [ "$(mlops --json log | jq '[.entries[] | select(.action == "series")] | length')" = 0 ]
}
