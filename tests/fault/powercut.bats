#!/usr/bin/env bats
# The power is cut: what a command has reported as done is there, the rest is there or is not, and
# everything is sound. MLOPS_FAULT_LONG=1 takes many more instants.
#
# What was attempted and what was reported stands in a log outside of the disk, so that each copy of
# the disk can be held against the lines before it (all done) and after it (may have begun).
load common
load powercut

setup() {
    fault_setup
    power_on
    : > log
    copies=0 cuts=0
    local round
    for round in $(seq 40); do
        project "p$round" "$round" 120000
        project "unwanted$round" "unwanted $round" 150000
    done
}

teardown() {
    power_off
}

# step WHAT COMMAND…: "try WHAT" and "done WHAT" in the log, on both sides of the command.
step() {
    local what=$1
    shift
    echo "try $what" >> log
    "$@" > step.out 3>&- || { echo "$*:"; cat step.out; return 1; }
    echo "done $what" >> log
}

# COMMAND…, in the registry on the disk
on_disk() {
    mlops --registry "$disk/.mlops" "$@"
}

has_gc() {
    mlops help gc > /dev/null 2>&1
}

# round N RUN: what a day brings, each command run by RUN.
round() {
    local number=$1 run=$2
    step "bundle $number" "$run" -q package "p$number"
    cp step.out "p$number.bundle"
    step "version $number" "$run" -q register "p$number"
    step "tested $number" on_disk -q test "fraud@$number"
    step "production $number" "$run" promote "fraud@$number" --to production
    step "unwanted $number" "$run" -q package "unwanted$number"
    ! has_gc || step "gc $number" "$run" gc --grace 0s
    [ "$((number % 3))" -ne 2 ] || step "production $((number - 1))" "$run" rollback fraud
}

# Copy the disk, with the length of the log before and after. Where neither has changed since the
# last copy, that one is as good.
cut_power() {
    local writes then now
    cuts=$((cuts + 1))
    disk_writes
    mapfile -t then < log
    [ "$writes ${#then[@]}" != "${last:-}" ] || return 0
    power_cut "copy$copies"
    mapfile -t now < log
    echo "${#then[@]} ${#now[@]}" > "copy$copies.log"
    copies=$((copies + 1))
    disk_writes
    last="$writes ${#now[@]}"
}

# stopped COMMAND…: stop it after each system call that changes the disk, and cut the power there.
# With one thread nothing else happens meanwhile.
stopped() {
    local line call
    rm -f calls
    mkfifo calls
    MLOPS_THREADS=1 ASAN_OPTIONS=detect_leaks=0 strace -f -y -o calls -e trace="$calls" \
        -e inject="$calls:signal=STOP" mlops --registry "$disk/.mlops" "$@" 3>&- &
    while IFS= read -r line; do
        case $line in
        *'stopped by SIGSTOP'*)
            # what readers share in memory, and the note on who writes, are not kept
            [[ $call == *registry.db-shm* || $call == *.mlops/writer* ]] || cut_power
            kill -CONT "${line%% *}"
            ;;
        *' --- '*) ;;
        *) call=$line ;;
        esac
    done < calls
    wait $!
}

calls=write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat2,unlink,unlinkat,mkdir

# judge_copies: mount every copy and hold it against the log.
judge_copies() {
    local number
    for ((number = 0; number < copies; number++)); do
        mounted "copy$number" judge $(cat "copy$number.log") > judge.out 2>&1 || {
            echo "copy $number of $copies, lines $(cat "copy$number.log") of:"
            cat log judge.out
            return 1
        }
        rm -f "$host/copy$number"
    done
}

