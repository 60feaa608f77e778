#!/usr/bin/env bats
# Settings, and where each comes from.
load common

setup() {
    cli_setup
    unset MLOPS_ACTOR
    export XDG_CONFIG_HOME=$PWD/xdg
}

value() { mlops --json config get "$1" | jq -r .value; }
origin() { mlops --json config get "$1" | jq -r .origin; }

@test "the first of flag, environment, registry, user and default counts" {
    given_registry
    [ "$(origin lock-timeout)" = default ]
    [ "$(mlops config get lock-timeout)" = 30s ]
    mlops -q config set lock-timeout 2m
    [ "$(value lock-timeout) $(origin lock-timeout)" = "2m user" ]
    [ "$(mlops --json --lock-timeout 1s config get lock-timeout | jq -c '[.value, .origin]')" = '["1s","flag"]' ]
    mlops -q config set advisories /user
    [ "$(value advisories) $(origin advisories)" = "/user user" ]
    mlops -q config set --in-registry advisories /registry
    [ "$(value advisories) $(origin advisories)" = "/registry registry" ]
    [ "$(MLOPS_ADVISORIES=/env value advisories)" = /env ]
    [ "$(MLOPS_ADVISORIES=/env origin advisories)" = environment ]
    mlops -q config unset --in-registry advisories
    mlops -q config unset advisories
    run mlops config get advisories
    ended 3 "'advisories' is not set"
}

@test "list shows all of them, and where they stand; so does config alone" {
    [ "$(mlops config)" = "$(mlops config list)" ]
    [ "$(mlops --json config)" = "$(mlops --json config list)" ]
    mlops -q config set actor "o'brien@example.com"
    run mlops config list
    [ "$status" -eq 0 ]
    [[ "$output" == *"actor"*"o'brien@example.com"*"user"*"$PWD/xdg/mlops/config.yaml"* ]]
    [ "$(mlops --json config list | jq '.settings | length')" -eq 8 ]
    [ "$(stat -c %a xdg/mlops)" = 700 ]
}

@test "settings of the user's file hold" {
    mlops -q config set actor ada@example.com
    mlops -q init shared
    mlops -q config set registry "$PWD/shared"
    given_project p
    mlops -q register p
    [ "$(mlops --json log | jq -r '.entries[0].actor')" = ada@example.com ]
    MLOPS_ACTOR=bob@example.com mlops -q test fraud >/dev/null
    [ "$(mlops --json log | jq -r '.entries[0].actor')" = bob@example.com ]
    mlops -q config set color always
    [[ "$(mlops list)" == *$'\033['* ]]
    [[ "$(mlops --color never list)" != *$'\033['* ]]
    # a registry in this folder is nearer
    given_registry
    [ "$(mlops --json list | jq '.versions | length')" -eq 0 ]
}

@test "what is no setting, or no value of one, is refused" {
    given_registry
    run mlops config set lock-timout 3s
    ended 2 "there is no setting 'lock-timout'" "did you mean 'lock-timeout'?"
    run mlops config set lock-timeout soon
    ended 2 "'lock-timeout' must be a duration such as 30s"
    run mlops config set --in-registry actor ada
    ended 2 "is a setting of users, not of registries"
    run mlops config set color
    ended 2 "it is 'mlops config set KEY VALUE'"
    [ ! -e xdg ]
}

@test "a broken file is a warning for commands, and an error for config" {
    given_registry
    mkdir -p xdg/mlops
    printf 'color: auto\nlock-timeout: soon\n' > xdg/mlops/config.yaml
    run --separate-stderr mlops list
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"settings are not used: $PWD/xdg/mlops/config.yaml:2: 'lock-timeout' must be a duration"* ]]
    run mlops config list
    ended 2 "config.yaml:2: 'lock-timeout' must be"
    run mlops config set color never
    ended 2 "config.yaml:2:"
    mlops -q config set lock-timeout 5s
    [ "$(value lock-timeout)" = 5s ]
}
