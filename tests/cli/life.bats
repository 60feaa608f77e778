#!/usr/bin/env bats
# Tags, the trash, retirement, and what the log tells others of them.
load common

setup() {
    cli_setup
    given_registered fraud@3
}

@test "tags are put on, changed, found, and taken off" {
    run mlops tag fraud@1 owner=payments reviewed
    ended 0 "owner=payments" "reviewed"
    mlops -q tag fraud@2 owner=fraud-team > /dev/null
    [ "$(mlops --json list --where 'tags.owner = payments' | jq .versions[].version)" = 1 ]
    [ "$(mlops --json list --where 'not tags.owner' | jq .versions[].version)" = 3 ]
    mlops -q tag fraud@1 owner=other > /dev/null
    run mlops --json tag fraud@1
    jq -e '.tags == {"owner": "other", "reviewed": ""}' <<< "$output"
    mlops --json show fraud@1 | jq -e '.tags.owner == "other"'
    run mlops show fraud@1
    ended 0 "owner=other"
    mlops tag fraud@1 --remove reviewed
    [ "$(mlops tag fraud@1)" = owner=other ]
    [ "$(mlops --json log fraud | jq -r '[.entries[].action] | join(" ")')" = \
        "untag tag tag tag tag register register register" ]
    mlops log --verify
}

@test "bad tags are refused" {
    run mlops tag fraud@1 Owner=x
    ended 2 "'Owner' is not a tag's name"
    run mlops tag fraud@1 $'owner=\x01'
    ended 2 "control characters"
    run mlops tag fraud@1 "owner=$(printf 'x%.0s' $(seq 1025))"
    ended 2 "longer than 1024"
    run mlops tag fraud@1 --remove owner
    ended 3 "has no tag 'owner'"
    run mlops tag fraud@9 owner=x
    ended 3
    [ -z "$(mlops tag fraud@1)" ]
}

@test "a deleted version is gone, and comes back with all that it had" {
    mlops -q tag fraud@2 owner=payments > /dev/null
    mlops -q test fraud@2 > /dev/null
    before=$(mlops --json show fraud@2)
    run mlops delete fraud@2 --reason 'made by mistake'
    ended 0 "fraud@2 is in the trash"
    [ "$(mlops --json list fraud | jq -c '[.versions[].version]')" = '[3,1]' ]
    run mlops show fraud@2
    ended 3 "fraud@2 is in the trash: tester@cli deleted it" "mlops restore fraud@2"
    run mlops list --deleted
    ended 0 "fraud@2"
    given_project p fraud 2
    run mlops register p
    ended 4 "this bundle is fraud@2, which is in the trash"
    mlops log --verify
    mlops fsck
    mlops gc --grace 1h
    mlops restore fraud@2
    [ "$(mlops --json show fraud@2)" = "$before" ]
    [ "$(mlops --json list --where 'tags.owner = payments and params.round = 2' | jq .versions[].version)" = 2 ]
    run mlops restore fraud@2
    ended 3 "it is not in the trash"
    mlops log --verify
    mlops checkout fraud@2 out
}

@test "what is deleted or retired is named, and not whatever is the newest" {
    run mlops delete fraud
    ended 2 "'fraud' names a model and no version of it" "mlops delete fraud@N"
    run mlops retire fraud --reason old
    ended 2 "'fraud' names a model and no version of it" "mlops retire fraud@N"
    [ "$(mlops --json list fraud | jq -c '[.versions[].version]')" = '[3,2,1]' ]
    mlops -q delete fraud@latest
    [ "$(mlops --json list fraud | jq -c '[.versions[].version]')" = '[2,1]' ]
}

@test "what a stage holds, or could go back to, is not deleted" {
    given_promoted fraud@1 dev
    given_promoted fraud@2 dev
    run mlops delete fraud@2
    ended 4 "fraud@2 is needed: tester@cli put it into dev"
    run mlops delete fraud@1
    ended 4 "a rollback may lead back to it" "mlops retire fraud@1"
    mlops delete fraud@3
    run mlops show fraud
    ended 0 "fraud@2"
}

@test "gc purges the trash after its grace, and numbers are not used again" {
    mlops -q delete fraud@3
    run mlops gc --dry-run --grace 0
    ended 0 "would purge 1 version"
    run mlops --json gc --grace 0
    jq -e '.purged_versions == 1' <<< "$output"
    run mlops restore fraud@3
    ended 3 "fraud@3 was deleted, and purged"
    run mlops show fraud@3
    ended 3 "was deleted, and purged"
    mlops fsck
    mlops log --verify
    given_project p fraud 4
    [ "$(mlops -q register p)" = fraud@4 ]
    given_project p fraud 3 # the same content again: it is whole again, and can come back
    mlops package p > /dev/null
    mlops -q restore fraud@3
    mlops checkout fraud@3 out
    mlops fsck
}