# judge BEFORE AFTER: is the registry at $after what the first BEFORE lines of the log say, where
# what is tried in the lines up to AFTER may have happened, too?
judge() {
    local finished tried number production versions
    finished=$(head -n "$1" log | sed -n 's/^done //p')
    tried=$(head -n "$2" log | sed -n 's/^try //p')
    export MLOPS_REGISTRY=$after/.mlops
    [ -e "$MLOPS_REGISTRY/format" ] || { [[ "$finished" != *init* ]] || return 1; return 0; }
    mlops fsck || return 1
    mlops list > list.out || return 1
    versions=$(sed -n 's/^fraud@\([0-9]*\) .*/\1/p' list.out)
    comm -23 <(sed -n 's/^version //p' <<< "$finished" | sort -u) <(sort <<< "$versions") | grep . &&
        { echo "is gone"; return 1; }
    comm -13 <(sed -n 's/^version //p' <<< "$tried" | sort -u) <(sort <<< "$versions") | grep . &&
        { echo "was never registered"; return 1; }
    for number in $(sed -n '1,2p; $p' <<< "$versions" | sort -u); do
        comes_back "fraud@$number" "p$number" || return 1
    done
    number=$(sed -n 's/^bundle //p' <<< "$finished" | tail -n 1)
    [ -z "$number" ] || comes_back "$(cat "p$number.bundle")" "p$number" || return 1
    production=$(awk '$3 == "production" {sub(/.*@/, "", $1); print $1}' list.out)
    allowed "$1" "$2" | grep -qx "production $production" ||
        { echo "in production: '$production'"; return 1; }
    # and life goes on, also for a bundle that gc may have been about to drop
    number=$(sed -n 's/^unwanted //p' <<< "$tried" | tail -n 1)
    [ -z "$number" ] || comes_back "$(mlops -q package "unwanted$number")" "unwanted$number" || return 1
    mlops -q register p40 > /dev/null && mlops fsck --quick
}

# What production may hold: what it was reported to hold last, and whatever was tried since.
allowed() {
    head -n "$2" log | awk -v before="$1" '
        BEGIN {may[count++] = ""}
        $2 != "production" {next}
        $1 == "done" && NR <= before {count = 0; may[count++] = $3; next}
        $1 == "try" {may[count++] = $3}
        END {for (i = 0; i < count; i++) print "production " may[i]}'
}

# unsynced_is_lost CALL: register with a CALL that does nothing, cut the power, and see that what was
# reported as done is found to be lost. 1: it is not lost; 2: the test itself failed.
unsynced_is_lost() {
    disk_restore copy0 && sed -i '2,$d' log || return 2
    copies=1 last=
    step "version 1" strace -o /dev/null -e "inject=$1:retval=0" \
        mlops --registry "$disk/.mlops" -q register p1 || return 2
    cut_power && mounted copy1 true || return 2
    run mounted copy1 judge 3 3
    [ "$status" -eq 1 ]
}

# A file that is synced and one that is not, and a copy of the disk with one of them.
only_synced_is_there() {
    rm -f "$disk/unsynced" "$host/copy0"
    copies=0 last=
    echo lost > "$disk/unsynced" && echo kept > "$disk/synced" && sync "$disk/synced" || return 2
    cut_power && mounted copy0 eval '[ "$(cat "$after/synced")" = kept ]' || return 2
    mounted copy0 eval '[ ! -s "$after/unsynced" ]'
}

# within_tries WHAT…: the kernel may write by itself what nobody has synced, where others fill its
# memory: then nothing is lost, and it is tried again.
within_tries() {
    local try result
    for try in {1..20}; do
        result=0
        "$@" || result=$?
        [ "$result" -eq 1 ] || return "$result"
        sleep 1
    done
    echo "never: $*: $output"
    return 1
}

@test "what was not synced is not on the copies, and that is found out" {
    on_disk -q init
    echo "done init" >> log
    within_tries only_synced_is_there
    mounted copy0 judge 1 1
    # registrations that think they have synced their packs, or the database, and have not
    within_tries unsynced_is_lost fsync
    within_tries unsynced_is_lost fdatasync
}

@test "a cut after every system call of every command" {
    step "init" stopped init
    round 1 on_disk
    round 2 stopped
    [ -z "${MLOPS_FAULT_LONG:-}" ] || for number in 3 4 5; do round $number stopped; done
    echo "# the power was cut after $cuts system calls, with $copies states of the disk" >&3
    [ "$cuts" -ge 200 ]
    [ "$copies" -ge 30 ]
    judge_copies
}

@test "a cut at any instant" {
    step "init" on_disk -q init
    (
        for ((number = 1; ; number = number % 39 + 1)); do # once more where copying is slow
            [ ! -e enough ] || exit 0
            round $number on_disk > round.out 2>&1 || { cp round.out failed; exit 1; }
        done
    ) 3>&- &
    while [ "$copies" -lt "$((${MLOPS_FAULT_LONG:+10} + 200))" ] && [ ! -e failed ]; do
        cut_power
    done
    touch enough
    wait
    [ ! -e failed ] || { cat failed; false; }
    echo "# the power was cut at $copies instants of $(grep -c '^done' log) commands" >&3
    judge_copies
}
