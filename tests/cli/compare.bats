#!/usr/bin/env bats
# A version and another one on the same rows, paired, when it is tested and when it is promoted.
load session

setup() {
    session
    mlops -q init
}

# model NOISE [REQUIRE]: a project in ./p whose score is the truth spoilt by noise, measured on
# data/holdout.csv.
model() {
    local require=${2:-'auc: "not worse than production by 0.005 at 95%"'}
    mkdir -p p/data
    echo "noise=$1" > p/noise
    cat > p/score.sh <<'SH'
. ./noise
echo "scoring with $noise"
awk -F, -v noise="$noise" 'NR == 1 {print "is_fraud,p"; next}
    {s = sin($1 * 12.9898 * noise) * 43758.5453; u = s - int(s); if (u < 0) u = -u
     p = 0.5 + ($3 - 0.5) * 0.4 + (u - 0.5) * noise
     printf "%s,%.6f\n", $3, (p < 0 ? 0 : p > 1 ? 1 : p)}' data/holdout.csv > predictions.csv
SH
    [ -f p/data/holdout.csv ] || holdout 7
    cat > p/mlops.yaml <<YAML
model: fraud
code: [score.sh, noise]
data:
  holdout: {path: data/holdout.csv, target: is_fraud, role: evaluation}
tests:
  holdout:
    kind: performance
    run: sh score.sh
    predictions: predictions.csv
    score: p
    label: is_fraud
    require: {$require}
YAML
}

# holdout SEED: other rows to be measured on.
holdout() {
    awk -v seed="$1" 'BEGIN {srand(seed); print "id,amount,is_fraud"
        for (i = 1; i <= 2000; i++) printf "%d,%.2f,%d\n", i, rand() * 1000, rand() < 0.2}' \
        > p/data/holdout.csv
}

in_production() {
    model "$@"
    mlops -q register p
    mlops -q test fraud
    mlops -q promote fraud --to production
}

# suite_is FILTER: of the suite in the document in $output.
suite_is() {
    is ".suites[0] | $1"
}

@test "with nothing in the stage there is nothing to be worse than" {
    model 0.9
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 0 ]
    suite_is '.requirements[0].met and (.requirements[0].detail | test("nothing is in production yet"))'
    suite_is '.comparisons == []'
}

@test "a better model is not worse, by the predictions that are kept of the other one" {
    in_production 0.9
    model 0.8
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 0 ]
    suite_is '.requirements[0].met'
    suite_is '.comparisons[0] | .with == "production" and .version == 1 and .ran == false and
        .rows == 2000 and .confidence == 0.95 and .message == null'
    suite_is '.comparisons[0].predictions != .predictions.sha256'
    suite_is '[.comparisons[0].differences[] | select(.metric == "auc")][0] |
        .method == "delong" and .low > 0 and .low < .difference and .difference < .high and
        (.ours - .theirs - .difference | fabs) < 1e-12'
    suite_is '[.comparisons[0].differences[] | select(.metric == "recall")][0].method == "mcnemar"'
    suite_is '[.comparisons[0].differences[] | select(.metric == "brier")][0] |
        .method == "bootstrap" and .high < 0'
    run mlops --json test fraud
    suite_is '.cached and .comparisons[0].version == 1'
    mlops -q promote fraud@2 --to production
}

@test "a worse one is refused, with both figures, the interval and the method" {
    in_production 0.8
    model 0.95
    mlops -q register p
    run mlops test fraud
    [ "$status" -eq 1 ]
    [[ "$output" == *"not worse than production by 0.005 at 95%"*"NOT MET"*" of @1 on the same 2000 rows: -0."*"at 95% at least -0."*"(delong)"* ]]
    [[ "$output" == *"holdout against production, fraud@1"* ]]
    run mlops promote fraud@2 --to production
    [ "$status" -eq 1 ]
}

@test "the gate refuses a comparison that has become stale" {
    in_production 0.9
    model 0.8
    mlops -q register p
    mlops -q test fraud@2
    model 0.7
    mlops -q register p
    mlops -q test fraud@3
    mlops -q promote fraud@3 --to production
    run mlops promote fraud@2 --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"it was compared with @1, and production is @3 now: run 'mlops test fraud@2'"* ]]
    run mlops --json test fraud@2
    suite_is '.cached == false and .comparisons[0].version == 3'
}

@test "where the other one knows other rows, its suite is run on these" {
    in_production 0.9
    holdout 8
    model 0.8
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 0 ]
    suite_is '.comparisons[0] | .ran and .message == null and .rows == 2000'
    [ "$(mlops -q fsck; echo $?)" = 0 ]
    mlops -q gc --grace 0
    mlops -q fsck
    mlops -q promote fraud@2 --to production
}

