#!/usr/bin/env bash
# The store beside its peers, on the same work and disk, in turn in every run. Prints; judges nothing.
#   tests/bench/store/run.sh WORK [MLOPS [RUNS]]
# WORK is what make_work.py made. Peers: borgbackup, restic, casync and git-lfs where they are
# installed, DVC and MLflow from $PEERS/bin (a virtual environment with dvc and mlflow-skinny), and an
# MD5-and-copy loop, which is what DVC has to do at least. $WITHOUT names peers that are left out.
set -eu
work=$(realpath "$1")
mlops=$(realpath "${2:-build/release/mlops}")
runs=${3:-5}
peers=${PEERS:-}
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d -p "$(dirname "$work")")
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
mkdir "$scratch/away"
cd "$scratch"
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_BASE_DIR=$scratch/borg-home
export RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$scratch/restic-cache
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export DVC_NO_ANALYTICS=1 MLFLOW_TRACKING_URI=file://$scratch/mlruns MLFLOW_ALLOW_FILE_STORE=true

project() { printf 'model: big\nartifacts: [%s]\n' "$2" > "$work/$1/mlops.yaml"; }
project v1 "weights.bin, table.csv, files/"
project v2 "weights.bin, table.csv, files/"
project scattered0 table.csv
project scattered1 table.csv
project scattered5 table.csv
project small files/
find "$work" -type f -exec cat {} + > /dev/null # into the page cache

# What is packaged is in memory for everybody, names and bytes.
warm() { find "$work/$1" -type f -exec cat {} + > /dev/null; }

# A virtual machine may get memory from its host only when it is first touched, which takes longer
# than all that is measured here: $TOUCH gigabytes are touched and given back before each tool.
touch_memory() { [ "${TOUCH:-0}" -eq 0 ] || python3 -c "b'\\1' * ($TOUCH << 30)"; }

# time_it NAME COMMAND…: microseconds into the file NAME, one line a run
time_it() {
    local name=$1 from
    shift
    sync
    touch_memory
    from=$EPOCHREALTIME
    "$@" > log 2>&1 || { echo "$name failed:"; tail -n 5 log; return 0; } >&2
    local to=$EPOCHREALTIME
    echo $((${to/./} - ${from/./})) >> "$scratch/$name"
}
size_of() { du -s --block-size=1 "$1" | cut -f 1; }
# What a run has made goes out of the way, and is removed at the end: ext4 looks at every inode that
# was deleted in the last minutes before it makes one, so that one tool would pay for the last one's
# clearing up.
away() {
    local made
    for made; do
        chmod -R u+w "$made"
        find "$made" -type f -size +1M -exec truncate -s 0 {} +
        mv "$made" "$scratch/away/$(basename "$made").$RANDOM$RANDOM"
    done
}
in_folder() { (cd "$1" && shift && "$@"); }
have() { [[ " ${WITHOUT:-} " != *" $1 "* ]] && command -v "$1" > /dev/null; }

ours() {
    "$mlops" -q init ours
    warm v1 && warm v2
    time_it first.mlops "$mlops" -q --registry ours register "$work/v1"
    local size=$(size_of ours)
    time_it second.mlops "$mlops" -q --registry ours register "$work/v2"
    echo $(($(size_of ours) - size)) >> growth.mlops
    time_it unchanged.mlops "$mlops" -q --registry ours register "$work/v2"
    time_it restore.mlops "$mlops" -q --registry ours checkout big@1 out
    time_it switch.mlops "$mlops" -q --registry ours checkout big@2 out
    away ours out
}

with_borg() {
    borg init -e none borg
    warm v1 && warm v2
    time_it first.borg in_folder "$work/v1" borg create "$scratch/borg::1" .
    local size=$(size_of borg)
    time_it second.borg in_folder "$work/v2" borg create "$scratch/borg::2" .
    echo $(($(size_of borg) - size)) >> growth.borg
    time_it unchanged.borg in_folder "$work/v2" borg create "$scratch/borg::3" .
    mkdir out
    time_it restore.borg in_folder out borg extract "$scratch/borg::1"
    away borg out
}

with_restic() {
    restic init -q -r restic
    warm v1 && warm v2
    time_it first.restic in_folder "$work/v1" restic -q -r "$scratch/restic" backup --tag 1 .
    local size=$(size_of restic)
    time_it second.restic in_folder "$work/v2" restic -q -r "$scratch/restic" backup --tag 2 .
    echo $(($(size_of restic) - size)) >> growth.restic
    time_it unchanged.restic in_folder "$work/v2" restic -q -r "$scratch/restic" backup .
    time_it restore.restic restic -q -r restic restore latest --tag 1 --target out
    away restic out
}

