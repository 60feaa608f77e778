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

# half FOLDER ARGUMENT…: mlops, while FOLDER gives its first names and then fails.
half() {
    # leaks cannot be looked for under a tracer
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o strace -P "$1" -e inject=getdents64:error=EIO:when=2+ "$MLOPS" "${@:2}"
}

@test "a folder that cannot be read to its end is not taken for a shorter one" {
    strace -o strace true || skip "cannot trace here"
    mlops -q init
    project p first
    mlops -q register p
    mlops -q key generate ana --no-passphrase
    mlops -q trust add ana --role author
    mlops -q sign fraud@1 -o model.sig
    mlops -q checkout fraud@1 out
    mlops -q deploy fraud@1 live
    mkdir empty hive hub
    echo "# other" > hub/README.md
    printf 'a\n1\n' > hive/part.csv
    keys=${MLOPS_KEYS:-${XDG_CONFIG_HOME:-$HOME/.config}/mlops/keys}
    while read -r folder arguments; do
        run half "$folder" $arguments
        [ "$status" -eq 6 ] || { echo "$arguments: $status $output"; false; }
        [[ "$output" == *"read folder '"*"': Input/output error"* ]] || { echo "$arguments: $output"; false; }
    done <<EOF
$PWD/p/model package p
$PWD/out/model verify ./out --signature model.sig
$PWD/out/model sign ./out -o other.sig
$PWD/out checkout fraud@1 out
$PWD/empty checkout fraud@1 empty
$PWD/empty export fraud@1 empty --format mlflow
$PWD/hub import huggingface hub --model other
$PWD/hive profile hive
$PWD/live/releases deploy fraud@1 live
$keys key list
EOF
    [ -z "$(ls empty)" ]
    [ ! -e other.sig ]
}
