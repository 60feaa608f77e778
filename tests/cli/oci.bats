#!/usr/bin/env bats
# Versions to OCI registries and back: Debian's docker-registry, its skopeo, and oras where that is.
load common
load oci_common

setup_file() {
    command -v docker-registry > /dev/null || return 0
    start_registry plain
    export PORT
}

teardown_file() {
    stop_servers
}

setup() {
    need_tools docker-registry
    cli_setup
    repository=oci://localhost:$PORT/risk/${BATS_TEST_NUMBER}
    other=$BATS_TEST_TMPDIR/other
}

# elsewhere: a registry of somebody else's, and the working directory there.
elsewhere() {
    mkdir -p "$other"
    cd "$other" && given_registry
}

# credentials HOST USER PASSWORD: as 'docker login' leaves them.
credentials() {
    mkdir -p "$HOME/.docker"
    printf '{"auths": {"%s": {"auth": "%s"}}}' "$1" "$(printf %s "$2:$3" | base64)" \
        > "$HOME/.docker/config.json"
}

put() {
    python3 "$BATS_TEST_DIRNAME/oci_server.py" put "$PORT" "$@"
}

@test "a version goes to a registry and comes back under its id, files, links and modes" {
    given_registry
    given_project p
    mkdir p/model/empty
    chmod 755 p/predict.sh
    ln -s weights.bin p/model/newest
    mlops -q register p
    run --separate-stderr mlops push fraud@1 "$repository:v1"
    ended 0 "fraud@1 is at $repository:v1" 'pushed: '
    digest=${lines[1]}
    bundle=$(mlops --json show fraud@1 | jq -r .bundle)
    mlops -q checkout fraud@1 "$BATS_TEST_TMPDIR/before"
    elsewhere
    run mlops --json pull "$repository:v1"
    ended 0
    jq -e --arg bundle "$bundle" --arg digest "$digest" '.bundle == $bundle and .digest == $digest
        and .version == 1 and .created and (.foreign | not)' <<< "$output"
    mlops -q checkout fraud@1 "$BATS_TEST_TMPDIR/after"
    diff -r --no-dereference "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
    [ -x "$BATS_TEST_TMPDIR/after/predict.sh" ] && [ -d "$BATS_TEST_TMPDIR/after/model/empty" ]
    mlops fsck
    run mlops --json pull "$repository@$digest"
    ended 0
    jq -e '.version == 1 and (.created | not) and .new_bytes == 0' <<< "$output"
    run mlops --json push fraud@1 "$repository-again:v1"
    [ "$(jq -r .digest <<< "$output")" = "$digest" ]
}

@test "the second version uploads what is new, and a tag is not moved by chance" {
    given_registered fraud@2
    mlops -q push fraud@1 "$repository:stable"
    run mlops push fraud@2 "$repository:stable"
    ended 4 "the tag 'stable' of 'risk/${BATS_TEST_NUMBER}' is on another artifact" --force
    run mlops --json push fraud@2 "$repository:stable" --force
    ended 0
    jq -e '.created and .sent_bytes > 0 and .sent_bytes < .bytes / 2' <<< "$output"
    run mlops --json push fraud@2 "$repository:stable"
    jq -e '(.created | not) and .sent_bytes == 0' <<< "$output"
    run mlops --json push fraud@2 "oci://localhost:$PORT/elsewhere:v2" --mount "risk/${BATS_TEST_NUMBER}"
    jq -e '.created and .sent_bytes == 0' <<< "$output"
}

@test "skopeo copies an artifact to a folder and back, byte for byte" {
    need_tools skopeo
    given_registered fraud@1
    digest=$(mlops -q push fraud@1 "$repository:v1")
    copy() { skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "$@"; }
    plain=docker://localhost:$PORT/risk/${BATS_TEST_NUMBER}
    for to in dir:copied oci:layout:v1; do
        copy "$plain:v1" "$to"
        copy "$to" "$plain:back"
        run skopeo inspect --tls-verify=false --raw "$plain:back"
        [ "sha256:$(printf %s "$output" | sha256sum | cut -c1-64)" = "$digest" ]
        elsewhere
        run mlops --json pull "$repository:back"
        ended 0
        [ "$(jq -r .digest <<< "$output")" = "$digest" ]
        cd "$BATS_TEST_TMPDIR/work"
        rm -rf "$other"
    done
    [ "sha256:$(sha256sum < copied/manifest.json | cut -c1-64)" = "$digest" ]
}

