#!/usr/bin/env bats
# Hooks that say no, and webhooks that are told once it has happened.
load session

setup() {
    session
    mlops -q init
    printf 'stages:\n  production: {}\n' > policy.yaml
    mlops -q policy set --default policy.yaml
}

teardown() {
    for process in ${server:-} ${follower:-}; do { kill "$process" && wait "$process"; } 2> /dev/null || true; done
}

# version TEXT: registered.
version() {
    mkdir -p p
    echo "model: fraud" > p/mlops.yaml
    echo "description: $1" >> p/mlops.yaml
    mlops -q register p
}

# hook NAME SCRIPT
hook() {
    mkdir -p .mlops/hooks
    printf '#!/bin/sh\n%s\n' "$2" > ".mlops/hooks/$1"
    chmod 755 ".mlops/hooks/$1"
}

@test "a pre-hook is asked, and what it refuses does not happen" {
    version one
    hook pre-promote 'cat > seen.json; echo "not on Fridays"; exit 7'
    run -1 mlops promote fraud --to production --reason 'it is time'
    [[ "$output" == *"the hook pre-promote says no (exit 7): not on Fridays"* ]]
    run -0 mlops --json status
    jq -e '.stages == []' <<<"$output"
    jq -e '.hook == "pre-promote" and .model == "fraud" and .version == 1 and
        .stage == "production" and .reason == "it is time" and .actor == "ada@example.com" and
        (.bundle | startswith("sha256:")) and (has("entry") | not)' .mlops/seen.json
}

@test "a post-hook hears of what has happened, and cannot undo it" {
    version one
    hook post-promote 'cat > seen.json; echo "$MLOPS_MODEL@$MLOPS_VERSION $MLOPS_STAGE" > env; exit 1'
    run -0 mlops promote fraud --to production
    [[ "$output" == *"warning: the hook post-promote says no (exit 1)"* ]]
    [ "$(cat .mlops/env)" = "fraud@1 production" ]
    entry=$(jq .entry .mlops/seen.json)
    [ "$(mlops --json log | jq -r ".entries[] | select(.index == $entry) | .action")" = promote ]
    run -0 mlops promote fraud@1 --to production # there already: nobody is asked
}

@test "rollback, register and deploy have hooks, too" {
    for name in pre-register post-register pre-rollback post-rollback pre-deploy post-deploy; do
        hook "$name" "echo $name >> calls"
    done
    version one
    mlops -q promote fraud --to production
    version two
    mlops -q register p # there already
    mlops -q promote fraud --to production
    mlops -q rollback fraud
    mlops -q deploy fraud@production host
    [ "$(tr '\n' ' ' < .mlops/calls)" = "pre-register post-register pre-register post-register pre-rollback post-rollback pre-deploy post-deploy " ]
    hook pre-rollback 'exit 1'
    mlops -q promote fraud@2 --to production
    run -1 mlops rollback fraud
    [[ "$output" == *"the hook pre-rollback says no"* ]]
    hook pre-register 'exit 1'
    echo 'description: three' > p/mlops.yaml
    echo 'model: fraud' >> p/mlops.yaml
    run -1 mlops register p
    [ "$(mlops --json list | jq '.versions | length')" -eq 2 ]
    hook pre-deploy 'echo $$; exit 1'
    run -1 mlops deploy fraud@2 host
}

@test "a hook that hangs is ended, and has said no" {
    version one
    hook pre-promote 'sleep 60'
    MLOPS_HOOK_TIMEOUT=200ms run -1 mlops promote fraud --to production
    [[ "$output" == *"the hook pre-promote did not end within 0.2 s"* ]]
}

@test "a hook that cannot run, or that anybody could have written, is no yes" {
    version one
    hook pre-promote 'exit 0'
    chmod 644 .mlops/hooks/pre-promote
    run -2 mlops promote fraud --to production
    [[ "$output" == *"pre-promote' is not an executable file"* ]]
    chmod 777 .mlops/hooks/pre-promote
    run -2 mlops promote fraud --to production
    [[ "$output" == *"can be written by anybody"* ]]
}