@test "a retired version enters no stage, and stays to be seen" {
    given_promoted fraud@1 dev
    mlops -q test fraud@2 > /dev/null
    run mlops retire fraud@1 --reason old
    ended 4 "fraud@1 is in dev" "promote another version"
    run mlops retire fraud@2
    ended 2 "--reason"
    mlops retire fraud@2 --reason 'leaked labels'
    run mlops promote fraud@2 --to dev
    ended 1 "fraud@2 was retired by tester@cli" "leaked labels"
    run mlops retire fraud@2 --reason again
    ended 4 "retired already"
    run mlops list fraud
    ended 0 "retired"
    [ "$(mlops --json list --where retired | jq .versions[].version)" = 2 ]
    run mlops show fraud@2
    ended 0 "leaked labels"
    sqlite3 .mlops/registry.db "DELETE FROM retired"
    run mlops promote fraud@2 --to dev
    ended 1 "fraud@2 was retired"
    run mlops log --verify
    ended 5 "was retired by the audit log, and its row is missing"
}

@test "rollback to a retired version is refused" {
    given_promoted fraud@1 dev
    given_promoted fraud@2 dev
    given_promoted fraud@3 dev
    mlops -q retire fraud@2 --reason bad
    run mlops rollback fraud --stage dev --to fraud@2
    ended 1 "fraud@2 does not come back: it was retired" "go back further, with --to"
    run mlops rollback fraud --stage dev
    ended 0 "back from @3 to @1"
}

@test "files of retired versions are released when that is asked for" {
    head -c 200000 /dev/urandom | base64 > "$BATS_TEST_TMPDIR/big"
    given_project p fraud 9
    cp "$BATS_TEST_TMPDIR/big" p/model/big.txt
    mlops -q register p > /dev/null
    mlops -q test fraud@4 > /dev/null
    mlops -q retire fraud@4 --reason 'too big'
    mlops -q gc --grace 0
    mlops -q gc --grace 0 --retired-after 1h
    mlops checkout fraud@4 whole
    before=$(mlops --json stats | jq .stored_bytes)
    run mlops --json gc --grace 0 --retired-after 0
    jq -e '.released_versions == 1' <<< "$output"
    [ "$(mlops --json stats | jq .stored_bytes)" -lt $((before - 190000)) ]
    run mlops checkout fraud@4 out
    ended 3 "the files of this version of fraud were released on" "its manifest and evidence are here"
    [ ! -e out ]
    run mlops export fraud@4 out.tar.zst
    ended 3 "were released on"
    run mlops test fraud@4
    ended 3 "were released on"
    mlops --json show fraud@4 | jq -e '.retired.files_released_at and .evidence[0] and .manifest.files[0]'
    run mlops fsck
    ended 0 "1 retired version has no files any more"
    mlops log --verify
    mlops drift fraud@4 --current p/data/train.csv
    mlops checkout fraud@1 other
    # the same content again: it is whole again, and still retired
    [ "$(mlops -q register p)" = fraud@4 ]
    mlops checkout fraud@4 again
    diff -r whole again
    run mlops promote fraud@4 --to dev
    ended 1 "retired"
    mlops fsck
}

@test "events are the log as JSON Lines, from any entry on" {
    mlops -q tag fraud@1 a=b > /dev/null
    mlops events > all
    jq -se '[.[].index] == [range(length)] and .[-1].action == "tag" and .[-1].detail == {"name": "a", "value": "b"}' all
    [ "$(mlops events --since 2 | head -1 | jq .index)" = 2 ]
    [ -z "$(mlops events --since 1000)" ]
    [ "$(mlops events fraud | jq -r .model | sort -u)" = fraud ]
    run mlops events --since x
    ended 2 "not the index of an entry"
    run mlops events nothing
    ended 3
}

@test "events --follow waits for what comes, until it is stopped" {
    local next
    next=$(mlops events | wc -l)
    mlops events --since "$next" --follow --interval 50ms > followed 3>&- &
    follower=$!
    mlops -q tag fraud@1 a=b > /dev/null
    mlops -q tag fraud@1 c=d > /dev/null
    until_true eval '[ "$(wc -l < followed)" -ge 2 ]'
    kill $follower
    wait $follower || true
    [ "$(jq -r .detail.name followed | xargs)" = "a c" ]
}
