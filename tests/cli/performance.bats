#!/usr/bin/env bats
# Performance suites on real data, every task, held against scikit-learn's figures.
load session

setup() {
    session
    mlops -q init
    mkdir p
}

@test "models of every task on scikit-learn's data have the figures that it gives them" {
    python=/usr/bin/python3
    "$python" -c 'import sklearn' 2>/dev/null || skip "$python has no sklearn (apt install python3-sklearn)"
    (cd p && "$python" "$SOURCE_ROOT/tests/cli/performance.py" make)
    cat > p/mlops.yaml <<'YAML'
model: walk
code: [binary.csv, multi.csv, labels.csv, regression.csv, ranking.csv]
tests:
  binary:
    kind: performance
    run: cp binary.csv p.csv
    predictions: p.csv
    score: p
    label: y
    beta: 2
    at_fpr: 5%
    cost: {fp: 5, fn: 120}
    thresholds: [0.1, 0.3, 0.9]
    slices: [country, amount > 600]
    every_slice: {min_rows: 50, recall: ">= 0.6"}
    require: {auc: ">= 0.9 at 95%"}
  weighted:
    {kind: performance, run: cp binary.csv p.csv, predictions: p.csv, score: p, label: y, weight: w,
     cost: {fp: 5, fn: 120}}
  multi:
    {kind: performance, task: multiclass, run: cp multi.csv p.csv, predictions: p.csv, label: y, prediction: d,
     scores: {0: p0, 1: p1, 2: p2, 3: p3, 4: p4, 5: p5, 6: p6, 7: p7, 8: p8, 9: p9}}
  labels:
    {kind: performance, task: multilabel, run: cp labels.csv p.csv, predictions: p.csv,
     labels: {a: [a, pa], b: [b, pb], c: [c, pc], d: [d, pd]}}
  regression:
    {kind: performance, task: regression, run: cp regression.csv p.csv, predictions: p.csv, label: y,
     prediction: d, quantile: 90%}
  ranking:
    {kind: performance, task: ranking, run: cp ranking.csv p.csv, predictions: p.csv, label: rel, score: s,
     group: q, cutoff: 5}
YAML
    mlops -q register p
    run mlops test walk -j 2 --markdown summary.md
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    # the table of thresholds, the worst slice, the interval's end
    grep -qE '^ *THRESHOLD +TP +FP +TN +FN +PRECISION +RECALL +FPR +F1 +COST' <<<"$output"
    grep -qE '^ *0\.3 +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ ' <<<"$output"
    # the pull request's summary has it as well, with the evidence's counts
    grep -qxF '| threshold | tp | fp | tn | fn | precision | recall | fpr | f1 | cost |' summary.md
    mlops --json test walk | jq -r '.suites[0].thresholds[] | [.name, (("tp", "fp", "tn", "fn") as $name |
        .metrics[$name] | if type == "object" then .value else . end)] | "| \(map(tostring) | join(" | ")) | "' > rows
    [ "$(wc -l < rows)" -eq 3 ]
    while IFS= read -r row; do grep -qF "$row" summary.md; done < rows
    grep -qE "recall .*>= 0.6 in every slice +met +0\.[0-9]+ >= 0.6: 'country = DE', 117 rows" <<<"$output"
    grep -qE 'auc .*>= 0.9 at 95% +met +0\.9002 >= 0.9: 0.931' <<<"$output"
    # many classes have a matrix, that of scikit-learn's confusion_matrix, here and in the evidence
    "$python" - <<'P' > matrix
import csv, json
from sklearn.metrics import confusion_matrix
rows = list(csv.DictReader(open("p/multi.csv")))
print(json.dumps(confusion_matrix([r["y"] for r in rows], [r["d"] for r in rows]).tolist()))
P
    mlops --json test walk --no-cache > fresh.json
    for document in fresh.json <(mlops --json test walk); do
        jq -e --argjson matrix "$(cat matrix)" '.suites[] | select(.name == "multi") | .confusion |
            sort_by(.name) | length == 10 and ([.[] | .metrics | to_entries | sort_by(.key) | map(.value)] == $matrix)
            and ([.[].rows] == [$matrix[] | add])' "$document"
    done
    grep -qE '^ *LABEL / PREDICTED ' <<<"$output"
    grep -qxF '**multi** label / predicted' summary.md
    mlops --json show walk > evidence.json
    (cd p && "$python" "$SOURCE_ROOT/tests/cli/performance.py" check ../evidence.json)
    # known again, not computed again
    [ "$(mlops --json test walk | jq -c '[.suites[0] | .cached, [.thresholds[].name]]')" = '[true,["0.1","0.3","0.9"]]' ]
}

@test "thresholds are of scores, in a binary task" {
    cat > p/mlops.yaml <<'YAML'
model: walk
tests:
  binary: {kind: performance, run: x, predictions: p.csv, label: y, prediction: d, thresholds: [0.5]}
YAML
    run mlops register p
    [ "$status" -eq 2 ]
    [[ "$output" == *"mlops.yaml:3: 'thresholds' are of the score"* ]]
    sed -i 's/prediction: d, thresholds: .*/score: p, thresholds: [half]}/' p/mlops.yaml
    run mlops register p
    [ "$status" -eq 2 ]
    [[ "$output" == *"mlops.yaml:3: 'thresholds' must be a list of numbers such as [0.3, 0.5]"* ]]
}
