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
