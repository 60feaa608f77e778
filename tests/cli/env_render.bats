#!/usr/bin/env bats
# Files for other tools out of a bundle: the same bytes, pinned, or refused. That the tools take them
# is the matter of tests/interop/env_render.bats.
load common

DIGEST=sha256:7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0

# given_locked LOCK: a registered version whose environment is that file of tests/data/locks.
given_locked() {
    mkdir -p p
    cp "$SOURCE_ROOT/tests/data/locks/$1" p/
    cat > p/mlops.yaml <<YAML
model: fraud
environment:
  lock: $1
  image: python:3.11-slim@$DIGEST
  command: [python3, serve.py]
  port: 8080
  variables: {LEVEL: info, RATE: 1.10}
  stages:
    dev: {image: models/fraud@$DIGEST}
    production: {image: models/fraud@$DIGEST, replicas: 3, cpu: 500m, memory: 4Gi, variables: {LEVEL: "a\$b"}}
YAML
    [ -e .mlops ] || given_registry
    mlops -q register p
}

@test "locks of every tool give the same pins and digests" {
    for lock in uv.lock poetry.lock pylock.toml Pipfile.lock requirements.txt; do
        given_locked "$lock"
        mlops env render fraud -t requirements | sed 's/ ;.* \\$/ \\/' |
            grep -A2 '^httpx==0.27.2 ' > "$lock.out"
        [ -s "$lock.out" ]
        cmp uv.lock.out "$lock.out"
    done
}

@test "the same bundle gives the same bytes, in another registry too" {
    given_locked uv.lock
    mlops -q export fraud fraud.tar
    given_registry other
    mlops --registry other -q import fraud.tar > id
    mlops --registry other -q register "$(cat id)"
    for target in requirements conda containerfile kubernetes compose; do
        mlops env render fraud -t $target --stage production --python 3.11.7 > one
        mlops --registry other env render fraud -t $target --stage production --python 3.11.7 -o two
        [ -s one ]
        cmp one two
    done
}

@test "a stage has its own settings over those of all" {
    given_locked uv.lock
    mlops env render fraud -t kubernetes --stage production > production.yaml
    mlops env render fraud -t kubernetes --stage dev > dev.yaml
    grep -q 'replicas: 3' production.yaml
    grep -q 'replicas: 1' dev.yaml
    grep -q 'name: "fraud-production"' production.yaml
    grep -A1 'name: LEVEL' production.yaml | grep -q 'value: "a$b"'
    grep -A1 'name: LEVEL' dev.yaml | grep -q 'value: "info"'
    grep -A1 'name: RATE' dev.yaml | grep -q 'value: "1.10"'
    mlops env render fraud -t compose --stage production > compose.yaml
    grep -q 'LEVEL: "a$$b"' compose.yaml
    grep -q 'memory: "4294967296b"' compose.yaml
    run mlops env render fraud -t compose --stage prodution
    ended 3 "nothing of a stage 'prodution'" "did you mean 'production'?"
}

@test "what is not pinned is refused, or marked" {
    mkdir p
    printf 'alpha==1.0\nflask>=2\n' > p/r.txt
    printf 'model: fraud\nenvironment: r.txt\n' > p/mlops.yaml
    given_registry
    mlops -q register p 2>/dev/null
    run mlops env render fraud -t requirements
    ended 1 "'alpha==1.0' has no digest in the lock file" "--allow-unpinned"
    run --separate-stderr mlops env render fraud -t requirements --allow-unpinned
    [ "$status" -eq 0 ]
    [ "$(tail -4 <<<"$output")" = "$(printf '# NO DIGEST:\nalpha==1.0\n# NOT PINNED:\nflask>=2')" ]
    run mlops env render fraud -t kubernetes
    ended 2 "which image? none is given"
    run mlops env render fraud -t kubernetes --image models/fraud:latest
    ended 1 "the image 'models/fraud:latest' is not pinned by its digest"
    run mlops env render fraud -t kubernetes --image models/fraud:latest --allow-unpinned
    ended 0 "# NOT PINNED:"
    run mlops env render fraud -t kubernetes --image "$(printf 'a\nb')@$DIGEST"
    ended 2 "is not the name of an image"
    run mlops env render fraud -t conda --allow-unpinned --python '3; x'
    ended 2 "is no version of Python"
    run mlops env render fraud
    ended 2 "--target is not given"
}

@test "what a lock file says becomes no line and no option of another file" {
    mkdir p
    given_registry
    printf 'model: fraud\nenvironment: poetry.lock\n' > p/mlops.yaml
    for bad in 'name = "a\nRUN evil"' 'name = "a"\nmarkers = "os_name == '"'x'"' --index-url http://evil"' \
        'name = "a"\nmarkers = "x\ny"'; do
        printf '[[package]]\n%b\nversion = "1"\nfiles = [{file = "a", hash = "%s"}]\n' "${bad//\\n/\\\\n}" "$DIGEST" |
            sed 's/"\\nmarkers/"\nmarkers/' > p/poetry.lock
        mlops -q register p
        for target in requirements containerfile conda; do
            run mlops env render fraud -t $target --image "x@$DIGEST" --python 3.11.7
            ended 2 "cannot be written into another file"
        done
    done
}

@test "conda's packages keep their builds and channels" {
    given_locked explicit.txt
    run mlops env render fraud -t conda
    ended 0 "'https://conda.anaconda.org/conda-forge::python=3.11.9=hb806964_0_cpython'"
    run mlops env render fraud -t requirements
    ended 2 "conda's packages are for --target conda"
}
