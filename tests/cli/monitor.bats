#!/usr/bin/env bats
# A model in production: events in, labels later, and what the status says of both.
load common

setup() {
    cli_setup
    given_registered fraud@2
}

# events FROM TO [VERSION [EXTRA]]: an event a second from 10:00 on; every tenth is an error, ids are
# those of the second, the score rises, and predictions follow it.
events() {
    awk -v from="$1" -v to="$2" -v version="${3:-1}" -v extra="${4:-}" 'BEGIN {
        for (i = from; i < to; i++)
            printf("{\"time\":\"2026-05-03T10:%02d:%02dZ\",\"id\":\"t%d\",\"version\":%d," \
                "\"features\":{\"age\":%d,\"city\":\"%s\"},\"score\":%.2f,\"prediction\":%d," \
                "\"latency_ms\":%d,\"status\":%d,\"segment\":\"%s\"%s}\n",
                i / 60 % 60, i % 60, i, version, 20 + i * 7 % 40, substr("abc", i % 3 + 1, 1),
                i % 100 / 100, i % 100 >= 50, 10 + i % 90, i % 10 ? 200 : 500,
                i % 2 ? "web" : "app", extra)
    }'
}

# Said of the whole range, as JSON.
status() {
    mlops --json monitor status fraud --since 2026-01-01 "$@"
}

# counted N: so many of the first group are, by now.
counted() {
    [ "$(status | jq '.groups[0].events')" = "$1" ]
}

# stop_follower: and what it was doing is done.
stop_follower() {
    kill -TERM "$follower"
    wait "$follower" || true
}

teardown() {
    for process in ${follower:-} ${server:-}; do { kill -KILL "$process" && wait "$process"; } 2>/dev/null || true; done
}

@test "events are counted once, however often and in whatever order they come" {
    events 0 600 > all
    run --separate-stderr mlops --json monitor ingest fraud all
    ended 0
    jq -e '.received == 600 and .counted == 600 and .duplicates == 0' <<<"$output"
    tac all > back
    (head -n 100 all; events 600 700) >> back
    run --separate-stderr mlops --json monitor ingest fraud back
    jq -e '.received == 800 and .counted == 100 and .duplicates == 700' <<<"$output"
    run status
    jq -e '.groups[0] | .version == 1 and .events == 700 and .errors == 70' <<<"$output"
    jq -e '.counts | .received == 1400 and .counted == 700 and .duplicates == 700' <<<"$output"
}

@test "CSV and standard input are read, too" {
    (echo 'time,id,version,latency_ms,status,"age",city'
     echo '2026-05-03T10:00:00Z,a,1,12.5,ok,20,"x, ""y"""'
     echo '2026-05-03T10:00:01Z,b,1,,error,,z') > e.csv
    run --separate-stderr bash -c 'mlops --json monitor ingest fraud - < e.csv'
    ended 0
    jq -e '.counted == 2 and .malformed == 0' <<<"$output"
    run status
    jq -e '.groups[0] | .events == 2 and .errors == 1 and .latency_ms.p50 == 12.5' <<<"$output"
}

@test "what cannot be counted is set aside with the reason" {
    (events 0 3; echo '{"time":'; echo '{"id":"x","version":1}'; events 3 4 7
     echo '{"time":"2100-01-01T00:00:00Z","id":"f","version":1}'
     echo '{"time":"2020-01-01T00:00:00Z","id":"l","version":1}'; events 4 5) > e
    run --separate-stderr mlops --json monitor ingest fraud e
    ended 0
    jq -e '.received == 9 and .counted == 4 and .malformed == 2 and .unknown == 1 and .future == 1
        and .late == 1' <<<"$output"
    dead=.mlops/monitor/fraud/dead-letter.jsonl
    [ "$(wc -l < "$dead")" -eq 5 ]
    jq -se 'map(.line) == [4, 5, 6, 7, 8] and .[1].text == "{\"id\":\"x\",\"version\":1}"
        and .[1].reason == "it has no time"' "$dead" || { cat "$dead"; false; }
    run mlops monitor ingest fraud e
    ended 0 "2 malformed, 1 of unknown versions, 1 in the future, 1 late: " "$dead says which"
}

