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
    ended 0 "made from" "fraud@1, sha256:" "run-7" "$(mlops --json show fraud@1 | jq -r .bundle)"
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
    ended 2 "is not registered" "run 'mlops register sha256:"
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

# 4 from 3 and 2, 3 from 2; 1 alone.
given_family() {
    given_project child fraud 50
    mlops -q package child --parent fraud@2 --run r4 --register
    sed -i 's/round: .*/round: 51/' child/params.yaml
    mlops -q package child --parent fraud@4 --parent fraud@2 --register
}

@test "show and log draw the graph of versions" {
    given_family
    run mlops log fraud --graph
    ended 0 "*  fraud@5" "|-." "* |  fraud@4" "run r4" "|-'" "*  fraud@2" "*  fraud@1" "train sha256:"
    [ "${lines[0]%%  20*}" = "*  fraud@5" ]
    [ "${lines[1]}" = "|-." ]
    [[ "${lines[3]}" = "| | *  fraud@3"* ]]
    [ "${lines[4]}" = "|-'" ]
    [ "$(grep -c fraud@ <<< "$output")" = 5 ]
    run mlops show fraud@2 --graph
    ended 0 "fraud@5" "fraud@4" "fraud@2"
    [[ "$output" != *fraud@3* ]]
    mlops --json show fraud@4 --graph | jq -e '[.versions[].version] == [5, 4, 2] and
        .versions[1].run == "r4" and .versions[1].parents == [.versions[2].bundle] and
        (.versions[0].parents | length == 2) and (.versions[0].data.train | startswith("sha256:"))'
    # from another registry, where the parents are not
    mlops export fraud@5 b.tar.zst
    mlops init other
    mlops -q --registry other register b.tar.zst
    run mlops --registry other log --graph
    ended 0 "fraud@1" "not in this registry"
}

@test "Graphviz takes what --dot writes" {
    given_family
    mlops log fraud --dot > graph.dot
    grep -q '^digraph lineage {' graph.dot
    [ "$(grep -c 'shape=box' graph.dot)" = 5 ]
    [ "$(grep -cE '^  "sha256:[0-9a-f]+" -> "sha256:[0-9a-f]+";' graph.dot)" = 3 ]
    command -v dot > /dev/null || skip "Graphviz is not installed: nothing to read it with"
    dot -Tsvg graph.dot | grep -q 'fraud@4'
}

@test "list --data finds the versions that used some data, by content and by name" {
    given_project other churn 1
    given_table other/data/train.csv 7
    sed -i 's/  train:/  learn:/' other/mlops.yaml
    mlops -q register other
    digest=$(sha256sum other/data/train.csv | cut -d ' ' -f 1)
    [ "$(mlops --json list --data "${digest:0:10}" | jq -c '[.versions[].model]')" = '["churn"]' ]
    [ "$(mlops --json list --data "sha256:$digest" | jq '.versions | length')" = 1 ]
    [ "$(mlops --json list --data learn | jq -r '.versions[].model')" = churn ]
    [ "$(mlops --json list --data train | jq '.versions | length')" = 3 ]
    [ "$(mlops --json list fraud --data "$digest" | jq '.versions | length')" = 0 ]
    [ "$(mlops --json list --data train --where 'version = 2' | jq '.versions | length')" = 1 ]
}