@test "where it cannot be run, that is said and nothing is taken for met" {
    in_production 0.9
    sed -i 's/holdout.csv/holdout.csv nowhere/' p/score.sh
    holdout 8
    model 0.8
    # the one in production needs a third column, which the new rows do not have
    sed -i 's/^\([^,]*\),[^,]*,/\1,/' p/data/holdout.csv
    sed -i 's/\$3/$2/g' p/score.sh
    mlops -q register p
    run mlops test fraud
    [ "$status" -eq 1 ]
    [[ "$output" == *"@1 has no predictions of the same rows, and its suite 'holdout', run on them, did not pass"* ]]
}

@test "any version can be compared with, and better is asked for by its name" {
    in_production 0.9
    model 0.8 'brier: "better than @1 at 99%", accuracy: "better than production by 0.9"'
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 1 ]
    suite_is '.requirements | (.[0].metric == "brier" and .[0].met) and (.[1].met | not)'
    suite_is '[.comparisons[] | .confidence] | sort == [0.95, 0.99]'
    run mlops --json test fraud --suite holdout --against fraud@1
    suite_is '[.comparisons[].with] | index("fraud@1")'
}

@test "a policy can demand it of a metric that the author does not require" {
    in_production 0.9
    model 0.8 'auc: ">= 0.5"'
    mlops -q register p
    mlops -q test fraud
    cat > policy.yaml <<'YAML'
stages:
  dev:
  staging:
  production:
    metrics: {brier: "not worse than production by 0.001 at 95%"}
YAML
    mlops -q policy set --default policy.yaml
    run mlops promote fraud@2 --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"it was not compared with @1 at 95%: run 'mlops test fraud@2 --against"* ]]
    mlops -q test fraud@2 --against production
    mlops -q promote fraud@2 --to production
}

@test "reports for other tools have the comparison" {
    in_production 0.9
    model 0.8
    mlops -q register p
    mlops -q test fraud --junit junit.xml --markdown report.md
    xmllint --noout --schema "$SOURCE_ROOT/tests/data/junit/junit-10.xsd" junit.xml
    [[ "$(xmllint --xpath 'string(//property[@name="difference.holdout.auc.production"]/@value)' junit.xml)" == +0.*"at 95%"*"(delong), @1" ]]
    grep -q '^\*\*holdout\*\* against production, version 1, on the same 2000 rows' report.md
    grep -q '^| auc | .* delong |$' report.md
}

@test "what cannot be compared with is refused before anything runs" {
    model 0.9
    mlops -q register p
    run mlops test fraud --against "production at 5%"
    [ "$status" -eq 2 ]
    [[ "$output" == *"is nothing to compare with"* ]]
    run mlops test fraud --against @9
    [ "$status" -eq 3 ]
    run mlops test fraud --suite holdout --against prodution
    [[ "$output" == *"nothing is compared with 'prodution': nothing of this model is in such a stage"* ]]
    run mlops test fraud --suite holdout --against @1
    [[ "$output" == *"nothing is compared with '@1': it is this very version"* ]]
    sed -i 's/not worse than production by 0.005 at 95%/not worse than 3/' p/mlops.yaml
    run mlops register p
    [ "$status" -eq 2 ]
    [[ "$output" == *"@ before the number of a version was expected"* ]]
}

