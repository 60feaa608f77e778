#!/bin/sh
# parallel.sh OUTPUT FILE...: the profile of many files of CSV, JSON Lines, Parquet or npy as one
# table, a file a process, by GNU parallel. With --sshlogin among PARALLEL_OPTIONS the files lie
# where all machines see them, and so does TMPDIR.
set -eu
output=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mlops -q profile -o "$work/schema" "$1" > /dev/null # the types of all parts
# shellcheck disable=SC2086 # a list of options
parallel ${PARALLEL_OPTIONS:-} --halt now,fail=1 \
    mlops -q profile --schema "$work/schema" -o "$work/{#}.mlprof" {} '>' /dev/null ::: "$@"
mlops profile merge -o "$output" "$work"/*.mlprof
