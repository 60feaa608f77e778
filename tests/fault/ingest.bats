#!/usr/bin/env bats
# kill -9 of ingest at random moments under load: what was acknowledged is there, nothing twice.
# MLOPS_KILLS=N for more or fewer than 6 kills in all.
load common

setup() {
    cli_setup
    given_registered fraud@1
    kills=$(((${MLOPS_KILLS:-6} + 2) / 3))
}

killed() {
    run python3 "$SOURCE_ROOT/tests/fault/ingest_kill.py" "$1" "$MLOPS" "$kills"
    echo "$output"
    [ "$status" -eq 0 ]
    mlops -q fsck
}

@test "a killed ingest of a file that is given again counts each event once" {
    killed file
}

@test "a killed ingest of a followed file that is rotated loses no event" {
    killed follow
}

@test "a killed ingest of a socket has all that it acknowledged" {
    killed socket
}
