#!/usr/bin/env bash
# s3.sh MLOPS [MIB]: package random weights of that size (512) into a local registry and into one on
# an S3 server on this machine, in turns, and print the ratio of their speeds; beside it what the same
# server takes to get the same packs from curl, four at a time, with nothing else to do: client and
# server share the processors here, so that the two together are about what a package to S3 costs.
# Then what a second version, a hundredth of it changed, adds to each. Run it under
# tests/s3/with_server:
#
#     tests/s3/with_server tests/bench/s3.sh build/release/mlops
set -eu
mlops=$(realpath "$1") size=${2:-512} rounds=${ROUNDS:-5}
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

fresh() {
    rm -rf ".mlops" "$S3_DATA"/models/*
    case $1 in
    local) "$mlops" -q init ;;
    s3) "$mlops" -q init --objects s3://models/bench ;;
    esac
    sync
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

send() {
    curl -sf --aws-sigv4 aws:amz:us-east-1:s3 -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H Expect: -T "$1" "$AWS_ENDPOINT_URL_S3/models/bare/"
}
export -f send

# The packs of the package before, sent by curl.
bare() {
    local before
    rm -rf packs "$S3_DATA"/models/*
    mkdir packs
    cp .mlops/objects/cache/*.pack packs/
    sync
    before=$(server_used)
    TIMEFORMAT='%R %U %S'
    { time find packs -type f -print0 | xargs -0 -P 4 -n 1 bash -c 'send "$0"'; } 2> used
    echo "$(awk '{ print $1, $2 + $3 }' used) $(awk -v a="$(server_used)" -v b="$before" 'BEGIN { print a - b }')"
}

for round in $(seq "$rounds"); do
    echo "$(seconds local) $(seconds s3) $(bare)"
done | tee times | awk '{ printf "local %.2f s, S3 %.2f s: %.2f x; curl alone %.2f s; processor: local %.2f s, S3 %.2f and %.2f s, curl %.2f and %.2f s\n", $1, $4, $1 / $4, $7, $2, $5, $6, $8, $9 }'

median() {
    sort -n | awk -v what="$1" '{ r[NR] = $1 } END { printf "%s: median %.2f (%.2f to %.2f)\n", what, r[int((NR + 1) / 2)], r[1], r[NR] }'
}
awk '{ print $1 / $4 }' times | median 'package to S3, x of the local speed'
awk '{ print ($1 + $7) / $4 }' times | median 'x of the speed of a local package and then curl'
awk '{ print $5 - $2 }' times | median 'processor that S3 costs mlops, s'

fresh s3
"$mlops" -q package p > /dev/null
before=$(cat "$S3_DATA"/models/bench/packs/*.pack | wc -c)
head -c "$((size * 1024 * 1024 / 100))" /dev/urandom | dd of=p/model/weights.bin bs=1M seek=$((size / 3)) conv=notrunc status=none
"$mlops" -q package p > /dev/null
after=$(cat "$S3_DATA"/models/bench/packs/*.pack | wc -c)
awk -v d=$((after - before)) -v s="$size" 'BEGIN { printf "second version, 1 %% changed: uploads %.1f MB, %.2f %% of it\n", d / 1e6, 100 * d / (s * 1048576) }'
