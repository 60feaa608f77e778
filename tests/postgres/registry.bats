#!/usr/bin/env bats
# A registry in PostgreSQL: made, joined from another folder, used by several, and its server lost.

load ../cli/common
load server

setup() {
    cli_setup
    given_schema
}

teardown() {
    [ ! -e "${own-/nonexistent}/data/postmaster.pid" ] || postgres_stop "$own" immediate
    [ -z "${own-}" ] || rm -rf "$own" "$own.log"
}

# given_server: a server of this test alone, which it may stop; `url` is its database.
given_server() {
    own=$(mktemp -d /tmp/mlops-postgres.XXXXXX)
    postgres_make "$own"
    postgres_start "$own"
    url=$(postgres_url "$own")
}

@test "what one folder registers another one that joined sees, with its files" {
    mlops -q init here --metadata "$url" --objects "$PWD/objects"
    given_project project
    mlops -q --registry here register project
    run mlops init there --metadata "$url"
    ended 0 "joined the registry" "nothing can be recorded from here"
    run mlops --registry there list
    ended 0 fraud
    mlops -q --registry there checkout fraud out
    diff -r project/model out/model
    run mlops --registry there log --verify
    ended 0 "the log is whole"
}

@test "a host follows a stage of a shared registry, and webhooks wait in its outbox" {
    mlops -q init here --metadata "$url" --objects "$PWD/objects"
    export MLOPS_REGISTRY=here MLOPS_SECRET_OF_TEST=s
    printf 'stages:\n  production: {}\n' > policy.yaml
    mlops -q policy set --default policy.yaml
    given_project project
    mlops -q register project
    mlops -q webhook add http://127.0.0.1:9/ --event promote --secret-env MLOPS_SECRET_OF_TEST
    mlops deploy fraud@production host --follow > follow.out 2>&1 3>&- &
    local follower=$! i
    mlops -q promote fraud --to production 2> /dev/null
    for i in $(seq 2000); do [ ! -e host/current ] || break; sleep 0.05; done
    diff -r project/model host/current/model
    kill "$follower"
    wait "$follower"
    run mlops --json webhook list
    [ "$(jq '.webhooks[0].waiting' <<<"$output")" = 1 ]
    run mlops webhook deliver
    ended 1 "0 delivered, 1 failed, 1 left"
}

@test "who joins records with the key of the log, and with no other" {
    mlops -q init here --metadata "$url" --objects "$PWD/objects"
    mlops -q init there --metadata "$url" 2>/dev/null
    given_project project
    run mlops --registry there register project
    ended 3 "without the key of the audit log"
    mlops -q init elsewhere
    run mlops init there --metadata "$url" --log-key elsewhere/.mlops/log.key
    ended 5 "not the key of this registry's audit log"
    mlops -q init there --metadata "$url" --log-key here/.mlops/log.key
    mlops -q --registry there register project
    [ "$(stat -c %a there/.mlops/log.key)" = 600 ]
    run mlops --registry here log --verify
    ended 0 "the log is whole: 2 entries"
}

@test "a registry is named by its URL, in an option and in the environment" {
    mlops -q init here --metadata "$url" --objects "$PWD/objects"
    given_project project
    mlops -q --registry here register project
    run mlops --registry "$url" list
    ended 0 fraud
    MLOPS_REGISTRY=$url run mlops list
    ended 0 fraud
}

@test "init of a shared registry that is there already changes nothing" {
    mlops -q init --metadata "$url"
    before=$(mlops log --checkpoint)
    run mlops --json init --metadata "$url"
    ended 0 '"created":false' '"joined":false'
    [ "$(mlops log --checkpoint)" = "$before" ]
    run mlops init --metadata "$url-other"
    ended 2 "as part of"
}

@test "a password is used and kept nowhere" {
    secret=s3cr3t-9f
    with_secret=${url/postgres@/postgres:$secret@}
    mlops -q init --metadata "$with_secret&sslpassword=$secret" 2> err
    given_project project
    mlops -q register project
    mlops -v --json list > out 2>> err
    mlops --registry "$with_secret" -v list >> out 2>> err
    ! grep -r "$secret" .mlops "$HOME" out err
    ! psql -X -At "$url" -c 'SELECT entry FROM audit' | grep "$secret"
}