@test "a version becomes an image whose layers are its files, for runtimes to mount" {
    need_tools skopeo
    given_registry
    given_project p
    ln -s weights.bin p/model/latest
    head -c 2000000 /dev/urandom > p/model/large.bin
    mlops -q register p
    mlops -q checkout fraud@1 out
    digest=$(mlops -q push fraud@1 "$repository:v1-image" --as image)
    skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false "docker://localhost:$PORT/risk/${BATS_TEST_NUMBER}:v1-image" oci:layout:v1
    blob() { echo "layout/blobs/sha256/${1#sha256:}"; }
    manifest=$(blob "$digest")
    jq -e '.config.mediaType == "application/vnd.oci.image.config.v1+json" and (has("artifactType") | not)
        and all(.layers[]; .mediaType == "application/vnd.oci.image.layer.v1.tar")' "$manifest"
    # what a runtime holds the layers against, before it lays them over one another
    [ "$(jq -c '[.layers[].digest]' "$manifest")" = "$(jq -c .rootfs.diff_ids "$(blob "$(jq -r .config.digest "$manifest")")")" ]
    mkdir mounted
    for layer in $(jq -r '.layers[].digest' "$manifest"); do
        tar -xf "$(blob "$layer")" -C mounted
    done
    diff -r --no-dereference out mounted

    # a file that is large is a layer of its own: the next version shares it
    echo changed >> p/model/weights.bin
    mlops -q register p
    run mlops --json push fraud@2 "$repository:v2-image" --as image
    jq -e '.layers == 2 and .sent_bytes < 100000 and .bytes > 2000000' <<< "$output"

    run mlops pull "$repository:v1-image"
    ended 2 'an image to mount' "without '--as image'"
    run mlops push fraud@1 "$repository:x" --as volume
    ended 2 "'volume' is none of: artifact image"
}

@test "signatures go along, and count where the key is trusted" {
    export MLOPS_KEYS=$PWD/keys
    given_registered fraud@1
    mlops -q key generate ana --no-passphrase
    mlops -q sign fraud@1
    run mlops --json push fraud@1 "$repository:v1"
    [ "$(jq .signatures <<< "$output")" -eq 1 ]
    elsewhere
    run mlops --json pull "$repository:v1"
    [ "$(jq .signatures <<< "$output")" -eq 1 ]
    run mlops verify fraud@1
    ended 5 'not trusted'
    mlops -q trust add ana --role author --owner ana@example.com
    run mlops verify fraud@1
    ended 0 'ana@example.com (author)'
    run mlops --json pull "$repository:v1"
    [ "$(jq .signatures <<< "$output")" -eq 0 ]
    mlops log --verify
}

@test "files of others become a bundle: titles, tars, ModelPack's paths" {
    mkdir -p f/model
    echo weights > weights.bin
    echo code > f/model/run.py
    tar -C f -czf model.tar.gz model
    cat > layers.json <<'JSON'
[{"type": "application/octet-stream", "file": "weights.bin",
  "annotations": {"org.opencontainers.image.title": "weights.bin"}},
 {"type": "application/vnd.cncf.model.weight.v1.raw", "file": "weights.bin",
  "annotations": {"org.cncf.model.filepath": "sub/w.bin"}},
 {"type": "application/vnd.cncf.model.code.v1.tar+gzip", "file": "model.tar.gz",
  "annotations": {"org.cncf.model.filepath": "model"}}]
JSON
    put "risk/${BATS_TEST_NUMBER}" v1 layers.json
    given_registry
    run mlops pull "$repository:v1"
    ended 2 'give it a name: mlops pull ADDRESS NAME'
    run mlops --json pull "$repository:v1" churn
    ended 0
    jq -e '.model == "churn" and .version == 1 and .foreign and .files == 4' <<< "$output"
    mlops -q checkout churn@1 out
    cmp out/weights.bin weights.bin && cmp out/sub/w.bin weights.bin && cmp out/model/run.py f/model/run.py
    run mlops --json pull "$repository:v1" churn
    jq -e '.version == 1 and (.created | not)' <<< "$output"
}

