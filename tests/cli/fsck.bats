#!/usr/bin/env bats
# Is everything in the registry as it was written, and how much is it?
load session
load damage

setup() {
    session
    registered
    head -c 700000 /dev/urandom > p/model/weights.bin
    mlops -q register p
    mlops -q test fraud@1
}

# damaged KIND: fsck finds a problem of this kind and says so.
damaged() {
    run mlops --json fsck
    [ "$status" -eq 5 ] || { echo "$status: $output"; false; }
    jq -e --arg kind "$1" '(.clean | not) and any(.problems[]; .kind == $kind)' <<<"$output" ||
        { echo "$output"; false; }
    run mlops fsck
    [ "$status" -eq 5 ]
    [[ "$output" == *"$1"* ]]
}

@test "a sound registry is clean" {
    run mlops --json fsck
    [ "$status" -eq 0 ]
    jq -e '.clean and .problems == [] and .bundles == 2' <<<"$output"
    mlops fsck --quick
}

@test "every flipped bit of a pack is found" {
    keep_packs good
    for file in "$(pack head)" "$(pack tail)"; do
        size=$(stat -c %s "$file")
        for i in $(seq 25); do
            put_packs_back good
            at=$(((RANDOM * 32768 + RANDOM) % size))
            flip "$file" "$at" $((RANDOM % 8))
            run mlops fsck
            [ "$status" -eq 5 ] || { echo "$file at $at: $status $output"; false; }
        done
    done
}

@test "structure alone finds a damaged tail, and reads no content" {
    file=$(pack tail)
    keep_packs good
    flip "$file" $(($(stat -c %s "$file") - 20)) 3
    run mlops fsck --quick
    [ "$status" -eq 5 ]
    put_packs_back good
    flip "$file" 5000 3
    mlops fsck --quick
    damaged object
}

@test "a pack that is gone is missed by the bundles that need it" {
    rm -f "$(pack tail)"
    damaged manifest
    run mlops checkout fraud@2 out
    [ "$status" -eq 5 ]
    [ ! -e out ]
}

@test "rows that were changed behind the log's back are found" {
    sqlite3 .mlops/registry.db "UPDATE bundle SET bytes = bytes + 1 WHERE id = (SELECT min(id) FROM bundle)"
    damaged row
    sqlite3 .mlops/registry.db "UPDATE bundle SET bytes = bytes - 1 WHERE id = (SELECT min(id) FROM bundle)"
    mlops -q fsck
    sqlite3 .mlops/registry.db "UPDATE evidence SET status = 'failed' WHERE name = 'words'"
    damaged log
}

@test "stats tell logical, unique and stored bytes" {
    run mlops --json stats
    [ "$status" -eq 0 ]
    jq -e '.bundles == 2 and .models[0].model == "fraud" and .models[0].bundles == 2 and
        .logical_bytes == .models[0].logical_bytes and .unique_bytes < .logical_bytes and
        .stored_bytes > 700000 and .objects > 10' <<<"$output"
    [ "$(jq .stored_bytes <<<"$output")" = "$(find .mlops/objects/packs/ -type f -printf '%s\n' | awk '{s += $1} END {print s}')" ]
    mlops stats | grep -q fraud
}
