#!/usr/bin/env bats
# The environment: captured from a real venv, checked against a version's lock, compared.
load common

# wheel NAME VERSION [CONTENT]: a wheel in ./wheels, made without anything but Python.
wheel() {
    mkdir -p wheels
    python3 - "$1" "$2" "${3-1}" <<'PY'
import base64, hashlib, sys, zipfile
name, version, content = sys.argv[1:]
info = f"{name}-{version}.dist-info"
files = {f"{name}.py": f"x = {content}\n",
         f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
         f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
record = ""
with zipfile.ZipFile(f"wheels/{name}-{version}-py3-none-any.whl", "w") as out:
    for path, text in files.items():
        out.writestr(path, text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    out.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
PY
}

# given_venv DIR REQUIREMENT…: a real one, filled by its own pip from ./wheels.
given_venv() {
    local folder=$1
    shift
    python3 -m venv "$folder" >/dev/null 2>&1 || skip "this Python cannot make virtual environments (python3-venv)"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --no-index --find-links wheels "$@"
}

hash_of() {
    sha256sum "wheels/$1-py3-none-any.whl" | cut -c1-64
}

given_locked() {
    wheel alpha 1.0
    wheel beta 2.0
    wheel gamma 3.0
    mkdir -p p
    printf '%s\n' "alpha==1.0 \\" "    --hash=sha256:$(hash_of alpha-1.0)" "beta==2.0" "gamma==3.0" > p/requirements.lock
    printf 'model: fraud\nenvironment: requirements.lock\n' > p/mlops.yaml
    given_registry
    mlops -q register p
}

@test "check names the changed, the missing and the extra distribution of a real venv, and no other" {
    given_locked
    given_venv here alpha==1.0 beta==2.0 gamma==3.0
    run mlops env check fraud --venv here
    [ "$status" -eq 0 ]
    [ "$output" = "this machine has what fraud@1 needs" ]
    wheel beta 2.1
    wheel delta 4.0
    here/bin/python -m pip install -q --disable-pip-version-check --no-index --find-links wheels beta==2.1 delta
    here/bin/python -m pip uninstall -q -y gamma
    run mlops env check fraud --venv here
    [ "$status" -eq 1 ]
    [ "$(tr -s ' ' <<<"$output")" = "$(printf '%s\n' \
        "other version pypi beta 2.0 2.1" \
        "extra pypi delta - 4.0" \
        "missing pypi gamma 3.0")" ]
    run mlops --json env check fraud --venv here
    [ "$status" -eq 1 ]
    [ "$(jq -c '[.matches, (.differences[] | [.name, .expected, .found, .severity])]' <<<"$output")" = \
        '[false,["beta","2.0","2.1","other version"],["delta",null,"4.0","extra"],["gamma","3.0",null,"missing"]]' ]
    run mlops --json env check fraud --venv here --allow-extra
    [ "$(jq -c '[.differences[].name]' <<<"$output")" = '["beta","gamma"]' ]
    VIRTUAL_ENV=$PWD/here run mlops env check fraud@1
    [ "$status" -eq 1 ]
}

@test "what is captured has the same bytes wherever the same things are installed" {
    wheel alpha 1.0
    wheel beta 2.0
    given_venv one alpha beta
    given_venv "another place" beta alpha
    mlops -q env capture --venv one -o one.json
    mlops -q env capture --venv "another place" > two.json
    cmp one.json two.json
    [ "$(jq -r '.distributions[] | select(.name == "alpha").version' one.json)" = 1.0 ]
    [ "$(jq -r .format one.json)" = mlops-environment/1 ]
    [ "$(jq -r .interpreter.version one.json)" = "$(one/bin/python -c 'import platform; print(platform.python_version())')" ]
}

@test "a captured environment is packaged, and tells another build of the same version" {
    wheel alpha 1.0
    given_venv here alpha
    mkdir p
    mlops -q env capture --venv here -o p/environment.json
    printf 'alpha==1.0\n' > p/requirements.lock
    printf 'model: fraud\nenvironment: {lock: requirements.lock, captured: environment.json}\n' > p/mlops.yaml
    given_registry
    mlops -q register p
    [ "$(mlops --json show fraud | jq -r .manifest.environment.captured.path)" = environment.json ]
    run mlops env check fraud --venv here --all
    [ "$status" -eq 0 ]
    wheel alpha 1.0 2
    here/bin/python -m pip install -q --disable-pip-version-check --no-index --find-links wheels --force-reinstall alpha
    run mlops env check fraud --venv here
    [ "$status" -eq 0 ]
    run mlops env check fraud --venv here --captured
    [ "$status" -eq 1 ]
    [[ "$output" == "other build"*alpha* ]]
}

@test "two versions are compared by their locks" {
    given_locked
    printf 'alpha==1.0\nbeta==2.1\ndelta==4.0\n' > p/requirements.lock
    mlops -q register p
    run mlops env diff fraud@1 fraud@2
    [ "$status" -eq 0 ]
    [ "$(tr -s ' ' <<<"$output")" = "$(printf '%s\n' \
        "other version pypi beta 2.0 2.1" \
        "extra pypi delta - 4.0" \
        "missing pypi gamma 3.0")" ]
    run mlops env diff fraud@1 fraud@1
    [ "$output" = "fraud@1 and fraud@1 have the same environment" ]
    [ "$(mlops --json env diff fraud@1 fraud@2 | jq -c '[.version, .other_version, (.differences | length)]')" = '[1,2,3]' ]
}

@test "what is not pinned is a warning, and stands in the manifest" {
    mkdir p
    printf -- '-r more.txt\nalpha==1.0\nflask>=2\n' > p/requirements.txt
    printf 'numpy\n' > p/more.txt
    printf 'model: fraud\nenvironment: requirements.txt\n' > p/mlops.yaml
    given_registry
    run --separate-stderr mlops package p
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"warning: environment: 'requirements.txt' does not pin 2 of its packages (numpy, flask>=2)"* ]]
    mlops -q register p
    [ "$(mlops --json show fraud | jq -c .manifest.environment.unpinned)" = '["numpy","flask>=2"]' ]
    # what it includes is in the bundle
    mlops -q checkout fraud out
    [ -f out/more.txt ]
    # and packaging it again warns again
    run --separate-stderr mlops package p
    [[ "$stderr" == *"does not pin 2"* ]]
}

