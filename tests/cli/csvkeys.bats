#!/usr/bin/env bats
# Snapshots whose CSV is not as it is found: a separator, comments, ragged rows, no header. Whatever
# reads them reads them as the project file says.
load common
load learning

setup() {
    cli_setup
    given_registry
    mkdir -p p/data
    # 300 rows; separators within comments, quotes in them, and rows that end early
    awk 'BEGIN {
        print "# by hand, with a, b, and c\namount;city;y"
        for (i = 0; i < 300; i++) {
            if (i % 50 == 9) print "# page \"" i
            if (i % 100 == 7) print i
            else printf("%d;%s;%d\n", i, substr("abc", i % 3 + 1, 1), i % 2)
        }
    }' > p/data/train.csv
    grep -v '^#' p/data/train.csv | tail -n +2 > bare.csv
    project 'separator: ";", comment: "#", ragged: fill'
}

# project KEYS [MORE]: of the snapshot; MORE goes into the project file.
project() {
    cat > p/mlops.yaml <<YAML
model: fraud
data:
  train: {path: data/train.csv, target: y, role: reference, $1}
${2-}
YAML
}

train() { # of the manifest of $1
    mlops --json show "$1" | jq -c .manifest.data.train
}

@test "it is packaged with its keys, and is what profile makes of it with the same options" {
    run --separate-stderr mlops package p --register
    ended 0 "the snapshot 'train': 3 rows were of another width than the header"
    train fraud@1 | jq -e '.csv == {"comment": "#", "ragged": "fill", "separator": ";"} and
        .rows == 300 and ([.columns[] | .name] == ["amount", "city", "y"])'
    mlops -q profile p/data/train.csv --separator ';' --comment '#' --ragged fill -o same.mlprof > /dev/null
    [ "$(train fraud@1 | jq -r .profile)" = "$(sha256sum < same.mlprof | cut -d ' ' -f 1)" ]
    [ "$(mlops package p --check)" = "$(mlops --json show fraud@1 | jq -r .bundle)" ]
    mlops fsck
    # rows that are left out are others, of the same content
    project 'separator: ";", comment: "#", ragged: skip'
    run --separate-stderr mlops package p --register
    ended 0 "3 rows"
    train fraud@2 | jq -e '.rows == 297 and .csv.ragged == "skip"'
    [ "$(train fraud@1 | jq .sha256)" = "$(train fraud@2 | jq .sha256)" ]
    # what is said and is so anyway is said nowhere
    project 'ragged: refuse, columns: , copy: true'
    grep -v -e '^#' -e '^[0-9]*$' p/data/train.csv > plain.csv
    mv plain.csv p/data/train.csv
    mlops -q package p --register
    train fraud@3 | jq -e 'has("csv") | not'
}

@test "it comes back from archives and other registries as it was" {
    mlops -q package p -o fraud.tar.gz
    given_registry other
    mlops -q --registry other register fraud.tar.gz
    run mlops --registry other -q drift fraud@1 --current p/data/train.csv --exact
    ended 0
    mlops -q --registry other checkout fraud@1 out
    cmp p/data/train.csv out/data/train.csv
    [ "$(mlops package out)" = "$(mlops --registry other --json show fraud@1 | jq -r .bundle)" ]
}

@test "drift reads the current table as the snapshot, and as options say before that" {
    mlops -q package p --register
    run mlops --json drift fraud@1 --current p/data/train.csv
    ended 0
    for exact in --exact '--segment city'; do
        # shellcheck disable=SC2086 # options
        run mlops --json drift fraud@1 --current p/data/train.csv $exact
        ended 0
        jq -e '.share == 0 and .rows == 300 and .rows_reference == 300' <<< "$(sed -n '/^{/,$p' <<< "$output")"
    done
    run mlops drift fraud@1 --current p/data/train.csv --ragged refuse
    ended 2 "data/train.csv:10: 1 field where the header has 3"
    tr '#;' '%,' < p/data/train.csv > other.csv
    run mlops drift fraud@1 --current other.csv
    ended 2 "lacks columns" "CSV is read as the snapshot's is where --separator"
    run mlops drift fraud@1 --current other.csv --separator , --comment %
    ended 0 "300 rows"
    run mlops drift fraud@1 --current bare.csv --columns amount,city,y
    ended 0 "300 rows"
    run mlops drift fraud@1 --current bare.csv
    ended 2 "bare.csv lacks columns that the snapshot 'train' has" "--columns"
    run mlops drift fraud@1 --current p/data/train.csv --separator '#'
    ended 2 "the same character cannot separate cells and begin comments"
}

@test "a snapshot without a header has its columns' names from the project file" {
    cp bare.csv p/data/train.csv
    project 'separator: ;, ragged: skip, columns: [amount, city, y]'
    mlops -q package p --register
    train fraud@1 | jq -e '.rows == 297 and .csv.columns == ["amount", "city", "y"] and
        (.columns | map(.type)) == ["integer", "category", "integer"]'
    run mlops drift fraud@1 --current bare.csv --exact
    ended 0 "297 rows"
    # others of its kind may name their own, in any order, or be of another format
    (echo 'y;amount;city;more'; awk -F ';' 'NF == 3 {print $3 ";" $1 ";" $2 ";x"}' bare.csv) > named.csv
    run mlops drift fraud@1 --current named.csv
    ended 0 "297 rows" "'more'"
    awk -F ';' 'NF == 3 {printf("{\"amount\":%s,\"city\":\"%s\"}\n", $1, $2)}' bare.csv > rows.jsonl
    run mlops drift fraud@1 --current rows.jsonl
    ended 0 "297 rows"
    project 'separator: ;, ragged: skip, columns: [amount, city, label]'
    run mlops package p
    ended 2 "mlops.yaml:3: the snapshot 'train': data/train.csv has no column 'y' for 'target'"
}

