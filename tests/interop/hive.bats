#!/usr/bin/env bats
# Partitioned folders, as DuckDB's hive_partitioning reads them. Skipped where PyPI is not reached.
load ../cli/common

setup_file() {
    export TOOLS="$BATS_FILE_TMPDIR/tools"
    "$SOURCE_ROOT/tests/interop/from_pypi" "$TOOLS" duckdb==2.0.1 >/dev/null 2>&1 || rm -rf "$TOOLS"
}

setup() {
    [ -x "$TOOLS/bin/python" ] || skip "DuckDB cannot be had: PyPI is not reached"
    cli_setup
}

# compare FOLDER ENDING READER: rows, types, missing cells, different values, ranges of all columns
compare() {
    mlops --json profile "$1" > ours.json
    "$TOOLS/bin/python" - "$1" "$2" "$3" <<'PY'
import json, sys
import duckdb
folder, ending, reader = sys.argv[1:]
ours = json.load(open("ours.json"))
table = f"{reader}('{folder}/**/*.{ending}', hive_partitioning=true)"
types = {n: str(t) for n, t in zip(duckdb.sql(f"from {table}").columns, duckdb.sql(f"from {table}").types)}
assert {c["name"] for c in ours["columns"]} == set(types), (ours["columns"], types)
kinds = {"BIGINT": "integer", "DATE": "time", "TIMESTAMP": "time", "VARCHAR": "category", "DOUBLE": "float"}
for column in ours["columns"]:
    name = column["name"]
    assert column["type"] == kinds[types[name]], (column, types[name])
    rows, missing, distinct, low, high = duckdb.sql(
        f'select count(*), count(*) - count("{name}"), count(distinct "{name}"), min("{name}"), max("{name}") from {table}').fetchall()[0]
    assert ours["rows"] == rows
    assert column["missing"] == missing, (column, missing)
    # a sketch of what is in the files; of what their folders are called it is exact
    assert column["distinct"] == distinct or name in "xs" and abs(column["distinct"] - distinct) < 0.06 * distinct, (column, distinct)
    if column["type"] == "integer":
        assert (column["min"], column["max"]) == (low, high), (column, low, high)
    if column["type"] == "time":
        assert column["first"].startswith(str(low)[:10]) and column["last"].startswith(str(high)[:10]), (column, low, high)
    if column["type"] == "category":
        counts = dict(duckdb.sql(f'select "{name}", count(*) from {table} where "{name}" is not null group by 1').fetchall())
        assert {t["value"]: t["count"] for t in column["top"]} == counts, (column, counts)
PY
}

# written by DuckDB itself, which escapes what folders are called
given_written() {
    "$TOOLS/bin/python" - "$1" "$2" <<'PY'
import sys, duckdb
duckdb.sql("""create table t as select i as x, (i * 0.5)::double as s,
    date '2024-01-01' + (i % 5)::int as day, (i % 3 + 7)::int as hour,
    ['DE', 'a b/c', 'x=y', 'NA', 'ünder', '100%', '1.5'][i % 7 + 1] as place,
    case when i % 4 = 0 then null else 'k' || i % 4 end as kind from range(1000) t(i)""")
duckdb.sql(f"copy t to '{sys.argv[1]}' (format {sys.argv[2]}, partition_by (day, hour, place, kind))")
PY
}

@test "CSV that DuckDB wrote has the columns, types and counts that DuckDB reads" {
    given_written t csv
    compare t csv read_csv
}

@test "Parquet that DuckDB wrote has them, too" {
    given_written t parquet
    mlops profile t > /dev/null || skip "libduckdb.so is not here"
    compare t parquet read_parquet
}

@test "names written by hand, with zeros, fractions and words for yes and no" {
    for part in m=01/f=1.5/b=true m=02/f=2/b=false m=10/f=x%2Fy/b=%7E; do
        mkdir -p "t/$part"
        printf 'x\n1\n2\n' > "t/$part/p.csv"
    done
    compare t csv read_csv
}
