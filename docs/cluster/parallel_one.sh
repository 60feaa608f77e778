#!/bin/sh
# parallel_one.sh OUTPUT FILE.csv: the profile of one large CSV file, in blocks, by GNU parallel. Its
# cells must not hold newlines: blocks end at any of them.
set -eu
output=$1 file=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -n 8193 "$file" | mlops -q profile --stream -o "$work/schema" > /dev/null
parallel --pipepart -a "$file" --header : --block "${BLOCK:-256M}" --halt now,fail=1 \
    mlops -q profile --stream --schema "$work/schema" -o "$work/{#}.mlprof" '>' /dev/null
mlops profile merge -o "$output" "$work"/*.mlprof
