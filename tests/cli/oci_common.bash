# What the suites of OCI registries share: a docker-registry on a free port, and its end.

# start_registry NAME [CONFIG [HTTP]]: sets PORT; CONFIG is YAML to add to the configuration, HTTP to that of
# the server. What it says is in the folder NAME.
start_registry() {
    local folder="$BATS_FILE_TMPDIR/$1" server port
    mkdir -p "$folder"
    cat > "$folder/config.yml" <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $folder/data}}
http: {addr: 127.0.0.1:0, secret: of-the-tests${3+, $3}}
${2-}
YAML
    pushd "$folder" > /dev/null
    on_free_port env REGISTRY_HTTP_ADDR=127.0.0.1:PORT docker-registry serve config.yml
    popd > /dev/null
    echo "$server" >> "$BATS_FILE_TMPDIR/pids"
    PORT=$port
}

# stop_servers: all that were started.
stop_servers() {
    local pid
    [ -e "$BATS_FILE_TMPDIR/pids" ] || return 0
    while read -r pid; do
        kill "$pid" 2>/dev/null || true
    done < "$BATS_FILE_TMPDIR/pids"
}

# need_tools NAME…: skip where one is not installed.
need_tools() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}
