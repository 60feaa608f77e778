#!/usr/bin/env bats
# A version on a host: laid out, switched to, taken back, followed.
load session
load damage

setup() {
    session
}

teardown() {
    [ -z "${follower:-}" ] || { kill "$follower" && wait "$follower"; } 2>/dev/null || true
}

# project TEXT [DEPLOY]: a project in ./p whose model is TEXT and some more.
project() {
    mkdir -p p/model/empty
    {
        echo "model: fraud"
        echo "artifacts: [model/]"
        [ -z "${2:-}" ] || echo "deploy: $2"
    } > p/mlops.yaml
    echo "$1" > p/model/weights.txt
    [ -e p/model/large.bin ] || head -c 3000000 /dev/urandom > p/model/large.bin
    ln -sf weights.txt p/model/link
    chmod 640 p/model/weights.txt
}

# released TEXT [DEPLOY]: registered, and in production by a policy that demands nothing.
released() {
    [ -e .mlops ] || {
        mlops -q init
        printf 'stages:\n  production: {}\n  canary: {}\n' > policy.yaml
        mlops -q policy set --default policy.yaml
    }
    project "$@"
    mlops -q register p
    mlops -q promote fraud --to production
}

live() {
    [ "$(cat host/current/model/weights.txt)" = "$1" ]
}

follow() {
    : > follow.out # its own redirection comes later, and what one before said is not this one's
    mlops deploy fraud@production host --follow "$@" > follow.out 2>&1 3>&- &
    follower=$!
}

# until_live TEXT N: it is, and the follower has said so N times: the link leads there before all is done.
until_live() {
    until_true live "$1"
    until_true eval "[ \$(grep -c ' is live in host' follow.out) -ge $2 ]"
}

