#!/usr/bin/env bats
# Versions found by what they are made of.
load common

# fraud@1 to @4: depth 2, 4, 6, 8 and auc 0.80, 0.92, 0.95, 0.91; @4 has a metric more.
setup() {
    cli_setup
    given_registry
    given_project p
    local n=0 auc
    for auc in 0.80 0.92 0.95 0.91; do
        n=$((n + 1))
        mlops -q package p --register --param depth=$((n * 2)) --param "kind=tree$n" \
            --metric auc=$auc $([ $n = 4 ] && echo --metric recall=0.5) > /dev/null
    done
}

# found CONDITION OPTION… prints the numbers of the versions.
found() {
    mlops --json list fraud --where "$@" | jq -r '[.versions[].version] | join(" ")'
}

@test "versions are found by metrics and parameters" {
    [ "$(found 'metrics.auc > 0.9')" = "4 3 2" ]
    [ "$(found 'metrics.auc > 0.9 and params.depth <= 6')" = "3 2" ]
    [ "$(found 'metrics.auc > 0.9 and params.depth <= 6' --sort -metrics.auc)" = "3 2" ]
    [ "$(found 'metrics.recall')" = 4 ]
    [ "$(found 'not metrics.recall')" = "3 2 1" ]
    [ "$(found 'params.kind ~ "[12]$"')" = "2 1" ]
    [ "$(found 'params.rate = 0.1 and files > 1 and bytes > 10 and age < 1h')" = "4 3 2 1" ]
    [ "$(found 'version >= 3 or metrics.auc < 0.85')" = "4 3 1" ]
    [ "$(found 'created > 2100-01-01')" = "" ]
}

@test "they are sorted, missing values last, and cut" {
    [ "$(mlops --json list --sort metrics.auc | jq -c '[.versions[].version]')" = '[1,4,2,3]' ]
    [ "$(mlops --json list --sort -metrics.auc --limit 2 | jq -c '[.versions[].version]')" = '[3,2]' ]
    [ "$(mlops --json list --sort -metrics.recall,version | jq -c '[.versions[].version]')" = '[4,1,2,3]' ]
    [ "$(mlops --json list --sort metrics.recall,-version | jq -c '[.versions[].version]')" = '[4,3,2,1]' ]
}

@test "the values that were asked for are shown" {
    run --separate-stderr mlops list fraud --where 'metrics.auc > 0.93' --sort params.depth
    ended 0 "fraud@3" "0.95" " 6 "
    run mlops --json list fraud --where 'metrics.auc > 0.93 and params.kind = tree3'
    jq -e '.versions[0].values == {"metrics.auc": 0.95, "params.kind": "tree3"}' <<< "$output"
}

@test "versions are found by stage and by data" {
    given_promoted fraud@2 dev
    [ "$(found 'stage = dev')" = 2 ]
    [ "$(found 'not stage')" = "4 3 1" ]
    digest=sha256:$(sha256sum p/data/train.csv | cut -d ' ' -f 1)
    [ "$(found "data.train = $digest and data.train.rows = 200")" = "4 3 2 1" ]
    [ "$(found "data.train = ${digest:0:17}")" = "4 3 2 1" ]
    echo 1,a,0.5,1 >> p/data/train.csv
    mlops -q register p > /dev/null
    [ "$(found "data.train != $digest")" = 5 ]
}

@test "a condition that is wrong says where" {
    run mlops list --where 'metrics.auc > high'
    ended 2 "wrong at character 15: 'metrics.auc' is compared with a number, and 'high' is none"
    run mlops list --where 'metric.auc > 1'
    ended 2 "character 1" "did you mean 'metrics.auc'?"
    run mlops list --sort loss
    ended 2 "the order: versions have no field 'loss'"
    run mlops list --where ''
    ended 2 "the condition is empty"
    run mlops list nothing --where 'version = 1'
    ended 3 "no model called 'nothing'"
}

@test "parameters of the command line stand over those of the file" {
    run mlops --json show fraud
    jq -e '.manifest.params == {"round": 1, "rate": 0.1, "depth": 8, "kind": "tree4"}
        and .manifest.metrics == {"auc": 0.91, "recall": 0.5}' <<< "$output"
    run mlops --json package p --param rate=2 --param a.b=x --param on=true --param none=null
    id=$(jq -r .bundle <<< "$output")
    mlops --json show "$id" | jq -e '.manifest.params == {"round": 1, "rate": 2, "a": {"b": "x"},
        "on": true, "none": null}'
    [ "$(mlops package p --param rate=2 --param a.b=x --param on=true --param none=null 2>/dev/null)" = "$id" ]
    [ "$(mlops package p 2>/dev/null)" != "$id" ]
}

@test "what is no KEY=VALUE, or no number, is refused" {
    run mlops package p --param depth
    ended 2 "--param: 'depth' is not KEY=VALUE"
    run mlops package p --metric auc=high
    ended 2 "--metric: 'high' is not a number"
    run mlops package p --param rate.deep=1
    ended 2 "'rate' is a value, and cannot hold others"
    run mlops package p --param ..=1
    ended 2 "empty part"
    run mlops package p --param $'a=\x01'
    ended 2 "control characters"
}

@test "parameters come from TOML and key = value files, too" {
    sed -i 's/params.yaml/params.toml/' p/mlops.yaml
    printf 'seed = 7\nsince = 2026-05-03\n[model]\ndepth = 5 # few\nname = "x"\n' > p/params.toml
    mlops -q register p > /dev/null
    [ "$(found 'params.model.depth = 5 and params.model.name = x and params.seed = 7')" = 5 ]
    [ "$(found 'params.since = 2026-05-03')" = 5 ]
    echo 'seed = nan' > p/params.toml
    run mlops package p
    ended 2 "'seed' is too large a number"
    sed -i 's/params.toml/params.cfg/' p/mlops.yaml
    printf 'seed = 8\n; few\n[model]\nname = a plain text\n' > p/params.cfg
    mlops -q register p > /dev/null
    [ "$(found 'params.model.name = "a plain text" and params.seed = 8')" = 6 ]
    echo 'name = again' >> p/params.cfg
    run mlops package p
    ended 2 "params.cfg:5: 'name' stands twice"
}
