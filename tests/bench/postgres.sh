#!/usr/bin/env bash
# Changes a second of 64 clients of one registry, beside bare compare-and-swaps of one row by as many
# connections to the same server (pgbench), one after the other: postgres.sh BUILD [SECONDS]
set -euo pipefail
build=$(realpath "$1") seconds=${2:-20} here=$(cd "$(dirname "$0")" && pwd)
. "$here/../postgres/server.bash"
work=$(mktemp -d /tmp/mlops-postgres.XXXXXX)
trap 'postgres_stop "$work" immediate; rm -rf "$work" "$work.log" "$folder"' EXIT
folder=$(mktemp -d)
postgres_make "$work"
postgres_start "$work" fsync="${FSYNC:-on}"
url=$(postgres_url "$work")
cd "$folder"
mlops=$build/mlops BATS_TEST_TMPDIR=$folder
. <(sed -n '/^given_/,/^}/p' "$here/../cli/common.bash")
mlops() { "$build/mlops" "$@"; }
mlops -q init --metadata "$url"
given_registered fraud@6
for number in 1 2 3 4 5 6; do mlops -q test fraud@$number >/dev/null; done
psql -X -q "$url" -c 'CREATE TABLE bare (id int PRIMARY KEY, holder int); INSERT INTO bare VALUES (1, 0)'
cat > swap.sql <<'SQL'
SELECT holder AS old FROM bare WHERE id = 1 \gset
UPDATE bare SET holder = :old + 1 WHERE id = 1 AND holder = :old;
SQL
before=$(psql -X -At "$url" -c 'SELECT holder FROM bare')
"$postgres_bin/pgbench" -n -c 64 -j 2 -T "$seconds" -f swap.sql "$url" > pgbench.out
bare=$(psql -X -At "$url" -c "SELECT (holder - $before) / $seconds.0 FROM bare")
"$build/tests/postgres_clients" .mlops 64 "$seconds" > history
mlops --json log > log.json
python3 "$here/../postgres/check_history.py" history log.json
ours=$(python3 - "$seconds" <<'PY'
import json, sys
print(sum(1 for line in open("history") if json.loads(line)["entry"] >= 0 or '"register"' in line) / float(sys.argv[1]))
PY
)
awk -v ours="$ours" -v bare="$bare" 'BEGIN {printf "mlops %.1f changes/s, bare compare-and-swap %.1f/s: %.3f x\n", ours, bare, ours / bare}'
