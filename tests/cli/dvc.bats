#!/usr/bin/env bats
# Repositories of DVC and GTO taken in. They are written here by hand, as DVC 3.67 and GTO 1.10
# write them; the real tools do it in tests/interop.
load common

setup() {
    cli_setup
    command -v git >/dev/null || skip "git is not here"
    given_registry
}

in_repo() { git -C repo -c user.name=Ann -c user.email=ann@x -c commit.gpgsign=false "$@"; }

# keep FILE: into DVC's cache; prints its MD5.
keep() {
    local md5
    md5=$(md5sum "$1" | cut -c1-32)
    mkdir -p "repo/.dvc/cache/files/md5/${md5:0:2}"
    cp "$1" "repo/.dvc/cache/files/md5/${md5:0:2}/${md5:2}"
    echo "$md5"
}

# given_commit RATE: a pipeline that made a model of a table, committed.
given_commit() {
    mkdir -p repo/src repo/data repo/models repo/.dvc/cache
    [ -d repo/.git ] || git init -q repo
    printf '/cache\n' > repo/.dvc/.gitignore
    : > repo/.dvc/config
    printf '/train.csv\n' > repo/data/.gitignore
    printf '/m.bin\n' > repo/models/.gitignore
    echo "print('$1')" > repo/src/train.py
    echo "rate: $1" > repo/params.yaml
    echo "{\"auc\": 0.$1, \"note\": \"fine\"}" > repo/metrics.json
    printf 'a,y\n1,0\n%s,1\n' "$1" > table
    echo "weights $1" > weights
    local table weights
    table=$(keep table) weights=$(keep weights)
    echo "outs: [{md5: $table, size: 9, hash: md5, path: train.csv}]" > repo/data/train.csv.dvc
    cat > repo/dvc.yaml <<YAML
stages:
  train: {cmd: python3 src/train.py, deps: [data/train.csv], outs: [models/m.bin], metrics: [metrics.json: {cache: false}]}
artifacts: {fraud: {path: models/m.bin, type: model, desc: Cards}}
YAML
    cat > repo/dvc.lock <<YAML
schema: '2.0'
stages:
  train:
    cmd: python3 src/train.py
    deps: [{path: data/train.csv, hash: md5, md5: $table, size: 9}]
    params: {params.yaml: {rate: $1}}
    outs:
    - {path: metrics.json, hash: md5, md5: $(md5sum repo/metrics.json | cut -c1-32), size: 9}
    - {path: models/m.bin, hash: md5, md5: $weights, size: 9}
YAML
    in_repo add -A
    in_repo commit -q -m "$1"
}

# given_tag NAME TIME
given_tag() { GIT_COMMITTER_DATE="$2 +0000" in_repo tag -a -m "tag $1" "$1"; }

given_gto() {
    given_commit 7
    given_tag fraud@v1.0.0 1700000000
    given_tag 'fraud#prod#1' 1700000001
    given_commit 9
    given_tag fraud@v1.1.0 1700000100
    given_tag 'fraud#prod#2' 1700000101
}

@test "every version that GTO registered becomes a version, with what DVC kept of it" {
    given_gto
    run --separate-stderr mlops import dvc repo
    ended 0 "fraud@1  fraud@v1.0.0" "fraud@2  fraud@v1.1.0  GTO: prod"
    [[ "$stderr" == *"GTO has fraud@2 in 'prod'; here it is in no stage for that"* ]]
    mlops --json show fraud@1 > shown
    [ "$(jq -c .manifest.params.rate shown)" = 7 ]
    [ "$(jq -c .manifest.metrics shown)" = '{"auc":0.7}' ]
    [ "$(jq -r .manifest.params.gto.version shown)" = v1.0.0 ]
    [ "$(jq -r .manifest.params.gto.tagged_at shown)" = 2023-11-14T22:13:20Z ]
    [ "$(jq -r .manifest.description shown)" = Cards ]
    [ "$(jq -r .manifest.data.train.rows shown)" = 2 ]
    [ "$(jq -r .manifest.project.artifacts[0] shown)" = models/m.bin ]
    [ "$(jq -r .manifest.code.git.commit shown)" = "$(in_repo rev-parse fraud@v1.0.0^{commit})" ]
    mlops -q checkout fraud@1 out
    [ "$(cat out/models/m.bin)" = "weights 7" ]
    run mlops list --where 'params.gto.version = "v1.1.0" and metrics.auc > 0.8'
    ended 0 fraud@2
}

