#!/usr/bin/env bats
# gc without any grace beside writers and readers, beside a writer that sleeps at the wrong moment,
# and killed itself: what is registered is never missed. MLOPS_FAULT_LONG=1 takes longer.
load common

setup() {
    fault_setup
    seconds=10 rounds=12 kills=20
    [ -z "${MLOPS_FAULT_LONG-}" ] || seconds=60 rounds=100 kills=150
    mlops -q init
}

teardown() {
    local pid
    for pid in $(jobs -p); do kill -CONT "$pid" && kill "$pid"; done 2>/dev/null
    true
}

# failed WHAT…: one of those that run at the same time could not do its work.
failed() {
    echo "$*" >> "$BATS_TEST_TMPDIR/work/failures"
}

no_failures() {
    [ ! -e failures ] || { cat failures; return 1; }
}

# Bundles that are registered, others that are not, and the same content again and again.
write_until_enough() {
    local name=$1 i=0 command
    while [ ! -e enough ]; do
        i=$((i + 1))
        project "$name" "$name $i" $((RANDOM * 12))
        cat "shared$((RANDOM % 4))" > "$name/model/shared.bin"
        # rows changed here and there: deltas of what another writer stored last
        awk -v seed=$RANDOM 'BEGIN {srand(seed)} {print rand() < 0.005 ? $0 rand() : $0}' table \
            > "$name/model/table.csv"
        command=register
        [ $((RANDOM % 3)) != 0 ] || command=package
        if mlops -q "$command" "$name" > "$name.id" 2> "$name.err"; then
            [ "$command" = package ] || echo >> registered
        # two collect without any grace, and may be faster than one who stores (docs/store.md)
        elif [ $? -ne 4 ] || ! grep -q "removed faster than it could be stored" "$name.err"; then
            failed "$command: $(cat "$name.err")"
        fi
    done
}

read_until_enough() {
    local name=$1 newest
    while [ ! -e enough ]; do
        newest=$(mlops --json list | jq '[.versions[].version] | max')
        rm -rf "$name"
        mlops -q checkout "fraud@$((RANDOM % newest + 1))" "$name" 2> "$name.err" ||
            failed "checkout: $(cat "$name.err")"
    done
}

# One of two that run at once may find that the other kept changing what there is.
collect_until_enough() {
    local name=$1 status
    while [ ! -e enough ]; do
        status=0
        mlops -q gc --grace 0 > "$name.out" 2> "$name.err" || status=$?
        [ "$status" -eq 0 ] || { [ "$status" -eq 4 ] && grep -q "another gc" "$name.err"; } ||
            failed "gc: $status $(cat "$name.err")"
        echo >> collected
    done
}

check_until_enough() {
    while [ ! -e enough ]; do
        mlops fsck > fsck.out 2> fsck.err || failed "fsck: $(cat fsck.out fsck.err)"
        mlops stats > stats.out 2> stats.err || failed "stats: $(cat stats.err)"
    done
}

@test "two that run gc in a loop beside four writers and two readers lose nothing registered" {
    for i in 0 1 2 3; do head -c $((i * 150000)) /dev/urandom > "shared$i"; done
    awk 'BEGIN {srand(1); for (i = 0; i < 12000; i++) print i "," rand() "," rand()}' > table
    project p first
    mlops -q register p
    mlops -q config set lock-timeout 10m # nine stand in line, however slow they are
    : > collected
    : > registered
    for i in 1 2 3 4; do write_until_enough "writer$i" 3>&- & done
    for i in 1 2; do read_until_enough "reader$i" 3>&- & done
    for i in 1 2; do collect_until_enough "gc$i" 3>&- & done
    check_until_enough 3>&- &
    sleep "$seconds"
    # a slow machine takes longer until enough has come together
    until [ "$(wc -l < collected)" -gt 2 ] && [ "$(wc -l < registered)" -gt 5 ]; do
        [ ! -e failures ] || break
        sleep 0.1
    done
    touch enough
    wait
    no_failures
    check_registry
    [ "$(jq '.versions | length' list.json)" -gt 5 ]
    mlops -q fsck
    check_every_version
    mlops -q gc --grace 0
    mlops -q fsck
    check_every_version
}

nap() {
    sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
}

@test "a writer that is stopped while gc runs goes on, or says clearly that it could not" {
    project p start 12000000
    span=$(duration mlops register p)
    for i in $(seq $rounds); do
        [ $((i % 3)) = 0 ] || project p "stopped $i" 12000000
        mlops -q register p > out.txt 2> err.txt 3>&- &
        writer=$!
        nap $((span * i / rounds))
        if kill -STOP $writer 2>/dev/null; then
            # where it was stopped in its transaction, gc can only wait
            mlops -q --lock-timeout 1s gc --grace 0 2> gc.err || grep -q busy gc.err || { cat gc.err; false; }
            # one that had ended when it was to be stopped, and that bash has waited for since, is gone
            kill -CONT $writer 2>/dev/null || true
        fi
        status=0
        wait $writer || status=$?
        mlops -q fsck
        if [ "$status" -eq 0 ]; then
            rm -rf out
            mlops -q checkout "$(cat out.txt)" out
            cmp p/model/weights.bin out/model/weights.bin
        else
            cat err.txt
            [ "$status" -eq 4 ]
            grep -q "removed faster than it could be stored" err.txt
        fi
    done
    check_registry
    check_every_version
}

@test "a killed gc leaves the registry whole, and the next one finishes" {
    project p kept 3000000
    mlops -q register p
    for i in $(seq $kills); do
        # a pack to remove, one to rewrite, and small ones to merge
        project p "dead $i" 2000000
        cp p/model/weights.bin dead
        head -c 300000 /dev/urandom > p/model/live.bin
        mlops -q package p >/dev/null
        rm p/model/weights.bin
        mlops -q register p >/dev/null
        project p "unwanted $i" 500000
        mlops -q package p >/dev/null
        span=${span-$(cp -a .mlops copy && duration mlops --registry copy gc --grace 0; rm -rf copy)}
        at=$((RANDOM * span / 32768))
        timeout -s KILL "$(printf '%d.%06d' $((at / 1000000)) $((at % 1000000)))" \
            mlops gc --grace 0 >/dev/null 2>&1 3>&- || [ $? -eq 137 ]
        mlops -q fsck
    done
    check_registry
    for number in $(jq '.versions[].version' list.json); do
        rm -rf out
        mlops -q checkout "fraud@$number" out
    done
    mlops -q gc --grace 0
    mlops -q fsck
    [ "$(mlops --json gc --grace 0 | jq '.removed_packs + .waiting_packs')" = 0 ]
    for number in $(jq '.versions[].version' list.json); do
        rm -rf out
        mlops -q checkout "fraud@$number" out
    done
}
