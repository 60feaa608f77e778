#!/usr/bin/env bats
# Many processes at once on one registry.
load common

setup() {
    fault_setup
    mlops -q config set lock-timeout 10m # the last in line waits for all others, however slow they are
}

@test "50 processes that register at once get 50 consecutive versions" {
    mlops -q init
    for i in $(seq 50); do project "p$i" "$i"; done
    for i in $(seq 50); do
        (status=0; mlops --json register "p$i" > "out$i" 2> "err$i" || status=$?; echo $status > "rc$i") &
    done
    wait
    for i in $(seq 50); do
        [ "$(cat "rc$i")" = 0 ] || { cat "err$i" "out$i"; false; }
        # whoever stands in line for long is told so
        ! grep -v "the registry is busy: waiting for" "err$i" || false
    done
    [ "$(cat out* | jq -s 'map(.version) | sort == [range(1; 51)]')" = true ]
    check_registry
    check_every_version
}

@test "of 20 that promote with the same expectation one wins and 19 are told who" {
    mlops -q init
    for i in $(seq 21); do project p "$i"; mlops -q register p; mlops -q test "fraud@$i"; done
    mlops -q promote fraud@21 --to production
    for i in $(seq 20); do
        (
            status=0
            MLOPS_ACTOR="racer$i@fault" mlops --json promote "fraud@$i" --to production \
                --expect fraud@21 > "out$i" 2> "err$i" || status=$?
            echo $status > "rc$i"
        ) &
    done
    wait
    [ "$(cat rc* | grep -cx 0)" = 1 ]
    [ "$(cat rc* | grep -cx 4)" = 19 ]
    winner=$(grep -lx 0 rc* | tr -dc 0-9)
    [ "$(mlops --json list | jq -r '.versions[] | select(.stages | index("production")) | .version')" = "$winner" ]
    for i in $(seq 20); do
        [ "$i" = "$winner" ] || jq -e --arg who "racer$winner@fault" --arg version "@$winner" \
            '.error.message | contains($who) and contains($version)' "out$i" >/dev/null ||
            { cat "out$i"; false; }
    done
    check_registry
}

@test "readers work while writers write" {
    mlops -q init
    project p 0
    mlops -q register p
    for w in 1 2; do
        (for i in $(seq 15); do project "w$w" "$w-$i"; mlops -q register "w$w" || echo failed >> failures; done) &
    done
    for i in $(seq 40); do
        mlops --json list >/dev/null || echo failed >> failures
        mlops -q show fraud@1 >/dev/null || echo failed >> failures
    done
    wait
    [ ! -e failures ]
    [ "$(mlops --json list | jq '.versions | length')" = 31 ]
    check_registry
}
