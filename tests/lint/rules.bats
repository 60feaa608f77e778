#!/usr/bin/env bats
# Rules of the scanners: each is on the list that 'mlops scan --rules' and SARIF have. And of shared
# registries: each table says who may write it.

@test "every rule has the mark that puts it on the list" {
    ! grep -rHnE '^ *(static )?const struct rule [a-z0-9_#]+ *=' "$SOURCE_ROOT/lib/trust" --include='*.c'
}

@test "every id stands in the list of rules" {
    "$MLOPS" --json scan --rules | jq -r '.rules[].rule' > "$BATS_TEST_TMPDIR/listed"
    while read -r id; do
        grep -q "/$id\$\|^$id\$" "$BATS_TEST_TMPDIR/listed" || { echo "$id is not listed"; false; }
    done < <(grep -rhoE '\.id = "[a-z0-9/-]+"' "$SOURCE_ROOT/lib/trust" --include='*.c' | cut -d '"' -f 2 |
        grep -v '/$')
}

@test "every table of the schema has rules of who may write it" {
    while read -r table; do
        grep -qw "$table" "$SOURCE_ROOT/lib/registry/access_rules.c" || { echo "$table has none"; false; }
    done < <(grep -oE 'CREATE TABLE [a-z_]+' "$SOURCE_ROOT/lib/registry/schema.c" | cut -d ' ' -f 3 |
        grep -v audit_frontier)
}
