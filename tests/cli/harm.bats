#!/usr/bin/env bats
# Suites that mean harm, each stopped or refused with a message of its own, at every level of the
# sandbox that this machine gives; and none leaves a process or a file behind. tests/unit/trial has
# the plain cases; these are the ways around.
load session

setup() {
    session
    nap="730$BATS_TEST_NUMBER.$BASHPID" # seconds that nobody else sleeps
    export nap
}

# levels: those that can be had, each as "NAME PATH": without bubblewrap on PATH it is 'filter'.
levels() {
    mkdir -p bin
    best=$(mlops -q sandbox check) || true
    echo "$best"
    [[ $best = limits || $best = filter ]] || PATH="$PWD/bin" "$MLOPS" -q sandbox check || true
    [[ $best = limits ]] || echo limits
}

# run_at LEVEL: the suites of p/mlops.yaml, side by side; and nothing is left. The result is `report`.
run_at() {
    [ -d .mlops ] || mlops -q init
    sed -i "s/NAP/$nap/g" p/mlops.yaml
    mlops -q register p
    local path=$PATH wish=auto
    case $1 in
    filter) path=$PWD/bin ;;
    limits) wish=none ;;
    esac
    PATH=$path "$MLOPS" --json test fraud --no-cache -j 4 --sandbox $wish > report 2> errors || true
    cat report errors
    [ "$(jq -r .sandbox report)" = "$1" ]
    ! pgrep -f "^sleep $nap" || false
    [ -z "$(ls -A .mlops/tmp)" ]
}

# suite_at LEVEL BODY: one suite, whose lines of YAML are BODY. Then $status_, $reason and $message
# are those of its result.
suite_at() {
    mkdir -p p
    printf 'model: fraud\ntests:\n  only:\n    kind: unit\n%s\n' "$2" > p/mlops.yaml
    run_at "$1"
    status_=$(jq -r '.suites[0].status' report)
    reason=$(jq -r '.suites[0].reason // ""' report)
    message=$(jq -r '.suites[0].message // ""' report)
}

# at_each_level BODY REASON MESSAGE: it fails for that reason, and says so.
at_each_level() {
    for level in $(levels); do
        suite_at "$level" "$1"
        [ "$reason" = "$2" ]
        [[ "$message" == *"$3"* ]]
    done
}

# Lines "NAME REASON MESSAGE" on stdin: what each suite of p/mlops.yaml comes to, at each level.
all_at_each_level() {
    cat > expected
    for level in $(levels); do
        run_at "$level"
        jq -r '.suites[] | select(.kind == "unit") | "\(.name) \(.reason) \(.message)"' report |
            diff expected -
    done
}

python='PATH=/usr/bin:/bin python3' # 'filter' is made by a PATH without programs

@test "a daemon that forks twice and leaves its session is gone" {
    for level in $(levels); do
        suite_at "$level" "    run: |
      PATH=/usr/bin:/bin
      (setsid sh -c 'trap : TERM HUP; (setsid sleep NAP &); sleep NAP & wait' >/dev/null 2>&1 &)
      sleep 0.2"
        [ "$status_" = passed ]
    done
}

@test "a fork bomb is stopped at its limit" {
    mlops --json sandbox check > check || true
    [ "$(id -u)" -ne 0 ] || jq -e '.held_by_kernel | index("processes")' check ||
        skip "root without control groups: nothing would stop it in time"
    at_each_level "    limits: {processes: 50}
    timeout: 60s
    run: |
      PATH=/usr/bin:/bin
      python3 -c 'import os, signal
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      while True:
          try:
              if os.fork() == 0: os.setsid()
          except OSError: pass
      '" processes "stopped at its limit of 50 processes and threads"
}

@test "who kills the process that keeps it leaves nothing" {
    for level in $(levels); do
        suite_at "$level" "    run: |
      PATH=/usr/bin:/bin
      (setsid sleep NAP >/dev/null 2>&1 &)
      sleep 0.1
      kill -9 \$PPID
      sleep 0.2
      exit 3"
        [ "$status_" = failed ]
        # process 1 of a namespace cannot be killed from within
        case $level in
        full | namespaces) [ "$message" = "exit status 3" ] ;;
        *) [ "$message" = "crashed: signal 9 (Killed)" ] ;;
        esac
    done
}