@test "what is wrong is said with its place" {
    mkdir p
    given_registry
    printf 'model: fraud\nenvironment: uv.lock\n' > p/mlops.yaml
    printf 'version = 1\n[[package]\n' > p/uv.lock
    run mlops package p
    ended 2 "mlops.yaml:2: environment: uv.lock:2: the header of a table does not end"
    printf 'model: fraud\nenvironment: a.txt\n' > p/mlops.yaml
    echo '-r ../secret.txt' > p/a.txt
    run mlops package p
    ended 2 "a.txt:1: '../secret.txt' is not in the folder"
    echo '-r gone.txt' > p/a.txt
    run mlops package p
    ended 3 "a.txt:1: 'gone.txt' does not exist"
    echo 'a==1' > p/a.txt
    printf 'model: fraud\nenvironment: {lock: a.txt, imag: x}\n' > p/mlops.yaml
    run mlops package p
    ended 2 "mlops.yaml:2: unknown key 'imag' (did you mean 'image'?)"
    printf 'model: fraud\n' > p/mlops.yaml
    mlops -q register p
    run mlops env check fraud
    ended 3 "was packaged without an environment"
    run mlops env check
    ended 2 "usage: mlops env check REF"
    run mlops env capture --venv p
    ended 3 "no virtual environment"
}

@test "a folder that cannot be read to its end is not one without packages" {
    export ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    strace -o /dev/null -e trace=none true 2>/dev/null || skip "cannot trace processes here"
    mkdir -p v/lib/python3.11/site-packages/a-1.dist-info
    echo 'version = 3.11.7' > v/pyvenv.cfg
    printf 'Name: a\nVersion: 1\n' > v/lib/python3.11/site-packages/a-1.dist-info/METADATA
    [ "$(mlops --json env capture --venv v | jq -r '.distributions[0].name')" = a ]
    for call in 1 2 3 4; do # of lib, and of the site in it, twice each: until its end
        run strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:error=EIO:when=$call \
            mlops env capture --venv v
        ended 6 "read folder 'v/lib"
    done
}
