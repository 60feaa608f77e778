#!/usr/bin/env bats
# Folders of other tools: taken in, and written. The real MLflow reads them in tests/interop.
load common

# given_mlflow DIR: a folder such as MLflow writes.
given_mlflow() {
    mkdir -p "$1"
    cat > "$1/MLmodel" <<'YAML'
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
  sklearn: {pickled_model: model.pkl}
metadata: {description: 'Card fraud: "cards"', team: risk}
mlflow_version: 3.1.0
run_id: 12345678901234567890123456789012
signature: {inputs: '[{"type": "double", "name": "a"}]', outputs: null}
tomorrow: {is: another key}
YAML
    echo weights > "$1/model.pkl"
    echo 'numpy==1.26.4' > "$1/requirements.txt"
}

given_kit() {
    mkdir -p "$1/data" "$1/src"
    cat > "$1/Kitfile" <<'YAML'
manifestVersion: 1.0.0
package: {name: fraud, version: 2.0.0, description: Cards, license: MIT, authors: [Ann]}
model:
  name: fraud
  path: ./model.bin
  framework: xgboost
  license: Apache-2.0
  parts: [{path: tokens.txt, type: tokenizer}]
  parameters: {depth: 6}
code: [{path: src/, description: training}]
datasets:
  - {name: training set, path: data/train.csv}
  - {name: training set, path: data/other.csv}
  - {name: pictures, path: data/}
docs: [{path: README.md}]
YAML
    echo weights > "$1/model.bin"
    echo tokens > "$1/tokens.txt"
    echo 'print()' > "$1/src/train.py"
    echo '# Fraud' > "$1/README.md"
    printf 'a,b\n1,2\n3,4\n' | tee "$1/data/train.csv" > "$1/data/other.csv"
}

@test "an MLflow model becomes a version that can be found by what MLflow knew of it" {
    given_registry
    given_mlflow model
    run --separate-stderr mlops import mlflow model --model fraud --register
    ended 0 fraud@1
    mlops --json show fraud > shown
    [ "$(jq -r .manifest.description shown)" = 'Card fraud: "cards"' ]
    [ "$(jq -r .manifest.params.mlflow.run_id shown)" = 12345678901234567890123456789012 ]
    [ "$(jq -r .manifest.environment.path shown)" = requirements.txt ]
    run mlops list --where 'params.mlflow.metadata.team = "risk"'
    ended 0 fraud@1
    # the folder was only read, and gives the same version again
    [ ! -e model/mlops.yaml ]
    [ "$(mlops --json import mlflow model --model fraud --register | jq .created)" = false ]
}

@test "what came from MLflow or KitOps goes back byte for byte" {
    given_registry
    given_mlflow one
    given_kit two
    mlops -q import mlflow one --register
    mlops -q import kitfile two --model two --register
    mlops -q export one --format mlflow one.back
    run --separate-stderr mlops --json export two --format kitfile two.back
    ended 0
    [ "$(jq -r .file <<<"$output")" = two.back ]
    diff -r one one.back
    diff -r two two.back
}

@test "a Kitfile's parts find their places" {
    given_registry
    given_kit kit
    mlops -q import kitfile kit --register
    mlops --json show fraud > shown
    [ "$(jq -c '.manifest.data | map_values(.rows)' shown)" = '{"training-set":2,"training-set-2":2}' ]
    [ "$(jq -r .manifest.params.kitfile.license shown)" = MIT ]
    [ "$(jq -r .manifest.params.kitfile.model.parameters.depth shown)" = 6 ]
    [ "$(jq -c .manifest.project.code shown)" = '["src"]' ]
    [ "$(jq -c .manifest.project.artifacts shown)" = '["Kitfile","model.bin","tokens.txt","README.md","data"]' ]
}

@test "a project gets a Kitfile that says where everything is" {
    given_registered fraud@1
    mlops -q export fraud --format kitfile out
    diff -r -x Kitfile "$BATS_TEST_TMPDIR/project" out
    python3 -c 'import yaml' 2>/dev/null || skip "this Python has no yaml"
    python3 - <<'PY'
import yaml
kit = yaml.safe_load(open("out/Kitfile"))
assert kit["manifestVersion"] == "1.0.0" and kit["package"]["name"] == "fraud"
assert kit["model"]["path"] == "model" and kit["model"]["parameters"] == {"rate": 0.1, "round": 1}
assert [c["path"] for c in kit["code"]] == ["predict.sh", "mlops.yaml", "params.yaml", "metrics.json"]
assert kit["datasets"] == [{"name": "train", "path": "data/train.csv"}]
PY
}

