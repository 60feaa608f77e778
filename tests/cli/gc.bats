#!/usr/bin/env bats
# What no bundle needs goes; what one needs stays.
load common

setup() {
    cli_setup
    given_registry
}

# big DIR ROUND [BYTES]: a project whose weights nobody can compress.
big() {
    given_project "$1" fraud "$2"
    head -c "${3:-300000}" /dev/urandom > "$1/model/weights.bin"
}

packs() {
    find .mlops/objects/packs/ -name '*.pack' | wc -l
}

stored() {
    mlops --json stats | jq .stored_bytes
}

# gc ARGUMENT…: its document in $output.
gc() {
    run mlops --json gc "$@"
    [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "in a young registry nothing goes" {
    big p 1
    mlops -q register p
    mlops -q package p >/dev/null
    big p 2
    mlops -q package p >/dev/null
    gc
    is '.removed_packs == 0 and .removed_bytes == 0 and .dropped_bundles == 0 and .dry_run == false'
    is ".kept_packs == $(packs) and .waiting_packs == 0 and .rewritten_packs == 0"
    mlops -q fsck
}

@test "a bundle that nobody registered goes with all that only it needed" {
    big p 1
    mlops -q register p
    before=$(stored)
    big p 2 500000
    bundle=$(mlops -q package p)
    gc --grace 0 --dry-run
    is '.removed_packs == 1 and .removed_bytes > 500000 and .dropped_bundles == 1 and .dry_run'
    [ "$(stored)" -gt "$before" ]
    gc --grace 0
    is '.removed_packs == 1 and .removed_bytes > 500000 and .dropped_bundles == 1'
    [ "$(stored)" = "$before" ]
    run mlops register "$bundle"
    ended 3
    mlops -q fsck
    mlops log --verify
    mlops --json log | jq -e '.entries[0].action == "gc"'
    gc --grace 0
    is '.removed_packs == 0 and .dropped_bundles == 0'
    mlops --json log | jq -e '[.entries[] | select(.action == "gc")] | length == 1'
    mlops -q checkout fraud@1 out
}

@test "what a registered bundle shares with one that goes stays" {
    big p 1
    cp p/model/weights.bin shared
    mlops -q package p > first
    rm p/model/weights.bin
    cp shared p/model/shared.bin
    given_table p/data/train.csv 3
    mlops -q register p
    gc --grace 0
    is '.dropped_bundles == 1'
    mlops -q checkout fraud@1 out
    cmp shared out/model/shared.bin
    mlops -q fsck
    run mlops show "$(cat first)"
    ended 3
}

@test "a recipe that is left over in a pack that stays is no damage, and is used again" {
    big p 1 2000000
    mlops -q package p >/dev/null
    # most of its blobs are in the first pack, the recipe is in the second
    echo more >> p/model/weights.bin
    head -c 900000 /dev/urandom > p/model/needed.bin
    mlops -q package p >/dev/null
    mv p/model/weights.bin away
    mlops -q register p
    gc --grace 0
    is '.dropped_bundles == 2 and .removed_packs == 1 and .removed_bytes > 1000000'
    mlops -q fsck
    mv away p/model/weights.bin
    mlops -q register p
    mlops -q checkout fraud@2 out
    diff -r p/model out/model
    mlops -q fsck
}

@test "a bundle that is packaged again is as good as new" {
    big p 1
    mlops -q package p >/dev/null
    sqlite3 .mlops/registry.db "UPDATE bundle SET packaged_ns = packaged_ns - 90000000000000"
    mlops -q package p > bundle
    find .mlops/objects/packs/ -name '*.pack' -exec touch -d '2 days ago' {} +
    gc
    is '.dropped_bundles == 0 and .removed_packs == 0'
    mlops -q register "$(cat bundle)"
}

@test "a day later the bundle that nobody wanted goes without being told" {
    big p 1
    mlops -q package p >/dev/null
    sqlite3 .mlops/registry.db "UPDATE bundle SET packaged_ns = packaged_ns - 90000000000000"
    find .mlops/objects/packs/ -name '*.pack' -exec touch -d '2 days ago' {} +
    gc
    is '.dropped_bundles == 1 and .removed_packs == 1'
    [ "$(packs)" = 0 ]
}

@test "a pack that is mostly dead is replaced, and goes when readers had their time" {
    big p 1 200000
    cp p/model/weights.bin kept
    head -c 900000 /dev/urandom > p/model/large.bin
    mlops -q package p >/dev/null
    rm p/model/large.bin
    mlops -q register p
    before=$(stored)
    sqlite3 .mlops/registry.db "UPDATE bundle SET packaged_ns = packaged_ns - 90000000000000
        WHERE id NOT IN (SELECT bundle FROM version)"
    find .mlops/objects/packs/ -name '*.pack' -exec touch -d '2 days ago' {} +
    gc
    is '.dropped_bundles == 1 and .rewritten_packs == 1 and .waiting_packs == 1 and .removed_packs == 0'
    mlops -q fsck
    gc
    is '.rewritten_packs == 0 and .waiting_packs == 1 and .removed_packs == 0'
    sqlite3 .mlops/registry.db "UPDATE condemned SET condemned_ns = condemned_ns - 90000000000000"
    gc
    is '.rewritten_packs == 0 and .waiting_packs == 0 and .removed_packs == 1'
    [ "$(stored)" -lt $((before - 800000)) ]
    mlops -q checkout fraud@1 out
    cmp kept out/model/weights.bin
    mlops -q fsck
}

@test "what a delta is a delta of stays, also in a new pack" {
    given_project p
    awk 'BEGIN {srand(5); print "id,amount,label"; for (i = 0; i < 90000; i++)
        printf "%d,%.6f,%d\n", i, rand() * 1000, i % 2}' > p/model/table.csv
    head -c 9000000 /dev/urandom > p/model/unwanted.bin
    mlops -q package p >/dev/null
    rm p/model/unwanted.bin
    awk -F , -v OFS=, 'NR % 997 == 0 {$2 = "0.5"} {print}' p/model/table.csv > changed
    mv changed p/model/table.csv
    [ "$(mlops --json package p --register | jq '.new_bytes < 300000')" = true ]
    gc --grace 0
    is '.dropped_bundles == 1 and .rewritten_packs == 1 and .removed_packs == 1'
    mlops -q fsck
    mlops -q checkout fraud@1 out
    cmp p/model/table.csv out/model/table.csv
    [ "$(stored)" -lt 3000000 ]
    gc --grace 0
    is '.rewritten_packs == 0 and .removed_packs == 0'
}

@test "many small packs become one" {
    for i in $(seq 40); do
        given_project p fraud "$i"
        mlops -q register p 2>/dev/null
    done
    [ "$(packs)" -ge 40 ]
    gc --grace 0
    is '.rewritten_packs >= 40 and .removed_packs == .rewritten_packs and .kept_packs == 1'
    [ "$(packs)" = 1 ]
    mlops -q fsck
    for i in 1 20 40; do
        rm -rf out
        mlops -q checkout "fraud@$i" out
        grep -qx "round: $i" out/params.yaml
    done
    gc --grace 0
    is '.rewritten_packs == 0 and .removed_packs == 0 and .kept_packs == 1'
}

@test "what another run condemned and did not remove goes, or is saved by who needs it" {
    big p 1
    mlops -q register p
    big p 2
    mlops -q package p >/dev/null
    sqlite3 .mlops/registry.db "DELETE FROM bundle WHERE id NOT IN (SELECT bundle FROM version)"
    pack=$(ls -t .mlops/objects/packs | head -n 1)
    sqlite3 .mlops/registry.db "INSERT INTO condemned VALUES ('$pack', 1, 0)"
    mlops -q register p
    [ "$(sqlite3 .mlops/registry.db 'SELECT count(*) FROM condemned')" = 0 ]
    gc --grace 0
    is '.removed_packs == 0'
    mlops -q checkout fraud@2 out
    big p 3
    mlops -q package p >/dev/null
    sqlite3 .mlops/registry.db "DELETE FROM bundle WHERE id NOT IN (SELECT bundle FROM version)"
    pack=$(ls -t .mlops/objects/packs | head -n 1)
    sqlite3 .mlops/registry.db "INSERT INTO condemned VALUES ('$pack', 1, 0)"
    gc
    is '.removed_packs == 1'
    [ ! -e ".mlops/objects/packs/$pack" ]
    mlops -q fsck
}

@test "a pack that is condemned though a version needs it is found, and saved by the next run" {
    big p 1
    mlops -q register p
    pack=$(ls -t .mlops/objects/packs | head -n 1)
    sqlite3 .mlops/registry.db "INSERT INTO condemned VALUES ('$pack', 1, 1)"
    run mlops fsck
    ended 5 "going to be removed"
    # a grace of a century: it is not yet due
    gc --grace 5000w
    mlops -q fsck
    gc --grace 0
    mlops -q checkout fraud@1 out
}

@test "where something needed is missing, nothing goes" {
    big p 1
    mlops -q register p
    big p 2
    mlops -q package p >/dev/null
    before=$(packs)
    rm -f "$(ls -t .mlops/objects/packs/* | tail -n 1)"
    run mlops gc --grace 0
    ended 5 fsck
    [ "$(packs)" = $((before - 1)) ]
}

@test "what killed commands left behind goes" {
    mkdir -p ".mlops/tmp/import-999999999@$(hostname)-abcdef" ".mlops/tmp/test-$$@$(hostname)-abcdef"
    touch ".mlops/objects/tmp/$(hostname | tr - _)-999999999-0.tmp"
    gc
    [ -d ".mlops/tmp/import-999999999@$(hostname)-abcdef" ]
    gc --grace 0
    [ ! -e ".mlops/tmp/import-999999999@$(hostname)-abcdef" ]
    [ -d ".mlops/tmp/test-$$@$(hostname)-abcdef" ]
    [ -z "$(ls .mlops/objects/tmp)" ]
}

@test "people are told what went" {
    big p 1
    mlops -q package p >/dev/null
    run mlops gc --grace 0 --dry-run
    ended 0 "would forget 1 bundle" "would remove 1 pack ("
    run mlops gc --grace 0
    ended 0 "forgot 1 bundle that nobody registered" "removed 1 pack ("
    run mlops gc --grace soon
    ended 2 "not a duration"
}