with_casync() {
    warm v1 && warm v2
    time_it first.casync casync make --store=castr 1.caidx "$work/v1"
    local size=$(size_of castr)
    time_it second.casync casync make --store=castr 2.caidx "$work/v2"
    echo $(($(size_of castr) - size)) >> growth.casync
    time_it restore.casync casync extract --store=castr 1.caidx out
    away castr out
    rm -f ./*.caidx
}

with_lfs() {
    git init -q lfs
    in_folder lfs git lfs install --local > /dev/null
    in_folder lfs git lfs track '*.bin' '*.csv' > /dev/null
    cp -r "$work/v1/." lfs # the work tree itself is not timed
    time_it first.git-lfs in_folder lfs sh -c 'git add -A && git commit -qm 1'
    local size=$(size_of lfs/.git)
    cp -r "$work/v2/." lfs
    time_it second.git-lfs in_folder lfs sh -c 'git add -A && git commit -qm 2'
    echo $(($(size_of lfs/.git) - size)) >> growth.git-lfs
    time_it restore.git-lfs in_folder lfs git checkout -q HEAD~1
    away lfs
}

with_dvc() {
    mkdir dvc
    cp -r "$work/v1/." dvc
    in_folder dvc "$peers/bin/dvc" init -q --no-scm
    time_it first.dvc in_folder dvc "$peers/bin/dvc" add -q weights.bin table.csv files
    local size=$(size_of dvc/.dvc/cache)
    cp -r "$work/v2/." dvc
    time_it second.dvc in_folder dvc "$peers/bin/dvc" add -q weights.bin table.csv files
    echo $(($(size_of dvc/.dvc/cache) - size)) >> growth.dvc
    time_it unchanged.dvc in_folder dvc "$peers/bin/dvc" add -q weights.bin table.csv files
    away dvc
}

with_mlflow() {
    local log='import mlflow, sys; mlflow.start_run(); mlflow.log_artifacts(sys.argv[1])'
    time_it first.mlflow "$peers/bin/python" -c "$log" "$work/v1"
    local size=$(size_of mlruns)
    time_it second.mlflow "$peers/bin/python" -c "$log" "$work/v2"
    echo $(($(size_of mlruns) - size)) >> growth.mlflow
    away mlruns
}

with_copy() {
    warm v1 && warm v2
    time_it first.md5-copy python3 "$here/md5_copy.py" "$work/v1" copy1
    time_it second.md5-copy python3 "$here/md5_copy.py" "$work/v2" copy2
    time_it restore.md5-copy cp -r copy1 out
    away copy1 copy2 out
}

# A table with rows changed here and there: what its second version takes.
scattered() {
    local share=$1 size
    "$mlops" -q init ours
    "$mlops" -q --registry ours register "$work/scattered0" > log
    size=$(size_of ours)
    time_it "scattered$share.mlops" "$mlops" -q --registry ours register "$work/scattered$share"
    echo $(($(size_of ours) - size)) >> "grown$share.mlops"
    away ours
    ! have restic || {
        restic init -q -r restic
        in_folder "$work/scattered0" restic -q -r "$scratch/restic" backup .
        size=$(size_of restic)
        time_it "scattered$share.restic" in_folder "$work/scattered$share" restic -q -r "$scratch/restic" backup .
        echo $(($(size_of restic) - size)) >> "grown$share.restic"
        away restic
    }
    ! have borg || {
        borg init -e none borg
        in_folder "$work/scattered0" borg create "$scratch/borg::0" .
        size=$(size_of borg)
        time_it "scattered$share.borg" in_folder "$work/scattered$share" borg create "$scratch/borg::1" .
        echo $(($(size_of borg) - size)) >> "grown$share.borg"
        away borg
    }
}

# 50,000 files of a few kilobytes.
small() {
    "$mlops" -q init ours
    warm small
    time_it small.mlops "$mlops" -q --registry ours register "$work/small"
    time_it small-unchanged.mlops "$mlops" -q --registry ours register "$work/small"
    time_it small-restore.mlops "$mlops" -q --registry ours checkout big out
    away ours out
    ! have restic || {
        restic init -q -r restic
        warm small
        time_it small.restic in_folder "$work/small" restic -q -r "$scratch/restic" backup .
        time_it small-unchanged.restic in_folder "$work/small" restic -q -r "$scratch/restic" backup .
        time_it small-restore.restic restic -q -r restic restore latest --target out
        away restic out
    }
    ! have borg || {
        borg init -e none borg
        warm small
        time_it small.borg in_folder "$work/small" borg create "$scratch/borg::1" .
        time_it small-unchanged.borg in_folder "$work/small" borg create "$scratch/borg::2" .
        mkdir out
        time_it small-restore.borg in_folder out borg extract "$scratch/borg::1"
        away borg out
    }
    ! have casync || {
        warm small
        time_it small.casync casync make --store=castr 1.caidx "$work/small"
        time_it small-restore.casync casync extract --store=castr 1.caidx out
        away castr out
        rm -f ./*.caidx
    }
}

# What the processor gives at most: SHA-256 over bytes in memory, a core.
limit() { openssl speed -evp sha256 -bytes 65536 -seconds 1 2> log | tail -n 1 | awk '{print $NF}' | tr -d k; }

find -L "$work/v1" -type f -printf '%s\n' | awk '{n += $1} END {print n}' > bytes
nproc > cores
for run in $(seq "$runs"); do
    limit >> limit
    echo "run $run of $runs" >&2
    ours
    ! have borg || with_borg
    ! have restic || with_restic
    ! have casync || with_casync
    with_copy
    if [ "$run" -eq 1 ]; then # slow, and far from the first
        ! have git-lfs || with_lfs
        [ -z "$peers" ] || with_dvc
        [ -z "$peers" ] || with_mlflow
    fi
    scattered 1
    scattered 5
    small
done

python3 "$here/table.py" "$scratch"
