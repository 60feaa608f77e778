# A user's session: the quiet room of common.bash, and a project with data to work on.

load common

session() {
    cli_setup
    export MLOPS_ACTOR=ada@example.com
}

# A project in ./p: 2,000 training rows, a suite of each kind, predictions with AUC 0.9 or so.
project() {
    mkdir -p p/model p/tests p/data
    cat > p/mlops.yaml <<'EOF'
model: fraud
description: Card-fraud scorer
code: [score.sh, tests/]
params: params.yaml
artifacts: [model/]
metrics: metrics.json
data:
  train:   {path: data/train.csv, target: is_fraud, time: ts, role: reference}
tests:
  words:    {kind: unit, run: sh tests/words.sh}
  pipeline: {kind: integration, run: sh score.sh data/train.csv /dev/null, timeout: 1m}
  quality:
    kind: performance
    run: sh score.sh data/train.csv predictions.csv
    predictions: predictions.csv
    score: p
    label: is_fraud
    require: {auc: ">= 0.7", recall: ">= production - 0.01"}
train: {run: sh score.sh data/train.csv /dev/null, data: train}
EOF
    printf 'noise: 0\nfeatures: [amount, country]\n' > p/params.yaml
    echo '{"train": {"auc": 0.9}}' > p/metrics.json
    echo weights > p/model/weights.bin
    echo 'test "$(cat model/weights.bin)" = weights' > p/tests/words.sh
    # the score is the amount, spoilt by the parameter `noise`
    cat > p/score.sh <<'EOF'
noise=$(sed -n 's/noise: //p' params.yaml)
awk -F , -v noise="$noise" -v OFS=, 'NR == 1 {print "p", "is_fraud"; next}
    {p = $2 / 200; print noise ? 1 - p : p, $4}' "$1" > "$2"
EOF
    awk 'BEGIN {
        srand(7); print "ts,amount,country,is_fraud"
        for (i = 0; i < 2000; i++) {
            amount = int(rand() * 200); r = rand()
            printf "2026-01-%02dT%02d:00:00,%s,%s,%d\n", 1 + i % 28, i % 24,
                i % 50 ? amount : "", r < 0.6 ? "de" : r < 0.9 ? "fr" : "it",
                (amount + rand() * 100 > 180)
        }
    }' > p/data/train.csv
}

registered() {
    mlops -q init
    project
    mlops -q register p
}
