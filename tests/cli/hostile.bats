#!/usr/bin/env bats
# Hostile project files, manifests and lock files: an error each, and nothing stored.
load common

setup() {
    cli_setup
    given_registry
    given_project p
    cp p/mlops.yaml good.yaml
}

repeated() { # TEXT COUNT
    awk -v text="$1" -v count="$2" 'BEGIN { for (i = 0; i < count; i++) printf "%s", text }'
}

# refused STATUS TEXT COMMAND…: one message, which has TEXT; no bundle came of it.
refused() {
    fails_with "$@"
    [ "${#output}" -lt 5000 ]
    [ "$(mlops --json stats | jq .bundles)" = 0 ]
}

project() { # the good one, with more lines
    { cat good.yaml; cat; } > p/mlops.yaml
}

@test "project files: deep nesting, huge numbers, keys that stand twice" {
    { printf 'monitor: '; repeated '[' 100000; } | project
    refused 2 "mlops.yaml:" mlops package p
    { printf 'monitor: '; repeated '{a: ' 5000; repeated '}' 5000; echo; } | project
    refused 2 "mlops.yaml:" mlops package p
    for number in 1e999 -1 99999999999999999999999 0x7fffffff nan; do
        sed "s/label: y/label: y\n    threshold: $number/" good.yaml > p/mlops.yaml
        refused 2 "'threshold' must be a number between 0 and 1" mlops package p
    done
    sed 's/kind: unit,/kind: unit, timeout: 99999999999999999999h,/' good.yaml > p/mlops.yaml
    refused 2 "mlops.yaml:" mlops package p
    echo 'model: other' | project
    refused 2 "twice" mlops package p
    echo 'deploy: {health: a, health: b}' | project
    refused 2 "twice" mlops package p
    { echo 'lineage:'; printf '  parents: ['; repeated 'fraud@1, ' 9; echo ']'; } | project
    refused 2 "at most 8" mlops package p
}

@test "project files: NUL, bytes that are no text, long strings, aliases" {
    printf 'description: "a\0b"\n' | project
    refused 2 "mlops.yaml" mlops package p
    printf 'train: {run: "\xff\xfe", data: train}\n' | project
    refused 2 "mlops.yaml" mlops package p
    { printf 'train: {run: "'; repeated xxxxxxxxxx 1000000; echo '", data: train}'; } | project
    refused 2 "mlops.yaml" mlops package p
    { repeated xxxxxxxxxx 1000000; echo ': y'; } | project
    refused 2 "mlops.yaml" mlops package p
    { printf 'monitor: {a: &a [x,x], b: [*a,*a]}\n'; } | project
    refused 2 "mlops.yaml:" mlops package p
    sed "s/^model: .*/model: $(repeated m 129)/" good.yaml > p/mlops.yaml
    refused 2 "mlops.yaml:1" mlops package p
}

@test "project files: paths that lead out, and names that are no text" {
    for path in /etc/passwd ../p a/../../b .git/config .mlops 'a\x01b' ''; do
        printf 'artifacts: ["%s"]\n' "$path" > more
        { grep -v '^artifacts:' good.yaml; cat more; } > p/mlops.yaml
        refused 2 "mlops.yaml:" mlops package p
    done
    { grep -v '^artifacts:' good.yaml; printf 'artifacts: ['; repeated a/ 3000; echo ']'; } > p/mlops.yaml
    refused 2 "mlops.yaml:" mlops package p
    cp good.yaml p/mlops.yaml
    touch p/model/$'\xff\xfe'
    refused 2 "not UTF-8" mlops package p
    rm p/model/$'\xff\xfe'
    touch p/model/$'new\nline'
    refused 2 "control characters" mlops package p
    rm p/model/$'new\nline'
    printf 'x\0y\n*\n' > p/.mlopsignore # takes what is left of it, and stays a folder's rules
    mlops package p
}