@test "artifacts that mean harm are refused, and nothing of them is kept" {
    echo x > x
    given_registry
    mkdir evil && ln -s /etc evil/etc && tar -cf link.tar evil
    tar --transform 's,^,../../,' -Pcf up.tar x
    try() {
        echo "[$1]" > layers.json
        put "risk/${BATS_TEST_NUMBER}" bad layers.json
        run mlops pull "$repository:bad" churn
        ended "$2" "$3"
    }
    title='"type": "a/b", "file": "x", "annotations": {"org.opencontainers.image.title"'
    try "{$title: \"../x\"}}" 2 "'../x'"
    try "{$title: \"/etc/x\"}}" 2 "'/etc/x'"
    try "{$title: \"x\"}}, {$title: \"./x\"}}" 2 "'x' is there twice"
    try '{"type": "a/b", "file": "x"}' 2 'none of its layers is a file with a name'
    try '{"type": "a/b.tar", "file": "link.tar"}' 2 'is a link'
    try '{"type": "a/b.tar", "file": "up.tar"}' 2 '../x'
    try '{"type": "a/b.tar", "file": "x"}' 2 ''
    part='"type": "a/b", "annotations": {"mlops.bundle.part": "manifest"}'
    try "{$part, \"file\": \"x\"}" 5 ''
    [ "$(mlops --json list | jq '.versions | length')" -eq 0 ]
    [ -z "$(ls .mlops/tmp)" ]
}

@test "a bundle whose artifact lacks a file, or has another, is refused" {
    given_registered fraud@1
    mlops -q push fraud@1 "$repository:v1"
    id=$(mlops --json show fraud@1 | jq -r .bundle)
    curl -sf "localhost:$PORT/v2/risk/${BATS_TEST_NUMBER}/blobs/$id" > manifest
    [ "sha256:$(sha256sum < manifest | cut -c1-64)" = "$id" ]
    echo '[{"type": "a/b", "file": "manifest", "annotations": {"mlops.bundle.part": "manifest"}}]' > layers.json
    put "risk/${BATS_TEST_NUMBER}" lacks layers.json
    elsewhere
    run mlops pull "$repository:lacks"
    ended 5 "is in the bundle's manifest and not in the artifact"
    run mlops pull "$repository:v1" churn
    ended 4 "the bundle is of 'fraud', and not of 'churn'"
    run mlops pull "$repository:none"
    ended 3
    run mlops pull "$repository@sha256:$(printf '0%.0s' {1..64})"
    ended 3
    [ "$(mlops --json list | jq '.versions | length')" -eq 0 ]
}

@test "addresses that are none are refused before anything is asked" {
    given_registered fraud@1
    for address in oci:localhost/x oci://localhost oci://localhost/X:v1 oci://u:p@localhost/x \
        oci://localhost/x:v1@md5:0 oci://localhost:99999/x oci://-x/y; do
        run mlops push fraud@1 "$address"
        ended 2
        [[ "$output" != *u:p* ]]
    done
    run mlops push fraud@7 "$repository:v1"
    ended 3
    run mlops push fraud@1 oci://localhost:1/x:v1
    ended 6 localhost:1
}

