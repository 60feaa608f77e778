# A project that learns: a threshold of the amount, between what is fraud and what is not.

# given_learner DIR [MORE]: model `fraud`; its data set `train` has 200 rows of amount, city and the
# target y, which is 1 from an amount of 100 on. MORE goes into its project file.
given_learner() {
    local folder=$1
    mkdir -p "$folder/model" "$folder/data"
    cat > "$folder/mlops.yaml" <<YAML
model: fraud
code: [train.sh, predict.sh]
artifacts: [model/]
metrics: metrics.json
data:
  train: {path: data/train.csv, target: y, role: reference}
tests:
  holdout:
    kind: performance
    run: sh predict.sh
    predictions: predictions.csv
    score: score
    label: y
    require: {accuracy: ">= 0.9"}
train: {run: sh train.sh, data: train}
${2-}
YAML
    cat > "$folder/train.sh" <<'SH'
set -e
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { y = $(at["y"]); n[y]++; sum[y] += $(at["amount"]) }
    END { if (!n[0] || !n[1]) exit 1; print (sum[0] / n[0] + sum[1] / n[1]) / 2 }' data/train.csv > model/threshold
printf '{"threshold": %s}\n' "$(cat model/threshold)" > metrics.json
SH
    cat > "$folder/predict.sh" <<'SH'
awk -F, -v limit="$(cat model/threshold)" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print "score,y"; next }
    { print ($(at["amount"]) >= limit ? 0.9 : 0.1) "," $(at["y"]) }' data/train.csv > predictions.csv
SH
    awk 'BEGIN { print "amount,city,y"
        for (i = 0; i < 200; i++) { a = i * 7 % 200; printf("%d,%s,%d\n", a, substr("abc", i % 3 + 1, 1), a >= 100) } }' > "$folder/data/train.csv"
    (cd "$folder" && sh train.sh)
}

# traffic VERSION FROM COUNT SHIFT [LIMIT]: events a second apart from the time FROM on, answered by the
# limit of amount LIMIT (100), amounts SHIFTed; and their labels, 1 from 100 + SHIFT on: ./events,
# ./labels.
traffic() {
    awk -v version="$1" -v from="$2" -v count="$3" -v shift="$4" -v limit="${5:-100}" 'BEGIN {
        for (i = 0; i < count; i++) {
            a = i * 37 % 200 + shift
            printf("{\"time\":%d,\"id\":\"%d-%d\",\"version\":%d,\"features\":{\"amount\":%d,\"city\":\"%s\"}," \
                "\"score\":%s,\"latency_ms\":%d}\n", from + i, version, from + i, version, a,
                substr("abc", i % 3 + 1, 1), a >= limit ? "0.9" : "0.1", 10 + i % 5) > "events"
            printf("{\"id\":\"%d-%d\",\"label\":%d}\n", version, from + i, a >= 100 + shift) > "labels"
        }
    }'
}
