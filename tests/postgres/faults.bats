#!/usr/bin/env bats
# The connection to PostgreSQL breaks at every round of a command: what was asked is done, once, or it
# is exit 6 and nothing was done.

load ../cli/common
load server

setup() {
    cli_setup
    given_schema
    direct=$url
    given_proxy "${TEST_POSTGRES#*host=}"
    url="postgresql://postgres@127.0.0.1:$port/postgres?options=-csearch_path%3D$schema"
    mlops -q init --metadata "$url"
    rules=0
}

teardown() {
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
}

entries() { psql -X -At "$direct" -c 'SELECT count(*) FROM audit'; }

# at_rounds "ROUNDS" COMMAND…: it adds one entry to the log wherever its connection breaks, and however:
# at each of the ROUNDS that there are, and at the commit. Where the connection begins, round 1, it may
# be told with exit 6 that there is no server.
at_rounds() {
    local rounds=$1 kind round before runs=0
    shift
    before=$(entries)
    for kind in before half after cut; do
        for round in $rounds; do
            next
            rule "$kind $round"
            runs=$((runs + 1))
            run "$@"
            if [ "$status$round" = 61 ]; then
                [[ "$output" == *"cannot reach the "*database* ]]
                "$@"
            elif [ "$status" -ne 0 ]; then
                echo "$kind at round $round: exit $status: $output"
                return 1
            fi
            broken || break
        done
        next
        rule "$kind 1 COMMIT"
        runs=$((runs + 1))
        "$@"
        broken
    done
    rule
    [ "$(entries)" -eq $((before + runs)) ]
    mlops log --verify
    mlops -q fsck
}

@test "register, wherever the connection breaks" {
    next() { given_project project fraud $((++made)); }
    at_rounds "1 2 4 6 7 8 9" mlops -q register project
    [ "$(mlops --json list | jq '.versions | length')" -eq "$made" ]
}

@test "promote and rollback, wherever the connection breaks" {
    given_registered fraud@2
    for number in 1 2; do mlops -q test fraud@$number > /dev/null; done
    next() { ref=fraud@$((made++ % 2 + 1)); }
    promote() { mlops -q promote "$ref" --to dev; }
    at_rounds "1 3 7 13 18 21 24 27 30" promote
    for number in {1..12}; do
        next
        promote
    done
    next() { :; }
    at_rounds "1 3 7 13 18 21 24" mlops -q rollback fraud --stage dev
}

@test "a transaction that is played again among others' changes is not committed" {
    given_registered fraud@2
    for number in 1 2; do mlops -q test fraud@$number > /dev/null; done
    rule "hold-before 1 COMMIT"
    mlops -q promote fraud@1 --to dev 2> said 3>&- &
    until broken; do sleep 0.02; done
    # its connection ends before the server hears of the commit, and somebody else is faster
    psql -X -q "$direct" -c "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
        AND objid::bigint = hashtext('$schema')::bigint & 4294967295" > /dev/null
    mlops -q promote fraud@2 --to dev
    : > "$BATS_TEST_TMPDIR/rule.go"
    wait $! && status=0 || status=$?
    output=$(cat said)
    ended 6 "others changed the registry" "run it again"
    mlops --json list | jq -e '[.versions[] | select(.stages | index("dev")) | .version] == [2]'
    mlops log --verify
}
