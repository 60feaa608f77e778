#!/usr/bin/env bats
# What is in a table.
load session

setup() {
    session
    awk 'BEGIN {
        print "id,amount,country,at"
        for (i = 0; i < 20000; i++)
            printf "%d,%s,%s,2026-01-%02dT%02d:00:00Z\n", i, i % 10 ? i % 500 : "NA",
                i % 3 ? "de" : "fr", 1 + i % 28, i % 24
    }' > t.csv
}

@test "a table is summarised for people and as JSON" {
    run mlops profile t.csv
    [ "$status" -eq 0 ]
    [[ "$output" == *amount*integer*"10.0 %"* && "$output" == *"20000 rows"* ]]
    run mlops --json profile t.csv
    jq -e '.rows == 20000 and .duplicates == 0 and
        (.columns[1] | .missing == 2000 and .missing_as == {"NA": 2000} and .max == 499) and
        (.columns[2] | .top[0] == {"value": "de", "count": 13333}) and
        .columns[3].type == "time" and .columns[3].hours[0] > 0' <<<"$output"
}

@test "values are told to their last bit" {
    printf 'id,x\n9007199254740991,0.1\n1,0.30000000000000004\n' > exact.csv
    run mlops --json profile exact.csv
    jq -e '.columns[1].quantiles.p1 == 0.1' <<<"$output"
    [[ "$output" == *'"max":9007199254740991,'* && "$output" == *'"max":0.30000000000000004,'* ]]
}

@test "numbers with spaces before them are numbers, and an index needs no name" {
    printf ',age, pay, job\n0, 39, 77516, clerk\n1, 50, , ?\n' > adult.csv
    run mlops --json profile adult.csv
    jq -e '[.columns[] | .name] == ["Unnamed: 0", "age", " pay", " job"] and
        [.columns[] | .type] == ["integer", "integer", "integer", "category"] and
        .columns[2].missing_as == {"empty": 1} and .columns[1].max == 50' <<<"$output"
}

@test "the bytes of a profile depend on the table alone" {
    MLOPS_THREADS=1 mlops -q profile -o one t.csv
    MLOPS_THREADS=5 mlops -q profile -o five t.csv
    MLOPS_SIMD=none mlops -q profile -o plain t.csv
    mlops -q profile --stream -o stream < t.csv
    gzip -k t.csv && mlops -q profile -o gz t.csv.gz
    zstd -q t.csv && mlops -q profile -o zst t.csv.zst
    for other in five plain stream gz zst; do cmp one "$other"; done
}

@test "a profile has the bytes that it has had since format 4, however it is made faster" {
    awk 'BEGIN { print "id,amount,ratio,country,at,flag,note"; x = 12345
        for (i = 0; i < 50000; i++) { x = (x * 16807) % 2147483647
            printf "%d,%s,%d.%04d,%s,2026-%02d-%02dT%02d:%02d:00Z,%s,note %d of %d\n", i,
                x % 11 ? x % 5000 - 700 : "", x % 97, x % 10000, x % 3 ? "de" : "fr", 1 + x % 12,
                1 + i % 28, i % 24, x % 60, x % 7 ? "true" : "false", x, i } }' > fixed.csv
    echo "d6555fd50a2f35f4b603d9cae0ab8f3df94ff1b1ab9101e33fc57feabb3687a2  fixed.csv" | sha256sum -c
    mlops -q profile -o fixed fixed.csv
    echo "ade71c7d76fb07b510bef715125662db68e5152b6abf1fc1c75cd5b71f9dbd5f  fixed" | sha256sum -c
}

@test "profiles of parts merge to the profile of the whole, in any order" {
    mlops -q profile -o whole t.csv
    (head -n 1 t.csv; sed -n 2,7000p t.csv) > a.csv
    tail -n +7001 t.csv > b.csv
    mlops -q profile --schema whole -o a a.csv
    mlops -q profile --schema whole --columns id,amount,country,at -o b b.csv
    for order in "a b" "b a"; do
        run mlops --json profile merge $order
        [ "$status" -eq 0 ]
        jq -e --argjson whole "$(mlops --json profile show whole)" '
            .rows == $whole.rows and .duplicates == $whole.duplicates and
            .columns[2].top == $whole.columns[2].top and .columns[0].distinct == $whole.columns[0].distinct and
            (.columns[0].mean - $whole.columns[0].mean | fabs) < 1e-6 and
            (.columns[0].quantiles.p50 - $whole.columns[0].quantiles.p50 | fabs) < 500 and
            .associations == $whole.associations' <<<"$output"
    done
}

@test "JSON Lines, many files and rows of other widths are read" {
    echo '{"a": 1, "b": {"c": "x"}}' > 1.jsonl
    echo '{"a": 2, "b": {"c": "y"}}' > 2.jsonl
    mlops --json profile '*.jsonl' | jq -e '.rows == 2 and .columns[1].name == "b.c"'
    printf 'a,b\n1,2\n3\n' > ragged.csv
    run mlops profile ragged.csv
    [ "$status" -eq 2 ]
    [[ "$output" == *"ragged.csv:3: 1 field where the header has 2"* ]]
    mlops --json profile --ragged fill ragged.csv | jq -e '.rows == 2 and .ragged == 1 and
        .columns[1].missing_as == {"absent": 1}'
}

@test "what is no table and what is no profile is refused" {
    run mlops profile nothing.csv
    [ "$status" -eq 3 ]
    run mlops profile show t.csv
    [ "$status" -eq 2 ]
    [[ "$output" == *"not a profile"* ]]
    run mlops profile
    [ "$status" -eq 2 ]
    printf 'a\n1\n' > other.csv
    mlops -q profile -o x other.csv && mlops -q profile -o y t.csv
    run mlops profile merge x y
    [ "$status" -eq 2 ]
}

@test "Parquet without DuckDB's library is refused with what to install" {
    printf 'PAR1 is how Parquet begins' > t.parquet
    MLOPS_DUCKDB=$PWD/none.so run mlops profile t.parquet
    [ "$status" -eq 3 ]
    [[ "$output" == *"t.parquet: Parquet is read by DuckDB's C library"*none.so* ]]
    [[ "$output" == *"hint: get libduckdb.so"*MLOPS_DUCKDB* ]]
    run mlops profile --stream < <(cat t.parquet)
    [ "$status" -eq 2 ]
    [[ "$output" == *"put it into a file"* ]]
}

@test "a column that reaches to infinity says so, and has no mean where nothing is finite" {
    printf 'up,both,all,down\n1,-inf,inf,-inf\ninf,5,inf,-inf\n2,inf,inf,-inf\n' > inf.csv
    run mlops profile inf.csv
    [ "$status" -eq 0 ]
    tr -s ' ' <<<"$output" > shown
    grep '^up float 0.0 % 3 1.5000 1 inf' shown
    grep '^both float 0.0 % 3 5 -inf inf' shown
    grep '^all float 0.0 % 1 inf inf' shown
    grep '^down float 0.0 % 1 -inf -inf' shown
    run mlops --json profile inf.csv
    jq -e '[.columns[] | .mean] == [1.5, 5, null, null] and [.columns[] | .infinite] == [1, 2, 3, 3] and
        .columns[0].max == null and .columns[0].min == 1' <<<"$output"
}
