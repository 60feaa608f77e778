# What the suites of OCI registries share: a docker-registry on a free port, and its end.

# wait_for PORT: until somebody listens there.
wait_for() {
    local i
    for i in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.05
    done
    echo "nobody listens on port $1"
    return 1
}

# start_registry NAME [CONFIG]: sets PORT; CONFIG is YAML to add to the configuration.
start_registry() {
    local folder="$BATS_FILE_TMPDIR/$1"
    mkdir -p "$folder"
    PORT=$(free_port)
    cat > "$folder/config.yml" <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $folder/data}}
http: {addr: 127.0.0.1:$PORT, secret: of-the-tests}
${2-}
YAML
    docker-registry serve "$folder/config.yml" > "$folder/log" 2>&1 3>&- &
    echo $! >> "$BATS_FILE_TMPDIR/pids"
    wait_for "$PORT"
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