@test "stages of GTO are told in the log, and enter none here" {
    given_gto
    mlops -q import dvc repo
    run mlops tag fraud@2
    ended 0 gto.stages prod
    run mlops status fraud
    [[ "$output" != *prod* ]]
    run mlops log fraud
    [[ "$output" == *"tag "* && "$output" != *promote* ]]
    # GTO moves on: so does what is told, and nothing else
    given_tag 'fraud#prod!#3' 1700000200
    given_tag fraud@deprecated#4 1700000201
    mlops --json import dvc repo > again
    [ "$(jq -c '[.versions[] | .version, .created, .stages, .deprecated]' again)" = \
        '[1,false,["prod"],true,2,false,[],true]' ]
    run mlops tag fraud@2
    [[ "$output" != *gto.stages* && "$output" == *gto.deprecated* ]]
}

@test "the same repository gives the same versions, and the log stays as it is" {
    given_gto
    mlops -q import dvc repo > first
    size=$(mlops --json log | jq '.entries | length')
    cp -r repo elsewhere
    mlops -q import dvc elsewhere | sed 's/  (was here)//' | diff first -
    [ "$(mlops --json log | jq '.entries | length')" = "$size" ]
}

@test "what GTO took back stays out, and light tags do not count" {
    given_gto
    given_tag 'fraud@v1.0.0!' 1700000300
    in_repo tag fraud@v9.0.0
    run --separate-stderr mlops import dvc repo
    ended 0 "fraud@1  fraud@v1.1.0"
    [[ "$output" != *v1.0.0* && "$output" != *v9* ]]
    [[ "$stderr" == *"1 tags look like GTO's and are not annotated"* ]]
    [[ "$stderr" == *"took back, and that stay out: 1"* ]]
}

@test "without tags the commit comes in, whatever the folder has" {
    given_commit 7
    echo changed > repo/params.yaml
    run mlops -q import dvc repo --model m --register
    ended 0 m@1
    [ "$(mlops --json show m | jq -c .manifest.params.rate)" = 7 ]
    given_commit 9
    run mlops -q import dvc repo --model m --rev HEAD~1 --register
    ended 0 m@1
}

@test "outside of git the folder comes in, with a cache of DVC 2 beside it" {
    mkdir -p repo/.dvc/cache/ab repo/d shared/ab
    printf 'a,b\r\n1,2\r\n' > crlf.csv
    printf 'a,b\n1,2\n' > lf.csv
    old=$(md5sum lf.csv | cut -c1-32)
    mkdir -p "shared/${old:0:2}"
    cp crlf.csv "shared/${old:0:2}/${old:2}"
    printf '[cache]\n    dir = ../../shared\n' > repo/.dvc/config
    one=$(md5sum weights 2>/dev/null | cut -c1-32) || true
    echo inner > inner
    one=$(md5sum inner | cut -c1-32)
    mkdir -p "shared/${one:0:2}"
    cp inner "shared/${one:0:2}/${one:2}"
    printf '[{"md5": "%s", "relpath": "sub/x"}]' "$one" > list
    dir=$(md5sum list | cut -c1-32)
    mkdir -p "shared/${dir:0:2}"
    cp list "shared/${dir:0:2}/${dir:2}.dir"
    printf 'outs:\n- {md5: %s, path: t.csv}\n- {md5: %s.dir, path: d}\n' "$old" "$dir" > repo/t.dvc
    echo code > repo/code.py
    run mlops -q import dvc repo --register
    ended 0 repo@1
    mlops -q checkout repo out
    cmp crlf.csv out/t.csv
    cmp inner out/d/sub/x
    [ "$(cat out/code.py)" = code ]
    [ ! -e out/.dvc/cache ]
}