@test "a password in a URL does not stay in the process title" {
    secret=s3cr3t-9f
    mlops -q init --metadata "$url"
    given_project project
    bundle=$(mlops --json package project | jq -r .bundle)
    given_holder "$url"
    mlops -q "--registry=${url/postgres@/postgres:$secret@}" register "$bundle" 3>&- 2>/dev/null &
    until [ "$(writers false)" -eq 1 ]; do sleep 0.02; done
    title=$(tr '\0' ' ' < "/proc/$!/cmdline")
    [[ "$title" == *register* && "$title" == *postgres@* && "$title" != *"$secret"* ]]
    kill $!
    let_go
    wait
}

@test "a server that is not there is exit code 6, at once, and leaves no folder" {
    run mlops init --metadata "postgresql://nobody@/x?host=$PWD"
    ended 6 "cannot reach the database"
    [ ! -e .mlops ]
    run mlops init --metadata "postgresql://nobody@/x?no_such=1"
    ended 2 "is not a PostgreSQL URL"
}

@test "a server elsewhere must prove who it is unless the URL says otherwise" {
    given_server
    postgres_stop "$own"
    postgres_start_at_port "$own"
    # a name that is not the machine's own word for itself: no TLS there, so no connection
    run mlops init --metadata "postgresql://postgres@host.example:$port/postgres?hostaddr=127.0.0.1"
    ended 6 "SSL"
    run mlops -q init --metadata \
        "postgresql://postgres@host.example:$port/postgres?hostaddr=127.0.0.1&sslmode=disable"
    ended 0
}

# authority NAME: NAME.key and NAME.crt of a certificate authority; certificate NAME CA HOST: one that it signs.
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.crt" 2> /dev/null
}
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$1.key" \
        -out "$1.csr" 2> /dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(echo "subjectAltName=DNS:$3") 2> /dev/null
}

@test "a man in the middle with another certificate is refused, and hears no password" {
    given_server
    postgres_stop "$own"
    authority ours
    authority theirs
    certificate server ours db.example
    certificate middle theirs db.example
    certificate elsewhere ours other.example
    # served CERTIFICATE: the server shows it from now on
    served() {
        [ -z "${port:-}" ] || postgres_stop "$own"
        for kind in key crt; do as_postgres tee "$own/data/$1.$kind" < "$1.$kind" > /dev/null; done
        as_postgres chmod 600 "$own/data/$1.key"
        postgres_start_at_port "$own" ssl=on \
            "ssl_cert_file=$1.crt" "ssl_key_file=$1.key" log_connections=on
        url="postgresql://postgres:s3cr3t@db.example:$port/postgres?hostaddr=127.0.0.1&sslrootcert=$PWD/ours.crt"
    }
    served server
    mlops -q init --metadata "$url"
    run mlops log --verify
    ended 0
    rm -rf .mlops
    # the system's authorities do not vouch for it
    run mlops init --metadata "postgresql://postgres@db.example:$port/postgres?hostaddr=127.0.0.1"
    ended 6 "certificate verify failed"
    for other in middle elsewhere; do
        served "$other"
        as_postgres truncate -s 0 "$own/log"
        run mlops init --metadata "$url"
        ended 6 "certificate"
        [[ "$output" != *s3cr3t* ]]
        [ ! -e .mlops ]
        run grep "connection authorized: user=postgres database=postgres SSL" "$own/log"
        [ "$status" -eq 1 ]
    done
}

@test "writers in line behind one that hangs are told for whom" {
    mlops -q init --metadata "$url"
    given_project project
    bundle=$(mlops --json package project | jq -r .bundle)
    given_holder "$url&application_name=mlops%20bob@ci"
    run mlops --lock-timeout 300ms register "$bundle"
    ended 6 "waited 0.3 s for bob@ci"
    let_go
    mlops -q register "$bundle"
}

@test "a restart of the server between commands and amid them loses nothing" {
    given_server
    mlops -q config set lock-timeout 10m # however long a restart takes
    mlops -q init --metadata "$url"
    for round in 1 2 3 4 5 6; do
        given_project project fraud $round
        mlops -q package project >/dev/null
        mlops --json package project | jq -r .bundle
    done > bundles
    while read -r bundle; do
        mlops -q register "$bundle" 3>&- || echo "$bundle" >> failed
    done < bundles &
    for mode in immediate fast immediate; do
        sleep 0.1
        postgres_stop "$own" $mode
        postgres_start "$own"
    done
    wait
    touch failed
    # what failed said so; what did not is there, once
    run mlops log --verify
    ended 0 "the log is whole: $((1 + 6 - $(wc -l < failed))) entries"
    [ "$(mlops --json list | jq '.versions | length')" -eq $((6 - $(wc -l < failed))) ]
}
