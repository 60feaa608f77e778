#!/usr/bin/env bash
# s3.sh MLOPS [MIB]: package random weights of that size (512) into a local registry and into one on
# an S3 server on this machine, in turns, and print the ratio of their speeds; then what a second
# version, a hundredth of it changed, adds to each. Run it under tests/s3/with_server:
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

# seconds KIND: of one package into a new registry.
seconds() {
    rm -rf ".mlops" "$S3_DATA"/models/*
    case $1 in
    local) "$mlops" -q init ;;
    s3) "$mlops" -q init --objects s3://models/bench ;;
    esac
    sync
    "$mlops" --json package p | jq .seconds
}

for round in $(seq "$rounds"); do
    echo "$(seconds local) $(seconds s3)"
done | tee times | awk -v size="$size" '{ printf "local %.2f s, S3 %.2f s: %.2f x\n", $1, $2, $1 / $2 }'
awk '{ print $1 / $2 }' times | sort -n | awk '{ r[NR] = $1 } END {
    printf "package to S3 against local: median %.2f x of its speed (%.2f to %.2f)\n", r[int((NR + 1) / 2)], r[1], r[NR] }'

before=$(cat "$S3_DATA"/models/bench/packs/*.pack | wc -c)
head -c "$((size * 1024 * 1024 / 100))" /dev/urandom | dd of=p/model/weights.bin bs=1M seek=$((size / 3)) conv=notrunc status=none
"$mlops" -q package p > /dev/null
after=$(cat "$S3_DATA"/models/bench/packs/*.pack | wc -c)
awk -v d=$((after - before)) -v s="$size" 'BEGIN { printf "second version, 1 %% changed: uploads %.1f MB, %.2f %% of it\n", d / 1e6, 100 * d / (s * 1048576) }'
