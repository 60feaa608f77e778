#!/usr/bin/env bats
# What a version was made from: recorded in its bundle, shown, searched, and kept from deletion.
load common

setup() {
    cli_setup
    given_registered fraud@3
}

@test "a version that another was made from is not deleted" {
    given_project child fraud 40
    run mlops package child --parent fraud@1 --parent fraud@2 --parent fraud@1 --run run-7 --register
    ended 0
    mlops --json show fraud@4 | jq -e '.manifest.lineage | .run == "run-7" and
        (.parents | length == 2 and all(.model == "fraud"))'
    run mlops show fraud@4
    ended 0 "made from" "run-7" "$(mlops --json show fraud@1 | jq -r .bundle)"
    [ "$(mlops --json list --where "lineage.run = 'run-7'" | jq .versions[].version)" = 4 ]
    run mlops delete fraud@2
    ended 4 "fraud@2 is needed: fraud@4 was made from it" "mlops retire fraud@2"
    mlops delete fraud@3
    mlops delete fraud@4
    mlops delete fraud@2
    mlops restore fraud@2
    mlops restore fraud@4
    run mlops delete fraud@2
    ended 4 "fraud@4 was made from it"
}

@test "lineage is part of the id, in whatever order it is said, and only where it is said" {
    given_project child fraud 40
    local none one two
    none=$(mlops package child)
    one=$(mlops package child --parent fraud@1 --parent fraud@2)
    two=$(mlops package child --parent fraud@2 --parent fraud@1)
    [ "$one" = "$two" ]
    [ "$one" != "$none" ]
    [ "$(mlops package child --parent fraud@1)" != "$one" ]
    [ "$(mlops package child)" = "$none" ]
    mlops --json show "$none" | jq -e '.manifest | has("lineage") | not'
}

@test "parents that are not there, and bad runs, are refused" {
    given_project child fraud 40
    run mlops package child --parent fraud@9
    ended 3 "--parent fraud@9"
    local id
    id=$(mlops package child)
    run mlops package child --parent "$id"
    ended 2 "is not registered" "register it first"
    run mlops package child --run ""
    ended 2 "--run must be"
    run mlops package child --run $'a\x01'
    ended 2 "--run must be"
}

@test "the project file says parents and run, and options add to it" {
    given_project child fraud 40
    said=$(mlops package child --parent fraud@1 --run r1)
    printf 'lineage: {parents: fraud@1, run: r1}\n' >> child/mlops.yaml
    mlops --json package child | jq -r .bundle > id
    [ "$(mlops --json show "$(cat id)" | jq -c .manifest.lineage)" = \
        "$(mlops --json show "$said" | jq -c .manifest.lineage)" ]
    id=$(mlops package child --parent fraud@2 --run r2)
    mlops --json show "$id" | jq -e '.manifest.lineage | .run == "r2" and (.parents | length == 2)'
    sed -i 's/^lineage:.*/lineage: {parents: [fraud@9]}/' child/mlops.yaml
    run mlops package child
    ended 3 "lineage: parents: fraud@9"
    sed -i 's/^lineage:.*/lineage: {parent: fraud@1}/' child/mlops.yaml
    run mlops package child
    ended 2 "mlops.yaml:" "did you mean 'parents'"
    sed -i 's/^lineage:.*/lineage: {parents: {a: b}}/' child/mlops.yaml
    run mlops package child
    ended 2 "must be a version, or a list of at most 8"
}
