# What the command-line tests share. A test starts in an empty folder of its own, with `mlops` on
# PATH, no registry and a quiet environment; the given_* functions furnish it.

bats_require_minimum_version 1.5.0

setup() {
    cli_setup
}

cli_setup() {
    mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/work"
    ln -s "$MLOPS" "$BATS_TEST_TMPDIR/bin/mlops"
    PATH="$BATS_TEST_TMPDIR/bin:$PATH"
    export HOME="$BATS_TEST_TMPDIR/home" TERM=dumb LC_ALL=C.UTF-8
    export MLOPS_ACTOR=tester@cli
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
    export GIT_CEILING_DIRECTORIES="$BATS_TEST_TMPDIR"
    unset MLOPS_REGISTRY NO_COLOR PAGER LESS COLUMNS
    cd "$BATS_TEST_TMPDIR/work" || return
}

# given_registry [DIR]: a registry, in the working directory where DIR is not given.
given_registry() {
    mlops -q init "${1:-.}"
}

# given_project DIR [MODEL [ROUND]]: a small project whose three suites pass; ROUND makes its bundle
# differ from others. Its data set `train` has 200 rows of age (number), city (a, b or c), score
# (0…1) and the target y, which score predicts well.
given_project() {
    local folder=$1 model=${2:-fraud} round=${3:-1}
    mkdir -p "$folder/model" "$folder/data"
    cat > "$folder/mlops.yaml" <<YAML
model: $model
description: A small project
code: [predict.sh]
params: params.yaml
artifacts: [model/]
metrics: metrics.json
data:
  train: {path: data/train.csv, target: y, role: reference}
tests:
  unit: {kind: unit, run: "true"}
  pipeline: {kind: integration, run: "true"}
  holdout:
    kind: performance
    run: sh predict.sh
    predictions: predictions.csv
    score: score
    label: y
    require: {auc: ">= 0.6"}
YAML
    printf 'round: %s\nrate: 0.1\n' "$round" > "$folder/params.yaml"
    echo '{"auc": 0.9}' > "$folder/metrics.json"
    echo 'cp data/train.csv predictions.csv' > "$folder/predict.sh"
    echo "weights of $model, round $round" > "$folder/model/weights.bin"
    given_table "$folder/data/train.csv" 0
}

# given_table FILE SHIFT: the project's table, with SHIFT added to every age.
given_table() {
    awk -v shift="$2" 'BEGIN {
        print "age,city,score,y"
        for (i = 0; i < 200; i++) {
            y = i % 5 == 0
            printf "%d,%s,%.3f,%d\n", 20 + (i * 7) % 40 + shift, substr("abc", i % 3 + 1, 1), \
                (y ? 0.5 : 0.1) + (i * 13 % 50) / 100, y
        }
    }' > "$1"
}

# given_registered MODEL@N: a registry here that has versions 1 to N of MODEL.
given_registered() {
    local model=${1%@*} number=${1#*@} round
    [ -e .mlops ] || given_registry
    for round in $(seq "$number"); do
        given_project "$BATS_TEST_TMPDIR/project" "$model" "$round"
        mlops -q register "$BATS_TEST_TMPDIR/project" >/dev/null 2>&1
    done
}

# given_promoted MODEL@N STAGE: tested and promoted.
given_promoted() {
    mlops -q test "$1" >/dev/null
    mlops -q promote "$1" --to "$2"
}

# After `run`: the exit status was CODE and each TEXT stands in the output (and in stderr, where
# that was kept apart). Says what was otherwise.
ended() {
    local code=$1 text
    shift
    [ "$status" -eq "$code" ] || {
        printf 'exit status %s, not %s\n%s\n%s\n' "$status" "$code" "$output" "${stderr-}"
        return 1
    }
    for text in "$@"; do
        [[ "$output"$'\n'"${stderr-}" == *"$text"* ]] || {
            printf "no '%s' in:\n%s\n%s\n" "$text" "$output" "${stderr-}"
            return 1
        }
    done
}

# on_terminal COMMAND…: run it with a terminal of 80 columns and 24 rows.
on_terminal() {
    local line
    printf -v line '%q ' "$@"
    script -qefc "stty cols 80 rows ${ROWS-24}; $line" /dev/null < /dev/null | tr -d '\r'
    return "${PIPESTATUS[0]}"
}

# keep_rows FILE, put_rows_back FILE: all of the registry's database, for tests that change it behind the
# registry's back. It is SQLite's file, or the schema of PostgreSQL that .mlops/shared.json names.
keep_rows() {
    [ -f .mlops/shared.json ] || { cp .mlops/registry.db "$1"; return; }
    local url=$(jq -r .metadata .mlops/shared.json)
    pg_dump "$url" --schema="$(psql -X -At "$url" -c 'SELECT current_schema()')" > "$1"
}

put_rows_back() {
    [ -f .mlops/shared.json ] || { cp "$1" .mlops/registry.db; return; }
    local url=$(jq -r .metadata .mlops/shared.json)
    psql -X -q "$url" -c "SET client_min_messages = error; DROP SCHEMA $(
        psql -X -At "$url" -c 'SELECT current_schema()') CASCADE"
    psql -X -q -v ON_ERROR_STOP=1 "$url" -f "$1" > /dev/null
}

