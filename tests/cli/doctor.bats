#!/usr/bin/env bats
# What is missing on this machine, and what to do.
load common

level() { jq -r --arg name "$1" '.checks[] | select(.name == $name).level' <<<"$output"; }

@test "a machine with a registry is healthy" {
    given_registry
    run mlops --json doctor
    [ "$status" -eq 0 ]
    [ "$(jq .healthy <<<"$output")" = true ]
    [ "$(level registry) $(level clock) $(level settings) $(level keys)" = "good good good good" ]
    # whatever is not good says what to do
    [ "$(jq '[.checks[] | select(.level != "good" and .advice == null)] | length' <<<"$output")" -eq 0 ]
    run mlops doctor
    [ "$status" -eq 0 ]
    [[ "$output" == *"registry"*"$PWD/.mlops can be read and written"* ]]
}

@test "a private key that others can read is bad" {
    given_registry
    export MLOPS_KEYS=$PWD/keys
    mlops -q key generate --no-passphrase
    chmod 644 keys/default.key
    run mlops --json doctor
    [ "$status" -eq 1 ]
    [ "$(level keys)" = bad ]
    [[ "$output" == *"chmod 600"* ]]
}

@test "keys that cannot be looked at are not called good" {
    given_registry
    echo > keys
    export MLOPS_KEYS=$PWD/keys
    run mlops --json doctor
    [ "$status" -eq 1 ]
    [ "$(level keys)" = bad ]
    [[ "$output" == *"cannot look at them: read folder '$PWD/keys'"* ]]
}

@test "no registry is a note, a broken one and broken settings are bad" {
    run mlops --json doctor
    [ "$status" -eq 0 ]
    [ "$(level registry)" = note ]
    given_registry
    echo nonsense > .mlops/format
    mkdir -p "$HOME/.config/mlops"
    echo 'colour: red' > "$HOME/.config/mlops/config.yaml"
    run --separate-stderr mlops --json doctor
    [ "$status" -eq 1 ]
    [ "$(level registry) $(level settings)" = "bad bad" ]
}
