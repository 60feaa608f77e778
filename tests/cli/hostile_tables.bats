#!/usr/bin/env bats
# Tables that nobody wants to meet: memory stays bounded, and the answer is right or a clear error.
load session

setup() { session; }

# Run a command that must stay within so many MiB of resident memory; 99 where it does not.
within() {
    python3 -c 'import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
if used.ru_maxrss > int(sys.argv[1]) * 1024:
    print("resident:", used.ru_maxrss // 1024, "MiB")
    sys.exit(99)
sys.exit(os.waitstatus_to_exitcode(status))' "$@"
}

gigabyte() { head -c 1G /dev/zero | tr '\0' "$1" 2>/dev/null; }

@test "a line of one gigabyte is refused with what may be wrong" {
    run within 300 mlops profile --stream < <(echo a; gigabyte x)
    [ "$status" -eq 2 ]
    [[ "$output" == *"standard input:2: a record is longer than 64 MiB"*"hint: is a quote not closed there?"* ]]
    run within 300 mlops profile --stream < <(gigabyte x)
    [ "$status" -eq 2 ]
    [[ "$output" == *"standard input:1: a record is longer than 64 MiB"* ]]
    run within 300 mlops profile --stream < <(printf 'a,b\n1,2\n3,"'; gigabyte ',')
    [ "$status" -eq 2 ]
    [[ "$output" == *"standard input:3: a record is longer than 64 MiB"* ]]
    run within 300 mlops profile --stream < <(printf '{"a": 1}\n{"a": "'; gigabyte '\n')
    [ "$status" -eq 2 ]
    run within 300 mlops profile --stream < <(printf '{"a": 1}\n{"a": "'; gigabyte x)
    [ "$status" -eq 2 ]
    [[ "$output" == *"standard input:2: a record is longer than 64 MiB"*"an object a line"* ]]
}

@test "a gigabyte of separators is no table" {
    run within 300 mlops profile --stream < <(gigabyte ',')
    [ "$status" -eq 2 ]
}

@test "a gigabyte of empty lines under a header is a table without rows" {
    run within 300 mlops profile --stream < <(echo a; gigabyte '\n')
    [ "$status" -eq 2 ]
    [[ "$output" == *"no rows"* ]]
}

@test "20,000 columns are profiled" {
    awk 'BEGIN {
        for (i = 0; i < 20000; i++) printf "%sc%d", i ? "," : "", i
        for (row = 0; row < 300; row++) {
            printf "\n"
            for (i = 0; i < 20000; i++) printf "%s%d", i ? "," : "", row * (i % 7)
        }
        printf "\n" }' > wide.csv
    within 600 mlops --json profile wide.csv > wide.json
    jq -e '(.columns | length) == 20000 and .rows == 300 and .columns[13].max == 299 * 6 and
        .columns[14].distinct == 1 and .columns[19999].mean == 149.5 * (19999 % 7)' wide.json
}

@test "more columns than can be read are refused" {
    run mlops profile --stream < <(seq -s, 70000; seq -s, 70000)
    [ "$status" -eq 2 ]
    [[ "$output" == *"more fields than can be read"* ]]
}

@test "columns of which all is missing, or all is one value, have the right profile" {
    awk 'BEGIN { print "none,word,one,text,nil"
        for (i = 0; i < 100000; i++) print ",NA,7,same,null" }' > t.csv
    mlops --json profile t.csv > t.json
    jq -e '.rows == 100000 and
        (.columns[0] | .missing == 100000 and .missing_as == {"empty": 100000} and .distinct == 0) and
        (.columns[1] | .missing_as == {"NA": 100000}) and (.columns[4] | .missing_as == {"null": 100000}) and
        (.columns[2] | .min == 7 and .max == 7 and .mean == 7 and .std == 0 and .distinct == 1 and
            .quantiles.p1 == 7 and .quantiles.p99 == 7 and .top == [{"value": 7, "count": 100000}]) and
        (.columns[3] | .distinct == 1 and .top == [{"value": "same", "count": 100000}]) and
        .duplicates == 1 - 1 / 100000' t.json
    mlops profile t.csv
    mlops -q profile -o t.mlprof t.csv && mlops profile merge t.mlprof t.mlprof
}

@test "NaN is missing, and infinite numbers do not spoil the moments" {
    awk 'BEGIN { print "x,only"
        for (i = 0; i < 30000; i++)
            print (i % 5 == 0 ? "NaN" : i % 5 == 1 ? "inf" : i % 5 == 2 ? "-Infinity" : i % 5) ",-inf" }' > t.csv
    mlops --json profile t.csv > t.json
    jq -e '(.columns[0] | .type == "float" and .missing == 6000 and .missing_as == {"NaN": 6000} and
            .infinite == 12000 and .mean == 3.5 and .std > 0.5 and .std < 0.5001) and
        (.columns[1] | .infinite == 30000 and .missing == 0)' t.json
    mlops profile t.csv
}

