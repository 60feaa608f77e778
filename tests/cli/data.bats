#!/usr/bin/env bats
# Evaluation sets that the registry holds: the author's code is given the questions, mlops has the
# answers, and a policy can demand that a version was examined there.
load common

# 40 rows: the label is 1 where amount is above 60, as the model below says with few mistakes.
given_exam() {
    awk 'BEGIN {
        print "id,amount,\"note, free\",is_fraud"
        for (i = 0; i < 40; i++) {
            amount = (i * 37) % 100
            printf "%d,%d,\"a \"\"note\"\", %d\",%d\n", i, amount, i, (amount + i % 7 > 60)
        }
    }' > exam.csv
}

# A version whose suite `exam` is measured on the registry's set, and `own` on data of its own.
given_candidate() {
    mkdir -p p
    cat > p/mlops.yaml <<'YAML'
model: fraud
code: [predict.sh, own.csv]
tests:
  exam:
    kind: performance
    data: registry:holdout-2024
    run: sh predict.sh
    predictions: predictions.csv
    score: p
    slices: [amount > 50]
    require: {auc: ">= 0.5"}
  own:
    kind: performance
    run: cp own.csv predictions.csv
    predictions: predictions.csv
    score: p
    label: y
YAML
    printf 'p,y\n0.9,1\n0.8,1\n0.2,0\n0.1,0\n' > p/own.csv
    cat > p/predict.sh <<'SH'
awk -F, 'NR == 1 { print "p"; next } { printf "%.2f\n", $2 / 100 }' "$MLOPS_EVALUATION" > predictions.csv
head -1 "$MLOPS_EVALUATION"
! grep -rs is_fraud . --include='*.csv'
SH
    mlops -q register p
}

setup() {
    cli_setup
    given_registry
    given_exam
}

@test "a set is added, listed, shown, logged, and never changes" {
    run --separate-stderr mlops --json data add fraud/holdout-2024 exam.csv --label is_fraud --reason 'the yearly exam'
    [ "$status" -eq 0 ]
    [ "$(jq -r '"\(.name) \(.rows) \(.labels[0]) \(.created)"' <<<"$output")" = 'fraud/holdout-2024 40 is_fraud true' ]
    [ "$(jq -r .sha256 <<<"$output")" = "$(sha256sum exam.csv | cut -d' ' -f1)" ]
    entries=$(mlops log | wc -l)
    [ "$(mlops --json data add fraud/holdout-2024 exam.csv --label is_fraud | jq .created)" = false ]
    [ "$(mlops log | wc -l)" -eq "$entries" ]
    mlops data list | grep -q 'fraud/holdout-2024'
    [ "$(mlops --json data list fraud | jq '.sets | length')" -eq 1 ]
    [ "$(mlops --json data list other | jq '.sets | length')" -eq 0 ]
    mlops data show fraud/holdout-2024 | grep -q 'label *is_fraud'
    [ "$(mlops --json log | jq -r '[.entries[] | select(.action == "data-add")] | "\(length) \(.[0].model) \(.[0].reason)"')" = '1 fraud the yearly exam' ]

    head -20 exam.csv > other.csv
    run mlops data add fraud/holdout-2024 other.csv --label is_fraud
    [ "$status" -eq 4 ]
    [[ "$output" == *"another set already"* ]]
    run mlops data add fraud/holdout-2024 exam.csv --label amount
    [ "$status" -eq 4 ]
}

@test "what is no evaluation set is refused, and nothing is written" {
    for arguments in 'holdout exam.csv --label is_fraud' 'fraud/../x exam.csv --label is_fraud' \
        'fraud/h exam.csv' 'fraud/h exam.csv --label nowhere' \
        'fraud/h exam.csv --label id --label amount --label is_fraud --label note' \
        'fraud/h holes.csv --label y' 'fraud/h ragged.csv --label y' 'fraud/h open.csv --label y' \
        'fraud/h packed.csv --label y' 'fraud/h none.csv --label y' 'fraud/h only.csv --label y'; do
        printf 'x,y\n1,0\n2,\n' > holes.csv
        printf 'x,y\n1,0\n2\n' > ragged.csv
        printf 'x,y\n1,"0\n' > open.csv
        printf 'x,y\n1,0\n' | gzip > packed.csv
        printf 'x,y\n' > none.csv
        printf 'y\n1\n' > only.csv
        run mlops data add $arguments
        [ "$status" -eq 2 ]
    done
    run mlops data add fraud/h nowhere.csv --label y
    [ "$status" -eq 3 ]
    run mlops data show fraud/h
    [ "$status" -eq 3 ]
    [ "$(mlops --json data list | jq '.sets | length')" -eq 0 ]
    [ -z "$(ls .mlops/tmp 2>/dev/null)" ]
}