@test "no hook comes from a bundle" {
    mkdir -p p/.mlops/hooks p/hooks
    hook_text='#!/bin/sh\ntouch /tmp/never-$PPID\nexit 1\n'
    printf "$hook_text" | tee p/.mlops/hooks/pre-register p/hooks/pre-register > /dev/null
    chmod 755 p/.mlops/hooks/pre-register p/hooks/pre-register
    printf 'model: fraud\ncode: [hooks/]\n' > p/mlops.yaml
    run -0 mlops --registry . register p
}

# ---- webhooks ---------------------------------------------------------------------------------

# given_server: ./server.py on $port; what it does stands in ./mode, what it was told in ./told.
given_server() {
    echo ok > mode
    : > port # the server's own redirection comes later
    python3 "$SOURCE_ROOT/tests/cli/webhook_server.py" > port 3>&- &
    server=$!
    until_true test -s port
    port=$(cat port)
    export HOOK_SECRET=s3cr3t MLOPS_WEBHOOK_TIMEOUT=2m # a machine may be slow
    mlops -q webhook add "http://127.0.0.1:$port/in?token=hidden" --event promote,rollback \
        --secret-env HOOK_SECRET
}

told() {
    [ ! -e told ] || cat told
}

@test "a webhook is told of what happened, and the body is signed" {
    version one
    given_server
    run -0 mlops promote fraud --to production --reason 'better'
    [ "$(told | wc -l)" -eq 1 ]
    told | jq -e '.valid and (.fresh | tostring == "true")'
    told | jq -e '.body.event == "promote" and .body.entity == "model_version_alias" and
        .body.action == "created" and .body.data.name == "fraud" and .body.data.version == "1" and
        .body.data.alias == "production" and .body.data.description == "better" and
        .body.entry.action == "promote"'
    run -0 mlops --json webhook list
    jq -e '.webhooks | length == 1 and .[0].waiting == 0 and (.[0].url | contains("token") | not)' \
        <<<"$output"
}

@test "no webhook is told of what did not happen, or of what it does not want" {
    version one
    given_server
    hook pre-promote 'exit 1'
    run -1 mlops promote fraud --to production
    version two
    [ -z "$(told)" ]
}

@test "a server that fails is told later, once" {
    version one
    given_server
    echo fail > mode
    run -0 --separate-stderr mlops promote fraud --to production
    [[ "$stderr" == *"1 of the webhooks could not be delivered and will be tried again"* ]]
    run -1 --separate-stderr mlops webhook deliver
    [ "$output" = "0 delivered, 1 failed, 1 left" ]
    [[ "$stderr" == *"'mlops webhook list'"*"say why"* ]]
    run -0 mlops webhook list
    [[ "$output" == *503* ]]
    echo ok > mode
    run -0 mlops webhook deliver
    [ "$output" = "1 delivered, 0 failed, 0 left" ]
    run -0 mlops webhook deliver
    [ "$output" = "0 delivered, 0 failed, 0 left" ]
    [ "$(told | jq -r .id | sort -u | wc -l)" -eq 1 ]
}

@test "a server that hangs or resets keeps a command for little more than its limit" {
    version one
    given_server
    echo hang > mode
    MLOPS_WEBHOOK_TIMEOUT=200ms run -0 mlops promote fraud --to production # or it would never end
    [ "$(mlops --json webhook list | jq '.webhooks[0].waiting')" -eq 1 ]
    echo reset > mode
    run -1 mlops webhook deliver
    echo ok > mode
    run -0 mlops webhook deliver
    [ "$(told | jq -s 'map(select(.mode == "ok")) | length')" -eq 1 ]
}

@test "what one command could not send, a later one does" {
    version one
    given_server
    echo fail > mode
    mlops -q promote fraud --to production 2> /dev/null
    version two
    echo ok > mode
    sleep 1.1
    mlops -q promote fraud --to production
    [ "$(told | jq -s 'map(select(.mode == "ok")) | length')" -eq 2 ]
}

