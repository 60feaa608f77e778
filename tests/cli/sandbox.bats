#!/usr/bin/env bats
# Suites kept apart from the machine: as root, as an ordinary user, and when mlops itself is killed.
load session

setup() {
    session
    nap="73$((RANDOM % 9000 + 1000)).$RANDOM" # seconds that nobody else sleeps
}

asleep() {
    pgrep -f "^sleep $nap"
}

# A version whose only suite runs $1.
with_suite() {
    mlops -q init
    mkdir -p p
    printf 'model: fraud\ntests:\n  only:\n    kind: unit\n    run: |\n      %s\n' "$1" > p/mlops.yaml
    mlops -q register p
}

needs_full() {
    level=$(mlops sandbox check 2>why) || skip "this machine gives '$level': $(cat why)"
}

@test "check says which sandbox there is, and the report and the evidence name it" {
    level=$(mlops -q sandbox check) || [ $? -eq 1 ]
    [ "$(mlops --json sandbox check | jq -r .level)" = "$level" ]
    with_suite 'true'
    [ "$(mlops --json test fraud | jq -r .sandbox)" = "$level" ]
    [ "$(mlops --json show fraud | jq -r '.evidence[0].body.sandbox')" = "$level" ]
    [ "$(mlops --json test fraud --sandbox none --no-cache | jq -r .sandbox)" = limits ]
}

@test "without bubblewrap auto warns, and strict runs nothing" {
    with_suite 'touch ran; true'
    mkdir bin
    run --separate-stderr env PATH="$PWD/bin" "$MLOPS" sandbox check
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"bubblewrap is not installed"*"apt install bubblewrap"* ]]
    run --separate-stderr env PATH="$PWD/bin" "$MLOPS" test fraud
    [[ "$stderr" == *"warning: suites can reach your files"*"bubblewrap is not installed"* ]]
    run --separate-stderr env PATH="$PWD/bin" "$MLOPS" test fraud --sandbox strict
    [ "$status" -eq 6 ]
    [[ "$stderr" == *"no suite is run, for this machine gives no full sandbox"* ]]
    run --separate-stderr env PATH="$PWD/bin" MLOPS_SANDBOX=strict "$MLOPS" test fraud
    [ "$status" -eq 6 ]
}

@test "an ordinary user's suites are kept apart, too" {
    [ "$(id -u)" -eq 0 ] || skip "not root: every other test is of an ordinary user"
    folder=$(mktemp -d /tmp/mlops-nobody.XXXXXX)
    cp "$MLOPS" "$folder/mlops"
    cat > "$folder/mlops.yaml" <<'EOF'
model: fraud
tests:
  id:    {kind: unit, run: test "$(id -u)" = 65534}
  fork:  {kind: unit, run: (setsid sleep NAP &); sleep 0.1}
  write: {kind: unit, run: echo x > /usr/x}
  eat:   {kind: unit, limits: {memory: 50 MB}, run: head -c 2000000000 /dev/zero | tail -n 1}
  stay:  {kind: unit, timeout: 300ms, run: trap '' TERM; sleep NAP}
EOF
    sed -i "s/NAP/$nap/" "$folder/mlops.yaml"
    chown -R nobody "$folder"
    cd "$folder"
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$folder" "$@"; }
    level=$(as_nobody ./mlops -q sandbox check) || [ $? -eq 1 ]
    as_nobody ./mlops -q init
    as_nobody ./mlops -q register .
    for wish in auto none; do
        run --separate-stderr as_nobody ./mlops --json test fraud --no-cache --sandbox $wish
        [ "$status" -eq 1 ]
        jq -e '.suites | map({key: .name, value: .}) | from_entries |
            .id.status == "passed" and .fork.status == "passed" and .eat.reason == "memory" and
            .stay.reason == "timeout" and .write.status == "failed"' <<<"$output"
        if [ $wish = auto ] && [[ $level = full || $level = namespaces ]]; then
            jq -e '.suites[2].reason == "write"' <<<"$output"
        fi
        ! asleep || false
        [ -z "$(ls -A .mlops/tmp)" ]
    done
    rm -rf "$folder"
}

@test "when mlops is killed, its suites end with it" {
    with_suite "trap '' TERM; (setsid sleep $nap &); sleep $nap"
    for wish in auto none; do
        mlops test fraud --sandbox $wish >/dev/null 2>&1 3>&- &
        until_true eval '[ "$(asleep | wc -l)" -eq 2 ]'
        kill -9 $!
        wait $! || true
        until_true eval '! asleep'
    done
}

@test "Ctrl-C ends what runs and records nothing" {
    with_suite "sleep $nap"
    for wish in auto none; do
        env --default-signal=INT "$MLOPS" test fraud --sandbox $wish >/dev/null 2>&1 3>&- &
        until_true asleep
        kill -INT $!
        wait $! && status=0 || status=$?
        [ "$status" -eq 130 ]
        ! asleep || false
        [ "$(mlops --json show fraud | jq '.evidence | length')" -eq 0 ]
    done
}

@test "a key in the caller's home and environment is out of reach" {
    needs_full
    mkdir home
    echo hush > home/.netrc
    with_suite 'cat ~/.netrc "$SECRET_HOME/.netrc"; env; exit 1'
    HOME=$PWD/home SECRET_TOKEN=hush run mlops test fraud
    [ "$status" -eq 1 ]
    [[ "$output" != *hush* ]]
}
