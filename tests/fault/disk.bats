#!/usr/bin/env bats
# Read-only registries, damaged objects: one clear message, the documented exit code, nothing lost.
load common

setup() {
    fault_setup
}

teardown() {
    mountpoint -q "$BATS_TEST_TMPDIR/work/disk" && umount -l "$BATS_TEST_TMPDIR/work/disk"
    true
}

# tmpfs_or_skip SIZE
tmpfs_or_skip() {
    mkdir disk
    mount -t tmpfs -o "size=$1" tmpfs disk 2>/dev/null || skip "cannot mount a tmpfs here"
}

@test "a read-only registry can be read, and says so when it is written to" {
    tmpfs_or_skip 20m
    mlops -q init disk
    export MLOPS_REGISTRY=$PWD/disk/.mlops
    project p first
    mlops -q register p
    mlops -q test fraud@1
    mount -o remount,ro disk
    mlops list | grep fraud
    mlops show fraud@1 >/dev/null
    mlops log >/dev/null
    mlops -q checkout fraud@1 out
    diff -r p out
    project p second
    for command in "register p" "package p" "promote fraud@1 --to production" \
        "test --no-cache fraud@1"; do
        run mlops $command
        [ "$status" -eq 6 ] || { echo "$command: $status $output"; false; }
        [[ "$output" == *[Rr]ead-only* ]] || { echo "$command: $output"; false; }
    done
    mount -o remount,rw disk
    check_registry
    [ "$(jq '.versions | length' list.json)" = 1 ]
}

@test "a truncated pack is found, and nothing is left behind" {
    mlops -q init
    project p first 200000
    mlops -q register p
    pack=$(find .mlops/objects -type f -printf '%s %p\n' | sort -rn | head -n 1 | cut -d ' ' -f 2)
    truncate -s -1000 "$pack"
    run mlops checkout fraud@1 out
    [ "$status" -eq 5 ]
    [[ "$output" == *"$(basename "$pack")"* ]]
    [ ! -e out ]
    ls -A | grep -v -e bin -e p -e .mlops && false
    mlops list >/dev/null
}