@test "labels find their events, late, early and again" {
    events 0 100 > e
    (echo id,label; for i in $(seq 50 149); do echo "t$i,$((i % 100 >= 50))"; done) > early.csv
    run --separate-stderr mlops --json monitor label fraud early.csv
    ended 0
    jq -e '.received == 100 and .joined == 0 and .pending == 100' <<<"$output"
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups[0].performance | .labelled == 50 and .accuracy.value == 1' <<<"$output"
    (for i in $(seq 0 99); do echo "{\"id\":\"t$i\",\"label\":$((i >= 50))}"; done) > late.jsonl
    run --separate-stderr mlops --json monitor label fraud late.jsonl
    jq -e '.joined == 100 and .unchanged == 50 and .replaced == 0 and .pending == 0' <<<"$output"
    run status
    jq -e '.groups[0].performance | .labelled == 100 and .auc.value == 1 and .fpr.value == 0 and
        .recall.value == 1' <<<"$output"
    echo '{"id":"t99","label":false}' > again.jsonl
    run --separate-stderr mlops --json monitor label fraud again.jsonl
    jq -e '.joined == 1 and .replaced == 1' <<<"$output"
    run status
    jq -e '.groups[0].performance | .labelled == 100 and .accuracy.value == 0.99 and
        .auc.value < 1' <<<"$output"
}

@test "a label that came before is of every answer to its id, whenever that comes" {
    printf 'id,label\nt5,1\nt7,0\n' > l.csv
    mlops -q monitor label fraud l.csv # before all of them
    events 0 10 1 > e
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups | length == 1 and .[0].performance.labelled == 2' <<<"$output"
    # another version answers later, in minutes of its own; and one event comes again in another
    events 0 10 2 ',"shadow":true' | sed 's/T10:00/T10:31/' > e
    events 5 6 1 | sed 's/T10:00/T11:15/' >> e
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups | map([.version, .performance.labelled]) == [[1, 3], [2, 2]]' <<<"$output"
    printf 'id,label\nt5,0\n' > l.csv
    run --separate-stderr mlops --json monitor label fraud l.csv
    jq -e '.joined == 1 and .replaced == 1 and .pending == 0' <<<"$output"
    events 5 6 2 | sed 's/T10:00/T12:40/' > e # it has the label that holds now
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups | map([.version, .shadow, .performance.labelled]) |
        sort == [[1, false, 3], [2, false, 1], [2, true, 2]]' <<<"$output"
}

@test "champion and challenger are told apart on the same traffic" {
    (events 0 120; events 0 120 2 ',"shadow":true') > e
    mlops -q monitor ingest fraud e
    (echo id,label; for i in $(seq 0 119); do echo "t$i,$((i % 2))"; done) > l.csv
    mlops -q monitor label fraud l.csv
    run status
    jq -e '.groups | length == 2 and (.[0] | .version == 1 and (.shadow | not)) and
        (.[1] | .version == 2 and .shadow) and all(.performance.labelled == 120)' <<<"$output"
    run status --by-segment
    jq -e '.groups | length == 4 and (map(.events) | add) == 240' <<<"$output"
}

@test "a feature that moved against the training data is named" {
    events 0 400 | sed 's/"age":\([0-9]*\)/"age":9\1/' > e
    mlops -q monitor ingest fraud e
    run mlops monitor status fraud
    ended 0 "features against training: 1 of " "age"
}

@test "a file that goes on and is rotated is followed" {
    events 0 50 > e.log
    mlops --json monitor ingest fraud --follow e.log > counts 3>&- &
    follower=$!
    until_true counted 50
    events 50 60 >> e.log
    until_true counted 60
    mv e.log e.log.1
    events 60 70 >> e.log.1
    events 70 100 > e.log
    until_true counted 100
    stop_follower
    run status
    jq -e '.groups[0].events == 100 and .counts.duplicates == 0' <<<"$output"
}

@test "a rotated CSV has a header again, and what a reader missed is read from its old name" {
    (echo time,id,version,age; echo 2026-05-03T10:00:00Z,a,1,5) > e.csv
    mlops -q monitor ingest fraud e.csv
    (echo time,id,version,age; echo 2026-05-03T10:00:00Z,a,1,5; echo 2026-05-03T10:00:01Z,b,1,6) > e.csv.1
    (echo id,version,time; echo c,1,2026-05-03T10:00:02Z) > e.csv
    mlops --json monitor ingest fraud --follow e.csv > counts 3>&- &
    follower=$!
    until_true counted 3
    stop_follower
    jq -e '.counted == 2 and .duplicates == 1 and .malformed == 0' counts
}

