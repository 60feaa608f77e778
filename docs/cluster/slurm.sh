#!/bin/bash
#SBATCH --job-name=profile
#SBATCH --array=0-15
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
# slurm.sh LIST SCHEMA FOLDER: one task of an array. Of the files that LIST names, one a line, it takes
# every sixteenth (or whatever the array's size), and leaves their profile in FOLDER.
set -eu
list=$1 schema=$2 folder=$3
mapfile -t files < <(awk -v count="$SLURM_ARRAY_TASK_COUNT" \
    -v mine="$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))" '(NR - 1) % count == mine' "$list")
[ ${#files[@]} -gt 0 ] || exit 0 # more tasks than files
exec mlops -q profile --schema "$schema" -o "$folder/part-$SLURM_ARRAY_TASK_ID.mlprof" "${files[@]}"
