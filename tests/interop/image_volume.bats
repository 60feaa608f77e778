#!/usr/bin/env bats
# What 'mlops push --as image' makes, mounted as an image volume by containerd through the interface
# that Kubernetes uses (CRI): nothing but the kubelet is missing. By hand, as root:
#
#     export GOBIN=/somewhere CGO_ENABLED=0
#     go install -tags 'no_btrfs no_devmapper no_zfs' github.com/containerd/containerd/v2/cmd/containerd@v2.4.2
#     go install github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2@v2.4.2
#     go install sigs.k8s.io/cri-tools/cmd/crictl@v1.37.0
#     MLOPS_CONTAINERD=/somewhere MLOPS=build/release/mlops bats tests/interop/image_volume.bats
#
# with runc (Debian's runc) on the PATH or in that folder, docker-registry and busybox-static.
load ../cli/common
load ../cli/oci_common

setup() {
    [ -n "${MLOPS_CONTAINERD-}" ] || skip "MLOPS_CONTAINERD names no folder with containerd and crictl"
    [ "$(id -u)" -eq 0 ] || skip "containerd wants root"
    PATH=$MLOPS_CONTAINERD:$PATH
    need_tools containerd crictl runc docker-registry skopeo busybox
    cli_setup
    start_registry images
    host=127.0.0.1:$PORT
    start_containerd
    push_tools
}

teardown() {
    stop_servers
}

cri() {
    crictl --runtime-endpoint "unix://$here/socket" --image-endpoint "unix://$here/socket" "$@" 2>> "$here/said"
}

start_containerd() {
    here=$BATS_TEST_TMPDIR/containerd
    mkdir -p "$here/hosts/$host"
    cat > "$here/config.toml" <<TOML
version = 3
root = "$here/root"
state = "$here/state"
[grpc]
  address = "$here/socket"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "$host/tools:1"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "$here/hosts"
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
TOML
    printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' "$host" "$host" > "$here/hosts/$host/hosts.toml"
    containerd -c "$here/config.toml" > "$here/log" 2>&1 3>&- &
    echo $! >> "$BATS_FILE_TMPDIR/pids"
    for _ in $(seq 100); do
        ! cri version > /dev/null || return 0
        sleep 0.1
    done
    cat "$here/log"
    return 1
}

# An image with a shell, for the pod and its container.
push_tools() {
    mkdir -p root/bin image/blobs/sha256
    cp "$(command -v busybox)" root/bin/busybox
    for tool in sh cat ls sha256sum sleep; do ln -s busybox "root/bin/$tool"; done
    put() { # FILE: a blob; prints digest and size as members of a descriptor
        local digest
        digest=$(sha256sum < "$1" | cut -c1-64)
        cp "$1" "image/blobs/sha256/$digest"
        printf '"digest":"sha256:%s","size":%s' "$digest" "$(stat -c %s "$1")"
    }
    tar -C root -cf layer.tar .
    layer=$(put layer.tar)
    printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/bin/sleep","1000"],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$(sha256sum < layer.tar | cut -c1-64)" > config.json
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}' \
        "$(put config.json)" "$layer" > manifest.json
    printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s}]}' "$(put manifest.json)" > image/index.json
    echo '{"imageLayoutVersion":"1.0.0"}' > image/oci-layout
    skopeo --insecure-policy copy -q --dest-tls-verify=false oci:image "docker://$host/tools:1"
    cri pull "$host/tools:1" > /dev/null
}

# mounted IMAGE COMMAND: what the command says in a container that has the image at /model.
mounted() {
    local pod container
    cri pull "$1" > /dev/null
    printf '{"metadata":{"name":"p","namespace":"d","uid":"%s","attempt":1},"log_directory":"%s","linux":{"security_context":{"namespace_options":{"network":2,"pid":1}}}}' \
        "$RANDOM" "$here/logs" > pod.json
    jq -n --arg image "$1" --arg tools "$host/tools:1" --arg command "$2; echo said; sleep 1000" \
        '{metadata: {name: "c"}, image: {image: $tools}, command: ["/bin/sh", "-c", $command], log_path: "c.log", linux: {},
          mounts: [{container_path: "/model", readonly: true, image: {image: $image}}]}' > container.json
    pod=$(cri runp pod.json)
    container=$(cri create "$pod" container.json pod.json)
    cri start "$container" > /dev/null
    for _ in $(seq 50); do
        ! cri logs "$container" | grep -qx said || break
        sleep 0.1
    done
    cri logs "$container" 2>&1 | grep -vx said
    cri rmp -f "$pod" > /dev/null
}

@test "an image of a version is a volume with its files, which cannot be written" {
    given_registry
    given_project p
    head -c 2000000 /dev/urandom > p/model/large.bin
    ln -s large.bin p/model/latest
    mlops -q register p
    mlops -q push fraud@1 "oci://$host/fraud:v1-image" --as image
    run mounted "$host/fraud:v1-image" 'cd /model && sha256sum model/large.bin model/latest model/weights.bin mlops.yaml; echo x 2>&1 > new'
    [ "${lines[0]%% *}" = "$(sha256sum < p/model/large.bin | cut -c1-64)" ]
    [ "${lines[1]%% *}" = "${lines[0]%% *}" ]
    [ "${lines[2]%% *}" = "$(sha256sum < p/model/weights.bin | cut -c1-64)" ]
    [ "${lines[3]%% *}" = "$(sha256sum < p/mlops.yaml | cut -c1-64)" ]
    [[ "$output" == *"Read-only file system"* ]]
}

@test "of the artifact, whose layers are files, containerd mounts an empty folder" {
    given_registered fraud@1
    mlops -q push fraud@1 "oci://$host/fraud:v1"
    run mounted "$host/fraud:v1" 'ls /model; echo nothing'
    [ "$output" = nothing ]
}