@test "a folder of such files is one snapshot" {
    mkdir p/data/train
    mv p/data/train.csv p/data/train/a.csv
    printf '# another\ny;amount;city\n1;5;a\n1\n' > p/data/train/b.csv
    project 'separator: ;, comment: "#", ragged: fill'
    sed -i 's|data/train.csv|data/train|' p/mlops.yaml
    mlops -q package p --register
    train fraud@1 | jq -e '.rows == 302'
    run mlops drift fraud@1 --current p/data/train --exact
    ended 0 "302 rows"
}

@test "data that is not packaged is described by its keys, too" {
    project 'separator: ;, comment: "#", ragged: skip, copy: false'
    echo 'code: [mlops.yaml]' >> p/mlops.yaml
    mlops -q package p --register
    train fraud@1 | jq -e '.rows == 297 and .csv.separator == ";" and .copy == false'
    run mlops drift fraud@1 --current p/data/train.csv
    ended 0 "297 rows"
}

@test "data suites and requests read it so" {
    project 'separator: ";", comment: "#", ragged: fill' 'tests:
  rows: {kind: data, data: train, rows: {min: 300, max: 300}, columns: {y: {accepted_values: [0, 1], missing: 1%}}, unique: [amount]}
  speed: {kind: performance, requests: {count: 10, warm_up: 0}, require: {latency_p99: "<= 60s"}}
predict: {run: sh predict.sh, data: train}
code: [predict.sh]'
    # shellcheck disable=SC2016 # the script's
    echo 'while read -r line; do echo "$line" >&2; echo "$line"; case $line in *"amount\":"*"city\":"*) ;; *) exit 9;; esac; done' > p/predict.sh
    mlops -q package p --register
    run mlops test fraud@1
    ended 0 "y: at most 1 % missing" "3 of 300 rows have none (1 %): line 10" "3 passed"
}

@test "what is retrained is written as it will be read" {
    rm -r p
    given_learner p
    cat > p/train.sh <<'SH'
set -e
cp data/train.csv model/seen
awk -F, '!/^#/ { n[$3]++; sum[$3] += $1 } END { if (!n[0] || !n[1]) exit 1; print (sum[0] / n[0] + sum[1] / n[1]) / 2 }' data/train.csv > model/threshold
printf '{"threshold": %s}\n' "$(cat model/threshold)" > metrics.json
SH
    sed -i 's|role: reference|role: reference, columns: [amount, city, y], comment: "2"|' p/mlops.yaml
    sed -i 's|data/train.csv > predictions.csv|predictions.in > predictions.csv|; 1i (echo amount,city,y; tr -d "\\"" < data/train.csv) > predictions.in' p/predict.sh
    tail -n +2 p/data/train.csv | grep -v ^2 > rows
    mv rows p/data/train.csv
    (cd p && sh train.sh)
    mlops -q package p --register
    given_promoted fraud@1 production
    traffic 1 $(($(date +%s) - 1200)) 300 200
    sed -i 's/"city":"a"/"city":"a;b;c;d"/' events
    mlops -q monitor ingest fraud events
    mlops -q monitor label fraud labels
    run --separate-stderr mlops --json retrain fraud --no-promote
    jq -e '.trained and .data.rows == 300' <<< "$output"
    # amounts that begin as comments do, and cells that would pass for another separator, are quoted
    mlops -q checkout fraud@2 out
    [ "$(head -n 1 out/data/train.csv)" = '"200","a;b;c;d",0' ]
    train fraud@2 | jq -e '.rows == 300 and .csv.comment == "2" and (.columns[0].type == "integer")'
    # with a separator of its own, also one that stands in numbers
    project='s|columns: .amount, city, y., comment: "2"|separator: "0", comment: "#"|'
    sed -i "$project" p/mlops.yaml
    awk -F, 'BEGIN { print "amount0city0y" } { printf("\"%s\"0%s0\"%s\"\n", $1, $2, $3) }' p/data/train.csv > rows
    mv rows p/data/train.csv
    echo 'echo 150 > model/threshold' > p/train.sh
    mlops -q package p --register
    run --separate-stderr mlops --json retrain fraud --from fraud@3 --no-promote
    jq -e '.trained and .data.rows == 300 and .version == 4' <<< "$output"
    mlops -q checkout fraud@4 again
    [ "$(head -n 2 again/data/train.csv)" = $'amount0city0y\n"200"0a;b;c;d0"0"' ]
    train fraud@4 | jq -e '.rows == 300 and (.columns | map(.type)) == ["integer", "category", "integer"]'
}

@test "keys that make no sense are refused with file, line and what is allowed" {
    refused() {
        project "$1"
        run mlops package p
        ended 2 "mlops: package: mlops.yaml:3: $2"
    }
    refused 'separator: ;;' "'separator' takes one character, not ';;'"
    refused "comment: '\"'" "'comment': a quote or the end of a line cannot begin comments"
    refused 'ragged: drop' "'ragged': 'drop' is none of refuse, fill and skip"
    refused 'columns: amount' "'columns' must be a list of names such as [ts, amount]"
    refused 'columns: [a, a]' "'columns': two columns are called 'a'"
    printf 'model: fraud\ndata:\n  train:\n    path: data/train.csv\n    comment: #\n' > p/mlops.yaml
    run mlops package p
    ended 2 "mlops.yaml:5: 'comment' has no value" "quote the character"
    # without them the table is refused as before
    project 'separator: ;'
    run mlops package p
    ended 2 "mlops.yaml:3: the snapshot 'train': " "train.csv:2: 3 fields where the header has 1"
}
