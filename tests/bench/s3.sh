#!/usr/bin/env bash
# s3.sh MLOPS [MIB [SERVER]]: package random weights of that size (512) into a local registry and into one
# on an S3 server on this machine, in turns, and print the ratio of their speeds; beside it what the same
# server takes to get the same packs from curl, four at a time, with nothing else to do: client and
# server share the processors here, so that the two together are about what a package to S3 costs.
# Then what a second version, a hundredth of it changed, adds. SERVER is one of those that
# tests/s3/with_server knows (versity); it is made where it is not there.
set -eu
shopt -s inherit_errexit
[ -n "${S3_PORT-}" ] || S3_SERVER=${3:-versity} exec "$(dirname "$0")/../s3/with_server" "$0" "$@"
sign=$(realpath "$(dirname "$0")/sign_s3.py") mlops=$(realpath "$1") size=${2:-512} rounds=${ROUNDS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p p/model
printf 'model: bench\nartifacts: [model/]\n' > p/mlops.yaml
head -c "${size}M" /dev/urandom > p/model/weights.bin

# Seconds of processor that the server has taken.
server_used() {
    awk -v ticks="$(getconf CLK_TCK)" '{ print ($14 + $15) / ticks }' "/proc/$S3_PID/stat"
}

# What was sent before goes: the packs that were published from here are in the cache.
clean() {
    local pack
    for pack in .mlops/objects/cache/*.pack; do
        [ ! -e "$pack" ] || curl -K <("$sign" DELETE "/models/$1/$(basename "$pack")")
    done
}

fresh() {
    clean bench/packs
    rm -rf .mlops
    case $1 in
    local) "$mlops" -q init ;;
    s3) "$mlops" -q init --objects s3://models/bench ;;
    esac
    sync
    warm
}

# A virtual machine may have given memory that was free back to its host, and then pays for each page of it
# more than for all that is done with it: who needs more memory would be slow for that alone.
warm() {
    python3 -c 'import sys; b"1" * (int(sys.argv[1]) << 20)' $((size * 3))
}

# seconds KIND: of one package into a new registry, and of the processor: of mlops and of the server.
seconds() {
    local before
    fresh "$1"
    before=$(server_used)
    TIMEFORMAT='%U %S'
    { time "$mlops" --json package p > document; } 2> used
    echo "$(jq .seconds document) $(awk '{ print $1 + $2 }' used) $(awk -v a="$(server_used)" -v b="$before" 'BEGIN { print a - b }')"
}

# The packs of the package before, sent by curl.
bare() {
    local before pack
    clean bench/packs
    rm -rf requests
    mkdir requests
    for pack in .mlops/objects/cache/*.pack; do
        "$sign" PUT "/models/bare/$(basename "$pack")" "$pack" > "requests/$(basename "$pack")"
    done
    sync
    warm
    before=$(server_used)
    TIMEFORMAT='%R %U %S'
    { time find requests -type f -print0 | xargs -0 -P 4 -n 1 curl -K >&2; } 2> used
    echo "$(tail -n 1 used | awk '{ print $1, $2 + $3 }') $(awk -v a="$(server_used)" -v b="$before" 'BEGIN { print a - b }')"
    clean bare
}

for round in $(seq "$rounds"); do
    echo "$(seconds local) $(seconds s3) $(bare)"
done | tee times | awk '{ printf "local %.2f s, S3 %.2f s: %.2f x; curl alone %.2f s; processor: local %.2f s, S3 %.2f and %.2f s, curl %.2f and %.2f s\n", $1, $4, $1 / $4, $7, $2, $5, $6, $8, $9 }'

median() {
    sort -n | awk -v what="$1" '{ r[NR] = $1 } END { printf "%s: median %.2f (%.2f to %.2f)\n", what, r[int((NR + 1) / 2)], r[1], r[NR] }'
}
echo "server: ${S3_SERVER:-versity}"
awk '{ print $1 / $4 }' times | median 'package to S3, x of the local speed'
awk '{ print $1 / $7 }' times | median 'curl alone, x of the speed of a local package'
awk '{ print ($1 + $7) / $4 }' times | median 'x of the speed of a local package and then curl'
awk '{ print $5 - $2 }' times | median 'processor that S3 costs mlops, s'

kept() {
    find .mlops/objects/cache -name '*.pack' -printf '%s\n' | awk '{ s += $1 } END { print s }'
}
fresh s3
"$mlops" -q package p > /dev/null
before=$(kept)
head -c "$((size * 1024 * 1024 / 100))" /dev/urandom | dd of=p/model/weights.bin bs=1M seek=$((size / 3)) conv=notrunc status=none
"$mlops" -q package p > /dev/null
after=$(kept)
awk -v d=$((after - before)) -v s="$size" 'BEGIN { printf "second version, 1 %% changed: uploads %.1f MB, %.2f %% of it\n", d / 1e6, 100 * d / (s * 1048576) }'
