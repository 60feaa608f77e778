#!/usr/bin/env bats
# Budgets of a model: how long it takes to answer, and its size (docs/budgets.md).
load session

setup() {
    session
    mlops -q init
    mkdir -p p/model p/data
    head -c 3000000 /dev/zero > p/model/weights.bin
    awk 'BEGIN {print "ts,amount,country,y"; for (i = 0; i < 50; i++)
        printf "2026-01-%02d,%d,%s,%d\n", 1 + i % 28, i, i % 2 ? "de" : "", i % 2}' > p/data/holdout.csv
    # answers each line, and keeps what it was asked
    cat > p/serve.sh <<'EOF'
while read -r line; do echo "$line" >> /tmp/asked; echo '{"p": 0.5}'; done
EOF
}

# given_suite REQUIRE [PREDICT]: a suite of budgets alone, registered.
given_suite() {
    cat > p/mlops.yaml <<EOF
model: fraud
code: [serve.sh]
artifacts: [model/]
data:
  holdout: {path: data/holdout.csv, target: y, time: ts}
predict: {run: ${2:-sh serve.sh}, data: holdout}
tests:
  speed:
    kind: performance
    timeout: 5m
    requests: {count: 400, warm_up: 20}
    require: {$1}
EOF
    mlops -q register p
}

suite() {
    jq -r ".suites[0] | $1" <<<"$output"
}

@test "a model within its budgets passes, with quantiles, their intervals, and the machine" {
    given_suite 'latency_p99: 5s, latency_p50: "< 5s at 95%", size: 4MB'
    run mlops --json test fraud --suite speed
    [ "$status" -eq 0 ]
    [ "$(suite .status)" = passed ]
    [ "$(suite .metrics.size)" = 3000000 ]
    [ "$(suite '.metrics | .latency_p50 > 0 and .latency_p50 <= .latency_p90 and .latency_p90 <= .latency_p99')" = true ]
    [ "$(suite '.intervals.latency_p50 | .low <= .high and .method == "order"')" = true ]
    [ "$(suite '.requirements[] | select(.metric == "size") | .detail')" = '3 MB <= 4 MB' ]
    [[ "$(suite '.requirements[] | select(.metric == "latency_p99") | .detail')" == *'<= 5 s'*': 400 requests, sandbox '*' cores' ]]
    latency=$(mlops --json show fraud | jq -c '[.evidence[] | select(.name == "speed")][-1].body.latency')
    [ "$(jq -c '[.requests, .warm_up, .batch]' <<<"$latency")" = '[400,20,1]' ]
    [ "$(mlops --json test fraud --suite speed | jq .suites[0].cached)" = true ]
}

@test "a model over its budgets fails, and each is said" {
    given_suite 'latency_p99: 1us, size: 2 MB'
    run mlops --json test fraud --suite speed
    [ "$status" -eq 1 ]
    [ "$(suite .status)" = failed ]
    [[ "$(suite .message)" == 'size 2 MB is not met (3 MB > 2 MB); latency_p99 1us is not met ('*' > 1 µs'* ]]
}

@test "requests are rows without the target, one a line or many in an array" {
    cat > p/serve.sh <<'EOF'
read -r line
test "$line" = '{"ts":"2026-01-01","amount":0,"country":null}' || exit 8
while echo ok; do read -r line || exit 0; done
EOF
    given_suite 'latency_p99: 5s'
    mlops -q test fraud --suite speed
    cat > p/serve.sh <<'EOF'
while read -r line; do case $line in "[{"*"},{"*"}]") echo ok;; *) exit 9;; esac; done
EOF
    sed -i 's/count: 400/count: 10, batch: 2/' p/mlops.yaml
    mlops -q register p
    mlops -q test fraud --suite speed
    sed -i 's/batch: 2/batch: 51/' p/mlops.yaml
    mlops -q register p
    run mlops --json test fraud --suite speed
    [ "$(suite '[.status, .message] | join(" ")')" = 'error no requests can be made: data/holdout.csv has fewer than the 51 rows of a request' ]
}

