#!/usr/bin/env bats
# A disk that is full at every hundredth of the way of a registration: one clear message and exit 6,
# nothing lost, nothing half there, and it goes through as soon as there is space.
load common

setup() {
    fault_setup
    mkdir disk
    mount -t tmpfs -o size=40m tmpfs disk 2> /dev/null || skip "cannot mount a tmpfs here"
    project first first 200000
    project second second 2000000
    mlops -q init disk
    export MLOPS_REGISTRY=$PWD/disk/.mlops
    mlops -q register first
}

teardown() {
    cd / && umount "$BATS_TEST_TMPDIR/work/disk" 2> /dev/null ||
        umount -l "$BATS_TEST_TMPDIR/work/disk" 2> /dev/null || true
}

# leave BYTES free on the disk
leave() {
    rm -f disk/ballast
    fallocate -l "$(($(free) - $1))" disk/ballast
}

free() {
    df --output=avail -B 1 disk | tail -n 1
}

# A failed registration: told as it must be, and nothing of it can be seen.
refused() {
    [ "$status" -eq 6 ] || { echo "exit $status"; return 1; }
    [[ $output == *"No space left on device"* || $output == *"disk is full"* ]] || return 1
    [[ $output == *"$PWD/disk/"* || $output == *"'disk/"* ]] || { echo "no path"; return 1; }
    [ "$(wc -l <<< "$output")" -le 3 ] || { echo "more than a message and a hint"; return 1; }
    [ -z "$(ls disk/.mlops/objects/tmp)" ] || { ls disk/.mlops/objects/tmp; return 1; }
    mlops list fraud > list.out || return 1
    [ "$(wc -l < list.out)" -eq 1 ] || { cat list.out; return 1; }
    comes_back fraud@1 first || return 1
    mlops fsck > fsck.out || { cat fsck.out; return 1; }
}

@test "a registration on a disk that is full at every hundredth of its way" {
    cp -a disk/.mlops before
    local from need percent refusals=0
    from=$(free)
    mlops -q register second
    need=$((from - $(free)))
    for ((percent = 0; percent <= 200; percent++)); do
        rm -rf disk/.mlops
        cp -a before disk/.mlops
        leave $((need * percent / 100))
        run mlops register second
        [ "$status" -ne 0 ] || break
        refused || { echo "at $percent % of $need bytes: $output"; false; }
        refusals=$((refusals + 1))
        # with space it goes through, and the next attempt does not trip over the last
        rm disk/ballast
        mlops -q register second > register.out
        comes_back fraud@2 second
        mlops fsck > fsck.out
    done
    echo "# refused from 0 to $((percent - 1)) % of the $need bytes that it takes" >&3
    [ "$refusals" -ge 99 ]
    [ "$percent" -le 200 ]
    comes_back fraud@1 first
    comes_back fraud@2 second
}

@test "on a full disk one can still look, and move a stage back" {
    mlops -q register second
    mlops -q test fraud@1
    mlops -q test fraud@2
    mlops -q promote fraud@1 --to production
    mlops -q promote fraud@2 --to production
    leave 0
    mlops list > list.out
    mlops show fraud@2 > show.out
    mlops log --verify > log.out
    mlops fsck
    comes_back fraud@2 second
    run mlops rollback fraud
    [ "$status" -eq 6 ]
    [[ $output == *"$PWD/disk/.mlops/registry.db: No space left on device"*"nothing was changed"* ]]
    mlops list fraud > now.out
    diff list.out now.out
    rm disk/ballast
    mlops -q rollback fraud
    [ "$(mlops list fraud | awk '$3 == "production" {print $1}')" = fraud@1 ]
}

@test "a checkout onto a disk that is full at every twentieth of its way" {
    mlops -q register second
    mlops -q checkout fraud@2 first-time
    local from need percent
    from=$(free)
    cp -a first-time disk/out
    need=$((from - $(free)))
    rm -rf disk/out
    for ((percent = 0; percent < 100; percent += 5)); do
        leave $((need * percent / 100))
        run mlops checkout fraud@2 disk/out
        [ "$status" -eq 6 ] || { echo "at $percent %: $status $output"; false; }
        [[ $output == *disk/*"No space left on device"* ]] || { echo "$output"; false; }
        [ "$(ls -A disk)" = "$(printf '.mlops\nballast')" ] || { ls -A disk; false; }
    done
    rm disk/ballast
    mlops -q checkout fraud@2 disk/out
    diff -r second disk/out
}
