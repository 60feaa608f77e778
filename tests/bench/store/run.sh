#!/usr/bin/env bash
# First and second package, an unchanged one, and a checkout, of the work that make_work.py makes,
# beside borg and restic on the same disk in the same run. Prints; judges nothing.
#   tests/bench/store/run.sh WORK [MLOPS [RUNS]]      needs borgbackup and restic
set -eu
work=$(realpath "$1")
mlops=$(realpath "${2:-build/release/mlops}")
runs=${3:-3}
scratch=$(mktemp -d -p "$(dirname "$work")")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_BASE_DIR=$scratch/borg-home
export RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$scratch/restic-cache

for version in v1 v2; do
    printf 'model: big\nartifacts: [weights.bin, table.csv, files/]\n' > "$work/$version/mlops.yaml"
done
cat "$work"/v?/* "$work"/v?/files/* > /dev/null 2>&1 || true # into the page cache

# time NAME COMMAND…: seconds into $scratch/NAME, one line a run
time_it() {
    local name=$1 from=$EPOCHREALTIME
    shift
    "$@" > /dev/null 2>&1
    local to=$EPOCHREALTIME
    echo $((${to/./} - ${from/./})) >> "$scratch/$name"
    sync
}
grown() { du -s --block-size=1 "$1" | cut -f 1; }
in_folder() { (cd "$1" && shift && "$@"); }

for _ in $(seq "$runs"); do
    rm -rf ours borg restic out*
    "$mlops" -q init ours
    time_it mlops.first "$mlops" -q --registry ours register "$work/v1"
    size=$(grown ours)
    time_it mlops.second "$mlops" -q --registry ours register "$work/v2"
    echo $(($(grown ours) - size)) >> mlops.growth
    time_it mlops.unchanged "$mlops" -q --registry ours register "$work/v2"
    time_it mlops.restore "$mlops" -q --registry ours checkout big@1 out1

    borg init -e none borg
    time_it borg.first in_folder "$work/v1" borg create "$scratch/borg::1" .
    size=$(grown borg)
    time_it borg.second in_folder "$work/v2" borg create "$scratch/borg::2" .
    echo $(($(grown borg) - size)) >> borg.growth
    time_it borg.unchanged in_folder "$work/v2" borg create "$scratch/borg::3" .
    mkdir out2
    time_it borg.restore in_folder out2 borg extract "$scratch/borg::1"

    restic init -q -r restic
    time_it restic.first in_folder "$work/v1" restic -q -r "$scratch/restic" backup .
    size=$(grown restic)
    time_it restic.second in_folder "$work/v2" restic -q -r "$scratch/restic" backup .
    echo $(($(grown restic) - size)) >> restic.growth
    time_it restic.unchanged in_folder "$work/v2" restic -q -r "$scratch/restic" backup .
    first=$(restic -q -r restic snapshots --json | grep -o '"short_id":"[0-9a-f]*"' | head -n 1 | cut -d '"' -f 4)
    time_it restic.restore restic -q -r restic restore "$first" --target out3
done

median() { sort -n "$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
printf '%-10s %10s %10s %10s %18s\n' "" mlops borg restic "mlops / fastest"
for row in first second unchanged restore; do
    awk -v row="$row" -v a="$(median mlops.$row)" -v b="$(median borg.$row)" -v c="$(median restic.$row)" \
        'BEGIN {best = b < c ? b : c; printf "%-10s %8.2f s %8.2f s %8.2f s %18.2f\n", row, a / 1e6, b / 1e6, c / 1e6, a / best}'
done
awk -v a="$(median mlops.growth)" -v b="$(median borg.growth)" -v c="$(median restic.growth)" \
    'BEGIN {best = b < c ? b : c; printf "%-10s %7.1f MB %7.1f MB %7.1f MB %18.2f\n", "growth", a / 1e6, b / 1e6, c / 1e6, a / best}'
