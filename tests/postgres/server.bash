# A PostgreSQL server of the tests' own: on a Unix socket in a folder of its own under /tmp, with no
# TCP port unless asked for, without fsync, run by an unprivileged user. Sourced, not run.

postgres_bin=/usr/lib/postgresql/15/bin

# postgres_installed: is there a server to start?
postgres_installed() {
    [ -x "$postgres_bin/initdb" ] && [ -x "$postgres_bin/pg_ctl" ]
}

# What the server's user must run; PostgreSQL refuses to be root.
as_postgres() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        (cd / && setpriv --reuid="$(postgres_user)" --regid="$(id -g "$(postgres_user)")" \
            --clear-groups env HOME=/tmp "$@")
    fi
}

postgres_user() {
    if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# postgres_make DIR: an empty cluster in DIR/data, owned by who will run it. Its superuser is `postgres`.
postgres_make() {
    mkdir -p "$1"
    [ "$(id -u)" -ne 0 ] || chown "$(postgres_user)" "$1"
    chmod 755 "$1"
    as_postgres "$postgres_bin/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
        --no-sync --no-instructions >"$1.log" 2>&1 || { cat "$1.log"; return 1; }
    as_postgres tee -a "$1/data/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$1'
listen_addresses = ''
port = 5432
fsync = off
max_connections = 200
shared_buffers = 64MB
log_min_messages = warning
CONF
}

# postgres_start DIR [SETTING=VALUE…], postgres_stop DIR [MODE]; _start waits until it answers.
postgres_start() {
    local folder=$1 options=
    shift
    for setting in "$@"; do options+=" -c $setting"; done
    # its descriptors would keep whoever waits for ours waiting
    as_postgres "$postgres_bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 240 -o "$options" start \
        >/dev/null 3>&- 4>&- || { cat "$folder/log"; return 1; }
}

# postgres_start_at_port DIR [SETTING=VALUE…]: on TCP, too, at $port of this machine, which was free.
postgres_start_at_port() {
    local attempt
    for attempt in 1 2 3 4 5; do # another process may take the port between looking and listening
        port=$(free_port)
        if postgres_start "$1" listen_addresses=127.0.0.1 "port=$port" "${@:2}"; then return; fi
    done
    return 1
}

postgres_stop() {
    as_postgres "$postgres_bin/pg_ctl" -D "$1/data" -w -t 240 -m "${2:-fast}" stop >/dev/null 3>&- 4>&-
}

# postgres_url DIR [DATABASE [USER]]
postgres_url() {
    echo "postgresql://${3:-postgres}@/${2:-postgres}?host=$1"
}

# given_proxy SOCKET_FOLDER [PORT]: a proxy before the server there, at 127.0.0.1:$port, with the process $proxy
# (proxy.py); `rule KIND N [TEXT]` is what it breaks, `broken` whether it did; no rule, nothing.
given_proxy() {
    echo "$1/.s.PGSQL.${2:-5432}" > "$BATS_TEST_TMPDIR/upstream"
    : > "$BATS_TEST_TMPDIR/rule"
    : > "$BATS_TEST_TMPDIR/port" # the proxy's own redirection comes later
    python3 "$BATS_TEST_DIRNAME/proxy.py" "$BATS_TEST_TMPDIR"/{upstream,rule,rounds} \
        > "$BATS_TEST_TMPDIR/port" 3>&- & # bats' own descriptor, which it would hold open
    proxy=$!
    until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.02; done
    port=$(cat "$BATS_TEST_TMPDIR/port")
}

rule() {
    : > "$BATS_TEST_TMPDIR/rounds"
    rm -f "$BATS_TEST_TMPDIR/rule.go"
    printf '%s\n%s\n' "$*" "$((++rules))" > "$BATS_TEST_TMPDIR/rule"
}

broken() {
    grep -q ' ' "$BATS_TEST_TMPDIR/rounds"
}

# given_holder URL: somebody who stands at the head of the line of writers at that URL until `let_go`.
given_holder() {
    psql -X -q "$1" -c "BEGIN; SELECT pg_advisory_xact_lock(1835823984, hashtext(current_schema()::text));
        SELECT pg_sleep(3600)" > /dev/null 2>&1 3>&- &
    holder=$!
    until [ "$(writers true)" -eq 1 ]; do sleep 0.02; done
}

let_go() {
    psql -X -q "$TEST_POSTGRES" -c "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted
        AND $in_line" > /dev/null
    wait "$holder" || true
}

# writers GRANTED: how many hold the lock of $schema (true), or wait for it (false).
writers() {
    psql -X -At "$TEST_POSTGRES" -c "SELECT count(*) FROM pg_locks WHERE granted = $1 AND $in_line"
}

# given_schema: an empty schema of this test's own on the server that is shared (TEST_POSTGRES); `schema` is
# its name, `url` that of a registry in it.
given_schema() {
    schema=t${BATS_TEST_NUMBER}_$RANDOM$RANDOM
    psql -X -q "$TEST_POSTGRES" -c "CREATE SCHEMA $schema"
    url="$TEST_POSTGRES&options=-csearch_path%3D$schema"
    in_line="locktype = 'advisory' AND objid::bigint = hashtext('$schema')::bigint & 4294967295"
}
