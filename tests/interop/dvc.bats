#!/usr/bin/env bats
# A repository made by the real DVC and GTO, taken in. Skipped where PyPI is not reached.
load ../cli/common

setup_file() {
    export TOOLS="$BATS_FILE_TMPDIR/tools"
    "$SOURCE_ROOT/tests/interop/from_pypi" "$TOOLS" dvc==3.67.1 gto==1.10.1 >/dev/null 2>&1 || rm -rf "$TOOLS"
}

setup() {
    [ -x "$TOOLS/bin/gto" ] || skip "DVC and GTO cannot be had: PyPI is not reached"
    command -v git >/dev/null || skip "git is not here"
    cli_setup
    PATH="$PATH:$TOOLS/bin"
    export DVC_NO_ANALYTICS=1 DVC_TEST=true GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=a@b \
        GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=a@b
    given_registry
}

# given_pipeline: a repository in ./repo, one commit, nothing registered.
given_pipeline() {
    mkdir -p repo/data repo/src repo/models repo/pictures/sub
    cd repo
    git init -q
    dvc init -q
    printf 'a,b,y\n1,2,0\n3,4,1\n' > data/train.csv
    echo one > pictures/1
    echo two > pictures/sub/2
    dvc add -q data/train.csv pictures
    cat > src/train.py <<'PY'
import json, yaml
rate = yaml.safe_load(open("params.yaml"))["train"]["rate"]
open("models/m.bin", "w").write(f"weights {rate}")
json.dump({"auc": 0.5 + rate}, open("metrics.json", "w"))
PY
    printf 'train:\n  rate: 0.1\n  depth: 6\nunused: 1\n' > params.yaml
    cat > dvc.yaml <<YAML
stages:
  train:
    cmd: $TOOLS/bin/python src/train.py
    deps: [src/train.py, data/train.csv]
    params: [train.rate, train]
    outs: [models/m.bin]
    metrics: [metrics.json: {cache: false}]
artifacts:
  fraud: {path: models/m.bin, type: model, desc: Card fraud, labels: [cards]}
YAML
    "$TOOLS/bin/python" -c 'import yaml' 2>/dev/null || sed -i 's/import json, yaml/import json, ruamel.yaml/; s/yaml.safe_load(open("params.yaml"))/ruamel.yaml.YAML(typ="safe").load(open("params.yaml"))/' src/train.py
    dvc repro -q
    git add -A
    git commit -q -m one
    cd ..
}

again() {
    (cd repo && sed -i "s/rate: .*/rate: $1/" params.yaml && dvc repro -q && git add -A && git commit -q -m "$1")
}

@test "versions, stages and content are those that DVC and GTO say" {
    given_pipeline
    (cd repo && gto register fraud && gto assign fraud --stage prod --version v0.0.1) >/dev/null
    again 0.2
    (cd repo && gto register fraud --bump-minor && gto assign fraud --stage prod && gto assign fraud --stage dev --version v0.0.1) >/dev/null
    again 0.3
    (cd repo && gto register fraud --version v1.0.0-rc.1 && gto deprecate fraud v1.0.0-rc.1) >/dev/null
    mlops --json import dvc repo > in
    [ "$(jq -c '[.versions[] | .number]' in)" = '["v0.0.1","v0.1.0"]' ]
    [ "$(jq -c .taken_back in)" = 1 ]
    # the stages as GTO itself shows them
    (cd repo && gto show --json) > gto
    [ "$(jq -r '.fraud.stage.prod' gto)" = "$(jq -r '.versions[] | select(.stages | index("prod")) | .number' in)" ]
    [ "$(jq -r '.fraud.stage.dev' gto)" = "$(jq -r '.versions[] | select(.stages | index("dev")) | .number' in)" ]
    # the files as DVC itself checks them out
    for version in 1:v0.0.1 2:v0.1.0; do
        rm -rf out there
        mlops -q checkout "fraud@${version%:*}" out
        git clone -q repo there
        (cd there && git checkout -q "fraud@${version#*:}" && dvc cache dir --local ../repo/.dvc/cache -q && dvc checkout -q)
        rm -rf there/.git there/.dvc/tmp there/.dvc/cache there/.dvc/config.local
        diff -r -x mlops.yaml -x .mlops -x .mlops-checkout out there
    done
    mlops --json show fraud@2 > shown
    [ "$(jq -c '.manifest.params.train' shown)" = '{"depth":6,"rate":0.2}' ]
    [ "$(jq -c '.manifest.metrics' shown)" = '{"auc":0.7}' ]
    [ "$(jq -c '.manifest.data.train.rows' shown)" = 2 ]
    [ "$(mlops --json import dvc repo | jq -c '[.versions[].created]')" = '[false,false]' ]
}

@test "what 'dvc gc' removed is named, and 'dvc repro' brings it back" {
    given_pipeline
    (cd repo && gto register fraud) >/dev/null
    object=$(cd repo && python3 - <<'PY'
import re
lock = open("dvc.lock").read()
md5 = re.search(r"path: models/m.bin\n\s+hash: md5\n\s+md5: (\w+)", lock).group(1)
print(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}")
PY
)
    rm -f "repo/$object" repo/models/m.bin
    run mlops import dvc repo
    ended 3 "models/m.bin (md5 "
    (cd repo && dvc repro -q --force)
    run mlops -q import dvc repo
    ended 0 fraud@1
}

@test "a repository of a subfolder, and one without git" {
    mkdir -p mono/team
    git init -q mono
    (cd mono/team && dvc init -q --subdir && printf 'a\n1\n' > t.csv && dvc add -q t.csv && git add -A && git commit -q -m x && gto register team:t) >/dev/null
    run mlops -q import dvc mono/team
    ended 0 "t@1  team=t@v0.0.1"
    mkdir bare
    (cd bare && dvc init -q --no-scm && printf 'a\n1\n' > t.csv && dvc add -q t.csv && rm t.csv)
    run mlops -q import dvc bare --register
    ended 0 bare@1
    [ "$(mlops --json show bare | jq .manifest.data.t.rows)" = 1 ]
}
