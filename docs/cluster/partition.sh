#!/bin/sh
# partition.sh SCHEMA COLUMNS: rows of CSV without a header on standard input, as rdd.pipe gives those
# of a partition; their profile on standard output, as one line of base64. No rows, no line.
set -eu
IFS= read -r first || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    printf '%s\n' "$first"
    cat
} | "${MLOPS:-mlops}" -q profile --stream --schema "$1" --columns "$2" --separator , -o "$work/part" > /dev/null
base64 -w 0 "$work/part"
echo