@test "a password is asked for where the registry wants one, and is never shown" {
    # s3cret-of-tests, by crypt's bcrypt
    mkdir -p "$BATS_FILE_TMPDIR/basic"
    echo 'ci:$2b$05$SyeamhgoCfIwuz9RcsP67.zeY6x7JYAKbqDo.hL7VgwvbVKAU9G3y' > "$BATS_FILE_TMPDIR/basic/users"
    start_registry basic "auth: {htpasswd: {realm: tests, path: $BATS_FILE_TMPDIR/basic/users}}"
    given_registered fraud@1
    address=oci://localhost:$PORT/fraud:v1
    run mlops push fraud@1 "$address"
    ended 1 "no credentials of 'localhost:$PORT'"
    credentials "localhost:$PORT" ci wrong-of-tests
    run mlops -v push fraud@1 "$address"
    ended 1 'do not suffice'
    [[ "$output" != *wrong-of-tests* ]]
    credentials "localhost:$PORT" ci s3cret-of-tests
    run mlops -v --json push fraud@1 "$address"
    ended 0
    [[ "$output" != *s3cret* ]]
    # the same out of a helper, which puts it nowhere
    printf '{"credHelpers": {"localhost:%s": "tests"}}' "$PORT" > "$HOME/.docker/config.json"
    cat > ../bin/docker-credential-tests <<'SH'
#!/bin/sh
read -r host || [ -n "$host" ]
printf '{"ServerURL": "%s", "Username": "ci", "Secret": "s3cret-of-tests"}' "$host"
SH
    chmod +x ../bin/docker-credential-tests
    elsewhere
    run mlops -v pull "$address"
    ended 0
    [[ "$output" != *s3cret* ]]
    ! grep -raq -e s3cret -e wrong-of-tests "$BATS_TEST_TMPDIR/work/.mlops" "$other/.mlops"
}

@test "a token is fetched where the registry sends for one" {
    folder=$BATS_FILE_TMPDIR/token
    mkdir -p "$folder"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key" -out "$folder/certificate" \
        -subj /CN=tests -days 2 2> /dev/null
    python3 "$BATS_TEST_DIRNAME/oci_server.py" token - "$folder/key" ci s3cret-of-tests "$folder/asked" \
        > "$folder/port" 3>&- &
    echo $! >> "$BATS_FILE_TMPDIR/pids"
    until_true test -s "$folder/port"
    start_registry token "auth: {token: {realm: 'http://127.0.0.1:$(cat "$folder/port")/token',
        service: tests, issuer: tests, rootcertbundle: $folder/certificate}}"
    given_registered fraud@1
    address=oci://127.0.0.1:$PORT/fraud:v1
    run mlops push fraud@1 "$address"
    ended 1 "get a token for '127.0.0.1:$PORT'" 'no credentials'
    credentials "127.0.0.1:$PORT" ci s3cret-of-tests
    : > "$folder/asked"
    mlops -q push fraud@1 "$address" --mount base
    [ "$(cat "$folder/asked")" = 'repository:fraud:pull,push repository:base:pull' ]
    elsewhere
    mlops -q pull "$address"
}

@test "a server with another certificate is refused before anything is sent" {
    folder=$BATS_FILE_TMPDIR/tls
    mkdir -p "$folder"
    for name in own other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/$name.key" \
            -out "$folder/$name.pem" -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 2> /dev/null
    done
    start_registry tls '' "tls: {certificate: $folder/own.pem, key: $folder/own.key}"
    given_registered fraud@1
    credentials "localhost:$PORT" ci s3cret-of-tests
    run mlops push fraud@1 "oci://localhost:$PORT/fraud:v1" --ca "$folder/other.pem"
    ended 6 'is not trusted: nothing was sent'
    mlops -q push fraud@1 "oci://localhost:$PORT/fraud:v1" --ca "$folder/own.pem"
}

@test "oras takes the files of an artifact, and what it pushes is taken" {
    need_tools oras
    given_registered fraud@1
    plain=localhost:$PORT/risk/${BATS_TEST_NUMBER}
    mlops -q push fraud@1 "$repository:v1"
    oras pull --plain-http -o got "$plain:v1" > /dev/null
    mlops -q checkout fraud@1 out
    rm -r got/mlops-bundle
    diff -r got out
    (cd got && rm mlops.yaml && oras push --plain-http "$plain:files" --artifact-type application/x.model \
        model:application/vnd.x.folder.tar predict.sh data/train.csv > /dev/null)
    run mlops --json pull "$repository:files" churn
    ended 0
    jq -e .foreign <<< "$output"
    mlops -q checkout churn@1 again
    cmp again/model/weights.bin out/model/weights.bin && cmp again/predict.sh out/predict.sh
}
