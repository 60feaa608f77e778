#!/usr/bin/env bats
# The service that takes events in, judges, tells, serves metrics, and goes back by itself.
load common
load events

setup() {
    cli_setup
    given_registered fraud@2
    given_promoted fraud@1 production
    now=$(date +%s)
    started=
}

teardown() {
    for process in $started; do { kill "$process" && wait "$process"; } 2>/dev/null || true; done
}

# watching ARGUMENTS…: a watch in the background; what it says stands in ./said, its process in $watch.
watching() {
    : > said # its own redirection comes later, and another's port may stand there
    mlops monitor watch fraud --tick 200ms "$@" > out 2> said 3>&- &
    watch=$!
    started+=" $watch"
}

port() {
    until_true grep -q 'port [0-9]' said
    sed -n 's/.*at port \([0-9]*\),.*/\1/p' said
}

@test "a watch follows a file, opens and resolves an alert, and ends well when it is told to" {
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m'
    served 1 600 300 900 > events
    watching events
    until_true grep -q 'open: slow, fraud@1 in production: latency_p99' said
    served 1 300 30000 10 >> events # the ids of later events: most are in the future, and set aside
    mlops -q monitor rule fraud 'slow=latency_p99 <= 1s over 10m'
    until_true grep -q 'resolved: slow' said
    kill -TERM "$watch"
    wait "$watch"
    grep -E '^[0-9]+ checks: 1 alert opened, 1 resolved; [0-9]+ events counted$' out
    run mlops monitor status fraud
    ended 0 "fraud@1"
}

@test "Prometheus scrapes a live watch, and its lint has nothing to say" {
    served 1 600 300 100 > events
    watching events --listen 0
    port=$(port)
    until_true sh -c "curl -sf http://127.0.0.1:$port/metrics | grep -q '^mlops_events{'"
    curl -sf "http://127.0.0.1:$port/metrics" > scraped
    [ "$(tail -1 scraped)" = "# EOF" ]
    grep '^mlops_watch_failing{model="fraud"} 0$' scraped
    curl -si -H 'Accept: application/openmetrics-text; version=1.0.0' "http://127.0.0.1:$port/metrics" |
        grep -i '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8'
    command -v prometheus promtool || skip "Prometheus is not installed (Debian: prometheus)"
    promtool check metrics < scraped
    printf 'global: {scrape_interval: 1s}\nscrape_configs: [{job_name: mlops, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\n' "$port" > prometheus.yml
    on_free_port prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb --web.listen-address=127.0.0.1:PORT
    started+=" $server"
    ours=$port
    until_true sh -c "curl -sfG http://127.0.0.1:$ours/api/v1/query --data-urlencode 'query=mlops_events{model=\"fraud\",version=\"1\"}' |
        jq -e '.data.result[0].value[1] == \"300\"'"
    until_true sh -c "curl -sfG http://127.0.0.1:$ours/api/v1/query --data-urlencode query=up |
        jq -e '.data.result[0].value[1] == \"1\"'"
}

@test "only GET, only /metrics, and beyond loopback only with the token" {
    watching --listen 0
    port=$(port)
    [ "$(curl -so /dev/null -w '%{http_code}' -X POST -d x "http://127.0.0.1:$port/metrics")" = 405 ]
    [ "$(curl -so /dev/null -w '%{http_code}' "http://127.0.0.1:$port/../etc/passwd")" = 404 ]
    [ "$(curl -so /dev/null -w '%{http_code}' -I "http://127.0.0.1:$port/metrics")" = 200 ]
    python3 - "$port" <<'PY'
import socket, sys
for garbage in b"GET /metrics HTTP/1.1\r\nX: " + b"0" * 70000 + b"\r\n\r\n", b"\0\0\0garbage\r\n\r\n", b"GET ":
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    try:
        s.sendall(garbage)
        s.shutdown(socket.SHUT_WR)
        assert not s.recv(100).startswith(b"HTTP/1.1 200"), "answered"
    except OSError: # it was let go already
        pass
PY
    [ "$(curl -so /dev/null -w '%{http_code}' "http://127.0.0.1:$port/metrics")" = 200 ]
    kill "$watch"
    wait "$watch"
    run mlops monitor watch fraud --listen 0.0.0.0:0
    ended 2 "anybody could read" "MLOPS_METRICS_TOKEN"
    export MLOPS_METRICS_TOKEN=t0ken
    watching --listen 0.0.0.0:0
    port=$(port)
    [ "$(curl -so /dev/null -w '%{http_code}' "http://127.0.0.1:$port/metrics")" = 401 ]
    [ "$(curl -so /dev/null -w '%{http_code}' -H 'Authorization: Bearer t0kem' "http://127.0.0.1:$port/metrics")" = 401 ]
    [ "$(curl -so /dev/null -w '%{http_code}' -H 'Authorization: Bearer t0ken' "http://127.0.0.1:$port/metrics")" = 200 ]
}

@test "a watch goes back by itself once, and tells people" {
    given_promoted fraud@2 production
    mkdir -p .mlops/hooks
    printf '#!/bin/sh\njq -r .subject >> "%s/told"\n' "$PWD" > .mlops/hooks/tell
    chmod 755 .mlops/hooks/tell
    mlops -q monitor notify add fraud exec tell
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m severity critical'
    served 2 600 300 900 > events
    served 1 600 300 900 >> events # the older one is no better: it stays all the same
    watching events --auto-rollback
    until_true grep -q 'rolled back: production of fraud from @2 to @1, for the alert slow' said
    until_true grep -q 'open: slow, fraud@1' said
    until_true eval '[ "$(grep -c "slow is alerting" told)" -eq 2 ]'
    sleep 1 # time to go back once more
    kill "$watch"
    wait "$watch"
    [ "$(grep -c 'rolled back' said)" -eq 1 ]
    [ "$(mlops --json show fraud@production | jq .version)" = 1 ]
    run mlops log fraud
    ended 0 "automatic: the alert slow is open: latency_p99"
    grep -c 'slow is alerting' told | grep -x 2
    grep -x '\[critical\] fraud@2 in production: slow is over' told
}

@test "a watch takes events from a socket" {
    watching --events unix:s.sock --listen 0
    port=$(port)
    until_true test -S s.sock
    served 1 600 50 100 > events
    python3 - <<'PY'
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("s.sock")
s.sendall(open("events", "rb").read())
assert s.recv(100).startswith(b"ok "), "not acknowledged"
PY
    until_true sh -c "curl -sf http://127.0.0.1:$port/metrics | grep -q '^mlops_events{.*} 50$'"
}

@test "a watch of standard input ends with it, and judges what came last" {
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m'
    run --separate-stderr mlops --json monitor watch fraud - --tick 1h < <(served 1 600 300 900)
    ended 0
    jq -e '.opened == 1 and .counted == 300 and .failed_checks <= 1' <<<"$output"
}

@test "what cannot be watched is refused" {
    run mlops monitor watch ghost
    ended 3
    run mlops monitor watch fraud missing
    ended 3 "missing"
    run mlops monitor watch fraud --listen nowhere
    ended 2
    run mlops monitor watch fraud events --events unix:x
    ended 2 "takes no FILE"
}