@test "a file rotated many times while nobody reads is read in order, also where it is compressed" {
    follow() {
        mlops --json monitor ingest fraud --follow e.log > counts 2> said 3>&- &
        follower=$!
        until_true counted "$1"
        stop_follower
    }
    events 0 50 > e.log
    follow 50
    events 50 60 >> e.log
    mv e.log e.log.1 # once: some of it was read
    events 60 80 > e.log
    gzip e.log.1
    mv e.log.1.gz e.log.2.gz; mv e.log e.log.1 # twice
    events 80 90 > e.log
    mv e.log.2.gz e.log.3.gz; mv e.log.1 e.log.2; mv e.log e.log.1 # three times
    events 90 100 > e.log
    follow 100
    jq -e '.counted == 50 and .duplicates == 50 and .malformed == 0' counts
    [ -z "$(grep "not counted" said)" ]
    events 100 110 >> e.log
    rm e.log.3.gz e.log.2 e.log.1
    cp e.log e.log.1; events 110 120 > e.log # copied and cut
    follow 120
    jq -e '.counted == 20' counts
    mv e.log e.log.2; rm e.log.1
    events 120 130 > e.log.1; events 130 140 > e.log
    echo 'no gzip' > e.log.3
    printf '\x1f\x8b broken' > e.log.2
    follow 140 # the one that was read last is gone
    grep "is gone" said
    grep "e.log.2 has is not counted" said
}

@test "a file rotated twice while a follower sleeps loses nothing" {
    events 0 10 > e.log
    mlops --json monitor ingest fraud --follow e.log > counts 3>&- &
    follower=$!
    until_true counted 10
    kill -STOP "$follower"
    events 10 20 >> e.log
    mv e.log e.log.1
    events 20 30 > e.log
    mv e.log.1 e.log.2; mv e.log e.log.1
    events 30 40 > e.log
    kill -CONT "$follower"
    until_true counted 40
    # its writer has not come to it yet; it has ten seconds for that, and here until tomorrow
    touch -d tomorrow empty; mv e.log e.log.0; mv empty e.log
    sleep 0.5
    events 40 50 >> e.log.0
    until_true counted 50
    stop_follower
    jq -e '.counted == 50 and .duplicates == 0' counts
}

@test "what was counted is a duplicate, not late, when it is sent again after the watermark" {
    echo '{"time":"2026-05-03T10:00:00Z","id":"a","version":1}' > old
    sed 's/"a"/"b"/' old > missed
    sed 's/05-03/05-13/' old > new
    mlops -q monitor ingest fraud old
    mlops -q monitor ingest fraud new
    cat old missed > both
    run --separate-stderr mlops --json monitor ingest fraud both
    jq -e '.duplicates == 1 and .late == 1' <<<"$output"
}

@test "kill -9 at any time loses nothing that is sent again, and counts nothing twice" {
    events 0 3000 > e
    for i in $(seq 12); do
        timeout -s KILL "0.0$((i * 7 % 10))$i" mlops -q monitor ingest fraud e || true
    done
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups[0] | .events == 3000 and .errors == 300' <<<"$output"
    mlops fsck
}

@test "ingests of one model at the same time count each event once" {
    events 0 2000 > e
    for i in 1 2 3; do mlops -q monitor ingest fraud e 3>&- & done
    wait
    run status
    jq -e '.groups[0].events == 2000 and .counts.received == 6000 and
        .counts.duplicates == 4000' <<<"$output"
}

@test "unknown models, missing files and wrong use are refused" {
    run mlops monitor ingest nothing e
    ended 3
    run mlops monitor ingest fraud e
    ended 3
    run mlops monitor status fraud
    ended 3 "no events"
    events 0 10 | mlops -q monitor ingest fraud -
    run mlops monitor status fraud --version 9 --since 2026-01-01
    ended 3 "'fraud' has no version 9"
    run mlops monitor label fraud
    ended 2
    echo 'id,what' > l.csv; echo '1,2' >> l.csv
    run mlops monitor label fraud l.csv
    ended 2 "label"
}