@test "the suite is given the rows without the label, and measured against it" {
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    given_candidate
    run --separate-stderr mlops --json test fraud
    [ "$(jq -r '.suites[] | select(.name == "exam") | "\(.status) \(.message)"' <<<"$output")" = 'passed null' ]
    body=$(mlops --json show fraud | jq -c '[.evidence[] | select(.name == "exam")][-1].body')
    [ "$(jq -r .evaluation.name <<<"$body")" = fraud/holdout-2024 ]
    [ "$(jq -r .evaluation.bundle <<<"$body")" = "$(mlops --json data show fraud/holdout-2024 | jq -r .bundle)" ]
    [ "$(jq .evaluation.rows <<<"$body")" -eq 40 ]
    [ "$(jq .metrics.n <<<"$body")" -eq 40 ]
    [ "$(jq -r '.slices[0].name' <<<"$body")" = 'amount > 50' ]
    [ "$(jq -r .output_tail <<<"$body")" = 'id,amount,"note, free"' ]
    # what the label says, joined by hand, gives the same
    python3 - "$(jq .metrics.auc <<<"$body")" <<'PY'
import csv, sys
rows = list(csv.DictReader(open("exam.csv")))
yes = [int(r["amount"]) for r in rows if r["is_fraud"] == "1"]
no = [int(r["amount"]) for r in rows if r["is_fraud"] == "0"]
auc = sum((a > b) + 0.5 * (a == b) for a in yes for b in no) / (len(yes) * len(no))
assert abs(auc - float(sys.argv[1])) < 1e-12, (auc, sys.argv[1])
PY
    mlops test fraud | grep -qx 'exam on fraud/holdout-2024'
    [ "$(mlops --json test fraud | jq -c '[.suites[].evaluation]')" = '["fraud/holdout-2024",null,null]' ]
    # known, until the name stands for another set
    if mlops -q sandbox check >/dev/null 2>&1; then
        [ "$(mlops --json test fraud | jq -r '.suites[] | select(.name == "exam") | .cached')" = true ]
    fi
    mlops -q data remove fraud/holdout-2024
    head -30 exam.csv > shorter.csv
    mlops -q data add fraud/holdout-2024 shorter.csv --label is_fraud
    [ "$(mlops --json test fraud | jq -r '.suites[] | select(.name == "exam") | .cached')" != true ]
}

# exam_says PROGRAM TEXT: the suite runs PROGRAM and is an error that says TEXT.
exam_says() {
    echo "$1" > p/predict.sh
    mlops -q register p
    run --separate-stderr mlops --json test fraud --suite exam
    [ "$(jq -r '.suites[0].status' <<<"$output")" = error ]
    [[ "$(jq -r '.suites[0].message' <<<"$output")" == *"$2"* ]]
}

@test "an answer that is left out, or labels of the author's own, are no way around" {
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    given_candidate
    sed -i '/own:/,$d' p/mlops.yaml
    exam_says 'printf "p\n0.9\n" > predictions.csv' "predictions.csv has 1 row, and the evaluation set 'fraud/holdout-2024' has 40"
    sed -i 's/    score: p$/    score: p\n    label: y/' p/mlops.yaml
    exam_says 'cp own.csv predictions.csv' "the label of the evaluation set 'fraud/holdout-2024' is 'is_fraud', not 'y'"
    sed -i 's/    label: y$/    weight: amount/' p/mlops.yaml
    exam_says 'true' "it wrote no 'predictions.csv'"
    exam_says 'cut -d, -f2 "$MLOPS_EVALUATION" | sed s/amount/p/ > predictions.csv' "'amount' is no withheld column"
    mlops -q data remove fraud/holdout-2024
    exam_says 'exit 0' "the registry has no evaluation set 'fraud/holdout-2024'"
}

# Answers that can be looked up are no exam, and so nothing passes where there are no namespaces.
given_namespaces() {
    case $(mlops --json sandbox check | jq -r .level) in full | namespaces) ;; *) skip "no namespaces here" ;; esac
}

