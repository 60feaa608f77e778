#!/usr/bin/env bats
# Data that a bundle names by address and digest, and does not hold.
load common

setup() {
    cli_setup
    given_registry
    mkdir served p
    printf 'ts,score,y\n2026-01-01,0.5,1\n2026-01-31,0.25,0\n' > served/train.csv
    given_server
    digest=$(sha256sum < served/train.csv | cut -d ' ' -f 1)
    size=$(stat -c %s served/train.csv)
    cat > p/mlops.yaml <<YAML
model: fraud
data:
  train: {path: data/train.csv, copy: false, url: "http://127.0.0.1:$port/train.csv", digest: "sha256:$digest", size: $size, target: y, time: ts, role: reference}
tests:
  reads: {kind: integration, run: grep -c 2026 data/train.csv}
YAML
}

given_server() {
    : > port # the server's own redirection comes later
    python3 -c '
import functools, http.server
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="served")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()' > port 2> requests.log 3>&- &
    server=$!
    until_true test -s port
    port=$(cat port)
}

teardown() {
    kill "$server" 2>/dev/null || true
}

@test "data at an address is taken as declared, and marked so" {
    run --separate-stderr mlops package p
    ended 0 sha256:
    [[ "$stderr" == *"the snapshot 'train' is taken as it is declared"*"--verify-external"* ]]
    id=$output
    mlops --json show "$id" | jq -e --arg digest "$digest" --arg url "http://127.0.0.1:$port/train.csv" \
        --argjson size "$size" '.manifest.data.train | .declared and .copy == false and .rows == null and
        .columns == [] and .sha256 == $digest and .url == $url and .size == $size'
    [ ! -s requests.log ]
    mlops -q register p
    run mlops drift fraud --current served/train.csv
    ended 3 "taken as declared and never read" "--verify-external"
    mlops fsck
    mlops export fraud b.tar.zst
    mlops init -q other
    mlops --registry other register b.tar.zst
    mlops --registry other fsck
    [ "$(mlops --json list --data "$digest" | jq '.versions | length')" = 1 ]
}

@test "--verify-external fetches it, verifies it and describes it" {
    id=$(mlops -q package p --verify-external)
    mlops --json show "$id" | jq -e '.manifest.data.train | .rows == 2 and has("declared") == false and
        (.columns | map(.name)) == ["ts", "score", "y"] and .time_range.last == "2026-01-31T00:00:00Z"'
    grep -q 'GET /train.csv' requests.log
    [ ! -e p/data ]
    [ -z "$(ls .mlops/tmp)" ]
    mlops --json show "$id" | jq -e '[.manifest.files[].path] == ["mlops.yaml"]'
    # as if it were here
    mkdir p/data
    cp served/train.csv p/data
    [ "$(mlops -q package p)" = "$id" ]
    mlops -q register p
    run mlops drift fraud --current served/train.csv
    ended 0
}

@test "what is not as declared is refused, here and there" {
    printf 'ts,score,y\n2026-01-01,0.5,1\n2026-01-31,0.25,1\n' > served/train.csv
    run mlops package p --verify-external
    ended 5 "mlops.yaml:3: the snapshot 'train'" "it has sha256 " "where $digest was declared"
    echo more >> served/train.csv
    run mlops package p --verify-external
    ended 5 "bytes, where $size were declared"
    rm served/train.csv
    run mlops package p --verify-external
    ended 3 "fetch http://127.0.0.1:$port/train.csv"
    mkdir p/data
    echo other > p/data/train.csv
    run mlops package p
    ended 5 "'data/train.csv' has 6 bytes" "is not what 'size' and 'digest' declare"
    run mlops list
    [[ "$output" != *fraud* ]]
    [ -z "$(ls .mlops/tmp)" ]
}

@test "a checkout says what is not there, and brings it where it is asked to" {
    mlops -q register p
    run --separate-stderr mlops checkout fraud out
    ended 0
    [[ "$stderr" == *"'data/train.csv' is not in the bundle"*"from http://127.0.0.1:$port/train.csv, with sha256 $digest; --fetch does so"* ]]
    run --separate-stderr mlops checkout fraud there --fetch
    ended 0
    cmp served/train.csv there/data/train.csv
    [ -z "$(ls -A there/data | grep -v train.csv)" ]
    echo flipped > served/train.csv
    run mlops checkout fraud third --fetch
    ended 5 "the data 'train'" "fetch http://127.0.0.1:$port/train.csv"
    [ -e third/mlops.yaml ] && [ ! -e third/data/train.csv ]
}

@test "a suite finds it with --fetch, and is told of it without" {
    mlops -q register p
    run --separate-stderr mlops test fraud --suite reads --sandbox none
    ended 1
    [[ "$stderr" == *"'data/train.csv' is not in the bundle"* ]]
    run mlops test fraud --suite reads --sandbox none --fetch
    ended 0
    kill "$server"
    run mlops test fraud --suite reads --sandbox none --fetch --no-cache
    ended 6 "the data 'train'"
}

@test "file:// is an address, and passwords are none of the manifest's" {
    sed -i "s|url: [^,]*|url: \"file://$PWD/served/train.csv\"|" p/mlops.yaml
    mlops -q package p --verify-external
    sed -i "s|url: [^,]*|url: \"https://me:secret@data.example.com/t.csv?token=1\"|" p/mlops.yaml
    mlops -q register p
    mlops --json show fraud | jq -e '.manifest.data.train.url == "https://data.example.com/t.csv"'
    sed -i "s|url: [^,]*|url: \"file:///nowhere/t.csv\"|" p/mlops.yaml
    run mlops package p --verify-external
    ended 3 /nowhere/t.csv
}

@test "declarations that declare nothing are refused with their line" {
    check() {
        sed "$1" p/mlops.yaml > q.yaml
        mkdir -p q
        mv q.yaml q/mlops.yaml
        run mlops package q
        ended 2 "mlops.yaml:3" "$2"
    }
    check 's|http://|ftp://|' "'url' must be an address of https, http, file or s3"
    check 's|copy: false, ||' "'url' is for data with 'copy: false'"
    check 's|digest: "sha256:...|digest: "sha256:|' "sha256: and 64 digits"
    check 's|size: [0-9]*, ||' "has a 'size', in bytes"
    check 's|size: [0-9]*|size: -1|' "has a 'size', in bytes"
    check 's|size: [0-9]*|size: 1e300|' "has a 'size', in bytes"
    check 's|url: [^,]*, ||' "is for data with a 'url'"
}
