# What the fault tests share beside the quiet room of the command-line tests: projects that differ
# in one file, and what must be true of a registry whatever befell it.

load ../cli/common

fault_setup() {
    cli_setup
    export MLOPS_ACTOR=tester@fault
}

# Go on in a folder that lies in memory, where one can be had: where it is not the disk that is
# tried, syncs need not take time.
enter_memory() {
    mkdir memory
    ! mount -t tmpfs -o size=256m tmpfs memory 2> /dev/null || cd memory
}

leave_memory() {
    cd /
    umount "$BATS_TEST_TMPDIR/work/memory" 2> /dev/null || true
}

# array BYTES: a numpy file of so many random numbers of 8 bits: nothing that a scan would refuse.
array() {
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
        "{'descr': '|u1', 'fortran_order': False, 'shape': ($1,), }"
    head -c "$1" /dev/urandom
}

# project DIR TEXT [BYTES]: a project folder whose content depends on TEXT, with an artifact of
# BYTES random numbers.
project() {
    mkdir -p "$1/model"
    cat > "$1/mlops.yaml" <<'EOF'
model: fraud
params: params.yaml
artifacts: [model/]
tests:
  unit: {kind: unit, run: "true"}
EOF
    echo "round: \"$2\"" > "$1/params.yaml"
    array "${3:-1000}" > "$1/model/weights.bin"
}

# The registry opens, its log is whole, the log and the list agree.
check_registry() {
    mlops log --verify > verify.out || { cat verify.out; return 1; }
    mlops --json log > log.json
    mlops --json list > list.json
    # each version was registered once; numbers are 1 … n; the stage holds what the newest entries say: a
    # stack replayed. In one program: jq takes longer to start than for that.
    jq -e --slurpfile list list.json '$list[0].versions as $versions
        | (reduce (.entries | sort_by(.index) | .[]) as $entry ([];
            if $entry.action == "promote" then . + [$entry.version]
            elif $entry.action == "rollback" then until(length == 0 or .[-1] == $entry.version; .[:-1])
            else . end) | .[-1]) as $expected
        | ([.entries[] | select(.action == "register")] | length) == ($versions | length)
            and ($versions | map(.version) | sort) == [range(1; ($versions | length) + 1)]
            and ([$versions[] | select(.stages | index("production")) | .version] | first) == $expected
        ' log.json > /dev/null || { cat log.json list.json; return 1; }
}

check_every_version() {
    local number
    for number in $(jq '.versions[].version' list.json); do
        rm -rf out
        mlops -q checkout "fraud@$number" out
        [ -s out/model/weights.bin ]
    done
    rm -rf out
}

# comes_back REF FOLDER: what is checked out is what FOLDER has.
comes_back() {
    rm -rf back
    mlops -q checkout "$1" back && diff -r "$2" back
}

# Microseconds that a command takes when nobody disturbs it.
duration() {
    local from=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    local to=$EPOCHREALTIME
    echo $((${to/./} - ${from/./}))
}
