#!/usr/bin/env bats
# What a model means for the business: series of money, what they go with, and what errors cost.
load common

setup() {
    cli_setup
    given_project project fraud 1
    printf 'monitor:\n  cost: {fp: 5, fn: 120}\n' >> project/mlops.yaml
    given_registry
    mlops -q register project
}

# Sixty days of 50 events, of which every fifth is fraud. A level of each day, half of it yesterday's,
# says how old those who pay are and how many of the 10 frauds are missed. Loss follows that level two
# days later, with noise and a week of its own; approvals are noise and the week alone. Labels come a
# month at a time, and of the last five days none.
given_days() {
    awk 'function noise() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 - 0.5 }
    BEGIN {
        seed = 11
        for (day = -2; day < 60; day++)
            level[day] = 0.5 * level[day - 1] + 2 * noise()
        print "date,value" > "loss.csv"
        for (day = 0; day < 60; day++) {
            date = sprintf("2026-%02d-%02d", day < 31 ? 3 : 4, day < 31 ? day + 1 : day - 30)
            month = int(day / 30)
            if (day % 30 == 0)
                print "id,label" > "labels" month
            missed = int(5 + 3 * level[day] + noise())
            for (i = 0; i < 50; i++) {
                fraud = i % 5 == 0
                caught = fraud && i / 5 >= missed
                printf("{\"time\":\"%sT10:%02d:00Z\",\"id\":\"%d-%d\",\"version\":1,\"features\":{" \
                    "\"age\":%d,\"city\":\"a\"},\"prediction\":%d,\"latency_ms\":%d}\n", date, i,
                    day, i, 30 + 10 * level[day] + 8 * noise(), caught, 20 + 5 * noise()) \
                    > "events" month
                if (day < 55)
                    printf("%d-%d,%d\n", day, i, fraud) > "labels" month
            }
            weekend = day % 7 > 4
            printf("%s,%.1f\n", date, 500 + 200 * level[day - 2] + 60 * noise() - 150 * weekend) \
                > "loss.csv"
            printf("{\"date\":\"%s\",\"value\":%.0f}\n", date,
                900 + 40 * noise() - 300 * weekend) > "approvals.jsonl"
        }
    }'
    for month in 0 1; do
        mlops -q monitor ingest fraud events$month
        mlops -q monitor label fraud labels$month
    done
}

@test "a series is added, listed, corrected and removed, and the log says so" {
    printf 'date,value\n2026-03-01,10\n2026-03-02,12.5\n' > loss.csv
    run mlops monitor business add fraud loss loss.csv
    ended 0 "loss: 2 days, 0 replaced, 0 unchanged"
    printf '{"date":"2026-03-02","value":13}\n{"date":"2026-03-03","value":-1e2}\n' > more.jsonl
    run bash -c 'mlops monitor business add fraud loss - < more.jsonl'
    ended 0 "loss: 2 days, 1 replaced, 0 unchanged"
    entries=$(mlops log fraud | wc -l)
    run mlops monitor business add fraud loss more.jsonl
    ended 0 "2 unchanged"
    [ "$(mlops log fraud | wc -l)" -eq "$entries" ]
    run mlops monitor business list fraud
    ended 0 "loss  3 days, 2026-03-01 to 2026-03-03, last -100, mean -25.6667"
    run --separate-stderr mlops --json monitor business list fraud
    jq -e '.series[0] | .name == "loss" and .days == 3 and .last_value == -100' <<<"$output"
    run mlops log fraud
    ended 0 "loss: 2 days, 2026-03-01 to 2026-03-02, 0 replaced"
    run mlops monitor business remove fraud loss
    ended 0 "series loss is removed"
    run mlops monitor business remove fraud loss
    ended 3 "fraud has no series 'loss'"
    run mlops monitor business list fraud
    ended 0 "no series"
}

@test "a file that is no series is refused whole, with the line" {
    refused() {
        printf "$1" > bad.csv
        run mlops monitor business add fraud loss bad.csv
        ended 2 "${@:2}"
    }
    refused 'date,value\n2026-03-01,1\n2026-03-32,2\n' "bad.csv:3: '2026-03-32' is no date" 2026-05-03
    refused 'date,value\n2026-03-01,1\n2026-03-02T10:00:00Z,2\n' "bad.csv:3" "is no date"
    refused 'date,value\n2026-03-01,many\n' "bad.csv:2: 'many' is no number"
    refused 'date,value\n2026-03-01,inf\n' "bad.csv:2: 'inf' is no number"
    refused 'date,value\n2026-03-01,\n' "bad.csv:2: no value"
    refused 'date,value\n2026-03-01,1\n2026-03-01,2\n' "bad.csv:3: the day of line 2 once more"
    refused 'day,value\n2026-03-01,1\n' "a series has no 'date'"
    run mlops monitor business add fraud loss nowhere.csv
    ended 3
    run mlops monitor business add ghost loss bad.csv
    ended 3
    run mlops monitor business add fraud 'a b' bad.csv
    ended 2 "a b"
    run mlops monitor business add fraud loss
    ended 2 "name the SERIES and its FILE" "date,value"
    run mlops monitor business list fraud
    ended 0 "no series"
}

