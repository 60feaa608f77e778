#!/usr/bin/env bats
# Hostile project files, manifests and lock files: an error each, and nothing stored.
load common

setup() {
    cli_setup
    given_registry
    given_project p
    cp p/mlops.yaml good.yaml
}

# refused STATUS TEXT COMMAND…: one message, which has TEXT; no bundle came of it.
refused() {
    local wanted=$1 text=$2
    shift 2
    run "$@"
    [ "$status" -eq "$wanted" ] || { echo "exit $status: ${output:0:500}"; false; }
    [[ "$output" == *"$text"* ]] || { echo "${output:0:500}"; false; }
    [ "$(grep -c '^mlops: ' <<<"$output")" -eq 1 ] || { echo "${output:0:500}"; false; }
    [ "${#output}" -lt 5000 ]
    [ "$(mlops --json stats | jq .bundles)" = 0 ]
}

repeated() { # TEXT COUNT
    awk -v text="$1" -v count="$2" 'BEGIN { for (i = 0; i < count; i++) printf "%s", text }'
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

@test "lock files: each reader refuses what is none" {
    for name in uv.lock pylock.toml poetry.lock Pipfile.lock environment.yml; do
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