@test "parameters and metrics: deep, huge, doubled, long, and not there" {
    good() { cp good.yaml p/mlops.yaml; printf 'round: 1\n' > p/params.yaml; echo '{"auc": 0.9}' > p/metrics.json; }
    good
    for content in 'a: 1e999' 'a: [1, -1e400]' 'a: 0x10000000000000000' 'a: 1
a: 2' 'a: &x [1]' '- a' 'text' 'a: !!python/object x' 'a: "b\0c"'; do
        printf '%s\n' "$content" > p/params.yaml
        refused 2 "params.yaml" mlops package p
    done
    { printf 'a: '; repeated '[' 40; repeated ']' 40; } > p/params.yaml
    refused 2 "params.yaml" mlops package p
    { printf 'a: '; repeated xxxxxxxxxx 1000000; } > p/params.yaml
    refused 2 "longer than 1 MiB" mlops package p
    good
    for content in '{"a": 1e999}' '{"a": NaN}' '{"a": 1, "a": 2}' '{"a": "text"}' '[1]' '' '{"a\u0000": 1}' \
        '{"a": 1} x' '{"\ud800": 1}'; do
        printf '%s' "$content" > p/metrics.json
        refused 2 "metrics.json" mlops package p
    done
    printf '{"a": 1}\0' > p/metrics.json
    refused 2 "metrics.json" mlops package p
    { printf '{"a":'; repeated '[' 100000; } > p/metrics.json
    refused 2 "metrics.json" mlops package p
    { printf '{"'; repeated xxxxxxxxxx 1000000; printf '": 1}'; } > p/metrics.json
    refused 2 "longer than 1 MiB" mlops package p
    good
    refused 2 "too large a number" mlops package p --param a=1e999
    refused 2 "too large a number" mlops package p --metric a=-1e999
    ln -sf /etc/passwd p/metrics.json
    refused 2 "leads out" mlops package p
    ln -sf metrics.json p/metrics.json
    refused 2 "circle" mlops package p
}

# An archive with the manifest of standard input.
archived() {
    mkdir -p a/mlops-bundle
    cat > a/mlops-bundle/manifest.json
    tar -C a -cf a.tar mlops-bundle/manifest.json
}

@test "manifests: what no packaging writes is refused" {
    mlops package p > id
    mlops --json show "$(cat id)" | jq -cSj .manifest > m.json
    mlops init fresh
    export MLOPS_REGISTRY=$PWD/fresh
    repeated '[' 100000 | archived
    refused 5 "the archive" mlops import a.tar
    { printf '{"a":'; repeated '{"a":' 100000; } | archived
    refused 5 "the archive" mlops import a.tar
    sed 's/"rows":200/"rows":1e999/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    sed 's/"rows":200/"rows":1000000000000000000000000/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    sed 's/"model":"fraud"/"model":"fraud","model":"fraud"/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    sed 's/"model":"fraud"/"model":"fra\\u0000ud"/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    LC_ALL=C sed 's/"model":"fraud"/"model":"fra\xff"/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    for path in /etc/passwd ../x a/../b .git/hooks .mlops ./x; do
        sed "s|\"path\":\"predict.sh\"|\"path\":\"$path\"|" m.json | archived
        refused 5 "the archive" mlops import a.tar
    done
    { printf '{"format":"'; repeated xxxxxxxxxx 1000000; printf '"}'; } | archived
    refused 5 "the archive" mlops import a.tar
    sed 's/"dirty":false/"dirty":false/; s/"git":null/"git":{"diff":"zz"}/' m.json | archived
    refused 5 "the archive" mlops import a.tar
    printf '' | archived
    refused 5 "the archive" mlops import a.tar
}

# The good manifest, changed by PYTHON as `m`, in canonical form.
changed() {
    python3 -c '
import json, sys
m = json.load(open("m.json"))
files = {f["path"]: f for f in m["files"]}
def nested(depth):
    return [] if depth == 0 else [nested(depth - 1)]
exec(sys.argv[1])
sys.stdout.write(json.dumps(m, sort_keys=True, separators=(",", ":"), ensure_ascii=False))' "$1"
}

