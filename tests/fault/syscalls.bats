#!/usr/bin/env bats
# The n-th system call of a command is where it is killed, or where the kernel says no: for every
# call that writes, syncs, opens, renames or removes, and for every n.
# What leaves the folder as another fault left it, byte by byte, is not judged a second time.
#
# strace counts calls by thread and by name. With MLOPS_THREADS=1 one thread does all work (each
# sweep begins by making sure), so strace's n is the command's n-th call of that name, and counting
# from 1 until nothing is hit any more leaves none out. A kill comes before the call is done.
# MLOPS_FAULT_STRIDE=N tries every N-th only; MLOPS_FAULT_LONG=1 fails what reads, too.
load common

setup() {
    fault_setup
    enter_memory
    export MLOPS_THREADS=1
    export ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    strace -o /dev/null -e trace=none true 2>/dev/null || skip "cannot trace processes here"
    project first 1 300000
    project second 2 400000
}

teardown() {
    leave_memory
}

given_first_in_production() {
    mlops -q init
    mlops -q register first
    mlops -q test fraud@1
    mlops -q promote fraud@1 --to production
}

calls="write pwrite64 fsync fdatasync ftruncate rename renameat2 openat unlink unlinkat mkdir"
[ -z "${MLOPS_FAULT_LONG:-}" ] || calls+=" read pread64 newfstatat getdents64"

# sweep MINIMUM COMMAND…: fault every call of the command. Three functions say what must be true:
# `effect`, that the command has done what it is for; `sound`, that nothing is damaged or lost,
# whether it has or not; `reset` brings the state before it back. Fails where fewer than MINIMUM
# faults took place. `good` is the exit code of a command that does what it is for; `follow` is empty
# for one that runs others, of which only its own calls are counted.
good=0 follow=-f
sweep() {
    local minimum=$1 call fault n hit state fast tried=0 killed=0 failed=0 harmless=0 known=0
    local -A judged=()
    local stride=${MLOPS_FAULT_STRIDE:-1}
    shift
    trap - DEBUG # bats's, which takes its time for every line; what went wrong is said below
    reset
    status=0
    strace $follow -o trace "$@" > output 2>&1 || status=$?
    [ "$status" -eq "$good" ] || { echo "exit $status:"; cat output; return 1; }
    [ -z "$follow" ] || [ "$(cut -d ' ' -f 1 trace | sort -u | wc -l)" -eq 1 ] || {
        echo "$*: more than one thread, and strace counts for each: calls would be left out"
        return 1
    }
    for call in $calls; do
        for fault in signal=KILL error=EIO error=ENOSPC; do
            [[ $fault != error=ENOSPC || $call == *write* ]] || continue
            # strace need not stop at other calls; but only where it does can it kill
            fast=
            [[ -z $follow || $fault == signal=* ]] || fast=--seccomp-bpf
            for ((n = 1; ; n += stride)); do
                reset
                status=0
                { # bash tells of every child that is killed
                    strace $follow $fast -y -o trace -e "trace=${calls// /,}" \
                        -e "inject=$call:$fault:when=$n" "$@" > output 2>&1 3>&- || status=$?
                } 2>/dev/null
                hit=$(grep -e INJECTED -e 'killed by SIGKILL' trace) || break
                tried=$((tried + 1))
                case $status in
                "$good") harmless=$((harmless + 1)) ;;
                137) killed=$((killed + 1)) ;;
                *) failed=$((failed + 1)) ;;
                esac
                state=
                if [ "$status" -ne "$good" ]; then
                    state="$status $(digest)"
                    [ -z "${judged[$state]-}" ] || { known=$((known + 1)); continue; }
                fi
                judge "$@" || {
                    echo "after $fault at $call $n, exit $status: $hit"
                    cat output
                    return 1
                }
                [ -z "$state" ] || judged[$state]=1
            done
            [ "$status" -eq "$good" ] || { echo "untouched, but exit $status:"; cat output; return 1; }
        done
    done
    echo "# ${*:1:2}: $tried faults, $killed killed it, $failed failed it, $harmless did no harm; $known left nothing new" >&3
    [ "$tried" -ge $((minimum / stride)) ]
}

