#!/usr/bin/env bats
# Single flipped bits, anywhere in a registry: fsck finds them, and no command gives wrong bytes.
# bitflip.py says what is flipped and what must hold. MLOPS_FAULT_LONG=1 takes more positions.
load common

setup() {
    fault_setup
    enter_memory
    mlops -q init
    given_version 1
    given_version 2
    mlops -q test fraud@1
    mlops -q test fraud@2
    mlops -q promote fraud@1 --to production
    awk -F, 'NR == 1 || NR % 9 == 0' p2/data/train.csv > today.csv
}

teardown() {
    leave_memory
}

# given_version N: artifacts of many chunks, and a table of which a few rows differ each time, so
# that packs have raw, compressed and delta records, manifests and recipes.
given_version() {
    mkdir -p "p$1/model" "p$1/data"
    cat > "p$1/mlops.yaml" <<'YAML'
model: fraud
params: params.yaml
artifacts: [model/]
data:
  train: {path: data/train.csv, target: y, role: reference}
tests:
  unit: {kind: unit, run: "true"}
YAML
    echo "round: $1" > "p$1/params.yaml"
    array 300000 > "p$1/model/weights.bin"
    awk -v round="$1" 'BEGIN {
        print "id,age,score,y"
        for (i = 0; i < 10000; i++)
            printf "%d,%d,%.6f,%d\n", i, 20 + (i * 7919) % 61, (i * 104729 % 1000003) / 1000003, \
                (i % 997 == 0 ? round : i % 2)
    }' > "p$1/data/train.csv"
    mlops -q register "p$1"
}

# flips WHAT MINIMUM STRIDE
flips() {
    [ -z "${MLOPS_FAULT_LONG:-}" ] || set -- "$1" "$2" 1
    run python3 "$SOURCE_ROOT/tests/fault/bitflip.py" mlops p "$1" "$3"
    printf '# %s\n' "${lines[@]}" >&3
    [ "$status" -eq 0 ]
    [[ ${lines[-1]} =~ ^$1:\ ([0-9]+)\ flips ]]
    [ "${BASH_REMATCH[1]}" -ge "$2" ]
}

@test "in packs" {
    flips packs 800 5
}

@test "in the database" {
    flips database 400 3
}

@test "in a log that was not written back to the database" {
    strace -o /dev/null -e trace=none true 2> /dev/null || skip "cannot trace processes here"
    cp -a .mlops earlier
    # killed when it begins to write back, which is after its commit
    { strace -o /dev/null -P "$PWD/.mlops/registry.db" -e trace=pwrite64 \
        -e inject=pwrite64:signal=KILL:when=1 mlops -q promote fraud@2 --to production || true; } 2> /dev/null
    [ -s .mlops/registry.db-wal ]
    flips log 150 15
}

@test "in the other files" {
    flips others 150 6
}
