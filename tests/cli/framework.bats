#!/usr/bin/env bats
# What every command has in common: options, exit codes, streams, colours, signals.
load common

# ---- the command line ---------------------------------------------------------------------------

@test "an unknown command is used wrongly, and the nearest one is named" {
    run mlops promot
    ended 2 "'promot' is not a command" "did you mean 'mlops promote'?"
    run mlops zzzzzz
    ended 2 "'zzzzzz' is not a command" "mlops help"
    [[ "$output" != *"did you mean"* ]]
}

@test "an unknown command is looked for on PATH" {
    printf '#!/bin/sh\necho "words: $*"; echo "in $PWD with $MLOPS_REGISTRY"; exit 7\n' > ../bin/mlops-hello
    chmod +x ../bin/mlops-hello
    mkdir sub
    run mlops hello --json -x y
    ended 7 "words: --json -x y" "in $PWD with"
    run mlops -C sub --registry /somewhere hello
    ended 7 "in $PWD/sub with /somewhere"
    run mlops --json hello
    ended 2 "--json stands before 'hello'"
    chmod -x ../bin/mlops-hello
    run mlops hello
    ended 2 "is not a command"
}

@test "a built-in command cannot be replaced from PATH" {
    printf '#!/bin/sh\necho replaced\n' > ../bin/mlops-version
    chmod +x ../bin/mlops-version
    [ "$(mlops version)" = "mlops 0.1.0" ]
}

@test "options stand before and after the command and its arguments" {
    given_registered fraud@2
    want=$(mlops --json log fraud --limit 1)
    [ "$(jq '.entries | length' <<<"$want")" = 1 ]
    for line in "log --json -n 1 fraud" "log fraud --json --limit=1" "--json log -n1 fraud" \
        "log -n1 fraud --json" "log -vn1 fraud --json" "log --no-json --json -n5 -n1 fraud" \
        "--verbose --no-verbose log --json -n 1 -- fraud"; do
        [ "$(mlops $line 2>/dev/null)" = "$want" ] || { echo "$line"; false; }
    done
}

@test "two dashes end the options" {
    given_registry
    run mlops show -- --json
    ended 2 "--json"
    [[ "$output" != "{"* ]]
}

@test "a flag that was given can be taken back" {
    [ "$(mlops --json --no-json version)" = "mlops 0.1.0" ]
    [ "$(mlops version --json | jq -r .version)" = 0.1.0 ]
}

@test "wrong options say what is wrong and what was meant" {
    run mlops promote fraud@1 --too production
    ended 2 "mlops: promote: unknown option '--too'" "did you mean '--to'?"
    run mlops log -x
    ended 2 "unknown option '-x'" "mlops log --help"
    run mlops log -qx
    ended 2 "unknown option '-x' in '-qx'"
    run mlops log --limit
    ended 2 "--limit needs COUNT"
    run mlops log -n
    ended 2 "-n needs COUNT"
    run mlops list --json=yes
    ended 2 "--json takes no value"
    run mlops promote --no-to fraud@1
    ended 2 "unknown option '--no-to'"
    run mlops --to x promote fraud@1
    ended 2 "unknown option '--to'"
}

@test "values are checked before anything is done" {
    for value in 0 -1 1.5 x 99999999999999999999 ""; do
        run mlops log "--limit=$value"
        ended 2 "--limit: '$value' is not a whole number"
    done
    for value in 0 -1 x inf nan; do
        run mlops drift fraud --current x.csv "--threshold=$value"
        ended 2 "--threshold: '$value' is not a number above 0"
    done
    run mlops list --color purple
    ended 2 "'purple' is none of: auto always never"
    run mlops list --lock-timeout 5
    ended 2 "--lock-timeout: '5' is not a duration" "hint:"
}

@test "missing and superfluous arguments are told with the usage" {
    run mlops promote
    ended 2 "REF is missing" "usage: mlops promote REF --to STAGE"
    run mlops promote fraud@1
    ended 2 "--to STAGE is missing"
    run mlops checkout fraud@1
    ended 2 "DIR is missing"
    run mlops trust
    ended 2 "ACTION is missing" "usage: mlops trust ACTION [KEY]; it can: add remove list"
    run mlops rollback fraud spam
    ended 2 "'spam' is one argument too many"
    run mlops version extra
    ended 2 "'extra' is one argument too many"
    [[ "$output" == *"usage: mlops version" ]]
}

@test "-C changes the folder first, one after another" {
    mkdir -p a/b
    given_registry a
    run mlops -C a list
    ended 0
    run mlops -C a -Cb list
    ended 0
    run mlops list --directory=a
    ended 0
    run mlops list
    ended 3 "no registry here"
    run mlops -C missing list
    ended 3 "-C missing" "No such file or directory"
}