@test "the differences are those that SciPy and scikit-learn find" {
    in_production 0.9
    model 0.86 'auc: ">= 0.5"'
    mlops -q register p
    mlops --json test fraud --against production > test.json
    mlops show fraud@1 --predictions holdout > theirs.csv
    mlops show fraud@2 --predictions holdout > ours.csv
    run /usr/bin/python3 "$SOURCE_ROOT/tests/interop/pairs.py" ours.csv theirs.csv test.json
    [ "$status" -ne 77 ] || skip "$output"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "on an evaluation set of the registry both are measured against its labels" {
    model 0.9
    cp p/data/holdout.csv set.csv
    mlops -q data add fraud/held set.csv --label is_fraud
    exam() {
        sed -i 's/^    run: .*/    run: sh score.sh\n    data: registry:held/; /label:/d' p/mlops.yaml
        # what the set gives has no labels: the score is made of the amount
        cat > p/score.sh <<'SH'
. ./noise
awk -F, -v noise="$noise" 'NR == 1 {print "p"; next}
    {p = $2 / 1000 * (1 - noise) + noise / 2; printf "%.6f\n", p}' "$MLOPS_EVALUATION" > predictions.csv
SH
    }
    exam
    mlops -q register p
    mlops -q test fraud
    mlops -q promote fraud --to production
    model 0.5
    exam
    mlops -q register p
    run mlops --json test fraud
    [ "$status" -eq 0 ]
    suite_is '.evaluation == "fraud/held"'
    # the amount ranks alike, however it is scaled: nothing is lost
    suite_is '[.comparisons[0].differences[] | select(.metric == "auc")][0] | .difference == 0 and .low == 0'
    suite_is '.comparisons[0].ran == false'
    # another set under that name: the version in production is examined on it, too
    mlops -q data remove fraud/held
    holdout 11
    mlops -q data add fraud/held p/data/holdout.csv --label is_fraud
    run mlops --json test fraud
    [ "$status" -eq 0 ]
    suite_is '.comparisons[0].ran and .comparisons[0].message == null'
}

@test "numbers, classes and rankings are compared, too" {
    other() {
        mkdir -p p/data
        echo "by=$1" > p/by
        cat > p/score.sh <<'SH'
. ./by
awk -v by="$by" 'BEGIN {srand(5); print "y,p,c,d,q,s"
    for (i = 0; i < 600; i++) {y = int(rand() * 3); e = (rand() - 0.5) * by
        printf "%d,%.6f,c%d,c%d,%d,%.6f\n", y, y + e, y, (i % by < 1 ? y : (y + 1) % 3), i / 10, y + e}}' \
    > predictions.csv
SH
        cat > p/mlops.yaml <<YAML
model: other
code: [score.sh, by]
tests:
  numbers: {kind: performance, run: sh score.sh, predictions: predictions.csv, task: regression, label: y, prediction: p,
            require: {rmse: "$2"}}
  classes: {kind: performance, run: sh score.sh, predictions: predictions.csv, task: multiclass, label: c, prediction: d,
            require: {f1_macro: "$2"}}
  ranks: {kind: performance, run: sh score.sh, predictions: predictions.csv, task: ranking, label: y, score: s, group: q,
          require: {ndcg: "$2"}}
YAML
        mlops -q register p
    }
    other 4 ">= 0"
    mlops -q test other
    mlops -q promote other --to production
    other 2 "better than production at 95%"
    run mlops --json test other
    [ "$status" -eq 0 ]
    jq -e '[.suites[0:3][] | .requirements[0].met] == [true, true, true]' <<<"$output"
    jq -e '[.suites[0:3][] | .comparisons[0].differences[] |
        select(.metric == "rmse" or .metric == "f1_macro" or .metric == "ndcg") | .method] ==
        ["bootstrap", "bootstrap", "bootstrap"]' <<<"$output"
}

# with_ids [COMMAND]: the last model's predictions have the column `id`, and are sorted by COMMAND.
with_ids() {
    sed -i 's/print "is_fraud,p"/print "id,is_fraud,p"/; s/printf "%s,%.6f\\n", \$3/printf "%s,%s,%.6f\\n", $1, $3/' p/score.sh
    [ -z "${1:-}" ] || echo "(sed -n 1p predictions.csv; sed 1d predictions.csv | $1) > sorted.csv; mv sorted.csv predictions.csv" >> p/score.sh
    sed -i 's/    label: is_fraud/&\n    id: id/' p/mlops.yaml
}

# ended_with STATUS PART...
ended_with() {
    local wanted=$1 part
    shift
    [ "$status" -eq "$wanted" ] || { echo "exit $status: $output"; false; }
    for part; do
        [[ "$output" == *"$part"* ]] || { echo "no '$part' in: $output"; false; }
    done
}

@test "rows in another order are matched by their id" {
    model 0.9
    with_ids
    mlops -q register p
    mlops -q test fraud@1
    model 0.9
    with_ids 'sort -t, -k3,3'
    mlops -q register p
    mlops -q test fraud@2
    model 0.8
    with_ids
    mlops -q register p
    run mlops --json test fraud@3 --against @1 --against @2
    suite_is '.comparisons | length == 2 and all(.[]; .message == null and .rows == 2000)'
    suite_is '.comparisons[0].differences == .comparisons[1].differences'
    # by their places they are other rows
    model 0.8
    mlops -q register p
    run mlops --json test fraud@4 --against @2
    suite_is '.comparisons[0].message | test("^the predictions of @2 are not of the same rows: row [0-9]+ has another label there$")'
}

@test "ids that are twice, missing, or of one version alone are said" {
    model 0.9
    with_ids 'sed "7s/^[0-9]*/x7/"'
    mlops -q register p
    mlops -q test fraud@1
    model 0.8
    with_ids
    mlops -q register p
    run mlops test fraud@2 --against @1
    [[ "$output" == *"the predictions of @1 are not of the same rows: the id '7' of our predictions (row 7) is not in theirs"* ]]
    model 0.8
    mlops -q register p
    mlops -q test fraud@3
    model 0.8
    echo >> p/noise
    with_ids
    mlops -q register p
    run mlops test fraud@4 --against @3
    [[ "$output" == *"the predictions of @3 are not of the same rows: predictions has no column 'id'"* ]]
    model 0.8
    with_ids 'sed "7s/^[0-9]*/3/"'
    mlops -q register p
    run mlops test fraud@5
    ended_with 1 "the id '3' stands in two rows, 3 and 7"
    model 0.8
    with_ids 'sed "7s/^[0-9]*//"'
    mlops -q register p
    run mlops test fraud@6
    ended_with 1 "predictions.csv:8: column 'id': the value is missing"
}
