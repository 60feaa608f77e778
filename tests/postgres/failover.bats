#!/usr/bin/env bats
# The server is lost for good, and its replica promoted: what was said to be done is there, what was not
# is there once or not at all. The replica is a synchronous one, so that nothing is acknowledged which it
# does not have; without that, PostgreSQL itself loses the last commits.

load ../cli/common
load server

# A server and its replica, made once and copied for each test.
setup_file() {
    export template=$(mktemp -d /tmp/mlops-postgres.XXXXXX)
    [ "$(id -u)" -ne 0 ] || chown "$(postgres_user)" "$template"
    chmod 755 "$template"
    postgres_make "$template/one"
    postgres_start "$template/one"
    as_postgres "$postgres_bin/pg_basebackup" -h "$template/one" -U postgres -D "$template/two" -R \
        -X stream -c fast --no-sync 3>&-
    postgres_stop "$template/one"
}

teardown_file() {
    rm -rf "$template"
}

# Both in folders of this test, the server in $one and the replica in $two, each at a port of this
# machine; `url` names both.
setup() {
    cli_setup
    one=$(mktemp -d /tmp/mlops-postgres.XXXXXX) two=$(mktemp -d /tmp/mlops-postgres.XXXXXX)
    [ "$(id -u)" -ne 0 ] || chown "$(postgres_user)" "$one" "$two"
    chmod 755 "$one" "$two"
    as_postgres cp -a "$template/one/data" "$one/data"
    as_postgres cp -a "$template/two" "$two/data"
    as_postgres sed -i "s:$template/one:$one:" "$one/data/postgresql.conf"
    as_postgres sed -i "s:$template/one:$two:" "$two/data/postgresql.conf"
    postgres_start_at_port "$one" "synchronous_standby_names=*"
    port_one=$port
    as_postgres tee -a "$two/data/postgresql.auto.conf" > /dev/null <<CONF
primary_conninfo = 'host=127.0.0.1 port=$port_one user=postgres'
CONF
    postgres_start_at_port "$two"
    port_two=$port
    url="postgresql://postgres@127.0.0.1:$port_one,127.0.0.1:$port_two/postgres?target_session_attrs=read-write"
    rules=0
}

teardown() {
    [ -z "${proxy-}" ] || { kill "$proxy"; wait "$proxy" 2>/dev/null || true; }
    local folder
    for folder in "$one" "$two"; do
        [ ! -e "$folder/data/postmaster.pid" ] || postgres_stop "$folder" immediate || true
        rm -rf "$folder" "$folder.log"
    done
}

# The machine of the first server is gone, in the middle of whatever it does; nothing is said to anybody.
lose_one() {
    local server children
    server=$(head -1 "$one/data/postmaster.pid")
    children=$(ps -o pid= --ppid "$server")
    kill -9 "$server" $children
    rm -f "$one/data/postmaster.pid"
}

promote_two() {
    as_postgres "$postgres_bin/pg_ctl" -D "$two/data" -w -t 240 promote > /dev/null 3>&-
}

@test "a failover amid 16 clients: nothing that was said to be done is lost" {
    mlops -q init --metadata "$url" --objects "$PWD/objects"
    given_registered fraud@6
    for number in 1 2 3 4 5 6; do mlops -q test fraud@$number > /dev/null; done
    "$CLIENTS" .mlops 16 3 > history 2> errors 3>&- &
    until [ -s history ]; do sleep 0.05; done # all are connected
    sleep 0.7
    lose_one
    sleep 0.3
    promote_two
    wait $!
    mlops --json log > log.json
    run python3 "$SOURCE_ROOT/tests/postgres/check_history.py" history log.json
    ended 0 "linearizable"
    mlops log --verify
    # there was something to be lost, and clients went on
    jq -s --argjson half "$(head -1 history | jq .began)" -e \
        'any(.[]; .entry >= 0 and .ended > $half + 2000000000)' history > /dev/null
}

# committed N: until the server, and with it the replica, has so many promotions.
committed() {
    until [ "$(psql -X -At "host=$one port=$port_one user=postgres dbname=postgres" \
        -c "SELECT count(*) FROM audit WHERE action = 'promote'")" -eq "$1" ]; do sleep 0.02; done
}

# promote_through MODE: the promotion of fraud@2 by one address for both servers, whose connection is
# held at the commit, before the server hears of it or behind its answer, until the other has taken over.
promote_through() {
    given_proxy "$one" "$port_one"
    local through="postgresql://postgres@127.0.0.1:$port/postgres"
    mlops -q init --metadata "$through" --objects "$PWD/objects"
    given_registered fraud@2
    for number in 1 2; do mlops -q test fraud@$number > /dev/null; done
    mlops -q promote fraud@1 --to dev
    rule "hold-$1 1 COMMIT"
    mlops -q --lock-timeout 10m promote fraud@2 --to dev 3>&- 2> said &
    until broken; do sleep 0.02; done
    [ "$1" = before ] || committed 2
    lose_one
    echo "$two/.s.PGSQL.$port_two" > "$BATS_TEST_TMPDIR/upstream"
    : > "$BATS_TEST_TMPDIR/rule.go"
    sleep 0.3 # it comes back to a replica that takes no writes yet, and waits
    promote_two
    wait $! || { cat said; return 1; }
    [ "$(mlops --json log | jq '[.entries[] | select(.action == "promote")] | length')" -eq 2 ]
    run mlops promote fraud@2 --to dev
    ended 0 already
    mlops log --verify
    mlops -q fsck
}

@test "a failover just before a commit: it is done anew, once" {
    promote_through before
}

@test "a failover between a commit and its answer: it is found to be done" {
    promote_through after
}

@test "where no server takes over, a commit without an answer is exit 6, and says what to look at" {
    given_proxy "$one" "$port_one"
    mlops -q init --metadata "postgresql://postgres@127.0.0.1:$port/postgres" --objects "$PWD/objects"
    given_registered fraud@1
    mlops -q test fraud@1 > /dev/null
    rule "hold-after 1 COMMIT"
    mlops -q --lock-timeout 500ms promote fraud@1 --to dev 3>&- 2> said &
    until broken; do sleep 0.02; done
    committed 1
    lose_one
    : > "$BATS_TEST_TMPDIR/rule.go"
    wait $! && status=0 || status=$?
    output=$(cat said)
    ended 6 "whether it was done cannot be found out" "look for it in 'mlops log'"
    # it was done, and doing it again does nothing
    echo "$two/.s.PGSQL.$port_two" > "$BATS_TEST_TMPDIR/upstream"
    promote_two
    run mlops promote fraud@1 --to dev
    ended 0 already
    mlops log --verify
}
