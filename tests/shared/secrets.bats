#!/usr/bin/env bats
# Passwords, keys and tokens of all that a registry speaks to, PostgreSQL, S3 and OCI registries, are where
# they were given and nowhere else: in no message, no JSON, no file, no row and no process title, of
# children neither. Under with_server, with TEST_POSTGRES.

load ../cli/common
load ../cli/oci_common

setup() {
    need_tools docker-registry pg_dump
    cli_setup
    schema=t$BATS_TEST_NUMBER$RANDOM$RANDOM
    psql -X -q "$TEST_POSTGRES" -c "CREATE SCHEMA $schema"
    url="$TEST_POSTGRES&options=-csearch_path%3D$schema"
    found=$BATS_TEST_TMPDIR/found said=$BATS_TEST_TMPDIR/said secrets=$BATS_TEST_TMPDIR/secrets
    # no command of the test's own may have one of them among its words
    {
        printf '%s\n' pw-env-4711-of-tests pw-url-4712-of-tests s3cret-of-tests wrong-of-tests \
            hook-4713-of-tests session-4714-of-tests "$AWS_SECRET_ACCESS_KEY"
        printf %s "ci:s3cret-of-tests" | base64
        printf %s "$AWS_SECRET_ACCESS_KEY" | base64
    } > "$secrets"
    watch
}

# watch: begin to look at titles, anew where one looks already; nothing is found so far.
watch() {
    [ -z "${watcher-}" ] || { kill "$watcher"; wait "$watcher" || true; }
    rm -f "$found"
    python3 "$BATS_TEST_DIRNAME/titles.py" "$secrets" "$found" oci_server.py 3>&- 6>&- &
    watcher=$!
    until_true test -e "$found" # it looks
}

teardown() {
    for process in $watcher ${server-}; do { kill "$process" && wait "$process"; } 2> /dev/null || true; done
    stop_servers
}

credentials() { # HOST, USER:PASSWORD on standard input
    mkdir -p "$HOME/.docker"
    printf '{"auths": {"%s": {"auth": "%s"}}}' "$1" "$(base64)" > "$HOME/.docker/config.json"
}

# given_registries: $basic takes a password, $token sends for a token.
given_registries() {
    local folder=$BATS_FILE_TMPDIR/token
    mkdir -p "$BATS_FILE_TMPDIR/basic" "$folder"
    # s3cret-of-tests, by crypt's bcrypt
    echo 'ci:$2b$05$SyeamhgoCfIwuz9RcsP67.zeY6x7JYAKbqDo.hL7VgwvbVKAU9G3y' > "$BATS_FILE_TMPDIR/basic/users"
    start_registry basic "auth: {htpasswd: {realm: tests, path: $BATS_FILE_TMPDIR/basic/users}}"
    basic=localhost:$PORT
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key" -out "$folder/certificate" \
        -subj /CN=tests -days 2 2> /dev/null
    python3 "$BATS_TEST_DIRNAME/../cli/oci_server.py" token - "$folder/key" ci s3cret-of-tests "$folder/asked" \
        > "$folder/port" 3>&- &
    echo $! >> "$BATS_FILE_TMPDIR/pids"
    until_true test -s "$folder/port"
    start_registry token "auth: {token: {realm: 'http://127.0.0.1:$(cat "$folder/port")/token',
        service: tests, issuer: tests, rootcertbundle: $folder/certificate}}"
    token=localhost:$PORT
}

# say COMMAND…: what it says, both ways, however it ends, is kept.
say() {
    mlops -v "$@" >> "$said" 2>&1 || true
    mlops -v --json "$@" >> "$said" 2>&1 || true
}

nowhere() {
    ! grep -raF -f "$secrets" "$@" || return 1
    ! grep -raE 'eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.' "$@" # nor a token, as JWT writes them
}

@test "the watcher of titles sees a secret" {
    sh -c 'until [ -e told ]; do sleep 0.05; done; : "$0"' "pw-env-4711-of-tests" 3>&- &
    until_true grep -q pw-env-4711 "$found"
    touch told
    wait $!
}

