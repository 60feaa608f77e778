#!/usr/bin/env bats
# Roles of a shared registry, held against psql: whoever has a user's password has no more than that.

load ../cli/common
load server

setup() {
    cli_setup
    mark=$BATS_TEST_NUMBER$RANDOM$RANDOM
    schema=t$mark
    psql -X -q "$TEST_POSTGRES" -c "CREATE SCHEMA $schema"
    for user in rea ada bob eve; do
        psql -X -q "$TEST_POSTGRES" -c "CREATE ROLE $user$mark LOGIN"
    done
    url="$TEST_POSTGRES&options=-csearch_path%3D$schema"
    mlops -q init --metadata "$url" --objects "$PWD/objects"
    given_project project
}

teardown() {
    names=$(psql -X -At "$TEST_POSTGRES" -c "SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles
        WHERE rolname LIKE '%$mark' OR rolname LIKE 'mlops\_%' || left(md5('postgres.$schema'), 12)")
    psql -X -q "$TEST_POSTGRES" -c "SET client_min_messages = error; DROP SCHEMA $schema CASCADE;
        DROP OWNED BY $names; DROP ROLE $names"
}

url_of() {
    echo "${url/postgres@/$1$mark@}"
}

# as USER COMMAND…: mlops by somebody with that login, and the key of the log
as() {
    MLOPS_LOG_KEY=$PWD/.mlops/log.key mlops --registry "$(url_of "$1")" "${@:2}"
}

# refused USER SQL…: with psql, each by itself
refused() {
    local user=$1 sql
    for sql in "${@:2}"; do
        run psql -X -q -v ON_ERROR_STOP=1 "$(url_of "$user")" -c "$sql"
        [[ "$status" -ne 0 && ("$output" == *"permission denied"* || "$output" == *"row-level security"* ||
            "$output" == *"only appended"* || "$output" == *"not the next"* || "$output" == *"must be owner"*) ]] ||
            { echo "$user, $sql: $output"; return 1; }
    done
}

given_roles() {
    mlops -q registry grant reader "rea$mark"
    mlops -q registry grant author "ada$mark"
    mlops -q registry grant releaser "bob$mark"
    mlops -q registry grant admin "eve$mark"
}

# log_entry ACTION [TEXT]: SQL that appends one
log_entry() {
    local text=${2:-"{\"action\":\"$1\",\"model\":\"fraud\"}"}
    echo "INSERT INTO audit (position, time_ns, actor, action, model, version, previous, stage, reason,
        entry, leaf) VALUES ((SELECT max(position) + 1 FROM audit), 1, 'x', '$1', 'fraud', 1, 0,
        'production', '', '$text', 'x')"
}

@test "each role does its own and is told who gives more" {
    given_roles
    as ada -q register project
    as ada -q test fraud
    run as ada promote fraud@1 --to staging
    ended 6 "does not let ada$mark do that" "mlops registry grant ROLE"
    run as rea list
    ended 0 fraud
    run as rea tag fraud@1 a=b
    ended 6 "does not let rea$mark do that"
    as bob -q promote fraud@1 --to staging
    given_project project fraud 2
    as ada -q register project
    as ada -q test fraud
    as bob -q promote fraud@2 --to staging
    as bob -q rollback fraud --stage staging
    as bob -q retire fraud@2 --reason old
    mlops policy show fraud > policy.yaml
    run as bob policy set fraud policy.yaml
    ended 6 "does not let bob$mark do that"
    as eve -q policy set fraud policy.yaml
    as eve -q gc --grace 0
    as eve -q registry grant author "rea$mark"
    as rea -q tag fraud@1 a=b
    run as bob registry grant admin "bob$mark"
    ended 6
    mlops log --verify
    mlops -q fsck
}

@test "an author's password does not promote, with psql neither" {
    given_roles
    as ada -q register project
    refused ada \
        "INSERT INTO stage_entry VALUES ('fraud', 'production', 0, 1, 1, 'ada', 0)" \
        "UPDATE stage_entry SET number = 1" "DELETE FROM stage_entry" \
        "$(log_entry promote)" "$(log_entry rollback)" "$(log_entry trust)" "$(log_entry policy)" \
        "$(log_entry tag '{"action":"promote","model":"fraud"}')" \
        "$(log_entry tag '{"action":"tag","action":"promote","model":"fraud"}')" \
        "INSERT INTO policy VALUES ('fraud', 1, '{}')" \
        "INSERT INTO version VALUES ('fraud', 7, (SELECT id FROM bundle LIMIT 1), 1, 'ada')" \
        "UPDATE version SET number = 2" "DELETE FROM version" \
        "UPDATE model SET last_number = 0" "INSERT INTO meta VALUES ('x', 'y')" "DELETE FROM bundle" \
        "UPDATE evidence SET status = 'passed'"
    # rows that are not theirs to change are not there to be changed
    [ -z "$(psql -X -q -At "$(url_of ada)" -c "UPDATE meta SET value = '0' WHERE key = 'schema' RETURNING key")" ]
    mlops log --verify
    mlops -q fsck
}

@test "nobody rewrites the log, who owns the tables neither" {
    given_roles
    as ada -q register project
    before=$(mlops log --checkpoint)
    for user in rea ada bob eve; do
        refused $user "UPDATE audit SET actor = 'x'" "DELETE FROM audit" "TRUNCATE audit CASCADE" \
            "UPDATE audit_node SET hash = 'x'" "DELETE FROM audit_node" "ALTER TABLE audit DISABLE TRIGGER ALL" \
            "DROP TABLE audit CASCADE" "SET ROLE postgres" "UPDATE policy SET body = '{}'"
    done
    refused bob "$(log_entry policy)" "$(log_entry trust)" "$(log_entry grant)"
    mark= refused postgres "UPDATE audit SET actor = 'x'" "DELETE FROM audit" "TRUNCATE audit CASCADE" \
        "UPDATE audit_node SET hash = 'x'"
    refused rea "$(log_entry tag)" "INSERT INTO evidence SELECT * FROM evidence"
    [ "$(mlops log --checkpoint)" = "$before" ]
}

@test "roles are listed, changed and taken, and the log says so" {
    mlops -q registry grant author "ada$mark"
    run mlops registry grant releaser "ada$mark"
    ended 0 "ada$mark is now releaser of this registry"
    mlops --json registry show | jq -e ".roles == [{user: \"ada$mark\", role: \"releaser\"}]"
    run mlops registry revoke "ada$mark"
    ended 0 "no role in this registry any more"
    run as ada list
    ended 6
    run mlops registry revoke "ada$mark"
    ended 3 "has no role"
    run mlops registry grant author nobody-there
    ended 3 "the database server has no user" createuser
    run mlops registry grant king "ada$mark"
    ended 2 "reader, author, releaser and admin"
    [ "$(mlops --json log | jq -r '[.entries[].action] | sort | join(" ")')" = "grant grant init revoke" ]
    mlops log --verify
    mlops -q init alone
    run mlops --registry alone registry grant author ada
    ended 2 "is not shared"
}
