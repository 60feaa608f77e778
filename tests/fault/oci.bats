#!/usr/bin/env bats
# What breaks on the way to an OCI registry: it is tried again and goes on where it was, or the
# command ends with exit 5 or 6, and nothing is half there. The proxy is that of tests/s3.
load ../cli/common
load ../cli/oci_common

setup_file() {
    command -v docker-registry > /dev/null || return 0
    start_registry plain
    : > "$BATS_FILE_TMPDIR/rules"
    python3 "$BATS_TEST_DIRNAME/../s3/proxy.py" "$PORT" "$BATS_FILE_TMPDIR/rules" "$BATS_FILE_TMPDIR/broken" \
        > "$BATS_FILE_TMPDIR/port" 2> /dev/null 3>&- &
    echo $! >> "$BATS_FILE_TMPDIR/pids"
    until [ -s "$BATS_FILE_TMPDIR/port" ]; do sleep 0.05; done
    PROXY=$(cat "$BATS_FILE_TMPDIR/port")
    export PROXY PORT
}

teardown_file() {
    stop_servers
}

setup() {
    need_tools docker-registry
    cli_setup
    rm -f "$BATS_FILE_TMPDIR/broken"
    address=oci://localhost:$PROXY/fault/${BATS_TEST_NUMBER}:v1
    given_registry
    given_project p
    head -c 10000000 /dev/urandom > p/model/weights.bin
    mlops -q register p
}

teardown() {
    : > "$BATS_FILE_TMPDIR/rules"
}

# rules LINE…: what the proxy breaks from now on.
rules() {
    printf '%s\n' "$@" > "$BATS_FILE_TMPDIR/rules"
}

# broken N: so many requests were.
broken() {
    [ "$(wc -l < "$BATS_FILE_TMPDIR/broken")" -ge "$1" ] || { cat "$BATS_FILE_TMPDIR/broken"; return 1; }
}

# pulled_whole: pulled elsewhere it is what it was.
pulled_whole() {
    : > "$BATS_FILE_TMPDIR/rules"
    mkdir ../other && cd ../other && given_registry
    mlops -q pull "$address"
    mlops -q checkout fraud@1 out
    cmp out/model/weights.bin ../work/p/model/weights.bin
}

@test "an upload goes on where the answer was lost, or the connection broke" {
    head -c 40000000 /dev/urandom > p/model/weights.bin # more than one piece
    mlops -q register p
    rules 'lost 1 PATCH uploads' 'reset 1 PATCH uploads' 'lost 1 POST uploads' 'lost 1 PUT manifests'
    run mlops --json push fraud@2 "$address"
    ended 0
    broken 4
    pulled_whole
}

@test "the end of an upload that is not heard of" {
    rules 'lost 2 PUT blobs' 'reset 2 PUT blobs'
    run mlops --json push fraud@1 "$address"
    ended 0
    broken 4
    pulled_whole
}

@test "a registry that is busy is asked again" {
    rules '503 1 GET /v2/$' '500 1 POST uploads' '503 1 HEAD blobs' '503 1 PATCH uploads' '500 1 PUT manifests'
    run mlops --json push fraud@1 "$address"
    ended 0
    broken 5
    pulled_whole
}

@test "a piece that is too large for somebody on the way goes in smaller ones" {
    rules '413 1 PATCH uploads'
    mlops -q push fraud@1 "$address"
    broken 1
    pulled_whole
}

@test "a piece that arrives changed is refused by its digest, and sent anew" {
    rules 'spoil 1 PATCH uploads'
    mlops -q push fraud@1 "$address"
    broken 1
    pulled_whole
}

@test "a download goes on where it was cut" {
    mlops -q push fraud@1 "$address"
    weights=$(sha256sum < p/model/weights.bin | cut -c1-64)
    rules "cut 3 GET blobs/sha256:$weights" 'reset 1 GET manifests'
    mkdir ../other && cd ../other && given_registry
    run mlops --json pull "$address"
    ended 0
    broken 4
    [ "$(jq .received_bytes <<< "$output")" -lt 10100000 ]
    mlops -q checkout fraud@1 out
    cmp out/model/weights.bin ../work/p/model/weights.bin
}

@test "other bytes than were pushed are refused, and nothing of them is kept" {
    mlops -q push fraud@1 "$address"
    mkdir ../other && cd ../other && given_registry
    rules 'flip 9 GET blobs'
    run mlops pull "$address"
    ended 5 'do not have the digest'
    rules 'flip 9 GET manifests'
    run mlops pull "${address%:v1}@$(mlops -C ../work --json push fraud@1 "${address/$PROXY/$PORT}" | jq -r .digest)"
    ended 5 'does not have the digest it is called by'
    [ "$(mlops --json list | jq '.versions | length')" -eq 0 ]
    [ -z "$(ls .mlops/tmp)" ]
}

@test "a push that fails leaves no tag" {
    rules 'expired 99 PUT manifests'
    run mlops push fraud@1 "$address"
    ended 6
    run mlops pull "$address"
    ended 3
}
