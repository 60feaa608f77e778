#!/usr/bin/env bats
# kill -9 at random moments: the registry opens, log and list agree, every version is whole.
# MLOPS_KILLS=N for more or fewer than 200 kills in all.
load common

setup() {
    fault_setup
    kills=$(((${MLOPS_KILLS:-200} + 3) / 4))
    mlops -q init
    project p start 3000000
    mlops -q register p
}

# killed_within MICROSECONDS COMMAND…: run it and kill it at a random moment of that span. The
# span is measured in this run, so the kills fall all over the command on a machine of any speed.
killed_within() {
    local span=$1
    shift
    local at=$(((RANDOM * 32768 + RANDOM) % (span + span / 10 + 1)))
    timeout -s KILL "$(printf '%d.%06d' $((at / 1000000)) $((at % 1000000)))" "$@" \
        >/dev/null 2>&1 3>&- || [ $? -eq 137 ]
}

@test "killed packages leave the registry whole" {
    project p measure 3000000
    span=$(duration mlops package p)
    for i in $(seq $kills); do
        project p "package $i" 3000000
        killed_within "$span" mlops package p
        check_registry
    done
    check_every_version
    mlops -q register p
    check_registry
}

@test "killed registrations leave the registry whole" {
    project p measure 1000000
    span=$(duration mlops register p)
    for i in $(seq $kills); do
        project p "register $i" 1000000
        killed_within "$span" mlops register p
        check_registry
    done
    check_every_version
    mlops -q register p
    check_registry
}

@test "killed promotions leave the registry whole" {
    project p second
    mlops -q register p
    mlops -q test fraud@1
    mlops -q test fraud@2
    mlops -q promote fraud@1 --to production
    span=$(duration mlops promote fraud@2 --to production)
    for i in $(seq $kills); do
        killed_within "$span" mlops promote "fraud@$((i % 2 + 1))" --to production
        check_registry
    done
    check_every_version
}

@test "killed rollbacks leave the registry whole" {
    project p second
    mlops -q register p
    mlops -q test fraud@1
    mlops -q test fraud@2
    for i in $(seq $((kills + 2))); do
        mlops -q promote "fraud@$((i % 2 + 1))" --to production
    done
    span=$(duration mlops rollback fraud)
    for i in $(seq $kills); do
        killed_within "$span" mlops rollback fraud
        check_registry
    done
    check_every_version
}