# Of all files that the command may have changed: names, modes, contents.
digest() {
    local folder folders=()
    for folder in .mlops host out; do
        [ ! -e "$folder" ] || folders+=("$folder")
    done
    tar --sort=name --mtime=@0 -cf state.tar --files-from=/dev/null "${folders[@]}" && md5sum < state.tar
}

# What must be true after the fault, and after the command has been run again.
judge() {
    # 127: the fault befell the loader
    [[ $status -le 6 || $status -eq 127 || $status -eq 137 ]] || { echo "it crashed"; return 1; }
    [ "$status" -ne "$good" ] || effect || { echo "exit $good, but it is not done"; return 1; }
    [ "$status" -ne "$good" ] || is_durable || { echo "exit $good, but it may not last"; return 1; }
    sound || return 1
    local again=0
    "$@" > output 2>&1 || again=$?
    [ "$again" -eq "$good" ] || { echo "cannot be run again:"; cat output; return 1; }
    effect || { echo "it was run again, but it is not done"; return 1; }
    mlops fsck > fsck.out 2>&1 || { cat fsck.out; return 1; }
    [ -z "$(ls .mlops/objects/tmp)" ] || { echo "left behind:"; ls .mlops/objects/tmp; return 1; }
}

# By the trace of a command that ended well: was no sync that failed needed? SQLite passes over
# that of a folder for the name of its log, which has been there since init, or which init syncs
# again; a second one of a log that has not been written to since the first; and that of the
# database, provided it keeps the log.
is_durable() {
    awk '
        match($0, /<[^>]*>/) {file = substr($0, RSTART + 1, RLENGTH - 2)}
        /INJECTED/ && /sync\(/ {
            if ($0 ~ /fdatasync/ && file ~ /\.mlops$/) next
            if ($0 ~ /fdatasync/ && file ~ /\.mlops\.new[^\/]*$/) {again[file] = 1; next}
            if (file ~ /-wal$/ && !written[file]) next
            if (file ~ /registry\.db$/) {needs_log = 1; next}
            print "passed over: " $0
            bad = 1
        }
        /(write|pwrite64|ftruncate)\(/ {
            written[file] = 1
            if (needs_log && file ~ /-wal$/) {print "the log went too early: " $0; bad = 1}
        }
        /sync\(/ {written[file] = 0; delete again[file]}
        END {
            for (file in again) {print "never synced: " file; bad = 1}
            exit bad
        }' trace
}

reset() {
    if [ -e before ]; then
        rm -rf .mlops out
        cp -a before .mlops
    fi
}

# fsck finds nothing; both versions that may be there come back byte for byte; one is in production.
sound() { whole; }

whole() {
    mlops fsck > fsck.out 2>&1 || { cat fsck.out; return 1; }
    mlops list fraud > list.out || return 1
    comes_back fraud@1 first || return 1
    ! grep -q '^fraud@2 ' list.out || comes_back fraud@2 second || return 1
    [[ "$(in_production)" == fraud@[12] ]]
}

in_production() {
    awk '$3 == "production" {print $1}' list.out
}

@test "register, at every system call" {
    given_first_in_production
    mv .mlops before
    effect() { mlops -q show fraud@2 > show.out; }
    sweep 250 mlops register second
}

@test "promote, at every system call" {
    given_first_in_production
    mlops -q register second
    mlops -q test fraud@2
    # without its secret nothing is sent, so that what is owed stays in the outbox
    mlops -q webhook add http://127.0.0.1:9/in --event promote --secret-env NO_SUCH_SECRET
    mv .mlops before
    effect() { mlops list fraud > list.out && [ "$(in_production)" = fraud@2 ]; }
    # a webhook is owed what happened, and nothing else
    sound() {
        whole || return 1
        rows=$(sqlite3 .mlops/registry.db "SELECT count(*) FROM audit WHERE action = 'promote' AND
            position > (SELECT max(position) FROM audit WHERE action = 'webhook');
            SELECT count(*) FROM outbox")
        [ "$(uniq <<<"$rows" | wc -l)" -eq 1 ] || { echo "promoted, owed: $rows"; return 1; }
    }
    sweep 120 mlops promote fraud@2 --to production
}

@test "gc, at every system call" {
    given_first_in_production
    # a pack of which a registered version needs a little, and one that nobody needs
    project unwanted 3 500000
    mkdir -p second/model
    head -c 60000 /dev/urandom | tee second/model/shared.bin > unwanted/model/shared.bin
    mlops -q package unwanted > unwanted.id
    mlops -q register second
    project unwanted 4 200000
    mlops -q package unwanted > unwanted.id
    mv .mlops before
    needed=$((300000 + 60000 + 400000))
    effect() {
        local stored
        stored=$(find .mlops/objects/packs -type f -printf '%s\n' | awk '{sum += $1} END {print sum}')
        [ "$stored" -ge "$needed" ] && [ "$stored" -lt $((needed + 50000)) ]
    }
    sweep 150 mlops gc --grace 0
}

@test "checkout, at every system call: the whole folder or none" {
    given_first_in_production
    mv .mlops before
    effect() { diff -r first out && rm -rf out; }
    sound() {
        [ ! -e out ] || { diff -r first out && rm -rf out; }
        mlops fsck > fsck.out 2>&1 || { cat fsck.out; return 1; }
    }
    sweep 60 mlops checkout fraud@1 out
}

@test "init, at every system call but those of the database" {
    calls=${calls/ pwrite64/}
    calls=${calls/ ftruncate/}
    reset() { rm -rf .mlops; }
    effect() { mlops -q register first > register.out && mlops fsck > fsck.out; }
    sound() { [ "$status" -ne 0 ] || mlops fsck > fsck.out; }
    sweep 60 mlops init
}

@test "repair, at every system call" {
    given_first_in_production
    mlops -q register second
    cp -a .mlops copy
    pack=$(find .mlops/objects/packs -name '*.pack' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
    chmod u+w "$pack"
    printf 'damage' | dd of="$pack" bs=1 seek=200000 conv=notrunc status=none
    mv .mlops before
    effect() { mlops fsck > fsck.out && comes_back fraud@1 first && comes_back fraud@2 second; }
    sound() { comes_back fraud@1 first; } # fraud@2 is not, until it is repaired
    sweep 60 mlops fsck --repair copy
}

@test "deploy, at every system call: current leads to a whole release" {
    given_first_in_production
    mlops -q register second
    mlops -q test fraud@2
    mlops -q promote fraud@2 --to production
    mlops -q deploy fraud@1 host
    mv .mlops before
    mv host host.before
    calls+=" symlink fchmod"
    reset() {
        rm -rf .mlops host
        cp -a before .mlops
        cp -a host.before host
    }
    effect() { diff -r second host/current; }
    sound() {
        mlops deploy --status --verify host > status.out || { cat status.out; return 1; }
        diff -r first host/current > first.diff || diff -r second host/current
    }
    sweep 100 mlops deploy fraud@production host --keep 1
}

@test "deploy to a new host and one that goes back, at every system call" {
    given_first_in_production
    mv .mlops before
    reset() {
        rm -rf .mlops host
        cp -a before .mlops
    }
    effect() { diff -r first host/current; }
    sound() { [ ! -e host/current ] || diff -r first host/current; }
    sweep 60 mlops deploy fraud@production host

    mlops -q deploy fraud@1 host
    mlops -q register second
    rm -rf before
    mv .mlops before
    mv host host.before
    reset() {
        rm -rf .mlops host
        cp -a before .mlops
        cp -a host.before host
    }
    # it ends with 1, and what was live before is live
    effect() { diff -r first host/current; }
    sound() {
        mlops deploy --status --verify host > status.out || { cat status.out; return 1; }
        diff -r first host/current > first.diff || diff -r second host/current
    }
    good=1 follow=
    sweep 100 mlops deploy fraud@2 host --health false
}