@test "--registry and MLOPS_REGISTRY choose the registry" {
    given_registry one
    given_registry two
    run mlops -v --registry one list
    ended 0 "/one/.mlops"
    MLOPS_REGISTRY=$PWD/two run mlops -v list
    ended 0 "/two/.mlops"
    MLOPS_REGISTRY=$PWD/two run mlops -v list --registry one
    ended 0 "/one/.mlops"
}

# ---- exit codes and errors ------------------------------------------------------------------------

@test "a failure with --json is one document on stdout" {
    for line in "--json list" "list --json" "--json promote --bad" "promote --bad --json" \
        "--json nonsense" "--json promote"; do
        run --separate-stderr mlops $line
        [ "$status" -ne 0 ]
        [ -z "$stderr" ] || { echo "$line: $stderr"; false; }
        jq -e '.error | .code and .message and has("hint")' <<<"$output" >/dev/null
        [ "$(jq -s length <<<"$output")" = 1 ]
    done
    run mlops --json list
    ended 3
    [ "$(jq -r .error.code <<<"$output")" = not_found ]
}

@test "errors for people go to stderr, with a hint on a line of its own" {
    run --separate-stderr mlops list
    [ "$status" -eq 3 ]
    [ -z "$output" ]
    [[ "${stderr_lines[0]}" == "mlops: list: "* ]]
    [[ "${stderr_lines[1]}" == "hint: "*"mlops init"* ]]
}

@test "output that cannot be written is exit 6" {
    [ -e /dev/full ] || skip "no /dev/full here"
    given_registered fraud@1
    for line in version "--json list" list "show fraud@1" "help" "completion bash" "test fraud@1"; do
        run bash -c "mlops $line > /dev/full"
        ended 6 "write to standard output" "No space left on device"
    done
    run bash -c "mlops list >&-"
    ended 6 "write to standard output"
}

@test "a broken pipe is exit 6, not a signal" {
    given_registered fraud@1
    mkfifo pipe
    exec 4<> pipe
    exec 5> pipe 4<&-
    # nobody reads any more: writing gives EPIPE
    run bash -c "mlops list >&5"
    ended 6 "Broken pipe"
    exec 5>&-
}

@test "missing standard streams do not end up in the registry" {
    given_registered fraud@1
    run bash -c "mlops register $BATS_TEST_TMPDIR/project <&- >&- 2>&-"
    [ "$status" -eq 6 ]
    mlops log --verify
    [ "$(mlops --json list | jq '.versions | length')" = 1 ]
}

# ---- what is printed where -------------------------------------------------------------------------

