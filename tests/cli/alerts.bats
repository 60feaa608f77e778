#!/usr/bin/env bats
# Rules judged over what a model does in production: alerts open and resolve, and a rollback heeds them.
load common
load events

setup() {
    cli_setup
    given_registered fraud@2
    now=$(date +%s)
}

promoted() {
    for version in "$@"; do
        mlops -q test "fraud@$version"
        mlops -q promote "fraud@$version" --to production
    done
}

at() {
    date -u -d "@$((now - $1))" +%Y-%m-%dT%H:%M:%SZ
}

# ingested VERSION SECONDS_AGO COUNT LATENCY [AGE]: what was `served`, counted.
ingested() {
    served "$@" > events
    mlops -q monitor ingest fraud events
}

@test "a rule is set, listed, judged, replaced and removed" {
    run mlops monitor rule fraud 'slow=latency_p99 <= 250ms over 5m severity critical'
    ended 0 "rule slow is set"
    run mlops monitor rule fraud
    ended 0 "slow  latency_p99 <= 250ms over 5m severity critical"
    run mlops monitor rule fraud 'slow=latency_p99 < 300'
    run --separate-stderr mlops --json monitor rule fraud
    jq -e '.rules | length == 1 and .[0].rule == "latency_p99 < 300"' <<<"$output"
    run mlops monitor rule fraud slow=
    ended 0 "removed"
    run mlops monitor rule fraud slow=
    ended 3 "fraud has no rule 'slow'"
    [[ "$(mlops log fraud)" == *"slow: latency_p99 < 300"* ]]
}

@test "what is no rule is refused with what to write" {
    run mlops monitor rule fraud 'slow=latencyp99 <= 250'
    ended 2 "'latencyp99' is not a measure" "latency_p99"
    run mlops monitor rule fraud 'slow=latency_p99 = 250'
    ended 2 "is not one of <= < >= >"
    run mlops monitor rule fraud 'slow=error_rate <= 5m'
    ended 2 "'5m' is not a limit of error_rate"
    run mlops monitor rule fraud 'slow=error_rate <= 1 over'
    ended 2 "a rule is a measure"
    run mlops monitor rule fraud 'slow=error_rate <= 1 over 0s'
    ended 2 "nothing can be measured over"
    run mlops monitor rule fraud slow
    ended 2 "is not NAME=RULE"
    run mlops monitor rule ghost 'a=events > 1'
    ended 3
}

@test "an alert opens once, waits for its durations, and resolves" {
    promoted 1
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 5m for 2m recover 3m'
    ingested 1 3600 600 100
    ingested 1 3000 600 900
    ingested 1 2400 900 100
    run --separate-stderr mlops --json monitor check fraud --at "$(at 3100)"
    ended 0
    jq -e '.open == 0 and .rules == 1 and .unknown == 0 and .alerts == []' <<<"$output"
    run --separate-stderr mlops --json monitor check fraud --at "$(at 2800)"
    ended 0
    jq -e '.alerts[0] | .state == "pending" and .rule == "slow"' <<<"$output"
    run --separate-stderr mlops --json monitor check fraud --at "$(at 2600)"
    ended 1
    jq -e '.open == 1 and (.alerts[0] | .state == "open" and .changed)' <<<"$output"
    run --separate-stderr mlops --json monitor check fraud --at "$(at 2500)"
    ended 1
    jq -e '.alerts | length == 1 and (.[0].changed | not)' <<<"$output"
    run mlops monitor alerts fraud
    ended 0 "open  slow  fraud@1 in production" "mlops rollback fraud --stage production"
    mlops --json monitor check fraud --at "$(at 1900)" || [ $? -eq 1 ]
    run --separate-stderr mlops --json monitor check fraud --at "$(at 1700)"
    ended 0
    jq -e '.alerts[0] | .state == "resolved" and .changed' <<<"$output"
    run mlops monitor alerts fraud
    ended 0 "no alerts are open"
    run --separate-stderr mlops --json monitor alerts fraud --all
    jq -e '.alerts | length == 1' <<<"$output"
}

@test "drift alerts name the features that moved" {
    promoted 1
    mlops -q monitor rule fraud 'moved=drift <= 0'
    ingested 1 1800 1500 10 400
    run mlops monitor check fraud
    ended 1 "drift is" "moved: age: "
}

