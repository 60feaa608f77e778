#!/usr/bin/env bats
# What only a registry in SQLite's file can come to: its catalogue rewritten by hand.
load ../cli/common

@test "an index of the database that does not hold what its table does is found" {
    command -v sqlite3 >/dev/null || skip "no sqlite3 here"
    given_registered fraud@1
    mlops -q test fraud@1
    sqlite3 .mlops/registry.db "DROP INDEX evidence_bundle;
        CREATE INDEX evidence_bundle ON evidence (bundle, id) WHERE id > 1000;
        PRAGMA writable_schema = 1;
        UPDATE sqlite_schema SET sql = 'CREATE INDEX evidence_bundle ON evidence (bundle, id)'
            WHERE name = 'evidence_bundle'"
    run mlops --json fsck
    ended 5
    jq -e '(.clean | not) and any(.problems[]; .kind == "database")' <<<"$output"
    run mlops fsck
    ended 5 database
    mlops fsck --quick
}
