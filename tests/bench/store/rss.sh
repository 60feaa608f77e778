#!/usr/bin/env bash
# Peak memory of package and checkout, for one file of 1 GiB and of 8 GiB.
#   tests/bench/store/rss.sh FOLDER [MLOPS]      needs 25 GB in FOLDER, and GNU time
set -eu
folder=$(realpath "$1")
mlops=$(realpath "${2:-build/release/mlops}")
scratch=$(mktemp -d -p "$folder")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

peak() { # peak NAME COMMAND…: kilobytes
    local name=$1
    shift
    /usr/bin/time -f %M -o peak "$@" > log 2>&1
    echo "$name $(cat peak) KB"
}

for gib in 1 8; do
    mkdir project
    printf 'model: big\nartifacts: [weights.bin]\n' > project/mlops.yaml
    head -c "${gib}G" /dev/urandom > project/weights.bin
    "$mlops" -q init registry
    peak "package of $gib GiB:" "$mlops" -q --registry registry register project
    peak "checkout of $gib GiB:" "$mlops" -q --registry registry checkout big out
    rm -rf project registry out
done