@test "a rollback that asks moves while an alert is open, and the soak heeds it" {
    promoted 1 2
    ingested 2 1200 1200 900
    run mlops monitor check fraud
    ended 0 "0 rules"
    run mlops rollback fraud --if-alerting
    ended 0
    [ "$(mlops --json show fraud@production | jq .version)" = 2 ]
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m'
    run mlops monitor check fraud
    ended 1 "open  slow  fraud@2"
    run --separate-stderr mlops --json rollback fraud --if-alerting
    ended 0
    jq -e '.from == 2 and .to == 1' <<<"$output"
    run --separate-stderr mlops --json monitor check fraud
    ended 0
    jq -e '.version == 1 and .open == 0 and .alerts[0].state == "resolved"' <<<"$output"
    mlops log --verify
    run mlops log fraud
    ended 0 "alert" "slow, warning: latency_p99 is" "resolve"
}

@test "a policy lets nothing in that comes from where an alert is open" {
    mlops -q test fraud@2
    mlops -q promote fraud@2 --to staging
    printf 'stages: {staging: , production: {from: staging with no open alert}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m'
    ingested 2 900 900 900
    sed -i 's/"version"/"stage":"staging","version"/' events
    mlops -q monitor ingest fraud events
    run mlops monitor check fraud --stage staging
    ended 1 "fraud@2 in staging"
    run mlops promote fraud@2 --to production
    ended 1 "slow"
    mlops -q monitor rule fraud 'slow=latency_p99 <= 2s over 10m'
    mlops -q monitor check fraud --stage staging
    run mlops promote fraud@2 --to production
    ended 0
}

@test "a rule may be held against last week, training or another version" {
    promoted 1
    ingested 1 605400 600 100
    ingested 1 600 600 400
    mlops -q monitor rule fraud 'slower=latency_p99 <= 1.5x over 10m against week'
    mlops -q monitor rule fraud 'steady=score_mean <= 0.1 over 10m against week'
    mlops -q monitor rule fraud 'like=positives <= 0.1 over 10m against training'
    mlops -q monitor rule fraud 'other=error_rate <= 0 over 10m against @2'
    run --separate-stderr mlops --json monitor check fraud
    ended 1
    jq -e '.rules == 4 and .unknown == 1 and .open == 2' <<<"$output"
    jq -re '.alerts[] | select(.rule == "slower") | .what' <<<"$output" | grep "7 days before: times [34]"
    # a fifth of the snapshot is positive, half of what was answered is
    jq -re '.alerts[] | select(.rule == "like") | .what' <<<"$output" | grep "was 0.2 in training: changed by 0.3"
}

@test "an objective's budget burns over a long and a short window, or nobody is woken" {
    promoted 1
    mlops -q monitor rule fraud 'page=burn_rate <= 14.4 over 1h slo 99.9% severity critical'
    awk -v now="$now" 'BEGIN { for (i = 0; i < 3600; i++) # a bad quarter of an hour, over since half an hour
        printf("{\"time\":%d,\"id\":%d,\"version\":1,\"error\":%s}\n", now - 3600 + i, i,
            i >= 900 && i < 1800 && i % 10 == 0 ? "true" : "false") }' > events
    mlops -q monitor ingest fraud events
    run mlops monitor check fraud
    ended 0 "0 alerts open"
    run mlops monitor check fraud --at "$(at 1800)"
    ended 1 "burn_rate is" "over the last 5 minutes" "critical"
    run mlops monitor rule fraud 'page=burn_rate <= 14.4'
    ended 2 "slo 99.9%"
}

@test "detectors find that the errors of labelled predictions began to grow" {
    promoted 1
    awk -v now="$now" 'BEGIN { for (i = 0; i < 3000; i++)
        printf("{\"time\":%d,\"id\":%d,\"version\":1,\"prediction\":1}\n", now - 3060 + i, i) }' > events
    # a tenth is wrong, and after a while a half; the labels come in another order
    awk 'BEGIN { for (i = 2999; i >= 0; i--)
        printf("{\"id\":%d,\"label\":%d}\n", i, i % 10 == 0 || (i > 2000 && i % 2 == 0) ? 0 : 1) }' > labels
    mlops -q monitor ingest fraud events
    for detector in adwin ddm hddm_a hddm_w page_hinkley shift; do
        mlops -q monitor rule fraud "$detector=$detector < 1 over 2h"
    done
    run --separate-stderr mlops --json monitor check fraud
    ended 0
    jq -e '.unknown == 6' <<<"$output"
    mlops -q monitor label fraud labels
    run --separate-stderr mlops --json monitor check fraud
    ended 1
    jq -e '[.alerts[].rule] | contains(["adwin", "ddm", "hddm_a", "hddm_w", "shift"])' <<<"$output"
    jq -re '.alerts[] | select(.rule == "ddm") | .what' <<<"$output" |
        grep "ddm found [0-9]* drifts* among the errors of 3000 labelled predictions, the last at"
}

