#!/usr/bin/env bats
# Profiles made in parts by GNU parallel and in a Slurm array, by the recipes of docs/cluster. Slurm is
# started with one node, as root, where it is (Debian: slurmctld slurmd slurm-client munge).
load ../cli/common

setup() {
    cli_setup
    mkdir parts
    awk 'BEGIN { srand(9); print "id,amount,country,at" > "whole.csv"
        for (i = 0; i < 60000; i++) {
            part = "parts/" sprintf("part %02d.csv", int(i / 6000))
            row = sprintf("%d,%.3f,%s,2026-01-%02dT%02d:00:00Z", i, rand() * 1000, i % 3 ? "de" : "fr",
                1 + i % 28, i % 24)
            if (i % 6000 == 0) print "id,amount,country,at" > part
            print row > part; print row > "whole.csv" } }'
    mlops --json profile whole.csv > whole.json
}

# Is a kept profile that of one pass? Counts exactly, ranks within 1.25 % (docs/profile.md).
same_profile() {
    mlops --json profile show "$1" > merged.json
    jq -e -n --slurpfile a whole.json --slurpfile b merged.json '
        $a[0] as $w | $b[0] as $m |
        $m.rows == $w.rows and $m.duplicates == $w.duplicates and
        ([range(4)] | all(. as $i | $m.columns[$i] as $x | $w.columns[$i] as $y |
            $x.name == $y.name and $x.type == $y.type and $x.count == $y.count and
            $x.missing == $y.missing and $x.distinct == $y.distinct and $x.min == $y.min and $x.max == $y.max)) and
        ([range(2)] | all(. as $i | $m.columns[$i] as $x | $w.columns[$i] as $y |
            ($x.mean / $y.mean - 1 | fabs) < 1e-12 and ($x.std / $y.std - 1 | fabs) < 1e-9 and
            (["p5", "p25", "p50", "p75", "p95"] | all(. as $q |
                ($x.quantiles[$q] - $y.quantiles[$q] | fabs) <= 2 * 0.0125 * ($y.max - $y.min))))) and
        $m.columns[2].top == $w.columns[2].top'
}

@test "GNU parallel profiles many files" {
    command -v parallel || skip "GNU parallel is not there: apt install parallel"
    "$SOURCE_ROOT/docs/cluster/parallel.sh" many.mlprof parts/*.csv
    same_profile many.mlprof
    echo broken > "parts/part 99.csv"
    run "$SOURCE_ROOT/docs/cluster/parallel.sh" broken.mlprof parts/*.csv
    [ "$status" -ne 0 ] && [ ! -e broken.mlprof ]
}

@test "GNU parallel profiles one large file in blocks" {
    command -v parallel || skip "GNU parallel is not there: apt install parallel"
    BLOCK=300k "$SOURCE_ROOT/docs/cluster/parallel_one.sh" one.mlprof whole.csv
    same_profile one.mlprof
}

@test "a Slurm array profiles a list of files, with more tasks than files" {
    ls parts/*.csv > list
    mlops -q profile -o schema "parts/part 00.csv"
    for count in 4 13; do
        rm -rf out && mkdir out
        for ((task = 1; task <= count; task++)); do
            SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=$count \
                "$SOURCE_ROOT/docs/cluster/slurm.sh" list schema out
        done
        [ "$(ls out | wc -l)" -eq $((count < 10 ? count : 10)) ]
        mlops profile merge -o slurm.mlprof out/*.mlprof
        same_profile slurm.mlprof
    done
}

# A cluster of this machine, in the folder slurm; its processes are in `daemons`.
start_slurm() {
    local host
    host=$(hostname -s)
    mkdir slurm slurm/state slurm/spool
    head -c 128 /dev/urandom > slurm/key
    chmod 700 slurm
    chmod 400 slurm/key
    export SLURM_CONF=$PWD/slurm/slurm.conf
    cat > slurm/slurm.conf <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$PWD/slurm/munge
CredType=cred/munge
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
StateSaveLocation=$PWD/slurm/state
SlurmdSpoolDir=$PWD/slurm/spool
SlurmctldPidFile=$PWD/slurm/slurmctld.pid
SlurmdPidFile=$PWD/slurm/slurmd.pid
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES
END
    munged --force --foreground --key-file slurm/key --socket slurm/munge --pid-file slurm/munged.pid \
        --log-file slurm/munged.log --seed-file slurm/seed > slurm/munged.out 2>&1 3>&- &
    daemons=($!)
    until_true test -S slurm/munge
    slurmctld -D > slurm/slurmctld.out 2>&1 3>&- &
    daemons+=($!)
    slurmd -D > slurm/slurmd.out 2>&1 3>&- &
    daemons+=($!)
    local end=$((SECONDS + 60))
    while [ "$SECONDS" -lt "$end" ]; do
        ! timeout 20 sinfo -h 2> /dev/null | grep -q idle || return 0
        sleep 0.1
    done
    tail -n 3 slurm/*.out
    return 1
}

teardown() {
    for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
        kill "${daemons[i]}" 2> /dev/null && wait "${daemons[i]}" || true
    done
}

@test "sbatch runs the array and what depends on it" {
    for program in slurmctld slurmd munged sbatch; do
        [ -x "$(command -v $program)" ] || skip "no $program on this machine"
    done
    [ "$(id -u)" -eq 0 ] || skip "Slurm is started as root"
    start_slurm || skip "Slurm does not start on this machine"
    ls parts/*.csv > list
    mkdir out
    mlops -q profile -o schema "parts/part 00.csv"
    job=$(sbatch --parsable --array=0-3 "$SOURCE_ROOT/docs/cluster/slurm.sh" list schema out)
    sbatch --dependency="afterok:$job" --wrap 'mlops profile merge -o slurm.mlprof out/*.mlprof && touch merged'
    until_true test -e merged || { cat slurm-*.out; return 1; }
    cat slurm-*.out
    [ "$(ls out | wc -l)" -eq 4 ]
    same_profile slurm.mlprof
}