@test "content that the cache does not have is named, and nothing comes in" {
    given_gto
    rm -r repo/.dvc/cache/files
    run mlops import dvc repo
    ended 3 "fraud v1.0.0" "data/train.csv (md5 " "models/m.bin (md5 " "dvc fetch"
    run mlops list
    [[ "$output" != *fraud* ]]
    [ -z "$(ls .mlops/tmp 2>/dev/null)" ]
    # data can be gone; the model cannot
    keep weights >/dev/null
    run mlops import dvc repo --allow-missing
    ended 3 "'models/m.bin', which is the artifact 'fraud', is not in commit"
    echo "weights 7" > weights
    keep weights >/dev/null
    run --separate-stderr mlops -q import dvc repo --allow-missing
    ended 0 "fraud@1  fraud@v1.0.0"
    [[ "$(mlops --json show fraud@1 | jq -r .manifest.params.dvc.missing[0])" == "data/train.csv (md5 "* ]]
}

@test "a damaged object of the cache is named" {
    given_gto
    echo flipped > "$(find repo/.dvc/cache -type f -exec grep -l 'weights 9' {} +)"
    run mlops import dvc repo
    ended 5 "fraud v1.1.0" "cache is damaged" "models/m.bin"
    run mlops list
    ended 0 fraud@1
    [[ "$output" != *fraud@2* ]]
}

@test "artifacts of a folder have its name, and one can be taken alone under another" {
    given_commit 7
    given_tag a=fraud@v0.1.0 1700000000
    given_tag spam@v0.1.0 1700000001
    given_tag a-fraud@v0.1.0 1700000002
    run mlops import dvc repo
    ended 2 "'a:fraud' and 'a-fraud' would both be called 'a-fraud'" "--artifact"
    run mlops -q import dvc repo --artifact a:fraud --model cards
    ended 0 "cards@1  a=fraud@v0.1.0"
    run mlops import dvc repo --artifact nobody
    ended 3 "no artifact 'nobody'"
}

@test "data that is no table is kept, and said so" {
    printf 'a,b\n1,2,3\n' > bad
    given_commit 7
    echo "outs: [{md5: $(keep bad), hash: md5, path: bad.csv}]" > repo/data/bad.csv.dvc
    in_repo add -A
    in_repo commit -q -m bad
    run --separate-stderr mlops import dvc repo --model m --register
    ended 0 m@1
    [[ "$stderr" == *"its data is kept, and not described"*bad.csv* ]]
    [ "$(mlops --json show m | jq -c .manifest.data)" = '{}' ]
}

@test "a hostile repository is refused, and writes nowhere else" {
    given_commit 7
    # an out below a link that leads away
    mkdir target
    ln -s ../target repo/away
    echo "outs: [{md5: $(keep weights), hash: md5, path: away/x}]" > repo/x.dvc
    in_repo add -A
    in_repo commit -q -m away
    run mlops import dvc repo --model m
    [ "$status" -ne 0 ]
    [ -z "$(ls target)" ]
    in_repo rm -q --cached away
    rm repo/away
    # paths that climb are told, and left alone
    echo "outs: [{md5: $(keep weights), hash: md5, path: ../../x}]" > repo/x.dvc
    in_repo add -A
    in_repo commit -q -m climbs
    run --separate-stderr mlops import dvc repo --model m --register
    ended 0 m@1
    [[ "$stderr" == *"outside of the repository, and left there: ../../x"* ]]
    printf 'outs:\n- {path: x, md5: zz}\n' > repo/x.dvc
    in_repo commit -q -a -m bad
    run mlops import dvc repo --model m
    ended 2 "x.dvc:2: 'zz' is no MD5"
}

@test "whoever names the wrong folder or option is told" {
    mkdir empty
    given_gto
    run mlops import dvc empty
    ended 3 "no .dvc, dvc.yaml or artifacts.yaml"
    run mlops import dvc nowhere
    ended 3 nowhere
    run mlops import repo
    ended 2 "mlops import dvc repo"
    run mlops import mlflow repo --rev HEAD
    ended 2 "--rev is for 'mlops import dvc'"
    run mlops import dvc repo --rev nothing
    ended 3 "no commit 'nothing'"
    run mlops import dvc repo --model m
    ended 0
}