@test "performance is estimated before labels come, by scores calibrated on those that came" {
    promoted 1
    # scores of 0.9 are right in four of five cases, those of 0.1 always; and then scores come closer
    awk -v now="$now" 'BEGIN { for (i = 0; i < 2000; i++) {
        printf("{\"time\":%d,\"id\":%d,\"version\":1,\"score\":%s}\n", now - 9000 + i, i, i % 2 ? "0.9" : "0.1") > "events"
        printf("{\"id\":%d,\"label\":%d}\n", i, i % 2 && i % 10 != 1) > "labels" }
      for (i = 2000; i < 2600; i++)
        printf("{\"time\":%d,\"id\":%d,\"version\":1,\"score\":%s}\n", now - 600 + i - 2000, i, i % 2 ? "0.9" : "0.1") > "events" }'
    mlops -q monitor ingest fraud events
    run --separate-stderr mlops --json monitor status fraud --since 10m
    jq -e '.groups[0].estimate | .events == 600 and (.calibrated | not) and (.accuracy - 0.9 | fabs < 1e-9)' <<<"$output"
    mlops -q monitor rule fraud 'expected=estimated_accuracy >= 0.95 over 10m'
    mlops -q monitor label fraud labels
    run --separate-stderr mlops --json monitor status fraud --since 10m
    # four fifths of 0.9 are right, all of 0.1
    jq -e '.groups[0].estimate | .calibrated and (.accuracy - 0.9 | fabs < 1e-9) and (.precision - 0.8 | fabs < 1e-9) and
        (.recall - 1 | fabs < 1e-9) and (.fpr - 1/6 | fabs < 1e-9)' <<<"$output"
    run mlops monitor status fraud --since 10m
    ended 0 "expected by its own scores, calibrated: accuracy 0.9000"
    run mlops monitor check fraud --at "$(at 0)" # all of them, however long that took
    ended 1 "estimated_accuracy is 0.9 (by its own scores, calibrated)"
    run mlops monitor rule fraud 'e=estimated_auc >= 0.9 short 1m'
    ended 2 "no short window"
}

@test "a silence names who, why and until when, and mutes without hiding" {
    promoted 1
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m'
    ingested 1 600 600 900
    run mlops monitor silence add fraud 'rule=slow' --until 2h --reason 'load test'
    ended 0 "silence" "holds"
    run --separate-stderr mlops --json monitor check fraud
    ended 1
    jq -e '.open == 1 and .silenced == 1 and .alerts[0].silenced' <<<"$output"
    run mlops monitor alerts fraud
    ended 0 "silenced"
    run --separate-stderr mlops --json monitor silence list fraud
    jq -e '.silences[0] | .matchers == "rule=slow" and .reason == "load test" and .author == "tester@cli"' <<<"$output"
    id=$(jq '.silences[0].id' <<<"$output")
    run mlops monitor silence remove fraud "$id"
    ended 0 "is over"
    run mlops monitor silence remove fraud "$id"
    ended 3 "that is not over"
    run --separate-stderr mlops --json monitor check fraud
    jq -e '.silenced == 0' <<<"$output"
    run mlops monitor silence list fraud
    ended 0 "nothing is silenced"
    run mlops log fraud
    ended 0 "silence" "rule=slow until" "load test" "unsilence"
    mlops log --verify
}

@test "a silence without end, reason or matcher is refused" {
    run mlops monitor silence add fraud rule=slow --reason x
    ended 2 "until when"
    run mlops monitor silence add fraud rule=slow --until 1h
    ended 2 "needs a reason" "say why with --reason"
    run mlops monitor silence add fraud --until 1h --reason x
    ended 2 "which alerts"
    run mlops monitor silence add fraud slow --until 1h --reason x
    ended 2 "matches no alert"
    run mlops monitor silence add fraud rule=slow --until 2020-01-01 --reason x
    ended 2 "not over"
    run mlops monitor silence add ghost rule=slow --until 1h --reason x
    ended 3
    run mlops monitor silence drop fraud
    ended 2 "add list remove"
}