@test "a model card gives description, licence, tags and metrics" {
    given_registry
    mkdir -p bert/.cache/huggingface
    echo x > bert/.cache/huggingface/lock
    echo weights > bert/model.safetensors
    cat > bert/README.md <<'MD'
---
license: apache-2.0
language: [en]
tags: [fraud, text]
model-index:
- name: bert
  results:
  - task: {type: text-classification}
    dataset: {type: glue/sst2, name: SST-2}
    metrics:
    - {type: accuracy, value: 0.91}
    - {type: accuracy, value: '0.92'}
    - {type: note, value: high}
---
# Little BERT

Text.
MD
    mlops -q import huggingface bert --register
    mlops --json show bert > shown
    [ "$(jq -r .manifest.description shown)" = "Little BERT" ]
    [ "$(jq -c .manifest.metrics shown)" = '{"glue_sst2":{"accuracy":0.91,"accuracy_2":0.92}}' ]
    [ "$(jq -c .manifest.params.huggingface.tags shown)" = '["fraud","text"]' ]
    ! jq -r '.manifest.files[].path' shown | grep -q cache || false
    run mlops list --where 'params.huggingface.license = "apache-2.0" and metrics.glue_sst2.accuracy > 0.9'
    ended 0 bert@1
}

@test "whoever names the wrong thing is told the right one" {
    given_registry
    given_mlflow model
    run mlops import model
    ended 2 "no archive" "mlops import mlflow model"
    run mlops import mlflwo model
    ended 2 "did you mean 'mlflow'?"
    run mlops import kitfile model
    ended 3 "no Kitfile" "mlops import mlflow model"
    run mlops import mlflow nowhere
    ended 3 nowhere
    touch model/mlops.yaml
    run mlops import mlflow model
    ended 2 "a project already" "mlops package model"
    given_project p
    mlops -q register p
    run mlops export fraud --format mlflow out
    ended 2 "_load_pyfunc"
    mkdir full
    touch full/x
    run mlops export fraud --format kitfile full
    ended 2 "not empty"
    run mlops export fraud --format kitfile no/such/place
    ended 3 "make the folder"
    [ ! -e out ]
    [ -z "$(find . -maxdepth 1 -name '.mlops-export*')" ]
}

# refused KITFILE-LINE…: a Kitfile of these lines is refused with exit 2 or 3, and nothing is kept.
refused() {
    printf '%b\n' "$@" > hostile/Kitfile
    run mlops import kitfile hostile --model h
    [[ $status == [23] ]] || { echo "exit $status for $*: $output"; return 1; }
    [[ $output == *Kitfile* || $output == *"link' leads out"* ]] || { echo "$*: $output"; return 1; }
    run mlops --json list
    [ "$(jq '.versions | length' <<<"$output")" = 0 ]
}

@test "hostile files are refused, each with a message" {
    given_registry
    mkdir hostile
    echo secret > secret
    ln -s ../secret hostile/link
    refused 'model: {path: ../secret}'
    refused 'model: {path: /etc/passwd}'
    refused 'model: {path: link}'
    refused 'model: {path: "a\\nb"}'
    refused 'model: {path: .git}'
    refused 'model: [a]'
    refused 'model: {path: {a: b}}'
    refused 'code: {path: x}'
    refused 'code: [x]'
    refused 'docs: [{}]'
    refused 'datasets: [[]]'
    refused '- a'
    refused ''
    refused 'model: &a {path: *a}'
    refused 'model: {path: x}\nmodel: {path: y}'
    refused '\x00\x01'
    refused '\xff\xfe: x'
    refused "$(printf '[%.0s' {1..500})"
    head -c 17000000 /dev/zero | tr '\0' 'x' > hostile/Kitfile
    run mlops import kitfile hostile --model h
    ended 2
}

@test "hostile MLmodel files and model cards are refused, or read as what they are" {
    given_registry
    mkdir m
    for text in '' 'flavors: null' 'flavors: []' 'flavors: {}' '[]' 'flavors: {a: *b}' \
        'flavors: !!python/object/apply:os.system [id]'; do
        printf '%s\n' "$text" > m/MLmodel
        run mlops import mlflow m
        ended 2 MLmodel
    done
    # a text that would end the project file's own
    printf 'flavors: {a: null}\nmetadata: {description: "x\\nmodel: other\\n"}\n' > m/MLmodel
    run --separate-stderr mlops import mlflow m --register
    ended 0 m@1
    rm m/MLmodel
    printf -- '---\nlicense: [\n---\n' > m/README.md
    run mlops import huggingface m
    ended 2 README.md
    printf -- '---\nmodel-index: {a: b}\nlicense: {x: y}\ntags: null\n---\n# %s\n' "$(head -c 2000 /dev/zero | tr '\0' a)" > m/README.md
    run --separate-stderr mlops import huggingface m --register
    ended 0 m@2
    printf -- '---\nnever: closed\n' > m/README.md
    run --separate-stderr mlops import huggingface m --register
    ended 0 m@3
    printf 'a\0b' > m/README.md
    run mlops import huggingface m
    ended 2 "no text"
}
