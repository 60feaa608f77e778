#!/usr/bin/env bats
# Versions between registries of mlops: push and pull.
load common
load damage

setup() {
    cli_setup
    other=$BATS_TEST_TMPDIR/other
    mkdir "$other"
    given_registry "$other"
}

@test "a version is pushed to another registry and keeps its id" {
    given_registered fraud@1
    run --separate-stderr mlops push fraud@1 "$other"
    ended 0 'carried over'
    [ "${lines[1]}" = fraud@1 ]
    [ "${lines[0]}" = "$(mlops --json show fraud@1 | jq -r .bundle)" ]
    mlops -q checkout fraud@1 here
    cd "$other" && mlops -q checkout fraud@1 there
    diff -r "$BATS_TEST_TMPDIR/work/here" there
    mlops fsck
    mlops log --verify
    cd "$BATS_TEST_TMPDIR/work"
    run mlops --json push fraud@1 "$other"
    jq -e '(.created | not) and .sent_bytes == 0 and .there == 1' <<< "$output"
}

@test "a version that differs by 5 % moves 5 % of its bytes" {
    given_registry
    given_project p
    # large enough that it does not matter where in it chunks begin
    head -c 64000000 /dev/urandom > p/model/weights.bin
    mlops -q register p
    mlops -q push fraud@1 "$other"
    head -c 3200000 /dev/urandom | dd of=p/model/weights.bin bs=1000 seek=24000 conv=notrunc status=none
    mlops -q register p
    cd "$other"
    run mlops --json pull "$BATS_TEST_TMPDIR/work" fraud@2
    ended 0
    jq -e '.created and .there == 2 and .sent_bytes > 3200000 and .sent_bytes < .bytes * 0.08' <<< "$output"
    mlops -q checkout fraud@2 out
    cmp out/model/weights.bin ../work/p/model/weights.bin
    mlops fsck
}

@test "a number that is another bundle's there is not given to this one by chance" {
    given_registered fraud@2
    given_project "$BATS_TEST_TMPDIR/q" fraud other
    mlops -q -C "$other" register "$BATS_TEST_TMPDIR/q"
    run mlops push fraud@1 "$other"
    ended 4 'fraud@1 is another bundle there' --renumber
    [ "$(mlops --json -C "$other" list | jq '.versions | length')" -eq 1 ]
    run --separate-stderr mlops push fraud@1 "$other" --renumber
    ended 0 'fraud@1 is number 2 in the other registry'
    cd "$other"
    run mlops --json pull ../work fraud@1
    jq -e '(.created | not) and .there == 2' <<< "$output"
}

@test "signatures go along" {
    export MLOPS_KEYS=$PWD/keys
    given_registered fraud@1
    mlops -q key generate ana --no-passphrase
    mlops -q sign fraud@1
    run mlops --json push fraud@1 "$other"
    [ "$(jq .signatures <<< "$output")" -eq 1 ]
    cd "$other"
    mlops -q trust add ana --role author --owner ana@example.com
    run mlops verify fraud@1
    ended 0 'ana@example.com (author)'
}

@test "what is no other registry, or no version, is told" {
    given_registered fraud@1
    run mlops push fraud@1 ../nowhere
    ended 3 'the other registry'
    run mlops push fraud@9 "$other"
    ended 3
    run mlops push fraud@1 .
    ended 2 'is this registry'
    run mlops pull "$other"
    ended 2 'say which version'
}

# given_damage CONTENT: of fraud@1 here, whose weights that command prints, a byte in the middle of the largest pack is another.
given_damage() {
    given_registry
    given_project p
    "$1" > p/model/weights.bin
    mlops -q register p
    file=$(pack tail)
    flip "$file" $(($(stat -c %s "$file") / 2))
    damaged="pack $(basename "$file") is damaged at byte"
}

# What cannot be compressed is stored as it is, the other is not.
random() {
    head -c 700000 /dev/urandom
}

text() {
    seq 400000
}

# Nothing of it came into the registry here.
untouched() {
    [ "$(mlops --json list | jq '.versions | length')" -eq 0 ]
    [ -z "$(find .mlops/objects/packs .mlops/objects/tmp -type f)" ]
    mlops fsck
    mlops log --verify
}

@test "what is damaged here is not pushed" {
    for content in random text; do
        given_damage "$content"
        run --separate-stderr mlops push fraud@1 "$other"
        ended 5 "$damaged"
        [ "$(grep -c '^mlops: ' <<< "$stderr")" -eq 1 ]
        (cd "$other" && untouched)
        rm -rf .mlops p
    done
}

@test "what is damaged there is not pulled" {
    for content in random text; do
        given_damage "$content"
        cd "$other"
        run --separate-stderr mlops pull ../work fraud@1
        ended 5 "$damaged"
        [ "$(grep -c '^mlops: ' <<< "$stderr")" -eq 1 ]
        untouched
        cd ../work
        rm -rf .mlops p
    done
}

@test "a version that needs nothing of what is damaged is pushed" {
    given_damage random
    given_project q churn
    mlops -q register q
    mlops -q push churn@1 "$other"
    cd "$other"
    mlops fsck
    mlops -q checkout churn@1 out
    diff -r ../work/q/model out/model
}