@test "results go to stdout, the rest to stderr, and --quiet leaves the rest out" {
    given_registry
    given_project p
    run --separate-stderr mlops package p
    [ "$status" -eq 0 ]
    [[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
    [[ "$stderr" == *"packaged fraud"* ]]
    run --separate-stderr mlops -q package p
    [[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
    [ -z "$stderr" ]
    run --separate-stderr mlops register p
    [ "$output" = fraud@1 ]
    run mlops -q init other
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "--json prints one document and nothing on stderr" {
    given_registry
    given_project p
    for line in "init x" "package p" "register p" "list" "show fraud" "log" "log --verify" \
        "status" "test fraud" "promote fraud --to dev" "checkout fraud out" "version" "help" \
        "help drift" "drift fraud --current p/data/train.csv"; do
        run --separate-stderr mlops --json $line
        [ "$status" -eq 0 ] || { echo "$line: $status $output"; false; }
        [ -z "$stderr" ] || { echo "$line: $stderr"; false; }
        [ "$(jq -s length <<<"$output")" = 1 ] || { echo "$line: $output"; false; }
    done
}

@test "every member that help promises stands in the JSON, with its type" {
    given_registered fraud@2
    given_table now.csv 30
    # COMMAND and the words after it; exit 0 or 1
    while read -r command words; do
        mlops --json "$command" $words > document.json || [ $? -eq 1 ]
        mlops --json help "$command" | jq -c '.json[]' > fields
        while read -r field; do
            meaning=$(jq -r .meaning <<<"$field")
            [[ "$meaning" == "with --"* ]] && continue
            jq -e --argjson field "$field" '
                def types($wanted): {"text": "string", "time": "string", "number": "number",
                    "bool": "boolean", "array": "array", "object": "object"}[$wanted];
                def values($path): if $path == [] then [.]
                    elif $path[0] | endswith("[]") then
                        [.[$path[0] | rtrimstr("[]")][] | values($path[1:])[]]
                    else if has($path[0]) then .[$path[0]] | values($path[1:]) else error("missing") end
                    end;
                values($field.path | split(".")) | all(
                    type == types($field.type) or ($field.null and . == null))' \
                document.json > /dev/null || { echo "$command: $field"; cat document.json; false; }
        done < fields
    done <<LINES
list
show fraud@2
test fraud@1
promote fraud@1 --to dev
status
promote fraud@2 --to dev
test fraud@2
promote fraud@2 --to dev
rollback fraud --stage dev
log
checkout fraud@1 out
drift fraud@1 --current now.csv
package $BATS_TEST_TMPDIR/project
register $BATS_TEST_TMPDIR/project
init
version
help list
LINES
}

@test "colours are for terminals that want them" {
    given_registered fraud@1
    has_color() { [[ "$output" == *$'\e['* ]]; }
    has_none() { [[ "$output" != *$'\e['* ]]; }
    run mlops list
    has_none
    run mlops --color=always list
    has_color
    run mlops --color always --json list
    has_none
    TERM=xterm run on_terminal mlops list
    has_color
    TERM=xterm run on_terminal mlops --color=never list
    has_none
    TERM=dumb run on_terminal mlops list
    has_none
    TERM=xterm NO_COLOR=1 run on_terminal mlops list
    has_none
    TERM=xterm NO_COLOR= run on_terminal mlops list
    has_color
    TERM=xterm NO_COLOR=1 run on_terminal mlops list --color=always
    has_color
    mlops -q test fraud@1 >/dev/null
    run mlops --color=always show fraud@1
    ended 0 $'\e[32mpassed' $'\e[32msafe'
}

@test "a terminal gets titles, a pipe lines" {
    given_registered fraud@2
    run on_terminal mlops list
    ended 0 "VERSION  CREATED"
    run mlops list
    [ "${#lines[@]}" -eq 2 ]
    [[ "${lines[0]}" =~ ^fraud@2\ +20[0-9TZ:-]+\ +-\ +tester@cli\ +sha256:[0-9a-f]{64}$ ]]
    [[ "${lines[1]}" == fraud@1* ]]
}

@test "what a terminal cannot show beside the rest stands below it, whole" {
    given_registered fraud@1
    given_promoted fraud@1 production
    mlops -q promote fraud@1 --to staging --reason "one two three four five six seven eight nine ten eleven twelve"
    PAGER=cat run on_terminal mlops log
    ended 0
    joined=$(tr -s '\n ' '  ' <<<"$output")
    [[ "$joined" == *"one two three four five six seven eight nine ten eleven twelve"* ]]
    for line in "${lines[@]}"; do [ "${#line}" -le 80 ]; done
    # in a pipe it is one line
    run mlops log -n1
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"one two three"*"twelve" ]]
}

@test "long output on a terminal goes through PAGER, and only there" {
    given_registered fraud@1
    PAGER="sed s/^/paged:/" ROWS=5 run on_terminal mlops help
    ended 0 "paged:"
    PAGER="sed s/^/paged:/" ROWS=5 run on_terminal mlops list
    [[ "$output" != *paged:* ]]
    PAGER="sed s/^/paged:/" run mlops help
    [[ "$output" != *paged:* ]]
    PAGER=/no/such/pager ROWS=5 run on_terminal mlops help
    ended 0 "Package and register:"
    PAGER="" ROWS=5 run on_terminal mlops help
    ended 0 "Package and register:"
}

@test "text of others cannot drive the terminal" {
    given_registered fraud@1
    given_promoted fraud@1 production
    mlops -q promote fraud@1 --to dev --reason $'red \e[31m and \xe2\x80\xae back\nnext'
    run mlops log -n1
    ended 0 '\x1b[31m' '\u202e' '\x0a'
    [[ "$output" != *$'\e'* ]]
    run mlops --json log -n1
    [ "$(jq -r '.entries[0].reason' <<<"$output")" = $'red \e[31m and \xe2\x80\xae back\nnext' ]
    run mlops show $'no\e[2Jsuch'
    [ "$status" -ne 0 ]
    [[ "$output" != *$'\e'* ]]
}

@test "JSON stays UTF-8 whatever a suite prints" {
    given_registry
    given_project p
    sed -i 's|run: "true"|run: "printf \\"\\\\\\\\377\\\\\\\\033[1m\\"; false"|' p/mlops.yaml
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
    jq -e '.suites[0].output | endswith("\u001b[1m")' <<<"$output" >/dev/null
}

@test "progress is drawn on a terminal, and gone in the end" {
    given_registry
    given_project p
    sed -i 's|run: "true"|run: "sleep 0.2"|' p/mlops.yaml
    mlops -q register p
    TERM=xterm run on_terminal mlops --color=never test fraud
    [[ "$output" == *"0 of 3 done, 1 running"*"  unit "*$'\e[1A\e[J'* ]]
    TERM=xterm run on_terminal mlops -q test fraud --no-cache
    [[ "$output" != *" running"* ]]
    TERM=dumb run on_terminal mlops test fraud --no-cache
    [[ "$output" != *" running"* ]]
    run mlops test fraud --no-cache
    [[ "$output" != *" running"* && "$output" != *$'\e'* ]]
}

# ---- signals ---------------------------------------------------------------------------------------

# A registry with fraud@1, whose test takes long. A suite cannot write where we could see it, but its
# processes can be seen: $nap is one that no other test has.
given_slow_test() {
    nap="sleep ${1:-600}.$BASHPID$RANDOM"
    export nap
    given_registry
    given_project p
    local command=${2:-NAP}
    sed -i "s|run: \"true\"|run: \"${command//NAP/$nap}\"|" p/mlops.yaml
    mlops -q register p
}

@test "a signal stops the command, cleans up, and shows in how it ends" {
    given_slow_test
    for signal in TERM HUP; do
        mlops test fraud 2> err 3>&- &
        pid=$!
        until_true runs "$nap"
        kill -s "$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
        grep -q "mlops: test: stopped by a signal" err
        [ -z "$(ls .mlops/tmp)" ]
        [ "$(mlops --json log | jq '[.entries[] | select(.action == "test")] | length')" = 0 ]
    done
}

@test "Ctrl-C ends it as SIGINT does" {
    given_slow_test
    # a shell without job control starts background jobs with SIGINT ignored: python does not
    cat > interrupt.py <<'PYTHON'
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
process = subprocess.Popen(["mlops", "--json", "test", "fraud"], stdout=subprocess.PIPE)
while subprocess.run(["pgrep", "-fx", os.environ["nap"]], stdout=subprocess.DEVNULL).returncode:
    time.sleep(0.05)
process.send_signal(signal.SIGINT)
print(process.communicate()[0].decode(), process.returncode)
PYTHON
    run python3 interrupt.py
    ended 0 '"code":"cancelled"' " -2"
}

@test "Ctrl-C ends a suite that does not stop when it is asked to" {
    # a suite that does not stop when it is asked to
    given_slow_test 1 "trap '' TERM; while true; do NAP; done"
    cat > interrupt.py <<'PYTHON'
import os, signal, subprocess, time
signal.signal(signal.SIGINT, signal.default_int_handler)
process = subprocess.Popen(["mlops", "test", "fraud"], stderr=subprocess.PIPE)
while subprocess.run(["pgrep", "-fx", os.environ["nap"]], stdout=subprocess.DEVNULL).returncode:
    time.sleep(0.05)
process.send_signal(signal.SIGINT)
print(process.communicate()[1].decode(), process.returncode)
PYTHON
    run python3 interrupt.py
    ended 0 "stopped by a signal" " -2"
    mlops log --verify
    until_gone "$nap" # whoever stops it now
}

@test "who ignores SIGINT for its children is obeyed" {
    export MLOPS_SANDBOX=none # its suites end when they see a file
    given_slow_test 600 "touch $PWD/began; until [ -e $PWD/told ]; do sleep 0.05; done"
    mlops test fraud > out 3>&- & # bash ignores SIGINT for it
    pid=$!
    until_true test -e began
    kill -s INT "$pid"
    touch told
    wait "$pid"
    grep -q "4 passed" out
}

# ---- start-up --------------------------------------------------------------------------------------

@test "--version touches neither registry nor anything else" {
    [ "$(mlops --version)" = "mlops 0.1.0" ]
    [ "$(mlops list --version)" = "mlops 0.1.0" ]
    [ "$(MLOPS_REGISTRY=/nonexistent mlops --version)" = "mlops 0.1.0" ]
    run mlops monitor status fraud --version 2 # an option of its own, of the same name
    [[ "$output" == *"registry"* && "$output" != "mlops 0.1.0" ]]
    command -v strace >/dev/null || skip "no strace here"
    given_registry
    # the leak checker cannot work under strace
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=file -o trace mlops --version || skip "strace may not trace here"
    ! grep -v 'execve(' trace | grep -E '\.mlops|libgit2|libcurl|libpq|sqlite3-'
}

@test "looking makes nothing" {
    for line in list "show fraud" log status "checkout fraud out" "__complete ref"; do
        run mlops $line
        ended 3
        [ -z "$(ls -A)" ]
    done
    given_registered fraud@1
    find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort -k 2 > before
    for line in list "show fraud" log "log --verify" status "__complete ref"; do
        mlops $line >/dev/null
    done
    mv before ..
    find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort -k 2 > ../after
    diff <(grep -v ' ./before$' ../before) ../after
}

@test "whoever waits for the registry longer than --lock-timeout is told" {
    command -v sqlite3 >/dev/null || skip "no sqlite3 here"
    given_registered fraud@1
    given_project p fraud 2
    hold_registry
    run mlops register p --lock-timeout 200ms
    ended 6 "waited 0.2 s"
    let_registry_go
    run mlops register p --lock-timeout=0s
    ended 0 "fraud@2"
}