@test "a series goes with the measure that moved before it, and not with a common week" {
    given_days
    mlops -q monitor business add fraud loss loss.csv
    mlops -q monitor business add fraud approvals approvals.jsonl
    run --separate-stderr mlops --json monitor business show fraud --lags 5
    ended 0
    jq -e '[.links[] | select(.series == "loss" and .found) | .measure]
        | index("missed") and index("recall")' <<<"$output"
    jq -e '.links[] | select(.series == "loss" and .measure == "missed")
        | .lag == 2 and .r > 0.7 and .low > 0.3 and .effective < .days and .q < 0.01' <<<"$output"
    jq -e '.links[] | select(.series == "loss" and .measure == "recall") | .r < -0.7' <<<"$output"
    jq -e '[.links[] | select(.series == "approvals" and .found)] == []' <<<"$output"
    jq -e '.tests > 50' <<<"$output"
    run mlops monitor business show fraud loss
    ended 0 "goes with" "2 days before  r +0."
    [[ "$output" != *approvals* ]]
    run mlops monitor business show fraud sales
    ended 3 "fraud has no series 'sales'"
    run mlops monitor business show fraud --lags 1000
    ended 2 "at most 60 days"
}

@test "errors cost what the project says, and what has no label yet is said" {
    given_days
    run --separate-stderr mlops --json monitor business show fraud
    ended 0
    jq -e '.costs | .from == "monitor" and .fp == 5 and .fn == 120 and .labelled == 2750 and
        .unlabelled == 250' <<<"$output"
    jq -e '.costs.missed == ([.days[].missed] | add) * 120 and .costs.missed > 0' <<<"$output"
    jq -e '.days | length == 60 and .[59].labelled == 0 and .[0].events == 50' <<<"$output"
    # the same from the events and labels themselves
    want=$(jq -r '"\(.id),\(.prediction)"' events0 events1 | sort -t, -k1,1 |
        join -t, - <(grep -hv id labels0 labels1 | sort -t, -k1,1) | awk -F, '$2 == 0 && $3 == 1' | wc -l)
    jq -e --argjson want "$want" '([.days[].missed] | add) == $want' <<<"$output"
    run mlops monitor business show fraud
    ended 0 "missed: $want, cost $((want * 120))" "(costs of monitor)" \
        "250 of 3000 (8.3 %) have no label yet"
}

@test "a project without costs says how to give them, and a wrong one is refused with its line" {
    given_project plain plain 1
    mlops -q register plain
    echo '{"time":"2026-03-01T10:00:00Z","id":"a","version":1,"prediction":1}' |
        mlops -q monitor ingest plain -
    run mlops monitor business show plain
    ended 0 "cost: {fp: 5, fn: 120}"
    sed -i 's/cost:.*/cost: {fp: much}/' project/mlops.yaml
    run mlops package project
    ended 2 "'fp' must be an amount of money"
    sed -i 's/cost:.*/cost: {tp: 1}/' project/mlops.yaml
    run mlops package project
    ended 2 "tp"
    sed -i 's/cost:.*/cost: 5/' project/mlops.yaml
    run mlops package project
    ended 2 "'cost' must be a map such as {fp: 5, fn: 120}"
}

@test "the costs of the policy go before those of the project" {
    given_days
    printf 'stages:\n  production:\nmonitor:\n  cost: {fp: 2.5, fn: 1000}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run --separate-stderr mlops --json monitor business show fraud
    jq -e '.costs | .from == "policy 1 of fraud" and .fp == 2.5 and .fn == 1000' <<<"$output"
    jq -e '.costs.missed == ([.days[].missed] | add) * 1000 and .costs.missed > 0' <<<"$output"
    mlops policy show fraud > shown.yaml
    grep -q 'cost: {fp: 2.5, fn: 1000}' shown.yaml
    run mlops policy set fraud shown.yaml
    ended 0
    printf 'stages:\n  production:\nmonitor:\n  cost: {fp: 2.5, fn: -1}\n' > policy.yaml
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:4: 'fn' must be an amount of money"
    printf 'stages:\n  production:\nmonitor:\n  cost: {fp: 2.5}\n' > policy.yaml
    run mlops policy set fraud policy.yaml
    ended 2 "'cost' has no 'fn'"
}
