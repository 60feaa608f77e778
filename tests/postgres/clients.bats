#!/usr/bin/env bats
# 64 clients at once on one stage: what they were told is held against the log, by a checker of
# linearizability. MLOPS_CLIENTS_SECONDS makes it longer.

load ../cli/common
load server

setup() {
    cli_setup
    own=$(mktemp -d /tmp/mlops-postgres.XXXXXX)
    postgres_make "$own"
    postgres_start "$own"
    mlops -q init --metadata "$(postgres_url "$own")"
    given_registered fraud@6
    for number in 1 2 3 4 5 6; do mlops -q test fraud@$number >/dev/null; done
}

teardown() {
    [ ! -e "$own/data/postmaster.pid" ] || postgres_stop "$own" immediate
    rm -rf "$own" "$own.log"
}

judge() {
    mlops --json log > log.json
    python3 "$SOURCE_ROOT/tests/postgres/check_history.py" history log.json
    mlops log --verify
}

@test "64 clients promote, register, roll back and look, and the history is linearizable" {
    "$CLIENTS" .mlops 64 "${MLOPS_CLIENTS_SECONDS:-4}" > history
    run -0 judge
    [[ "$output" != *" 6: "* ]]
    echo "# $output" | head -1 >&3
}

@test "a server that is restarted amid 64 clients loses nothing that it said was done" {
    "$CLIENTS" .mlops 64 "${MLOPS_CLIENTS_SECONDS:-6}" > history 2> errors 3>&- &
    until [ -s history ]; do sleep 0.05; done # all are connected
    for mode in fast immediate; do
        sleep 1
        postgres_stop "$own" $mode
        postgres_start "$own"
    done
    wait $!
    judge
}
