#!/usr/bin/env bats
# Every table of a registry, every column, every row: changed one at a time behind its back.
# 'mlops log --verify' or 'mlops fsck' must name it.
load ../cli/session

# What says nothing that the log speaks of: when and by whom a bundle was packaged, the highest
# number of a model, labels, the number of the schema, what gc did and is about to; what is made again
# from the bundles.
passed_over() {
    case $1.$2 in
    condemned.* | fact.* | tag.* | model.last_number | model.created_ns | retired.released_ns) ;;
    bundle.created_ns | bundle.created_by | bundle.packaged_ns | meta.value:gc | meta.value:schema) ;;
    *) return 1 ;;
    esac
}

ask() { sqlite3 .mlops/registry.db "$1"; }

furnished() {
    registered
    export MLOPS_KEYS=$PWD/keys
    for who in ana bob; do mlops -q key generate --no-passphrase $who >/dev/null; done
    mlops -q trust add bob --role approver --owner bob
    mlops -q trust add ana --role author --role releaser --owner ana
    printf 'stages: {staging: {tests: all}, production: {approvals: 1, signed: author}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml --key ana
    mlops -q test fraud > /dev/null
    mlops -q sign fraud@1 --key ana
    mlops -q approve fraud@1 --for production --key bob
    mlops -q promote fraud@1 --to staging
    mlops -q promote fraud@1 --to production
    mlops -q tag fraud@1 owner=payments
    printf 'noise: 0\nround: 2\n' > p/params.yaml
    mlops -q register p > /dev/null
    mlops -q retire fraud@2 --reason 'never used'
    mlops -q freeze fraud --stage staging --reason audit --key ana
}

setup() {
    session
}

@test "every row that is changed is named" {
    furnished
    mlops log --verify
    mlops -q fsck
    cp .mlops/registry.db kept.db
    missed="" tried=0
    for table in $(ask "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"); do
        rows=$(ask "SELECT rowid FROM \"$table\"")
        for column in $(ask "SELECT name FROM pragma_table_info('$table')"); do
            for row in $rows; do
                place=$column
                [ "$table" = meta ] && place=$column:$(ask "SELECT key FROM meta WHERE rowid = $row")
                passed_over "$table" "$place" && continue
                cp kept.db .mlops/registry.db
                ask "PRAGMA foreign_keys = 0; UPDATE \"$table\" SET \"$column\" =
                    CASE typeof(\"$column\") WHEN 'integer' THEN \"$column\" + 1
                    WHEN 'null' THEN 'x' ELSE \"$column\" || 'x' END
                    WHERE rowid = $row" 2>/dev/null || continue
                tried=$((tried + 1))
                mlops log --verify >/dev/null 2>&1 || continue
                mlops -q fsck >/dev/null 2>&1 || continue
                missed+="$table.$place of row $row"$'\n'
            done
        done
    done
    echo "$tried changes tried"
    [ -z "$missed" ] || { printf 'nobody noticed:\n%s' "$missed"; false; }
}