@test "a policy is satisfied by the registry's exam alone" {
    given_namespaces
    cat > policy.yaml <<'YAML'
stages:
  dev:
  production:
    evaluation: fraud/holdout-2024
    metrics: {auc: ">= 0.95"}
YAML
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    given_candidate
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"no suite that passed was measured on the registry's set"* ]]
    # nor by one that was written beside an open book
    mlops -q test fraud --sandbox none
    [ "$(mlops --json show fraud | jq '[.evidence[] | select(.name == "exam")][-1].body.evaluation.withheld')" = false ]
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"could have looked for the labels"* ]]
    mlops -q test fraud
    mlops -q promote fraud --to production

    # perfect on data of its own and useless on the exam: that does not count
    sed -i 's/require: {auc: .*/require: {recall: ">= 0"}/' p/mlops.yaml
    echo "awk 'NR == 1 { print \"p\"; next } { print 0.5 }' \"\$MLOPS_EVALUATION\" > predictions.csv" > p/predict.sh
    mlops -q register p
    mlops -q test fraud
    run mlops promote fraud@2 --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"auc >= 0.95: 0.5 < 0.95"* ]]

    # nor does an exam that measures something else
    sed -i 's/    score: p$/    prediction: p/; s/own:/&/' p/mlops.yaml
    sed -i '0,/prediction: p/!s/    prediction: p/    score: p/' p/mlops.yaml
    sed -i "s/0.5/NR % 2/" p/predict.sh
    mlops -q register p
    mlops -q test fraud
    run mlops promote fraud@3 --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"auc is recorded of no suite that was measured on fraud/holdout-2024"* ]]

    # a set of the same name is another exam
    mlops -q data remove fraud/holdout-2024
    run mlops policy check fraud
    [ "$status" -eq 1 ]
    [[ "$output" == *"the registry has no evaluation set 'fraud/holdout-2024'"* ]]
    head -30 exam.csv > shorter.csv
    mlops -q data add fraud/holdout-2024 shorter.csv --label is_fraud
    run mlops policy check fraud
    [ "$status" -eq 1 ]
    [[ "$output" == *"no suite that passed was measured on the registry's set"* ]]
}

@test "a row that was changed by hand chooses no exam" {
    command -v sqlite3 >/dev/null || skip "needs sqlite3"
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    { head -1 exam.csv; printf '1,99,x,1\n2,1,x,0\n3,98,x,1\n4,2,x,0\n'; } > easy.csv
    mlops -q data add fraud/easy easy.csv --label is_fraud
    given_candidate
    printf 'stages:\n  production: {evaluation: fraud/holdout-2024}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    sqlite3 .mlops/registry.db "UPDATE evaluation SET
        bundle = (SELECT bundle FROM evaluation WHERE name = 'fraud/easy'), row_count = 4
        WHERE name = 'fraud/holdout-2024'"
    mlops -q test fraud
    run mlops promote fraud --to production
    [ "$status" -eq 1 ]
    [[ "$output" == *"no suite that passed was measured on the registry's set"* ]]
}

@test "gc keeps a set until it is removed, and fsck finds damage in it" {
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    mlops -q gc --grace 0s
    id=$(mlops --json data show fraud/holdout-2024 | jq -r .bundle)
    mlops -q checkout "$id" out
    [ "$(cat out/labels.csv | wc -l)" -eq 41 ]
    cut -d, -f1 exam.csv | cmp - <(cut -d, -f1 out/rows.csv)
    mlops fsck
    mlops -q data remove fraud/holdout-2024
    mlops -q gc --grace 0s
    run mlops checkout "$id" again
    [ "$status" -eq 3 ]
    mlops fsck
}

@test "predictions in another order are matched with the set by their id" {
    mlops -q data add fraud/holdout-2024 exam.csv --label is_fraud
    given_candidate
    run --separate-stderr mlops --json test fraud@1 --suite exam
    in_order=$(jq -c '.suites[0] | {metrics, slices}' <<<"$output")
    sed -i 's/    score: p/&\n    id: id/' p/mlops.yaml
    sed -i 's/print "p"; next/print "id,p"; next/; s/printf "%.2f\\n", /printf "%s,%.2f\\n", $1, /' p/predict.sh
    sed -i '1a (sed -n 1p predictions.csv; sed 1d predictions.csv | sort -t, -k2) > s; mv s predictions.csv' p/predict.sh
    sed -i '/label: y/,$ !b; /label: y/,$ s/^    id: id$//' p/mlops.yaml
    printf 'id,p,y\nd,0.9,1\nc,0.8,1\nb,0.2,0\na,0.1,0\n' > p/own.csv
    mlops -q register p
    run --separate-stderr mlops --json test fraud@2 --suite exam
    [ "$(jq -r '.suites[0].status' <<<"$output")" = passed ] || { jq . <<<"$output"; false; }
    [ "$(jq -c '.suites[0] | {metrics, slices}' <<<"$output")" = "$in_order" ]
    # one that the set does not have
    sed -i '2a sed -i "5s/^[0-9]*/99/" predictions.csv' p/predict.sh
    mlops -q register p
    run --separate-stderr mlops --json test fraud@3 --suite exam
    [[ "$(jq -r '.suites[0].message' <<<"$output")" == *"the id '"*"' of the evaluation set (row "*") is not in predictions.csv" ]]
}