@test "traffic and alerts are exported for Prometheus, whose own lint passes" {
    promoted 1
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms'
    ingested 1 600 300 900
    run mlops monitor check fraud
    run --separate-stderr mlops monitor export fraud
    ended 0 'mlops_events{model="fraud",version="1",stage="production",segment="",shadow="false"} 300' \
        'mlops_alert_open{model="fraud",version="1",stage="production",rule="slow",severity="warning"} 1'
    [ "${lines[-1]}" = "# EOF" ]
    mlops monitor export fraud fraud.prom
    [ "$(cat fraud.prom)" = "$output" ] && [ ! -e fraud.prom.new ]
    run mlops monitor export ghost
    ended 3
    command -v promtool > promtool || skip "promtool is not installed (Debian: prometheus)"
    promtool check metrics < fraud.prom
}

@test "windows are exported as CSV and JSON, and a dashboard shows what Prometheus gets" {
    promoted 1
    ingested 1 600 300 900
    mlops monitor export fraud windows.csv --format csv --since 1h
    [ "$(head -1 windows.csv)" = start,seconds,version,stage,segment,shadow,events,errors,latency_p50,latency_p90,latency_p99,latency_p999,positives,score_mean,labelled,accuracy,precision,recall,fpr,auc,brier ]
    python3 -c 'import csv
rows = list(csv.DictReader(open("windows.csv")))
assert sum(int(row["events"]) for row in rows) == 300 and len(rows) >= 5, rows
assert all(row["seconds"] == "60" and row["accuracy"] == "" and 890 < float(row["latency_p99"]) < 910 for row in rows)'
    run --separate-stderr mlops monitor export fraud --format json
    ended 0
    jq -e 'map(.events) | add == 300' <<<"$output"
    jq -e '.[0] | .seconds == 3600 and .accuracy == null and .stage == "production"' <<<"$output"
    run --separate-stderr mlops monitor export fraud --format grafana
    ended 0
    # grafana.com/docs, dashboard JSON model
    jq -e '.schemaVersion == 37 and .title == "mlops: fraud" and (.panels | length >= 8) and
        ([.panels[].id] | unique | length) == (.panels | length) and
        all(.panels[]; .gridPos.x + .gridPos.w <= 24 and (.targets | length > 0) and .datasource.uid == "${source}") and
        ([.templating.list[].name] == ["source", "model", "stage", "version"])' <<<"$output"
    # every metric of it is one that is exported
    mlops monitor export fraud fraud.prom
    for metric in $(jq -r '.panels[].targets[].expr | split("{")[0]' <<<"$output"); do
        grep -q "^# TYPE $metric gauge$" fraud.prom
    done
    run mlops monitor export fraud --format xml
    ended 2
    run mlops monitor export ghost --format csv
    ended 3
}

@test "nothing in the stage, or no such model: exit 3" {
    run mlops monitor check fraud
    ended 3 "nothing of fraud is in production"
    run mlops monitor check ghost
    ended 3
}

@test "an alert says what, how sure, since when, the cause, and the commands to look and to go back" {
    promoted 1 2
    mlops -q monitor rule fraud 'moved=drift <= 0.1 over 1h severity critical'
    mlops -q monitor rule fraud 'failing=error_rate <= 0.1 over 1h'
    ingested 2 1200 600 100 80
    sed 's/}$/,"status":500}/; s/"id":"/"id":"e/' events | mlops -q monitor ingest fraud -
    run --separate-stderr mlops --json monitor check fraud
    ended 1
    jq -e '.alerts | length == 2 and all(.since != null and .cause != "" and
        (.cause | contains("age: median")))' <<<"$output"
    jq -e '.alerts[] | select(.rule == "failing") | .what |
        test("error_rate is 0.5 \\(95 %: 0.4[0-9]* to 0.5[0-9]*, all of it beyond\\)")' <<<"$output"
    jq -e '.alerts[] | select(.rule == "moved") | .what | test("^drift is .*; the rule: drift <= 0.1")' <<<"$output"
    look=$(jq -r '.alerts[0].look' <<<"$output") back=$(jq -r '.alerts[0].back' <<<"$output")
    run $look
    ended 0 "features against training" "age"
    run $back
    ended 0
    run --separate-stderr mlops --json list fraud
    jq -e '.versions[] | select(.version == 1) | .stages | index("production") != null' <<<"$output"
}