@test "credentials of PostgreSQL, S3 and OCI registries are nowhere but where they were given" {
    given_registries
    export PGPASSWORD=pw-env-4711-of-tests AWS_SESSION_TOKEN= MLOPS_SECRET_OF_TEST=hook-4713-of-tests
    mlops init --metadata "$url" --objects "s3://models/$schema" > "$said" 2>&1
    given_project p
    mkdir .mlops/hooks
    printf '#!/bin/sh\nps -o args= -p $PPID; sleep 0.1\n' > .mlops/hooks/post-promote
    chmod +x .mlops/hooks/post-promote
    say register p
    say test fraud@1
    say webhook add http://127.0.0.1:9/ --event promote --secret-env MLOPS_SECRET_OF_TEST
    say promote fraud@1 --to dev
    say webhook deliver
    for host in "$basic" "$token"; do
        printf ci:wrong-of-tests | credentials "$host"
        say push fraud@1 "oci://$host/fraud:v1"
        printf ci:s3cret-of-tests | credentials "$host"
        say push fraud@1 "oci://$host/fraud:v1"
        mlops -q init "$BATS_TEST_TMPDIR/${host#*:}"
        say --registry "$BATS_TEST_TMPDIR/${host#*:}" pull "oci://$host/fraud:v1"
    done
    # a URL with a password, from the environment; and what cannot be reached, or refuses
    MLOPS_REGISTRY=${url/postgres@/postgres:pw-url-4712-of-tests@} say show fraud@1
    MLOPS_REGISTRY=postgresql://postgres:pw-url-4712-of-tests@127.0.0.1:1/x say list
    AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY. say fsck
    AWS_SESSION_TOKEN=session-4714-of-tests say fsck
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 say fsck
    say log
    say log --verify
    say doctor
    grep -q 'the log is whole' "$said"
    grep -q SignatureDoesNotMatch "$said"
    grep -q 'do not suffice' "$said"
    jq -es 'map(select(.digest? != null)) | length > 1' <(grep '^{' "$said") > /dev/null # both were pushed to
    nowhere "$said" .mlops p "$S3_DATA" "$BATS_TEST_TMPDIR"/[0-9]*
    [ ! -e "$HOME/.local" ] || nowhere "$HOME/.local"
    nowhere <(pg_dump "$TEST_POSTGRES" --schema "$schema")
    cat "$found"
    [ ! -s "$found" ]
}

# hidden COMMAND: while $waiting, which runs it, waits, its password stands in no title.
hidden() {
    watch # anew: the first instant was the shell's
    sleep 0.3
    tr '\0' ' ' < "/proc/$waiting/cmdline" | cat - "$found" > titles
    kill "$waiting"
    wait "$waiting" || true
    cat titles
    grep -q "mlops $1 " titles
    nowhere "$said" titles
}

@test "a password in an address does not stay in the title while a command runs" {
    python3 -c 'import socket
s, taken = socket.create_server(("127.0.0.1", 0)), []
print(s.getsockname()[1], flush=True)
while True:
    taken.append(s.accept()) # and nothing is said
    open("connected", "w").close()' > port 3>&- &
    server=$!
    until_true test -s port
    mlops -q init
    given_registered fraud@1
    local address line
    address=postgresql://ci:s3cret-of-tests@127.0.0.1:$(cat port)/x
    for line in "list --registry $address" "profile $address --table t" "init there --metadata=$address"; do
        rm -f connected
        mlops $line > "$said" 2>&1 3>&- &
        waiting=$!
        until_true test -e connected
        hidden "${line%% *}"
    done
    # other addresses, of which none that is taken may have one
    hold_registry
    mlops tag fraud@1 "where=oci://ci:s3cret-of-tests@127.0.0.1/fraud:v1" > "$said" 2>&1 3>&- &
    waiting=$!
    until_true eval "ls -l /proc/$waiting/fd | grep -q registry.db"
    hidden tag
    let_registry_go
    run -2 mlops push fraud@1 "${address/postgresql/oci}"
    nowhere <(echo "$output")
}
