#!/usr/bin/env bats
# What a terminal shows while suites run, and what it does not.
load session

# given_suites LINES: registered. A suite ends when it sees a file of this folder (HERE), so that what is
# shown while it runs is there to be seen.
given_suites() {
    printf 'model: fraud\ntests:\n%s\n' "${1//HERE/$PWD}" > p/mlops.yaml
    mlops -q register p
}

# test_on_terminal ARGUMENTS…: tests, in the background. What the terminal shows comes to ./typescript.
test_on_terminal() {
    local line
    printf -v line '%q ' mlops --color=never test fraud "$@"
    rm -f typescript # of one before
    TERM=xterm script -qefc "stty cols 80 rows ${ROWS-24}; $line" typescript < /dev/null > /dev/null 3>&- &
    terminal=$!
}

# shown REGEX: the terminal has shown that.
shown() {
    grep -qzP "$1" typescript
}

setup() {
    session
    export MLOPS_SANDBOX=none # one would hide the files from the suites
    mkdir p
    mlops -q init
    given_suites '  epochs: {kind: unit, run: "echo epoch 1 of 2; until [ -e HERE/one ]; do sleep 0.05; done;
    echo epoch 2 of 2; until [ -e HERE/two ]; do sleep 0.05; done"}
  bar:    {kind: unit, run: "printf \"10 %%\\r20 %%\\n\\n\"; printf \"\\033]0;title\\007\" >&2;
    until [ -e HERE/two ]; do sleep 0.05; done"}
  last:   {kind: unit, needs: [epochs, bar], run: "until [ -e HERE/three ]; do sleep 0.05; done"}'
}

@test "each suite that runs has a line with its time and what it said last" {
    test_on_terminal -j 2
    until_true shown '0 of 3 done, 2 running\r\n  epochs +\d+\.\d s  epoch 1 of 2\r\n  bar    +\d+\.\d s'
    touch one
    until_true shown 'epochs +\d+\.\d s  epoch 2 of 2'
    touch two
    until_true shown '2 of 3 done, 1 running\r\n  last +\d+\.\d s'
    touch three
    wait "$terminal"
    output=$(cat typescript)
    # what a suite prints drives no terminal
    [[ "$output" != *$'\e]0;'* && "$output" != *$'\a'* ]]
    # it is gone before the table comes
    after=${output##*$'\e[J'}
    [[ "$after" == *"ok  epochs"* && "$after" != *running* ]]
}

@test "a pipe, --quiet and a simple terminal get final lines alone" {
    touch one two three
    run mlops test fraud -j 2
    [ "${#lines[@]}" -eq 5 ]
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
    TERM=xterm run on_terminal mlops --color=never -q test fraud --no-cache -j 2
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
    TERM=dumb run on_terminal mlops test fraud --no-cache -j 2
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
}

@test "where a terminal is low, as many are shown as it has room for" {
    given_suites '  many: {kind: unit, matrix: {n: [1, 2, 3, 4, 5, 6]}, run: "until [ -e HERE/go ]; do sleep 0.05; done # {n}"}'
    ROWS=6 test_on_terminal -j 6
    until_true shown '0 of 6 done, 6 running, 3 of them here\r\n  many-1'
    touch go
    wait "$terminal"
    ! grep -qF $'\e[4A' typescript
}
