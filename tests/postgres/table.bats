#!/usr/bin/env bats
# The profile of a table that lives in PostgreSQL, streamed by COPY (docs/cluster.md), against what the
# server says of it.

load ../cli/common

setup() {
    cli_setup
    schema=t$BATS_TEST_NUMBER$RANDOM$RANDOM
    psql -X -q "$TEST_POSTGRES" -c "CREATE SCHEMA $schema"
    url="$TEST_POSTGRES&options=-csearch_path%3D$schema"
}

ask() { psql -X -q -At -v ON_ERROR_STOP=1 "$url" -c "$1"; }

@test "a streamed table has the counts, ranges and moments that PostgreSQL computes" {
    ask "CREATE TABLE payment AS SELECT i AS id, CASE WHEN i % 7 <> 0 THEN sin(i) * 1000 END AS amount,
            CASE WHEN i % 3 = 0 THEN 'a \"quoted\",' || chr(10) || 'name' ELSE 'plain' END AS shop,
            timestamptz '2026-01-01 00:00:00+00' + i * interval '1 minute' AS at, i % 5 = 0 AS fraud
         FROM generate_series(1, 30000) AS t(i)"
    ask "SET timezone = 'UTC'; COPY (SELECT id, amount, shop, at, fraud::text FROM payment) TO STDOUT (FORMAT csv, HEADER)" |
        mlops --json profile --stream > streamed.json
    wanted=$(ask "SELECT json_build_object('rows', count(*), 'missing', count(*) - count(amount),
        'min', min(amount), 'max', max(amount), 'mean', avg(amount), 'std', stddev_samp(amount),
        'shop', count(*) FILTER (WHERE shop = 'plain'), 'fraud', avg(fraud::int),
        'first', to_char(min(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) FROM payment")
    jq -c --argjson sql "$wanted" '[.rows == $sql.rows,
        (.columns[1] | .type == "float", .missing == $sql.missing, .min == $sql.min,
            ((.mean - $sql.mean | fabs) < 1e-9), ((.std / $sql.std - 1 | fabs) < 1e-9)),
        (.columns[2] | .distinct == 2, .top[0].value == "plain", .top[0].count == $sql.shop),
        (.columns[3] | .type == "time", .first == $sql.first),
        (.columns[4] | .type == "bool", ((.mean - $sql.fraud | fabs) < 1e-9))]' streamed.json > equal
    cat equal
    jq -e all equal
}

# compare FILE FILE: counts are equal, moments but for rounding, sketches within their errors.
compare() {
    jq -e -n --slurpfile a "$1" --slurpfile b "$2" '
        def near(x; y; e): (x == y) or ((x - y | fabs) <= e * ([(x | fabs), (y | fabs), 1e-300] | max));
        def same(k): .a[k] == .b[k] or ("\(.a.name).\(k): \(.a[k]) \(.b[k])" | debug | false);
        def close(k; e): near(.a[k]; .b[k]; e) or ("\(.a.name).\(k): \(.a[k]) \(.b[k])" | debug | false);
        $a[0] as $a | $b[0] as $b | $a.rows == $b.rows and
        ([range($a.columns | length) | {a: $a.columns[.], b: $b.columns[.]} |
            same("name") and same("count") and same("missing") and same("min") and same("max") and
            same("zeros") and same("negatives") and same("infinite") and same("first") and same("last") and
            same("hours") and same("weekdays") and same("length_min") and same("length_max") and
            close("length_mean"; 1e-12) and close("mean"; 1e-9) and close("std"; 1e-9) and
            close("kurtosis"; 1e-9) and close("distinct"; 0.1)] | all)'
}

@test "PostgreSQL computes the profile that streaming the rows gives" {
    ask "CREATE TABLE \"Odd \"\"name\" AS SELECT i AS id, CASE WHEN i % 7 <> 0 THEN 40 + sin(i) * 1000 END AS amount,
            CASE i % 5 WHEN 0 THEN 0 WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' ELSE i::float8 END AS \"Fl-oat\",
            (i % 100)::numeric(10, 2) / 4 AS price, i % 5 = 0 AS fraud,
            CASE WHEN i % 3 = 0 THEN 'a \"quoted\", %s' || chr(10) || 'näme' WHEN i % 11 = 0 THEN 'N/A' ELSE 'plain' END AS shop,
            CASE WHEN i % 2 = 0 THEN 'Key--' || i || repeat('x', 150) END AS key, NULL::text AS nothing,
            timestamptz '1969-12-31 20:00:00+00' + i * interval '1 minute 1 microsecond' AS at, date '2026-01-01' + i % 40 AS day
         FROM generate_series(1, 20000) AS t(i)"
    mlops --json profile "$url" --table '"Odd ""name"' -o pushed.mlprof > pushed.json
    ask "SET timezone = 'UTC'; COPY (SELECT id, amount, \"Fl-oat\", price, fraud::text, shop, key, nothing, at, day FROM \"Odd \"\"name\")
        TO STDOUT (FORMAT csv, HEADER)" | mlops --json profile --stream > streamed.json
    compare pushed.json streamed.json
    jq -e '.columns[5] | .top[0].value == "plain" and .count_error == 0 and .patterns.count_error == 0' pushed.json
    diff <(jq -S '.columns[5] | .top, .patterns' pushed.json) <(jq -S '.columns[5] | .top, .patterns' streamed.json)
    [ "$(jq -c '.columns[2].missing_as' pushed.json)" = '{"NaN":4000}' ]
    # the median of 1 to 20,000, within 0.6 % of the rows
    jq -e '.columns[0].quantiles | (.p50 - 10000 | fabs) < 120 and (.p1 - 200 | fabs) < 120 and (.p99 - 19800 | fabs) < 120' pushed.json
    # how columns go together is told from a sample of the rows
    jq -e '.duplicates == 0 and (.associations | length > 0)' pushed.json
    mlops --json profile show pushed.mlprof | cmp - pushed.json
}

@test "profiles that PostgreSQL computed of parts merge to that of the whole" {
    ask "CREATE TABLE whole AS SELECT i % 1000 AS a, (i * 7919 % 20011)::float8 / 7 AS b, 'c' || i % 30 AS c,
            1e9 + (i % 1000) / 128.0::float8 AS d FROM generate_series(1, 20000) AS t(i)"
    ask "CREATE VIEW one AS SELECT * FROM whole WHERE a < 300; CREATE VIEW other AS SELECT * FROM whole WHERE a >= 300"
    for name in whole one other; do mlops -q profile "$url" --table $name -o $name.mlprof > /dev/null; done
    mlops --json profile merge one.mlprof other.mlprof -o merged.mlprof > merged.json
    mlops --json profile show whole.mlprof > whole.json
    compare merged.json whole.json
    # the parts have other means, of which a double rounds off 1e-7
    for name in merged whole; do
        jq -e --argjson std "$(ask "SELECT stddev_samp(d - 1e9) FROM whole")" '.columns[3] |
            (.std / $std - 1 | fabs) < 1e-12 and (.skewness | fabs) < 1e-12' $name.json
    done
    diff <(jq -c '.duplicates, [.columns[].distinct]' merged.json) <(jq -c '.duplicates, [.columns[].distinct]' whole.json)
    # what was streamed has other hashes
    ask "COPY whole TO STDOUT (FORMAT csv, HEADER)" | mlops -q profile --stream -o streamed.mlprof > /dev/null
    run mlops profile merge whole.mlprof streamed.mlprof
    [ "$status" -eq 2 ]
    [[ "$output" == *"computed by PostgreSQL"* ]]
}

@test "numbers of every size, equal rows and times out of reach are counted" {
    ask "CREATE TABLE sizes AS SELECT (ARRAY[1e308, -1e308, 1e-308, 0, -0.0, 1e-320])[1 + i % 6]::float8 AS huge,
            (ARRAY[1e-200, 3e-200])[1 + i % 2]::float8 AS tiny, 5::float8 AS same,
            CASE i % 3 WHEN 0 THEN timestamp 'infinity' WHEN 1 THEN '9999-01-01' ELSE '2026-05-01 12:00' END AS at
         FROM generate_series(1, 30000) AS t(i)"
    mlops --json profile "$url" --table sizes > sizes.json
    jq -e '(.columns[0] | .max == 1e308 and .min == -1e308 and .zeros == 10000 and .distinct == 5) and
        (.columns[1] | (.mean / 2e-200 - 1 | fabs) < 1e-12) and
        (.columns[2] | .std == 0 and .mean == 5) and
        (.columns[3] | .missing_as.misfit == 20000 and .first == .last) and .duplicates > 0.99' sizes.json
}

@test "what PostgreSQL cannot profile is refused with a word on why" {
    ask "CREATE TABLE empty (a int)"
    run mlops profile "$url" --table nowhere
    [ "$status" -eq 3 ] && [[ "$output" == *"no table or view 'nowhere'"* ]]
    run mlops profile "$url" --table empty
    [ "$status" -eq 2 ] && [[ "$output" == *"has no rows"* ]]
    run mlops profile "$url"
    [ "$status" -eq 2 ] && [[ "$output" == *"name it with --table"* ]]
    run mlops profile table.csv --table empty
    [ "$status" -eq 2 ] && [[ "$output" == *"in PostgreSQL"* ]]
    run mlops profile "$url" --table empty --ragged skip
    [ "$status" -eq 2 ] && [[ "$output" == *"are for files"* ]]
    run mlops profile 'postgresql://nobody@/x?host=/nonexistent' --table empty
    [ "$status" -eq 6 ] && [[ "$output" == *"cannot reach the database"* ]]
}

@test "one Ctrl-C ends the counting, here and on the server" {
    ask "CREATE VIEW slow_$schema AS SELECT pg_sleep(60)::text AS a, generate_series(1, 10) AS b"
    run python3 "$BATS_TEST_DIRNAME/../cli/ctrl_c.py" \
        "psql -X -At '$url' -c \"SELECT 1 FROM pg_stat_activity WHERE application_name LIKE '%mlops%' AND query LIKE '%slow_$schema%' AND query NOT LIKE '%activity%' AND state = 'active'\" | grep 1" \
        mlops profile "$url" --table "slow_$schema"
    ended 130 "stopped by a signal"
    # the server hears of it beside the command; autovacuum is active on its own account
    for _ in $(seq 1000); do
        left=$(ask "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%slow_$schema%' AND query NOT LIKE '%activity%'")
        [ "$left" = 0 ] && break
        sleep 0.1
    done
    [ "$left" = 0 ]
}