@test "a predict command that dies, says nothing or is not there fails in its own words" {
    given_suite 'latency_p99: 5s' 'read -r a; echo 1; echo no more >&2; exit 7'
    run mlops --json test fraud --suite speed
    [ "$(suite .message)" = 'the predict command answered 1 of 420 requests: exit status 7' ]
    [ "$(suite .output)" = 'no more' ]
    given_suite 'latency_p99: 5s' 'exit 0'
    run mlops --json test fraud --suite speed
    [ "$(suite .message)" = 'the predict command answered 0 of 420 requests: it ended' ]
    given_suite 'latency_p99: 5s' 'no-such-program'
    run mlops --json test fraud --suite speed
    [[ "$(suite .message)" == *'command not found'* ]]
    [ -z "$(find .mlops -path '*test-*' -name predict)" ]
}

@test "budgets that make no sense are refused with their line" {
    refused() {
        run mlops register p
        [ "$status" -eq 2 ]
        [[ "$output" == *"$1"* ]]
    }
    given_suite 'size: 4MB' || true
    sed -i 's/require: .*/require: {size: 4 apples}/; /requests/d' p/mlops.yaml
    refused "mlops.yaml:11: '4 apples' is no budget for 'size'"
    sed -i 's/require: .*/require: {latency_p99: fast}/' p/mlops.yaml
    refused "'fast' is no budget for 'latency_p99': a time was expected"
    sed -i 's/require: .*/require: {latency_p99: 5ms, auc: ">= 0.5"}/' p/mlops.yaml
    refused "'auc' is computed of predictions"
    sed -i 's/require: .*/require: {latency_p99: 5ms}/; /^predict/d' p/mlops.yaml
    refused 'a latency is that of the predict command'
}

# given_policy DEMANDS: of the stage production, of metrics.
given_policy() {
    printf 'stages: {production: {requirements: met, metrics: {%s}}}\n' "$1" > policy.yaml
    mlops -q policy set fraud policy.yaml
}

# gate NAME WHAT: of the last `mlops --json promote`.
gate() {
    jq -r --arg gate "$1" ".gates[] | select(.gate == \$gate) | $2" <<<"$output"
}

@test "a policy has budgets of its own, whatever the project file asks" {
    given_suite 'latency_p99: 1h, latency_p50: "< 5s at 99%"'
    given_policy 'size: <= 2 MB, latency_p90: 1us'
    run mlops --json promote fraud --to production
    [ "$status" -eq 1 ]
    [ "$(gate metrics .detail)" = 'no metrics of speed are recorded' ]
    [ "$(gate thresholds .detail)" = 'size <= 2 MB: 3 MB > 2 MB; latency_p90 is recorded of no suite: a performance suite that requires a latency records all' ]
    mlops -q test fraud --suite speed
    run mlops --json promote fraud --to production
    [ "$status" -eq 1 ]
    # the author's hold, each by what is recorded
    [ "$(gate metrics .detail)" = '2 of 2 requirements met' ]
    [[ "$(gate metrics '.evidence[0]')" == 'speed: latency_p99 1h is met: '*' <= 3600 s, '*' at 95 %: 400 requests, sandbox '*' cores' ]]
    [[ "$(gate metrics '.evidence[1]')" == 'speed: latency_p50 < 5s at 99% is met: '*' < 5 s, '*' at 99 %: 400 requests, '* ]]
    # the policy's do not
    [ "$(gate thresholds '.evidence[0]')" = 'the artifacts: size <= 2 MB is NOT met: 3 MB > 2 MB' ]
    [[ "$(gate thresholds '.evidence[1]')" == 'speed: latency_p90 1us is NOT met: '*' > 1 µs, '*': 400 requests, '* ]]
    run mlops policy check fraud
    [ "$status" -eq 0 ]
    given_policy 'size: 4MB, speed.latency_p90: "< 5s at 95%", latency_p50: 5s'
    run mlops promote fraud --to production
    [ "$status" -eq 0 ]
    [[ "$output" == *'3 of 3 metrics are what the policy demands'*'the artifacts: size 4MB is met: 3 MB <= 4 MB'* ]]
    # what is there is held against another policy
    given_policy 'latency_p99: 1us, latency_p50: "5s at 90%"'
    run mlops policy check fraud
    [ "$status" -eq 1 ]
    [[ "$output" == *'speed: latency_p99 1us is NOT met: '* ]]
    [[ "$output" == *'the interval of latency_p50 is at 99%, not at 90%'* ]]
}
