#!/usr/bin/env bash
# oci.sh MLOPS [MIB] [FILES]: push a bundle of FILES (1) files of random weights, MIB (200) altogether,
# to an empty docker-registry on this machine and pull it into an empty registry of mlops, in turns with
# skopeo, which copies the same artifact from and to a folder; print seconds and the ratios of the medians.
set -eu
mlops=$(realpath "$1") size=${2:-200} files=${3:-1} rounds=${ROUNDS:-5}
work=$(mktemp -d)
cd "$work"

# The server's number lies in a file, as subshells start servers too.
end() {
    [ ! -e pid ] || kill "$(cat pid)" 2>/dev/null || true
    rm -f pid
}
trap 'end; cd /; rm -rf "$work"' EXIT
mkdir -p p/model other
printf 'model: bench\nartifacts: [model/]\n' > p/mlops.yaml
for i in $(seq "$files"); do
    head -c "$((size * 1048576 / files))" /dev/urandom > "p/model/weights-$i.bin"
done
"$mlops" -q init
"$mlops" -q register p > /dev/null

# A new server on a new port, with nothing in it.
fresh() {
    end
    rm -rf data
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: "127.0.0.1:%s", secret: bench}\n' "$work" "$port" > config.yml
    docker-registry serve config.yml > log 2>&1 9>&- & # nobody's lock is the server's
    echo $! > pid
    until (: > "/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
    sync
}

seconds() {
    TIMEFORMAT=%R
    { time "$@" > /dev/null 2> said; } 2>&1 || { cat said >&2; exit 1; }
}

fresh
"$mlops" -q push bench@1 "oci://127.0.0.1:$port/bench:1"
skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$port/bench:1" dir:artifact
for round in $(seq "$rounds"); do
    fresh
    push=$(seconds "$mlops" -q push bench@1 "oci://127.0.0.1:$port/bench:1")
    rm -rf other/.mlops
    "$mlops" -C other -q init
    sync
    pull=$(seconds "$mlops" -C other -q pull "oci://127.0.0.1:$port/bench:1")
    fresh
    skopeo_push=$(seconds skopeo copy -q --dest-tls-verify=false dir:artifact "docker://127.0.0.1:$port/bench:1")
    rm -rf copy
    sync
    skopeo_pull=$(seconds skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$port/bench:1" dir:copy)
    echo "$push $skopeo_push $pull $skopeo_pull"
done | tee times | awk '{ printf "push: mlops %.2f s, skopeo %.2f s; pull: mlops %.2f s, skopeo %.2f s\n", $1, $2, $3, $4 }'

median() {
    awk -v of="$1" '{ print $of }' times | sort -n | awk '{ r[NR] = $1 } END { print r[int((NR + 1) / 2)] }'
}
awk -v a="$(median 1)" -v b="$(median 2)" -v c="$(median 3)" -v d="$(median 4)" 'BEGIN {
    printf "medians: push %.2f s against %.2f s, %.2f x the time; pull %.2f s against %.2f s, %.2f x the time\n", a, b, a / b, c, d, c / d }'
