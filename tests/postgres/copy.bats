#!/usr/bin/env bats
# A whole registry moved from one engine to another: a folder, PostgreSQL, a bucket.

load ../cli/common
load server

setup() {
    cli_setup
    given_schema
}

# Two versions with tests, a promotion, a tag, and what production did.
given_history() {
    mlops -q init old
    given_project p fraud 1
    mlops -q --registry old register p
    mlops -q --registry old test fraud@1
    mlops -q --registry old promote fraud@1 --to staging
    mlops -q --registry old tag fraud@1 owner=ana
    given_project p fraud 2
    mlops -q --registry old register p
    printf '{"time":"2026-11-01T10:00:00Z","id":"%s","version":1,"stage":"staging","score":0.5}\n' 1 2 3 |
        mlops -q --registry old monitor ingest fraud -
}

# What of a registry people see; `$1` its folder.
seen() {
    mlops --json --registry "$1" list
    mlops --json --registry "$1" log
    mlops --json --registry "$1" show fraud@1
    mlops --json --registry "$1" monitor status fraud --stage staging
    mlops --registry "$1" log --verify
}

same_in() {
    seen old > old.seen
    seen "$1" > new.seen
    diff old.seen new.seen
    mlops -q --registry "$1" checkout fraud "$1.out"
    diff -r p/model "$1.out/model"
}

@test "a registry goes to PostgreSQL, and back to a folder, with all that it holds" {
    given_history
    mlops -q init new --metadata "$url" --objects "$PWD/objects"
    run mlops registry copy old new
    ended 0 "copied" "rows" "the copy is clean: 2 bundles"
    same_in new
    mlops -q --registry new test fraud@2
    mlops -q --registry new promote fraud@2 --to staging # the log goes on, with the same key
    run mlops --registry new log --verify
    ended 0 "the log is whole"
    mlops -q init back
    run mlops --json registry copy new back
    [ "$(jq '.present, .clean' <<<"$output" | tr '\n' ' ')" = "false true " ]
    diff <(mlops --json --registry new log) <(mlops --json --registry back log)
    mlops -q --registry back rollback fraud --stage staging
}

@test "objects go to a bucket, and come back" {
    [ -n "${S3_DATA-}" ] || skip "no S3 server"
    given_history
    mlops -q init new --objects "s3://models/copy-$schema"
    run mlops registry copy old new
    ended 0 "the copy is clean: 2 bundles"
    same_in new
    mlops -q init back
    mlops -q registry copy new back
    same_in back
}

@test "a copy that is killed at any time leaves an empty registry or a whole one, and goes on" {
    given_history
    head -c 30000000 /dev/urandom > p/model/weights.bin
    mlops -q --registry old register p
    mlops -q init new --metadata "$url" --objects "$PWD/objects"
    local i
    for i in 0.01 0.03 0.05 0.08 0.12 0.2; do
        timeout -s KILL "$i" mlops -q registry copy old new > /dev/null 2>&1 || true
        mlops --json --registry new list > list.json
        jq -e '(.versions | length) as $n | $n == 0 or $n == 3' list.json
    done
    run mlops registry copy old new
    ended 0 "the copy is clean: 3 bundles"
    same_in new
    run mlops registry copy old new # and once more is no harm
    ended 0 "it was copied before" "the copy is clean: 3 bundles"
}

@test "what is not empty is left as it is" {
    given_history
    mlops -q init new --metadata "$url" --objects "$PWD/objects"
    given_project other risk 1
    mlops -q --registry new register other
    run mlops registry copy old new
    ended 4 "holds something already" "copied into an empty one"
    run mlops --json --registry new list
    [ "$(jq -r '.versions[].model' <<<"$output")" = risk ]
}

@test "without the key of its log a registry is not copied" {
    given_history
    mv old/.mlops/log.key .
    mlops -q init new --metadata "$url" --objects "$PWD/objects"
    run mlops registry copy old new
    ended 2 "the key of the log" "MLOPS_LOG_KEY"
    mv log.key old/.mlops/log.key
    run mlops registry copy old
    ended 2 "mlops registry copy FROM TO"
}

@test "a whole history in a file goes into PostgreSQL, grows there, and is the same file again" {
    given_history
    mlops -q --registry old export --all first.tar.zst
    mlops -q init new --metadata "$url" --objects "$PWD/objects"
    mlops -q --registry new import "$PWD/first.tar.zst"
    mlops -q --registry old tag fraud@2 owner=ben
    mlops -q --registry old test fraud@2
    mlops -q --registry old promote fraud@2 --to staging
    mlops -q --registry old export --all later.tar.zst
    run mlops --json --registry new import "$PWD/later.tar.zst"
    [ "$(jq '.present, .new_entries' <<<"$output" | tr '\n' ' ')" = "false 3 " ]
    run mlops --registry new import "$PWD/later.tar.zst"
    ended 0 "nothing is new"
    mlops -q --registry new log --verify
    mlops -q --registry new fsck
    mlops -q --registry new export --all again.tar.zst
    cmp later.tar.zst again.tar.zst
}
