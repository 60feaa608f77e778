#!/usr/bin/env bats
# What 'env render' writes, given to the tools that it is for: pip, buildah, Kubernetes' schemas, the
# Compose specification's. Each is skipped where it cannot be had.
load ../cli/common

DIGEST=sha256:7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0

setup() {
    cli_setup
    mkdir p
    cp "$SOURCE_ROOT/tests/data/locks/uv.lock" p/
    echo 'print("hello")' > p/serve.py
    cat > p/mlops.yaml <<YAML
model: Fraud.v1
code: [serve.py]
environment:
  lock: uv.lock
  command: [python3, serve.py]
  port: 8080
  variables: {LEVEL: 'it''s "\$HOME" \\ ok'}
  stages:
    production: {image: models/fraud@$DIGEST, replicas: 3, cpu: 500m, memory: 4Gi}
YAML
    given_registry
    mlops -q register p
}

# from_pypi PACKAGE…: a venv with them, or the test is skipped.
from_pypi() {
    "$SOURCE_ROOT/tests/interop/from_pypi" tools "$@" >/dev/null 2>&1 ||
        skip "PyPI is not reached, or does not have: $*"
}

@test "pip takes the requirements with --require-hashes" {
    from_pypi iniconfig==2.0.0
    mlops env render Fraud.v1 -t requirements -o requirements.txt
    take() { run python3 -m pip --python tools/bin/python install -q --disable-pip-version-check --dry-run --ignore-installed --require-hashes -r requirements.txt; }
    take
    echo "$output"
    [[ "$output" != *[Cc]onnection* && "$output" != *"timed out"* ]] || skip "PyPI is reached no more"
    [ "$status" -eq 0 ]
    # and would not take others
    sed -i '0,/--hash=sha256:./s//--hash=sha256:0/; 0,/--hash=sha256:c/s//--hash=sha256:0/' requirements.txt
    take
    [ "$status" -ne 0 ]
}

@test "the schemas of Kubernetes have nothing against the Deployment and the Service" {
    from_pypi kubernetes-validate==1.37.0
    mlops env render Fraud.v1 -t kubernetes --stage production -o all.yaml
    run tools/bin/kubernetes-validate --strict all.yaml
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"passed for resource deployment/"* ]]
    [[ "$output" == *"passed for resource service/"* ]]
    # nor against the example of docs/deploy.md
    awk '/^```/ {at = 0} /^apiVersion/ {at = 1} at' "$SOURCE_ROOT/docs/deploy.md" > example.yaml
    run tools/bin/kubernetes-validate --strict example.yaml
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"passed for resource deployment/"* ]]
}

@test "the Compose file is YAML that says what was meant" {
    mlops env render Fraud.v1 -t compose --stage production -o compose.yaml
    python3 -c 'import yaml' 2>/dev/null || from_pypi PyYAML==6.0.4
    python=python3
    [ ! -x tools/bin/python ] || python=tools/bin/python
    "$python" - <<'PY'
import yaml
model = yaml.safe_load(open("compose.yaml"))["services"]["model"]
assert model["environment"]["LEVEL"] == "it's \"$$HOME\" \\ ok", model
assert model["deploy"]["replicas"] == 3 and model["deploy"]["resources"]["limits"]["cpus"] == "0.5"
assert model["command"] == ["python3", "serve.py"] and model["read_only"] is True
PY
}

@test "podman-compose reads the Compose file as it was meant" {
    from_pypi podman-compose==1.6.0
    mlops env render Fraud.v1 -t compose --stage production -o compose.yaml
    # it asks podman for its version before it reads anything
    mkdir stub
    printf '#!/bin/sh\necho "podman version 4.3.1"\n' > stub/podman
    chmod +x stub/podman
    PATH=$PWD/stub:$PATH tools/bin/podman-compose -f compose.yaml config > read.yaml
    tools/bin/python - "$DIGEST" <<'PY'
import sys, yaml
model = yaml.safe_load(open("read.yaml"))["services"]["model"]
assert model["image"] == "models/fraud@" + sys.argv[1], model
assert model["environment"]["LEVEL"] == "it's \"$HOME\" \\ ok", model
assert model["deploy"]["replicas"] == 3 and model["ports"] == ["8080"], model
PY
}

@test "buildah builds the Containerfile in a checkout" {
    command -v buildah >/dev/null || skip "buildah is not installed"
    command -v busybox >/dev/null || skip "busybox is not installed"
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    in_store() { buildah --root "$PWD/store" --runroot "$PWD/run" "$@"; }
    # a base image without a network: busybox, and a python3 that shows how it is called
    mkdir -p base/bin base/tmp
    cp "$(command -v busybox)" base/bin/busybox
    ln -s busybox base/bin/sh
    ln -s busybox base/bin/printf
    printf '#!/bin/sh\necho "called: $*"\n/bin/busybox cat /tmp/requirements.txt\n' > base/bin/python3
    chmod +x base/bin/python3
    container=$(in_store from scratch 2>/dev/null) || skip "buildah cannot work here"
    in_store copy "$container" base / >/dev/null
    in_store config --env PATH=/bin "$container"
    in_store commit -q "$container" localhost/base:1 >/dev/null
    digest=$(in_store images --format '{{.Digest}}' localhost/base:1)
    mlops env render Fraud.v1 -t containerfile --stage production --image "localhost/base@$digest" -o Containerfile
    mlops -q checkout Fraud.v1 out
    run in_store bud -f Containerfile -t model out
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"called: -m pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt"* ]]
    # what stands in the image are the requirements as they are rendered
    mlops env render Fraud.v1 -t requirements > requirements.txt
    grep -o '^[a-z].*==[^ ]*' requirements.txt | while read -r pin; do [[ "$output" == *"$pin"* ]]; done
    run in_store inspect --type image --format '{{.OCIv1.Config.Env}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.User}}' model
    [[ "$output" == *"LEVEL=it's \"\$HOME\" \\ ok"*"[python3 serve.py] 65532:65532"* ]]
    in_store rm -a >/dev/null 2>&1 || true
}
