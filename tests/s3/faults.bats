#!/usr/bin/env bats
# What breaks on the way to the server, in every kind of request: it is tried again, or the command
# ends with exit 6, and nothing is lost or half there. Run under with_server.
load common

# METHOD and path of each request of a package of some size, of its checkout, and of gc.
REQUESTS=(
    'GET list-type=2'      # the list of packs
    'POST \?uploads='      # an upload begins
    'PUT partNumber=2'     # a part of it
    'POST \?uploadId='     # it ends
    'PUT packs/[^?]*$'     # a small pack
    'GET packs/[^?]*$'     # blocks and indexes
)

setup() {
    cli_setup
    given_proxy
}

teardown() {
    end_proxy
}

broken() {
    [ -s ../broken ] && : > ../broken
}

# The whole round: a large package, a small one, and both laid out anew.
round() {
    project p "$1" 9000000 && mlops -q register p && cp -r p/model large &&
        given_project p fraud "$1-small" && mlops -q register p &&
        rm -rf .mlops/objects/cache && mlops -q checkout fraud@1 out-1 && mlops -q checkout fraud@2 out-2
}

survives() {
    local kind=$1 request
    for request in "${REQUESTS[@]}"; do
        rm -rf large out-* .mlops
        registry
        echo "$kind 2 $request" > ../rules
        round "$kind" || { echo "$kind at $request: not survived"; return 1; }
        : > ../rules
        broken || { echo "$kind at $request: it never came to that"; return 1; }
        cmp large/weights.bin out-1/model/weights.bin
        cmp p/model/weights.bin out-2/model/weights.bin
        mlops -q fsck
        [ "$(ls "$packs" | wc -l)" -eq 2 ] || { ls "$packs"; return 1; }
    done
}

@test "a connection that is reset before the request is heard" { survives reset; }
@test "an answer that is lost: what was asked has happened" { survives lost; }
@test "500 Internal Error" { survives 500; }
@test "503 Slow Down" { survives 503; }

@test "an answer that ends in the middle" {
    REQUESTS=('GET list-type=2' 'POST \?uploads=' 'POST \?uploadId=' 'GET packs/[^?]*$')
    survives cut
}

@test "bytes that arrive changed: refused by the server, or found by their digest" {
    REQUESTS=('PUT partNumber=2' 'PUT packs/[^?]*$')
    survives spoil
    REQUESTS=('GET packs/[^?]*$')
    survives flip
}

@test "what fails for as long as is tried ends with exit 6, and leaves nothing half there" {
    export AWS_MAX_ATTEMPTS=2
    for kind in reset 500 503 expired; do
        for request in "${REQUESTS[@]}"; do
            rm -rf large out-* .mlops
            registry
            given_project p fraud before
            mlops -q register p
            rm -rf .mlops/objects/cache
            echo "$kind 1000 $request" > ../rules
            case $request in
            'PUT packs'*) given_project p fraud "$kind"; run mlops register p ;;
            'GET packs'*) run mlops checkout fraud@1 out ;;
            *) project p "$kind" 9000000; run mlops register p ;;
            esac
            : > ../rules
            [ "$status" -eq 6 ] || { echo "$kind at $request: exit $status: $output"; false; }
            [[ "$output" == *s3://* || "$output" == *"$AWS_ENDPOINT_URL_S3"* ]]
            [ ! -e out ]
            [ "$(mlops --json list | jq '.versions | length')" -eq 1 ]
            mlops -q fsck
            mlops -q checkout fraud@1 after
            rm -r after
        done
    done
}

@test "a session that ends in the middle goes on with the new one" {
    registry
    mkdir -p "$HOME/.aws"
    printf '[default]\naws_access_key_id = old\naws_secret_access_key = old\n' > "$HOME/.aws/credentials"
    good="[default]
aws_access_key_id = $AWS_ACCESS_KEY_ID
aws_secret_access_key = $AWS_SECRET_ACCESS_KEY"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    echo 'expired 1 GET list-type=2' > ../rules
    project p 1 9000000
    run mlops register p # nobody renewed them
    ended 6 ExpiredToken "get new credentials"
    echo 'hold 1 GET list-type=2' > ../rules # until they are renewed
    echo 'expired 1 GET list-type=2&' >> ../rules # another line than above, which was used
    : > ../broken
    printf '%s\n' '[default]' 'aws_access_key_id = old' 'aws_secret_access_key = old' > "$HOME/.aws/credentials"
    mlops -q register p &
    until [ -s ../broken ]; do sleep 0.1; done
    echo "$good" > "$HOME/.aws/credentials"
    : > ../rules.go
    wait $!
    mlops -q checkout fraud@1 out
    cmp p/model/weights.bin out/model/weights.bin
}

@test "a writer that is stopped in the middle leaves nothing to be seen" {
    registry
    project p 1 60000000
    echo 'hold 1000 POST \?uploadId=' > ../rules # for good: whoever waited for it would not end
    mlops -q register p 2> ../said &
    until [ -s ../broken ]; do sleep 0.1; done
    kill -TERM $!
    wait $! && status=0 || status=$?
    [ "$status" -eq 143 ]
    : > ../rules
    [ -z "$(mlops -q list)" ]
    while read -r _ _ path _; do # a smaller pack beside these may have come through whole, and waits for gc
        path=${path%%\?*}
        [ ! -e "$packs/${path##*/}" ]
    done < ../broken
    mlops -q register p
    mlops -q fsck
}

@test "without TLS a body is signed, but to this machine itself, where nobody stands between" {
    # 0.0.0.0 leads here and is none of this machine's names
    for host in 127.0.0.1 0.0.0.0; do
        rm -rf .mlops
        export AWS_ENDPOINT_URL_S3=http://$host:$(cat ../port)
        registry
        echo "note 1 PUT $prefix/packs/" > ../rules
        given_project p fraud 1
        mlops -q register p
    done
    run cat ../broken
    [[ "${lines[0]}" == *" UNSIGNED-PAYLOAD" ]]
    [[ "${lines[1]}" =~ " "[0-9a-f]{64}$ ]]
}