@test "manifests in canonical form: what they say is judged, too" {
    mlops package p > id
    mlops --json show "$(cat id)" | jq -cSj .manifest > m.json
    mlops init fresh
    export MLOPS_REGISTRY=$PWD/fresh
    changed pass | archived
    refused 5 "is missing" mlops import a.tar # its profile: so far it is right
    for what in 'm["description"] = "x" * 10**7' 'm["params"]["x" * 10**7] = 1' 'm["params"]["a"] = [["x" * 10**7]]'; do
        changed "$what" | archived
        refused 5 "longer than 1 MiB" mlops import a.tar
    done
    changed 'm["params"]["a"] = nested(70)' | archived
    refused 5 "nested too deep" mlops import a.tar
    for size in -1 1.5 2**53+2 1e300 '"4"' None True; do
        changed "files['predict.sh']['size'] = $size" | archived
        refused 5 "the manifest is wrong" mlops import a.tar
    done
    for mode in 0999 777777 -644 4755 ''; do
        changed "files['predict.sh']['mode'] = '$mode'" | archived
        refused 5 "no permissions" mlops import a.tar
    done
    for path in /etc/passwd .. ../x a/../b a//b a/ ./a .git/x .mlops '' 'a\n' 'a\x1b' "' + 'x' * 5000 + '"; do
        changed "files['predict.sh']['path'] = '$path'" | archived
        refused 5 "the manifest is wrong" mlops import a.tar
    done
    changed "files['predict.sh']['path'] = 'a\0b'" | archived
    refused 5 "U+0000" mlops import a.tar
    for target in /etc/passwd ../../x ''; do
        changed "m['files'][-1] = {'path': 'z', 'target': '$target', 'type': 'link'}" | archived
        refused 5 "the manifest is wrong" mlops import a.tar
    done
    changed 'm["files"].reverse()' | archived
    refused 5 "out of order" mlops import a.tar
    changed 'm["files"].insert(0, m["files"][0])' | archived
    refused 5 "out of order" mlops import a.tar
    changed 'm["files"] = [f for f in m["files"] if f["type"] != "folder"]' | archived
    refused 5 "no folder above" mlops import a.tar
    changed 'm["data"]["train"]["rows"] = -1' | archived
    refused 5 "the manifest is wrong" mlops import a.tar
    changed 'm["project"]["model"] = "other"' | archived
    refused 5 "different models" mlops import a.tar
    changed 'm["model"] = m["project"]["model"] = "../x"' | archived
    refused 5 "is not a model name" mlops import a.tar
    for path in ../../etc/passwd /etc/passwd; do
        changed "m['project']['params'] = '$path'" | archived
        refused 5 "project is wrong" mlops import a.tar
    done
    changed 'm["lineage"] = {"parents": ["sha256:%064x" % i for i in range(9)]}' | archived
    refused 5 "its lineage is none" mlops import a.tar
    changed 'm["format"] = "mlops-bundle/2"' | archived
    refused 5 "its format" mlops import a.tar
}

@test "lock files: each reader refuses what is none" {
    for name in uv.lock pylock.toml poetry.lock pdm.lock Pipfile.lock environment.yml; do
        { cat good.yaml; echo "environment: $name"; } > p/mlops.yaml
        for kind in nested text; do
            case $kind-$name in
            nested-*.lock | nested-*.toml) { printf 'a = '; repeated '[' 100000; } > "p/$name" ;;
            nested-*) { printf 'dependencies: '; repeated '[' 100000; } > "p/$name" ;;
            text-*) printf '\0\xff\xfe = {' > "p/$name" ;;
            esac
            refused 2 "$name" mlops package p
        done
        rm "p/$name"
    done
}

@test "lock files of lines and captured ones: what leads out, is too much, or is none" {
    lock() { { cat good.yaml; echo "environment: $1"; } > p/mlops.yaml; cat > "p/$1"; }
    for path in ../../etc/passwd /etc/passwd; do
        printf -- '-r %s\n' "$path" | lock requirements.txt
        refused 2 "requirements.txt:1" mlops package p
    done
    repeated $'a==1\n' 20001 | lock requirements.txt
    refused 2 "more than 20000 packages" mlops package p
    for content in '{"format":"mlops-environment/1","distributions":5}' \
        '{"format":"mlops-environment/1","distributions":[{"kind":"pypi"}]}' \
        '{"format":"mlops-environment/1","format":"mlops-environment/1"}' \
        '{"format":"mlops-environment/1","distributions":[{"name":"a\u0000"}]}'; do
        printf '%s' "$content" | lock environment.json
        refused 2 "environment.json" mlops package p
    done
}
