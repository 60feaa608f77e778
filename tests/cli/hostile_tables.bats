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