@test "a disk is not filled by large files, sparse ones, empty ones, or those without names" {
    mkdir p
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests:
  large:  {kind: unit, limits: {disk: 20 MB}, run: 'PATH=/usr/bin:/bin; head -c 30000000 /dev/zero > big'}
  sparse: {kind: unit, limits: {disk: 20 MB}, run: PATH=/usr/bin:/bin; truncate -s 1T big}
  caught:
    kind: unit
    limits: {disk: 20 MB}
    run: PATH=/usr/bin:/bin; python3 -c 'open("big", "wb").truncate(10**12)'
  empty:
    kind: unit
    limits: {disk: 2 MB}
    run: |
      PATH=/usr/bin:/bin; python3 -c 'import itertools
      for i in itertools.count(): open(f"f{i}", "w").close()'
  nameless:
    kind: unit
    limits: {disk: 20 MB}
    run: |
      PATH=/usr/bin:/bin; python3 -c 'import os, time
      files = []
      for i in range(10):
          files.append(open("u", "wb", 0)); files[-1].write(bytes(10000000)); os.unlink("u")
      time.sleep(60)'
EOF
    all_at_each_level <<'EOF'
large disk stopped at its disk limit of 20 MB
sparse disk stopped at its disk limit of 20 MB
caught disk exit status 1; it found no room for a file beyond its disk limit of 20 MB
empty disk stopped at its disk limit of 2 MB
nameless disk stopped at its disk limit of 20 MB
EOF
}

@test "folders nested by thousands are removed" {
    for level in $(levels); do
        suite_at "$level" "    run: |
      $python -c 'import os
      for i in range(900): os.mkdir(\"d\"); os.chdir(\"d\")
      '"
        [ "$status_" = passed ]
    done
}

@test "there is nothing to write to but its own files, through links and descriptors, either" {
    level=$(mlops -q sandbox check) || true
    [[ $level = full || $level = namespaces ]] || skip "this machine gives '$level'"
    for target in /usr/mlops-harm /proc/1/root/etc/mlops-harm; do
        suite_at "$level" "    run: ln -s $target /tmp/out; echo x > /tmp/out"
        [ "$reason" = write ]
        [ "$message" = "exit status 2; it tried to write outside its folder, where everything is read-only" ]
        [ ! -e "$target" ]
    done
    # what mlops itself has open is not inherited
    suite_at "$level" "    run: 'ls -l /proc/self/fd; for n in 3 4 5 6 7 8 9; do echo x >&\$n; done 2>/dev/null; ls /proc/self/fd | wc -l; test \$(ls /proc/self/fd | wc -l) -eq 4'"
    [ "$status_" = passed ]
    mlops fsck
}

@test "a crash, a timeout, want of memory and a failed assertion are told apart" {
    mkdir p
    cat > p/mlops.yaml <<'EOF'
model: fraud
tests:
  segv:    {kind: unit, run: kill -SEGV $$}
  kill:    {kind: unit, run: kill -KILL $$}
  abort:   {kind: unit, run: kill -ABRT $$}
  hangs:   {kind: unit, timeout: 1s, run: 'PATH=/usr/bin:/bin; trap "" TERM; sleep NAP; sleep NAP'}
  burns:   {kind: unit, limits: {cpu: 300ms}, run: 'while :; do :; done'}
  eats:
    kind: unit
    limits: {memory: 60 MB}
    run: PATH=/usr/bin:/bin; python3 -c 'x = bytearray(300000000); x[::4096] = b"x" * len(x[::4096]); import time; time.sleep(60)'
  asserts: {kind: unit, run: PATH=/usr/bin:/bin; python3 -c 'assert 1 == 2'}
  missing: {kind: unit, run: no-such-program}
EOF
    all_at_each_level <<'EOF'
segv crash crashed: signal 11 (Segmentation fault)
kill crash crashed: signal 9 (Killed)
abort crash crashed: signal 6 (Aborted)
hangs timeout stopped at its time limit of 1 s
burns cpu stopped at its limit of 0.3 s of CPU time
eats memory out of memory: stopped at its limit of 60 MB
asserts exit exit status 1
missing command command not found (exit status 127): no-such-program
EOF
}

@test "the network is closed, and who tries it is told, or refused" {
    for level in $(levels); do
        [ "$level" != limits ] || continue # nothing closes it there
        suite_at "$level" "    run: |
      $python -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)'"
        [ "$status_" = failed ]
        case $level in
        full | namespaces) [ "$message" = "exit status 1; it tried to reach the network, which is closed to it" ] ;;
        *) jq -r '.suites[0].output' report | grep -q 'Permission denied' ;;
        esac
    done
}
