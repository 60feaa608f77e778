#!/usr/bin/env bats
# What differs between two versions.
load common

setup() {
    cli_setup
    given_registered fraud@1
    cp -a "$BATS_TEST_TMPDIR/project" p
    mlops -q register p > /dev/null
    echo 'cp data/train.csv out.csv' > p/predict.sh
    printf 'round: 1\nrate: 0.2\ndeep: {er: [1, 2]}\n' > p/params.yaml
    echo '{"auc": 0.95, "recall": 0.5}' > p/metrics.json
    given_table p/data/train.csv 30
    sed -i 's/$/,1/; 1s/1$/extra/' p/data/train.csv
    echo more >> p/model/weights.bin
    chmod 755 p/mlops.yaml
    mlops -q register p > /dev/null
}

@test "metrics, parameters, data and files are compared" {
    run mlops diff fraud@1 fraud@2
    ended 0 "fraud@1 -> fraud@2" "auc" "+0.05 (+5.6%)" "recall" "rate" "+0.1 (+100.0%)" "deep.er" \
        "extra: - -> " "age drifted" "-cp data/train.csv predictions.csv" "+cp data/train.csv out.csv" \
        "model/weights.bin" "--- a/predict.sh"
    run mlops --json diff fraud@1 fraud@2
    jq -e '(.same | not) and (.metrics | map(.name)) == ["auc", "recall"]
        and .metrics[0].from == 0.9 and .metrics[0].to == 0.95 and .metrics[1].from == null
        and (.params | map(.name)) == ["rate", "deep.er"]
        and .data[0].status == "changed" and .data[0].rows_from == 200 and .data[0].rows_to == 200
        and (.data[0].columns == [{"name": "extra", "from": null, "to": .data[0].columns[0].to}])
        and (.data[0].drift.columns | map(.name) | index("age") != null)
        and (.files | map({(.path): .kind}) | add) == {"data/train.csv": "data", "metrics.json": "metrics",
            "mlops.yaml": "project", "model/weights.bin": "artifact", "params.yaml": "params",
            "predict.sh": "code"}
        and (.files[] | select(.path == "mlops.yaml").status) == "mode"
        and (.files[] | select(.path == "model/weights.bin") | has("diff") | not)
        and (.files[] | select(.path == "predict.sh") | .added == 1 and .removed == 1)' <<< "$output"
}

@test "the diff of the files is one that patch takes" {
    mlops checkout fraud@1 one
    mlops --json diff fraud@1 fraud@2 |
        jq -r '.files[] | select(.diff) | "--- a/\(.path)\n+++ b/\(.path)\n\(.diff)"' > patch
    (cd one && patch -s -p1 < ../patch)
    cmp one/predict.sh p/predict.sh
    cmp one/params.yaml p/params.yaml
}

@test "Markdown for a pull request, with and without the lines" {
    run mlops diff fraud@1 fraud@2 --markdown
    ended 0 "## fraud@1 -> fraud@2" "### metrics" "| auc | 0.9 | 0.95 | +0.05 (+5.6%) |" '``````````diff'
    run mlops diff fraud@1 fraud@2 --markdown --stat
    ended 0 "| predict.sh | code | modified | +1 -1 |"
    [[ "$output" != *'``````````diff'* ]]
}

@test "packages of the environment are compared, also where one version has none" {
    printf 'numpy==1.26\nscipy==1.11\n' > p/requirements.lock
    echo 'environment: requirements.lock' >> p/mlops.yaml
    mlops -q register p > /dev/null
    printf 'numpy==1.27\npandas==2.2\n' > p/requirements.lock
    mlops -q register p > /dev/null
    run mlops --json diff fraud@3 fraud@4
    [ "$(jq -c '.environment | map([.name, .status, .from, .to])' <<< "$output")" = \
        '[["numpy","version","1.26","1.27"],["pandas","added",null,"2.2"],["scipy","removed","1.11",null]]' ]
    run mlops diff fraud@3 fraud@4 --stat
    ended 0 environment "numpy   pypi  version  1.26  1.27"
    run mlops diff fraud@3 fraud@4 --stat --markdown
    ended 0 "### environment" "| numpy | pypi | version | 1.26 | 1.27 |"
    run mlops --json diff fraud@2 fraud@3
    [ "$(jq -c '.environment | map([.name, .status])' <<< "$output")" = '[["numpy","added"],["scipy","added"]]' ]
    [ "$(mlops --json diff fraud@1 fraud@2 | jq -c .environment)" = '[]' ]
}

@test "a version does not differ from itself" {
    run mlops diff fraud@1 fraud@1
    ended 0 "the same bundle"
    mlops --json diff fraud@1 fraud@1 | jq -e '.same and .files == [] and .params == [] and .data == []'
    run mlops diff fraud@1 fraud@9
    ended 3
}