@test "without its secret nothing is sent, and nothing lost" {
    version one
    given_server
    unset HOOK_SECRET
    mlops -q promote fraud --to production
    [ -z "$(told)" ]
    run -1 mlops webhook deliver
    HOOK_SECRET=s3cr3t run -0 mlops webhook deliver
    [ "$(told | wc -l)" -eq 1 ]
}

@test "deliver --follow sends what others leave, until it is stopped" {
    version one
    given_server
    env -u HOOK_SECRET mlops -q promote fraud --to production
    mlops webhook deliver --follow > deliver.out 2>&1 3>&- &
    follower=$!
    until_true eval 'mlops --json webhook list | jq -e ".webhooks[0].waiting == 0"' # told, and known to be
    kill -TERM "$follower"
    wait "$follower" || true
    [ "$(told | wc -l)" -eq 1 ]
    [[ "$(cat deliver.out)" == "1 delivered, "* ]]
}

@test "a webhook that was changed by hand is told nothing" {
    version one
    given_server
    sqlite3 .mlops/registry.db "UPDATE webhook SET url = 'http://127.0.0.1:$port/elsewhere'"
    run -0 --separate-stderr mlops promote fraud --to production
    [[ "$stderr" == *"was changed behind the audit log's back"* ]]
    [ -z "$(told)" ]
}

@test "how long a command tells webhooks is said by the environment, and nothing is lost where that is no time" {
    version one
    given_server
    MLOPS_WEBHOOK_TIMEOUT=soon run -0 --separate-stderr mlops promote fraud --to production
    [[ "$stderr" == *"webhooks are left for later: MLOPS_WEBHOOK_TIMEOUT: "*"'soon'"* ]]
    [ -z "$(told)" ]
    run -0 mlops webhook deliver
    [ "$output" = "1 delivered, 0 failed, 0 left" ]
}

@test "what makes no webhook is refused" {
    run -2 mlops webhook add ftp://x --secret-env A
    run -2 mlops webhook add https://user:pw@x/ --secret-env A
    mlops webhook add https://x/ --event alert,resolve,silence --secret-env A
    run -2 mlops webhook add https://x/ --event promot --secret-env A
    [[ "$output" == *"there is no event 'promot' (did you mean 'promote'?)"* ]]
    run -2 mlops webhook add https://x/ --secret-env 'not a name'
    run -2 mlops webhook add https://x/
    run -3 mlops webhook remove 7
    run -2 mlops webhook remove seven
    run -0 mlops --json webhook add https://x/ --secret-env A
    run -0 mlops webhook remove "$(jq .id <<<"$output")"
    run -0 mlops log --verify
}

@test "promotions that are killed at any moment are told of where they happened, and nowhere else" {
    for text in one two; do version "$text"; done
    given_server
    for try in $(seq 24); do
        to=$((try % 2 + 1))
        mlops -q promote "fraud@$to" --to production 3>&- & # kept from bats's own output
        process=$!
        sleep "0.0$(printf %02d $((try % 24 + 1)))"
        kill -9 "$process" 2> /dev/null || true
        wait "$process" 2> /dev/null || true
    done
    mlops -q promote fraud@1 --to production # at least one that nobody killed
    for _ in $(seq 100); do # those that a killed sender had taken are let go of after a while
        mlops -q webhook deliver > /dev/null 2>&1 || true
        [ "$(mlops --json webhook list | jq '.webhooks[0].waiting')" -gt 0 ] || break
        sleep 1
    done
    [ "$(mlops --json webhook list | jq '.webhooks[0].waiting')" -eq 0 ]
    mlops log --verify
    mlops --json log fraud --limit 1000 | jq -r '.entries[] | select(.action == "promote") | .index' | sort -n > happened
    told | jq -r .body.entry.index | sort -nu > heard
    [ -s happened ]
    cmp happened heard
}