@test "ten million different categories take no more memory than a hundred" {
    within 150 mlops --json profile --stream < <(echo c; seq -f 'c%.0f' 10000000) > t.json
    jq -e '.rows == 10000000 and (.columns[0].distinct / 1e7 - 1 | fabs) < 0.05 and .duplicates < 0.001' t.json
}

# A model of which `$1` is the snapshot.
packaged() {
    mkdir p && mv "$1" p/t.csv && touch p/weights
    printf 'model: m\nartifacts: [weights]\ndata:\n  train: {path: t.csv, role: reference}\n' > p/mlops.yaml
    mlops -q init && mlops -q register p
}

@test "drift refuses a line of one gigabyte as profile does" {
    printf 'a,b\n1,x\n2,y\n' > t.csv
    packaged t.csv
    run within 300 mlops drift m --current - < <(echo a,b; gigabyte x)
    [ "$status" -eq 2 ]
    [[ "$output" == *"standard input:2: a record is longer than 64 MiB"* ]]
    run within 300 mlops drift m --current - < <(gigabyte ,)
    [ "$status" -eq 2 ]
}

@test "drift of 5,000 columns" {
    awk 'BEGIN {
        srand(3)
        for (i = 0; i < 5000; i++) printf "%sc%d", i ? "," : "", i
        for (row = 0; row < 100; row++) {
            printf "\n"
            for (i = 0; i < 5000; i++) printf "%s%d", i ? "," : "", rand() * (i % 7) * 10
        }
        printf "\n" }' > t.csv
    sed -E 's/^[0-9]+,[0-9]+,/1,1000000,/' t.csv > now.csv
    packaged t.csv
    within 400 mlops --json drift m --current p/t.csv > same.json
    jq -e '(.columns | length) == 5000 and (.drift | not)' same.json
    run within 400 mlops --json drift m --current now.csv
    [ "$status" -eq 1 ]
    jq -e '[.columns[] | select(.drift) | .name] | contains(["c1"])' <<<"$output"
    python3 -c 'import sys
print(next(sys.stdin), end="")
for row in sys.stdin:
    print(",".join(str(int(cell) + 1000) for cell in row.split(",")))' < p/t.csv > all.csv
    # in time that grows as the columns do: two seconds, and not a minute, of the processor's, however busy it is
    run bash -c 'ulimit -t 60; exec mlops --json drift m --current all.csv'
    [ "$status" -eq 1 ]
    jq -e '.share == 1' <<<"$output"
}

@test "drift of columns of which all is missing, one value, NaN or infinite" {
    rows() { awk -v seed="$1" 'BEGIN {
        srand(seed); print "none,word,one,same,nan,inf,mix,fine"
        for (i = 0; i < 20000; i++)
            printf ",NA,7,same,NaN,inf,%s,%.4f\n", substr("NaN inf -inf3   4   ", 1 + 4 * int(rand() * 5), 4), rand() }'; }
    rows 1 > t.csv
    packaged t.csv
    rows 2 > same.csv
    run within 150 mlops drift m --current same.csv
    [ "$status" -eq 0 ]
    [[ "$output" != *"rebuilt"* && "$output" != *"told apart"* && "$output" != *"stand apart"* ]]
    run within 150 mlops --json drift m --current same.csv --exact
    [ "$status" -eq 0 ]
    awk -F, -v OFS=, 'NR > 1 {$1 = 5; $2 = "x"; $3 = 8; $4 = "other"; $5 = "word"; $6 = "-inf"; $8 = NR % 2 ? "NaN" : "inf"} 1' \
        same.csv > now.csv
    for how in "" "--method wasserstein" "--method psi" "--method energy --any-effect" "--exact"; do
        # shellcheck disable=SC2086 # words
        run within 150 mlops --json drift m --current now.csv $how
        [ "$status" -eq 1 ]
        jq -e '[.columns[] | select(.drift) | .name] | contains(["fine", "nan", "none", "one", "same", "word"])' <<<"$output"
    done
    awk -F, 'NR == 1 {print; next} {print ",,,,,,,"}' same.csv > now.csv
    run mlops --json drift m --current now.csv
    [ "$status" -eq 1 ]
    jq -e '[.columns[] | select(.drift) | .name] | sort == ["fine", "inf", "mix", "one", "same"]' <<<"$output"
}

@test "drift of a table of a million different categories" {
    (echo c; seq -f 'c%.0f' 1000000) > t.csv
    packaged t.csv
    run within 150 mlops drift m --current - < <(echo c; seq -f 'd%.0f' 1000000)
    [ "$status" -eq 0 ] # all were new before, and new ones are no news
    run within 150 mlops drift m --current - < <(echo c; seq 1000000 | sed 's/.*/d/')
    [ "$status" -eq 1 ]
}