@test "a version is laid out, and current leads to it" {
    released one
    run -0 mlops deploy fraud@production host
    [[ "$output" == "fraud@1 is live in host: "*" out of the store, "* ]]
    [[ "$(readlink host/current)" == releases/* ]]
    diff -r --no-dereference p host/current/.
    [ "$(stat -c %a host/current/model/weights.txt)" = 640 ]
    [ "sha256:$(basename "$(readlink host/current)")" = "$(mlops --json show fraud@1 | jq -r .bundle)" ]
    run -0 mlops deploy fraud@production host
    [ "$output" = "fraud@1 is live in host already, and whole" ]
}

@test "the next version moves what changed, and shares no file with the one before" {
    released one
    mlops -q deploy fraud@production host
    flip p/model/large.bin 1500000
    released two
    run -0 mlops --json deploy fraud@production host
    jq -e '.deployed and .kept_bytes > 2000000 and .stored_bytes < 1000000' <<<"$output"
    jq -e '.previous != null and .stage == "production" and .version == 2' <<<"$output"
    diff -r p host/current
    [ "$(find host/releases -type f -links +1 | wc -l)" -eq 0 ]
    [ "$(ls host/releases | wc -l)" -eq 2 ]
}

@test "an old release that was damaged gives nothing to the next" {
    released one
    mlops -q deploy fraud@production host
    flip host/current/model/large.bin 1000
    released two
    mlops -q deploy fraud@production host
    diff -r p host/current
}

@test "a live release that was changed is told, and laid out anew" {
    released one
    mlops -q deploy fraud@production host
    run -0 mlops deploy --status --verify host
    echo spoilt > host/current/model/weights.txt
    run -5 mlops deploy --status --verify host
    [[ "$output" == *"the live release is damaged: 'model/weights.txt' has another size"* ]]
    run -0 --separate-stderr mlops deploy fraud@production host
    [[ "$stderr" == *"'model/weights.txt' has another size"* ]]
    diff -r p host/current
    touch host/current/model/new
    run -5 mlops deploy --status --verify host
    [[ "$output" == *"'model/new' is new"* ]]
}

@test "a kept release that was changed is not gone back to, but laid out anew" {
    released one
    mlops -q deploy fraud@production host
    first=$(readlink host/current)
    released two
    mlops -q deploy fraud@production host
    flip "host/$first/model/large.bin" 1000
    run -0 --separate-stderr mlops deploy fraud@1 host
    [[ "$stderr" == *"'model/large.bin' has another content"* ]]
    mlops deploy --status --verify host
    # and one that looks as it did, because only its disk forgot
    mlops -q deploy fraud@2 host
    mlops -q deploy fraud@1 host
    file=host/releases/$(basename "$first")/model/weights.txt
    stamp=$(stat -c %y "$file")
    mlops -q deploy fraud@2 host
    flip "$file" 0
    touch -d "$stamp" "$file"
    mlops deploy fraud@1 host
    mlops deploy --status --verify host
}

@test "what is not well is taken back, and the reason told" {
    released one
    mlops -q deploy fraud@production host
    released two '{health: "echo no model; exit 3"}'
    run -1 mlops deploy fraud@production host \
        --reload 'echo $MLOPS_VERSION "$(cat model/weights.txt)" >> ../../seen'
    [[ "$output" == *"fraud@2 is not well, and what was live before is live again: the health command exited with 3: no model"* ]]
    live one
    [ "$(tr '\n' ' ' < host/seen)" = "2 two 1 one " ]
    run -0 --separate-stderr mlops deploy --status host
    [[ "$stderr" == *"the last attempt went back: "*"exited with 3"* ]]
    run -1 mlops --json deploy fraud@production host
    jq -e '.went_back and (.deployed | not) and (.why | contains("no model"))' <<<"$output"
}

@test "a first version that is not well leaves nothing live" {
    released one '{health: "sleep 600", timeout: 100ms}'
    run -1 mlops deploy fraud@production host
    [[ "$output" == *"and nothing is live, as before: the health command did not end within 0.1 s"* ]]
    [ ! -e host/current ]
}

@test "the health command knows what it judges, and may be tried more than once" {
    released one '{health: "echo $MLOPS_MODEL $MLOPS_VERSION $MLOPS_STAGE >> ../../asked; test -e $MLOPS_RELEASE/../ready || { touch $MLOPS_RELEASE/../ready; exit 1; }", attempts: 3}'
    run -0 mlops deploy fraud@production host
    [[ "$output" == *"it is well" ]]
    [ "$(cat host/asked)" = $'fraud 1 production\nfraud 1 production' ]
}

@test "so many releases are kept, and the live one always" {
    for text in one two three four; do
        released "$text" '{keep: 2}'
        mlops -q deploy fraud@production host
    done
    [ "$(ls host/releases | wc -l)" -eq 2 ]
    live four
    [ "$(ls host/.deploy/*.manifest | wc -l)" -eq 2 ]
    mlops -q deploy fraud@3 host --keep 1
    [ "$(ls host/releases | wc -l)" -eq 1 ]
    live three
}

@test "--dry-run changes nothing" {
    released one
    run -0 mlops deploy fraud@production host --dry-run
    [[ "$output" == "fraud@1 would go live in host"* ]]
    [ ! -e host ]
}

@test "two deploys at once: the second is told" {
    released one '{health: "touch ../../waits; until [ -e ../../told ]; do sleep 0.05; done", timeout: 10m}'
    mlops -q deploy fraud@production host 3>&- &
    until_true test -e host/waits
    run -4 mlops deploy fraud@production host
    [[ "$output" == *"another deploy is at work in"* ]]
    touch host/told
    wait $!
    live one
}

@test "what a stage's policy demands to be signed goes live signed only" {
    released one
    printf 'stages:\n  production: {signed: author}\n' > policy.yaml
    mlops -q policy set --default policy.yaml
    run -5 mlops deploy fraud@production host
    [[ "$output" == *"fraud@1 has no signature that its stage demands: not signed"* ]]
    [ ! -e host/current ]
}

@test "a folder that is no host's is left alone" {
    released one
    mkdir -p host/current
    run -2 mlops deploy fraud@production host
    [[ "$output" == *"host/current' is there and is not a link to a release"* ]]
    run -2 mlops deploy fraud@production
    run -3 mlops deploy --status elsewhere
    run -2 mlops deploy fraud@1 other --follow
    [[ "$output" == *"'fraud@1' does not name a stage to follow"* ]]
}

@test "a host that follows goes where the stage goes, forth and back" {
    released one
    follow
    until_live one 1
    released two
    until_live two 2
    mlops -q rollback fraud
    until_live one 3
    kill -TERM "$follower"
    status=0
    wait "$follower" || status=$?
    [ "$status" -eq 0 ]
    live one
    grep -q '^fraud@2 is live in host' follow.out
    grep -q '^fraud@1 is live in host: it lay there, and is whole' follow.out
}

@test "a host that follows keeps what is live while the registry is away" {
    released one
    follow
    until_live one 1
    take_registry_away
    until_true grep -q 'the registry is away, what is live stays live' follow.out
    live one
    bring_registry_back
    until_true grep -q 'the registry is back' follow.out
    released two
    until_live two 2
}

@test "a host that follows does not try again what was not well" {
    released one
    follow
    until_live one 1
    released two '{health: "echo x >> ../../asked; false"}'
    until_true grep -q 'waiting for the stage to change' follow.out
    sleep 0.6
    live one
    [ "$(wc -l < host/asked)" -eq 1 ]
    released three
    until_true live three
}

@test "an empty stage leaves what is live, and says so" {
    released one
    mlops -q deploy fraud@1 host
    mlops deploy fraud@canary host --follow > follow.out 2>&1 3>&- &
    follower=$!
    until_true grep -q 'fraud@canary holds nothing: what is live stays live' follow.out
    live one
}

@test "followers speak JSON Lines" {
    released one
    follow --json
    until_true grep -q '"event":"live".*}$' follow.out
    jq -e '.event == "live" and .version == 1 and .deployed' follow.out
}

# example FIRST-LINE: the block of docs/deploy.md that begins so.
example() {
    awk -v first="$1" '/^```/ {at = !at; line = 0; next}
        at && ++line == 1 {wanted = index($0, first) == 1}
        at && wanted' "$SOURCE_ROOT/docs/deploy.md"
}

@test "what the examples of docs/deploy.md say is what systemd and mlops take" {
    local arguments
    example '# /etc/systemd/system/' | sed "s,/usr/bin/mlops,$MLOPS," > fraud-model.service
    example 'apiVersion: apps/v1' > deployment.yaml
    sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' fraud-model.service |
        sed -n 's/^ExecStart=[^ ]*//p' > commands
    if python3 -c 'import yaml' 2>/dev/null; then
        python3 - >> commands <<'PY'
import shlex, yaml
pod = yaml.safe_load(open("deployment.yaml"))["spec"]["template"]["spec"]
for container in pod["initContainers"] + pod["containers"]:
    if "/mlops:" in container["image"]:
        print(shlex.join(container["args"]))
PY
        [ "$(wc -l < commands)" -eq 3 ]
    fi
    while read -r arguments; do # without a registry: 3; an option that is none would be 2
        MLOPS_REGISTRY=$PWD/none run bash -c "mlops ${arguments/--follow/}"
        [ "$status" -eq 3 ]
    done < commands
    if command -v systemd-analyze > /dev/null; then
        run systemd-analyze verify "$PWD/fraud-model.service" # looks at what it wants, too
        [[ "$output" != *fraud-model.service* ]]
    fi
}

@test "the keys of deploy are checked" {
    project one '{helth: x}'
    mlops -q init
    run -2 mlops package p
    [[ "$output" == *"unknown key 'helth' (did you mean 'health'?)"* ]]
    project one '{timeout: 5s}'
    run -2 mlops package p
    [[ "$output" == *"'timeout' is for 'health'"* ]]
    project one '{keep: 0}'
    run -2 mlops package p
    [[ "$output" == *"'keep' must be a whole number from 1 to 1000"* ]]
}
