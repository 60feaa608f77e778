#!/usr/bin/env bats
# What a terminal shows while suites run, and what it does not.
load session

setup() {
    session
    mkdir p
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests:
  epochs: {kind: unit, run: 'for i in 1 2; do echo "epoch $i of 2"; sleep 0.3; done'}
  bar:    {kind: unit, run: 'printf "10 %%\r20 %%\n\n"; printf "\033]0;title\007" >&2; sleep 0.4'}
  last:   {kind: unit, needs: [epochs, bar], run: sleep 0.2}
EOF
    mlops -q init
    mlops -q register p
}

@test "each suite that runs has a line with its time and what it said last" {
    TERM=xterm run on_terminal mlops --color=never test fraud -j 2
    [ "$status" -eq 0 ]
    [[ "$output" =~ "0 of 3 done, 2 running"$'\n  epochs '\ +0\.[0-9]\ s\ +"epoch 1 of 2" ]]
    [[ "$output" =~ 'bar      '\ +0\.[0-9]\ s ]]
    [[ "$output" == *"epoch 2 of 2"* ]]
    [[ "$output" =~ "2 of 3 done, 1 running"$'\n  last '\ +0\.[0-9]\ s ]]
    # what a suite prints drives no terminal
    [[ "$output" != *$'\e]0;'* && "$output" != *$'\a'* ]]
    # it is gone before the table comes
    after=${output##*$'\e[J'}
    [[ "$after" == *"ok  epochs"* && "$after" != *running* ]]
}

@test "a pipe, --quiet and a simple terminal get final lines alone" {
    run mlops test fraud -j 2
    [ "${#lines[@]}" -eq 5 ]
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
    TERM=xterm run on_terminal mlops --color=never -q test fraud --no-cache -j 2
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
    TERM=dumb run on_terminal mlops test fraud --no-cache -j 2
    [[ "$output" != *running* && "$output" != *$'\e'* ]]
}

@test "where a terminal is low, as many are shown as it has room for" {
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests: {many: {kind: unit, matrix: {n: [1, 2, 3, 4, 5, 6]}, run: 'sleep 0.4 # {n}'}}
EOF
    mlops -q register p
    TERM=xterm ROWS=6 run on_terminal mlops --color=never test fraud -j 6
    [[ "$output" == *"0 of 6 done, 6 running, 3 of them here"$'\n  many-1'* ]]
    [[ "$output" != *$'\e[4A'* ]]
}