# hold_registry, let_registry_go: from the one to the other somebody else is writing.
hold_registry() {
    local client=(sqlite3 .mlops/registry.db) begin="BEGIN IMMEDIATE; SELECT 'held';"
    if [ -f .mlops/shared.json ]; then
        client=(psql -X -q -At "$(jq -r .metadata .mlops/shared.json)")
        begin="BEGIN; SELECT 'held' FROM pg_advisory_xact_lock(1835823984, hashtext(current_schema()::text));"
    fi
    mkfifo holder.in
    "${client[@]}" < holder.in > holder.out 3>&- &
    holder=$!
    exec 6> holder.in
    echo "$begin" >&6
    until_true grep -q held holder.out
}

let_registry_go() {
    exec 6>&-
    wait "$holder"
}

# take_registry_away, bring_registry_back: nobody reaches it in between. It is the folder, or the schema of
# PostgreSQL, under another name.
take_registry_away() {
    [ -f .mlops/shared.json ] || { mv .mlops away; return; }
    local url=$(jq -r .metadata .mlops/shared.json)
    psql -X -At "$url" -c 'SELECT current_schema()' > away
    psql -X -q "$url" -c "ALTER SCHEMA $(cat away) RENAME TO $(cat away)_away"
}

bring_registry_back() {
    [ -f .mlops/shared.json ] || { mv away .mlops; return; }
    psql -X -q "$(jq -r .metadata .mlops/shared.json)" -c "ALTER SCHEMA $(cat away)_away RENAME TO $(cat away)"
}

# keep_packs FOLDER, put_packs_back FOLDER: all packs as they are, wherever .mlops/objects/packs leads.
keep_packs() {
    rm -rf "$1"
    cp -aL .mlops/objects/packs "$1"
}

put_packs_back() {
    find .mlops/objects/packs/ -type f -delete
    cp -a "$1"/. .mlops/objects/packs/
}

# given_copy FOLDER: another registry, with a copy of all that this one has.
given_copy() {
    rm -rf "$1"
    mlops -q init "$1"
    mlops -q registry copy . "$1" > /dev/null
}

# until_true COMMAND…: wait until it succeeds. Two minutes are a limit that a slow machine does not meet, and
# what is broken does; then what a process in the background `said` is shown.
until_true() {
    local end=$((SECONDS + 120))
    until "$@" > /dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || {
            echo "never: $*"
            [ ! -e said ] || cat said
            return 1
        }
        sleep 0.05
    done
}

# runs COMMAND-LINE: there is a process of exactly that.
runs() {
    pgrep -fx "$1"
}

# until_gone COMMAND-LINE: nothing that was run has outlived who ran it.
until_gone() {
    until_true eval "! pgrep -fx '$1'"
}

# fails_with STATUS TEXT COMMAND…: with that exit status and one message, which has TEXT.
fails_with() {
    local wanted=$1 text=$2
    shift 2
    run "$@"
    [ "$status" -eq "$wanted" ] || { echo "exit $status: ${output:0:500}"; return 1; }
    [[ "$output" == *"$text"* ]] || { echo "${output:0:500}"; return 1; }
    [ "$(grep -c '^mlops: ' <<<"$output")" -eq 1 ] || { echo "${output:0:500}"; return 1; }
}

# is FILTER: that is true of the document in $output.
is() {
    jq -e "$1" <<<"$output" >/dev/null || { echo "not: $1"; echo "$output"; false; }
}

# free_port: one that nobody listens on now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# listens PROCESS PORT: the process does, on 127.0.0.1, and not another one that took the port before it.
listens() {
    local inode
    inode=$(awk -v at="$(printf '0100007F:%04X' "$2")" '$2 == at && $4 == "0A" {print $10}' /proc/net/tcp)
    [ -n "$inode" ] && ls -l "/proc/$1/fd" | grep -qF "socket:[$inode]"
}

# on_free_port COMMAND…: a server in the background, PORT in its words being one that was free, until it
# listens there: $port and $server; what it says is in ./server.out. Where another process takes the port
# between looking and listening it ends, and another port is tried.
on_free_port() {
    local _ end
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        "${@//PORT/$port}" > server.out 2>&1 3>&- &
        server=$!
        end=$((SECONDS + 120))
        while kill -0 "$server" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
            ! listens "$server" "$port" 2>/dev/null || return 0
            sleep 0.05
        done
    done
    echo "it does not listen: $*"
    cat server.out
    return 1
}

# given_wide COLUMNS NAME TEXT: a project in ./w, model wide, whose data set `train` has 400 rows
# of day, shop (A to H), and COLUMNS more, called NAME_0, NAME_1 …; every fourth is a text, TEXT and a
# number, the others are numbers below 30.
given_wide() {
    mkdir -p w
    printf 'model: wide\ncode: run.py\ndata:\n  train: {path: train.csv, time: day, role: reference}\n' > w/mlops.yaml
    echo > w/run.py
    awk -v columns="$1" -v name="$2" -v text="$3" 'BEGIN {srand(6); printf "day,shop"
        for (c = 0; c < columns; c++) printf ",%s_%d", name, c
        print ""
        for (i = 0; i < 400; i++) {
            printf "%s,%s", strftime("%Y-%m-%d", 1767225600 + 8640 * i, 1), substr("ABCDEFGH", i % 8 + 1, 1)
            for (c = 0; c < columns; c++)
                if (c % 4) printf ",%.3f", 30 * rand(); else printf ",%s %d", text, 30 * rand()
            print ""
        }}' > w/train.csv
}
