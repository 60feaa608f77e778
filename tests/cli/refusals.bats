#!/usr/bin/env bats
# Bad input: one clear message each, the documented exit code, nothing changed.
load session

setup() {
    session
    registered
    mlops --json log > before.json
}

teardown() {
    mlops --json log | diff before.json -
}

@test "project files that are wrong are refused with their line" {
    sed -i 's/^artifacts:/artefacts:/' p/mlops.yaml
    fails_with 2 "mlops.yaml:5: unknown key 'artefacts' (did you mean 'artifacts'?)" mlops package p
    project
    sed -i 's/^code: .*/code: {a: b}/' p/mlops.yaml
    fails_with 2 "mlops.yaml:3:" mlops package p
    project
    printf '\tmonitor: {}\n' >> p/mlops.yaml
    fails_with 2 "a tab, '@', '%' or '\`' stands where something begins: indent with blanks" mlops package p
    project
    sed -i 's/kind: unit/kind: unti/' p/mlops.yaml
    fails_with 2 "mlops.yaml:10:" mlops package p
    project
    sed -i 's/auc: ">= 0.7"/auc: "about 0.7"/' p/mlops.yaml
    fails_with 2 "mlops.yaml:" mlops package p
    project
    sed -i 's/auc: ">= 0.7"/acu: ">= 0.7"/' p/mlops.yaml
    fails_with 2 "'auc'" mlops package p
    project
    sed -i '/^model:/d' p/mlops.yaml
    fails_with 2 "model" mlops package p
    project
    echo "model: again" >> p/mlops.yaml
    fails_with 2 "twice" mlops package p
    project
    printf 'model: [\n' > p/mlops.yaml
    fails_with 2 "mlops.yaml:" mlops package p
    : > p/mlops.yaml
    fails_with 2 "empty" mlops package p
    rm p/mlops.yaml
    fails_with 3 "mlops.yaml" mlops package p
    project
}

@test "paths that are missing or lead out are refused" {
    rm -r p/model
    fails_with 3 "model" mlops package p
    project
    ln -s ../../outside p/model/link
    fails_with 2 "model/link" mlops package p
    rm p/model/link
    ln -s /etc/passwd p/model/link
    fails_with 2 "/etc/passwd" mlops package p
    rm p/model/link
    sed -i 's|^artifacts: .*|artifacts: [../work]|' p/mlops.yaml
    fails_with 2 "mlops.yaml:5" mlops package p
    sed -i 's|^artifacts: .*|artifacts: [/etc]|' p/mlops.yaml
    fails_with 2 "mlops.yaml:5" mlops package p
    project
    mkdir real && ln -s ../real p/linked && echo x > real/file
    sed -i 's|^artifacts: .*|artifacts: [linked/file]|' p/mlops.yaml
    fails_with 2 "linked" mlops package p
    rm p/linked
    project
    mkfifo p/model/pipe
    fails_with 2 "model/pipe" mlops package p
    rm p/model/pipe
}

@test "snapshots that are no tables are refused" {
    printf 'ts,amount,country,is_fraud\n1,2\n' > p/data/train.csv
    fails_with 2 "train.csv:2" mlops package p
    : > p/data/train.csv
    fails_with 2 "empty" mlops package p
    printf 'a,b\n1,2\n' > p/data/train.csv
    fails_with 2 "is_fraud" mlops package p
    project
    echo '{"a": 1' > p/metrics.json
    fails_with 2 "metrics.json" mlops package p
}

@test "a folder or archive that is not there is not one without a project file" {
    run mlops register fraud.tar.zst
    ended 3 "there is no file or folder 'fraud.tar.zst'" "mlops.yaml"
    run mlops package nowhere
    ended 3 "there is no file or folder 'nowhere'"
}

@test "references to what is not there say what is" {
    fails_with 3 "froud" mlops show froud
    fails_with 3 "7" mlops show fraud@7
    fails_with 3 "production" mlops show fraud@production
    fails_with 3 "production" mlops rollback fraud
    fails_with 2 "" mlops show 'fraud@@'
    fails_with 3 "" mlops show sha256:00000000
    fails_with 2 "" mlops show sha256:0000
    fails_with 2 "" mlops promote fraud@1 --to "Not A Stage"
    fails_with 3 "" mlops register no-such-folder
}

@test "a prefix of a bundle needs eight digits" {
    id=$(mlops --json show fraud@1 | jq -r .bundle)
    mlops show "${id:0:15}" >/dev/null
    fails_with 2 "" mlops show "${id:0:14}"
}

@test "a damaged manifest is exit 5" {
    pack=$(find .mlops/objects/packs/ -name '*.pack')
    chmod u+w "$pack"
    # records lie in no certain order: hit them all
    for at in $(seq 100 60 "$(stat -c %s "$pack")"); do
        printf 'XXXXXXXX' | dd of="$pack" bs=1 seek="$at" conv=notrunc status=none
    done
    run mlops checkout fraud@1 out
    [ "$status" -eq 5 ]
    [ ! -e out ]
}

@test "the JSON of a failure has code, message and hint" {
    run mlops --json show froud
    [ "$status" -eq 3 ]
    jq -e '.error.code == "not_found" and (.error.message | length > 0) and has("error") and
        (.error | has("hint"))' <<<"$output"
}

@test "a full standard output is told" {
    run bash -c 'mlops list > /dev/full'
    [ "$status" -eq 6 ]
}