# Send standard input to the socket as soon as somebody listens there, and print the answers as they come,
# until all of it was acknowledged.
sender() {
    python3 -c '
import os, socket, sys, time
where, head = sys.argv[1], sys.argv[2]
while True:
    s = socket.socket(socket.AF_UNIX if "/" in where else socket.AF_INET)
    try:
        s.connect(where if "/" in where else ("127.0.0.1", int(where)))
        break
    except (ConnectionRefusedError, FileNotFoundError):
        if os.path.exists("killed"): sys.exit("nobody listens any more")
        time.sleep(0.02)
data = sys.stdin.buffer.read()
s.sendall(head.encode() + data)
lines, answers = data.count(b"\n"), b""
while f"ok {lines}\n".encode() not in answers:
    got = s.recv(65536)
    if not got: break
    answers += got
    sys.stdout.write(got.decode())
    sys.stdout.flush()
' "$@"
}

@test "events over a socket are acknowledged, and kill -9 loses none that were" {
    events 0 4000 > e
    for round in 1 2 3 4 5 6; do
        mlops --json monitor ingest fraud --listen "unix:$PWD/s" > counts 3>&- &
        server=$!
        rm -f killed
        : > answers
        from=$(((round - 1) * 500))
        tail -n "+$((from + 1))" e | head -n 900 | sender "$PWD/s" "" >> answers 2>/dev/null 3>&- &
        client=$!
        if ((round % 2)); then # when something was acknowledged
            until_true test -s answers
        else
            sleep "0.$round"
        fi
        kill -KILL "$server"
        wait "$server" || true
        touch killed
        wait "$client" || true
        got=$(sed -n 's/^ok //p' answers | tail -n 1)
        [ -z "$got" ] || head -n "$((from + got))" e | tail -n "$got" >> sent
    done
    [ -s sent ]
    run --separate-stderr mlops --json monitor ingest fraud sent
    jq -e '.counted == 0' <<<"$output" # what was acknowledged is there
    mlops -q monitor ingest fraud e
    run status
    jq -e '.groups[0] | .events == 4000 and .errors == 400' <<<"$output"
}

@test "a port of loopback is served, and the token asked for" {
    export MLOPS_MONITOR_TOKEN=secret
    on_free_port mlops --json monitor ingest fraud --listen PORT
    run sender "$port" $'token wrong\n' < <(events 0 10)
    [[ "$output" == *"error"* ]]
    run sender "$port" $'token secret\n' < <(events 0 100)
    [[ "$output" == *"ok 100"* ]]
    kill -TERM "$server"
    wait "$server"
    jq -e '.counted == 100 and .malformed == 0' server.out
    unset MLOPS_MONITOR_TOKEN
    run mlops monitor ingest fraud --listen "0.0.0.0:$port"
    ended 2 "MLOPS_MONITOR_TOKEN"
    run mlops monitor ingest fraud --listen nowhere
    ended 2 "ADDRESS:PORT"
}

@test "what is wrong with features is said: missing, outliers, new categories, kinds, new columns" {
    awk 'BEGIN { for (i = 0; i < 200; i++)
        printf("{\"time\":%d,\"id\":\"%d\",\"version\":1,\"score\":0.5,\"features\":{%s\"city\":\"%s\"," \
            "\"shoe\":%d}}\n", 1777802400 + i, i,
            i % 4 == 0 ? "" : i % 10 == 1 ? "\"age\":\"old\"," : i % 10 == 3 ? "\"age\":900," : \
            sprintf("\"age\":%d,", 20 + i * 7 % 40), i % 2 ? "a" : "z", 40 + i % 5) }' > e
    mlops -q monitor ingest fraud e
    run --separate-stderr status
    jq -e '.groups[0].unexpected == ["shoe"]' <<<"$output"
    jq -e '.groups[0].against_training.columns[] | select(.name == "age") | .drift and
        .missing_current >= 0.25 and .misfits == 20 and .outliers_current > 0.1 and
        .beyond_reference > 0.1 and .outliers_reference == 0' <<<"$output"
    jq -re '.groups[0].against_training.columns[] | select(.name == "city") | .detail' <<<"$output" |
        grep "'z'"
    run mlops monitor status fraud --since 2026-01-01
    ended 0 "shoe             is not in the training data" "'z'"
}
