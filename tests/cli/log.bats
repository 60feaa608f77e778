#!/usr/bin/env bats
# The log as evidence for people who do not trust the registry's keeper.
load session

setup() {
    session
    registered
}

@test "the log proves to others that it only grew" {
    mlops log --checkpoint >kept.txt
    grep -q '^mlops-registry/' kept.txt
    mlops -q test fraud@1
    run mlops log --since kept.txt
    [ "$status" -eq 0 ]
    [[ "$output" == "nothing was rewritten: the log of "* ]]
    run mlops log --verify --since kept.txt
    [ "$status" -eq 0 ]
    run mlops --json log --prove 1
    [ "$(jq -r .entry <<<"$output" | jq -r .action)" = register ]
    [ "$(jq -r .proof <<<"$output" | sed -n 2p)" = "index 1" ]
}

@test "an export verifies without the registry, and a changed one does not" {
    mlops log --checkpoint >kept.txt
    mlops log --export >export.log
    key=$(mlops --json log --checkpoint | jq -r .key)
    rm -rf .mlops
    run mlops log --from export.log --since kept.txt --key "$key"
    [ "$status" -eq 0 ]
    [[ "$output" == *"signed by $key"* ]]
    run mlops log --from export.log --key "x${key#?}"
    [ "$status" -eq 5 ]
    sed -i '2s/fraud/freud/' export.log
    run mlops log --from export.log
    [ "$status" -eq 5 ]
}

@test "an export proves its entries without the registry, as the registry did" {
    mlops -q test fraud@1
    mlops export --all all.tar.zst
    mlops log --export >export.log
    entries=$(grep -c '^{' export.log)
    for ((i = 0; i < entries; i++)); do
        mlops log --prove "$i" >"$i.proof"
        mlops --json log --prove "$i" >"$i.json"
    done
    rm -rf .mlops
    for ((i = 0; i < entries; i++)); do
        mlops log --from export.log --prove "$i" | cmp - "$i.proof"
        mlops log --from all.tar.zst --prove "$i" | cmp - "$i.proof"
        mlops --json log --from export.log --prove "$i" | cmp - "$i.json"
    done
    run mlops log --from export.log --prove "$entries"
    ended 3 "the exported log has no entry $entries"
    run mlops log --from export.log --prove 1 --key mlops-registry/other
    ended 5
    run mlops log --from export.log --prove 1 --since export.log
    ended 2 "no --since"
    sed -i '2s/fraud/freud/' export.log
    run mlops log --from export.log --prove 0
    ended 5
    for asked in --checkpoint --export --graph --dot; do
        run mlops log --from export.log "$asked"
        ended 2 "$asked asks the registry"
    done
}

@test "the log of one version tells what was done to it, and what took its place" {
    sed -i 's/noise: 0/noise: 0.0/' p/params.yaml
    mlops -q register p
    for n in 1 2; do
        mlops -q test fraud@$n >/dev/null
        mlops -q promote fraud@$n --to dev
    done
    mlops -q tag fraud@2 owner=ada
    actions() { mlops --json log "$@" | jq -r '[.entries[] | "\(.action)@\(.version)"] | join(" ")'; }
    [ "$(actions fraud@1)" = "promote@2 promote@1 test@1 register@1" ]
    [ "$(actions fraud@dev)" = "tag@2 promote@2 test@2 register@2" ]
    [ "$(actions fraud@1 --stage dev)" = "promote@2 promote@1" ]
    run mlops log fraud@7
    ended 3 "'fraud' has no version 7"
    run mlops log fraud --stage prodution
    ended 0 "nothing was logged of a stage 'prodution'"
}

@test "the log tells what a stage held at a time" {
    mlops -q test fraud@1
    run mlops log fraud --stage staging --at 2126-01-01
    [ "$status" -eq 3 ]
    mlops -q promote fraud@1 --to dev
    run mlops log fraud --stage dev --at 2126-01-01
    [ "$status" -eq 0 ]
    [[ "$output" == "fraud@1  since "* ]]
    run mlops log fraud --stage dev --at 2020-01-01
    [ "$status" -eq 3 ]
    run mlops log fraud --stage dev --at yesterday
    [ "$status" -eq 2 ]
    run mlops log --at 2026-01-01
    [ "$status" -eq 2 ]
}
