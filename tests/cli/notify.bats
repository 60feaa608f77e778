#!/usr/bin/env bats
# People told of alerts: programs, mail, and HTTP in the formats of those who take it.
load common

setup() {
    cli_setup
    given_registered fraud@1
    given_promoted fraud@1 production
    now=$(date +%s)
    mlops -q monitor rule fraud 'slow=latency_p99 <= 250ms over 10m severity critical'
    mkdir -p .mlops/hooks
    export MLOPS_WEBHOOK_TIMEOUT=2m # a machine may be slow
    started=
}

teardown() {
    for process in $started; do { kill "$process" && wait "$process"; } 2>/dev/null || true; done
}

# given_server: what is posted to 127.0.0.1:$port stands in ./posted; ./mode has the status.
given_server() {
    echo 200 > mode
    : > port # the server's own redirection comes later
    python3 "$SOURCE_ROOT/tests/cli/channel_server.py" > port 3>&- &
    started+=" $!"
    until_true test -s port
    port=$(cat port)
}

# served LATENCY AGE: ten minutes of traffic until now.
served() {
    awk -v from="$((now - 600))" -v latency="$1" -v age="$2" -v round="$((round++))" 'BEGIN {
        for (i = 0; i < 600; i++)
            printf("{\"time\":%d,\"id\":\"%d-%d\",\"version\":1,\"features\":{\"age\":%d}," \
                "\"score\":0.5,\"latency_ms\":%d}\n", from + i, round, i, age + i * 7 % 40, latency)
    }' > events
    mlops -q monitor ingest fraud events
}

alerting() {
    served 900 400
    run mlops monitor check fraud
    [ "$status" -eq 1 ]
}

resolved() {
    mlops -q monitor rule fraud 'slow=latency_p99 <= 2s over 10m severity critical'
    mlops -q monitor check fraud
}

posted() {
    [ ! -e posted ] || jq -c "${1:-.}" posted
}

@test "Slack is told in a body of its own, and its address stands nowhere" {
    given_server
    export SLACK_URL="http://127.0.0.1:$port/services/T0/B0/s3cr3t"
    mlops -q monitor notify add fraud slack --secret-env SLACK_URL
    alerting
    [ "$(posted | wc -l)" -eq 1 ]
    # api.slack.com/reference/block-kit/blocks: header plain_text up to 150, section up to 3000
    posted '.path == "/services/T0/B0/s3cr3t" and .type == "application/json"' | grep true
    posted '.body | (.text | contains("[critical] fraud@1 in production: slow is alerting")) and
        .blocks[0].type == "header" and .blocks[0].text.type == "plain_text" and
        (.blocks[0].text.text | length <= 150) and .blocks[1].type == "section" and
        .blocks[1].text.type == "mrkdwn" and (.blocks[1].text.text | length <= 3000)' | grep true
    text=$(jq -r '.body.blocks[1].text.text' posted)
    [[ "$text" == *"latency_p99 is "* && "$text" == *"since: 20"* && "$text" == *"within 1 % of"* ]]
    [[ "$text" == *"likely cause: age: median "* && "$text" == *"-&gt;"* ]]
    [[ "$text" == *"look: mlops monitor status fraud --stage production"* ]]
    [[ "$text" == *"roll back: mlops rollback fraud --stage production --if-alerting"* ]]
    run -1 grep -r s3cr3t .mlops
    run mlops --json monitor notify list fraud
    [[ "$output" != *s3cr3t* && "$output" == *SLACK_URL* ]]
}

@test "what fails is told again, in order, and no message has the secret" {
    given_server
    export SLACK_URL="http://127.0.0.1:$port/services/T0/B0/s3cr3t"
    mlops -q monitor notify add fraud slack --secret-env SLACK_URL
    echo 503 > mode
    alerting
    [[ "$output" != *s3cr3t* ]]
    resolved
    run mlops monitor notify list fraud
    ended 0 'POST $SLACK_URL: the server answers 503'
    [[ "$output" != *s3cr3t* ]]
    [ "$(mlops --json monitor notify list fraud | jq '.channels[0].waiting')" -eq 2 ]
    run mlops --json webhook deliver
    [[ "$output" != *s3cr3t* ]]
    # the end is not told before the begin
    [ "$(posted 'select(.body.text | contains("is over"))' | wc -l)" -eq 0 ]
    echo 200 > mode
    mlops -q webhook deliver
    jq -r 'select(.status == 200) | .body.text' posted | tr '\n' '|' | grep 'is alerting|.*is over|$'
    [ "$(posted 'select(.status == 200)' | wc -l)" -eq 2 ]
    mlops -q webhook deliver
    [ "$(posted 'select(.status == 200)' | wc -l)" -eq 2 ]
    run -1 grep -r s3cr3t .mlops
}

@test "a notice whose secret is not here waits, and the list says for what" {
    mlops -q monitor notify add fraud slack --secret-env SLACK_URL
    unset SLACK_URL
    alerting
    run mlops webhook deliver
    ended 1 "0 delivered, 0 failed, 1 left" "'mlops monitor notify list MODEL' say why"
    run mlops monitor notify list fraud
    ended 0 '$SLACK_URL is not set here'
}

@test "PagerDuty gets trigger and resolve under one key" {
    given_server
    export PD_KEY=0123456789abcdef0123456789abcdef
    mlops -q monitor notify add fraud pagerduty "http://127.0.0.1:$port/v2/enqueue" --secret-env PD_KEY
    alerting
    resolved
    # developer.pagerduty.com/api-reference, Events API v2: routing_key of 32, event_action, payload with
    # summary of at most 1024, source, severity of critical|error|warning|info, dedup_key of at most 255
    jq -se 'length == 2 and all(.body | .routing_key == env.PD_KEY and (.dedup_key | length <= 255)) and
        .[0].body.event_action == "trigger" and .[1].body.event_action == "resolve" and
        .[0].body.dedup_key == .[1].body.dedup_key and
        (.[0].body.payload | .severity == "critical" and .source == "fraud@1" and
            (.summary | length <= 1024 and contains("latency_p99 is")) and .class == "slow" and
            (.timestamp | test("^20[0-9-]+T[0-9:.]+Z$")) and
            (.custom_details.likely_cause | contains("age")) and
            (.custom_details.roll_back | contains("mlops rollback fraud")))' posted
    run -1 grep -r 0123456789abcdef .mlops
    run mlops log fraud
    [[ "$output" != *0123456789abcdef* ]]
    mlops log --verify
}

@test "a generic webhook is signed and has the entry" {
    given_server
    export HOOK=s3cr3t
    mlops -q monitor notify add fraud webhook "http://127.0.0.1:$port/in" --secret-env HOOK
    alerting
    jq -e '.body.event == "alert" and .body.entry.detail.rule == "slow" and (.webhook_id | startswith("mlops-"))' posted
    run mlops webhook list
    [[ "$output" != *127.0.0.1* ]] # it is no webhook for all that happens
}

@test "Alertmanager's own program takes what opens and resolves" {
    command -v prometheus-alertmanager || skip "Alertmanager is not installed (Debian: prometheus-alertmanager)"
    printf 'route: {receiver: none}\nreceivers: [{name: none}]\n' > am.yml
    on_free_port prometheus-alertmanager --config.file=am.yml --storage.path=am --cluster.listen-address= \
        --web.listen-address=127.0.0.1:PORT
    started+=" $server"
    until_true curl -sf "http://127.0.0.1:$port/-/ready"
    mlops -q monitor notify add fraud alertmanager "http://127.0.0.1:$port/"
    alerting
    curl -sf "http://127.0.0.1:$port/api/v2/alerts" > seen
    jq -e 'length == 1 and (.[0] | .status.state == "active" and .labels.alertname == "slow" and
        .labels.severity == "critical" and .labels.model == "fraud" and .labels.version == "1" and
        (.annotations.description | contains("likely cause: age")))' seen
    resolved
    until_true eval 'curl -sf "http://127.0.0.1:$port/api/v2/alerts" | jq -e "length == 0"'
}

@test "a hook is run with what to say, and is nobody else's program" {
    printf '#!/bin/sh\ncat > "%s/told"\necho "$MLOPS_HOOK $MLOPS_MODEL $MLOPS_VERSION" > "%s/who"\n' "$PWD" "$PWD" > .mlops/hooks/page-me
    chmod 755 .mlops/hooks/page-me
    mlops -q monitor notify add fraud exec page-me
    alerting
    jq -e '(.subject | contains("slow is alerting")) and (.text | contains("likely cause: age")) and
        .entry.action == "alert" and (.id | startswith("mlops-"))' told
    [ "$(cat who)" = "page-me fraud 1" ]
    chmod 777 .mlops/hooks/page-me
    resolved
    run mlops monitor notify list fraud
    ended 0 "can be written by anybody"
    run mlops monitor notify add fraud exec ../../bin/sh
    ended 2
    run mlops monitor notify add fraud exec /bin/sh
    ended 2
}

@test "mail goes through sendmail, and parses" {
    printf '#!/bin/sh\n[ "$1 $2" = "-t -i" ] || exit 1\ncat > "%s/mail"\n' "$PWD" > sendmail
    chmod 755 sendmail
    export MLOPS_SENDMAIL=$PWD/sendmail MLOPS_MAIL_FROM=mlops@example.com
    mlops -q monitor notify add fraud email ops@example.com
    alerting
    python3 - <<'PY'
import email, email.policy
mail = email.message_from_bytes(open("mail", "rb").read(), policy=email.policy.SMTP)
assert not mail.defects, mail.defects
assert mail["To"] == "ops@example.com" and mail["From"] == "mlops@example.com"
assert mail["Subject"] == "[critical] fraud@1 in production: slow is alerting", mail["Subject"]
assert mail["Date"].datetime and mail["Message-ID"].startswith("<mlops-")
assert "roll back: mlops rollback fraud" in mail.get_content()
PY
    run mlops monitor notify add fraud email 'a@b.c, d@e.f'
    ended 2 "is not a mail address"
    run mlops monitor notify add fraud email $'a@b.c\nBcc: x@y.z'
    ended 2
    run mlops monitor notify add fraud email -oQ@x
    ended 2
}

@test "who is silenced or of lesser severity is told nothing" {
    given_server
    export HOOK=s3cr3t
    mlops -q monitor notify add fraud webhook "http://127.0.0.1:$port/all" --secret-env HOOK
    mlops -q monitor silence add fraud rule=slow --until 1h --reason 'load test'
    alerting
    [ -z "$(posted)" ]
    id=$(mlops --json monitor notify list fraud | jq '.channels[0].id')
    mlops -q monitor notify remove fraud "$id"
    mlops -q monitor notify add fraud webhook "http://127.0.0.1:$port/all" --secret-env HOOK --severity critical
    mlops -q monitor rule fraud 'few=events >= 1e6'
    run mlops monitor check fraud
    ended 1 "few"
    [ -z "$(posted)" ]
    run mlops monitor notify remove fraud "$id"
    ended 3 "has no channel"
}

@test "what is no channel is refused with what to write" {
    run mlops monitor notify add fraud slak --secret-env A
    ended 2 "there is no channel 'slak'" "slack"
    run mlops monitor notify add fraud slack https://hooks.slack.com/services/x --secret-env A
    ended 2 "a channel 'slack' takes no target"
    run mlops monitor notify add fraud slack
    ended 2 "a channel 'slack' needs --secret-env"
    run mlops monitor notify add fraud email
    ended 2 "a channel 'email' needs a target" "such as 'email oncall@example.com'"
    run mlops monitor notify add fraud pagerduty --secret-env 'not a name'
    ended 2 "is not the name of an environment variable"
    run mlops monitor notify add fraud alertmanager ftp://x
    ended 2
    run mlops monitor notify add fraud alertmanager http://me:pw@x
    ended 2
    run mlops monitor notify add ghost slack --secret-env A
    ended 3
}

@test "a channel that is changed in the database is told nothing" {
    given_server
    export HOOK=s3cr3t
    mlops -q monitor notify add fraud webhook "http://127.0.0.1:$port/all" --secret-env HOOK
    sqlite3 .mlops/registry.db "UPDATE webhook SET url = 'http://127.0.0.1:$port/evil'"
    served 900 20
    run mlops monitor check fraud
    [ -z "$(posted)" ]
    run mlops webhook deliver
    ended 5 "behind the audit log's back"
}

policy_with() {
    printf 'stages:\n  production:\nmonitor:\n  notify:\n' > policy.yaml
    printf '    - %s\n' "$@" >> policy.yaml
}

@test "the channels of a policy come and go with it, beside those that were added by hand" {
    given_server
    export SLACK_URL="http://127.0.0.1:$port/services/s3cr3t"
    mlops -q monitor notify add fraud email ops@example.com --severity critical
    policy_with '{channel: slack, secret_env: SLACK_URL}' \
        '{channel: pagerduty, secret_env: PD_KEY, severity: critical}'
    mlops -q policy set fraud policy.yaml
    run --separate-stderr mlops --json monitor notify list fraud
    jq -e '[.channels[] | [.kind, .policy]] ==
        [["email", 0], ["slack", 1], ["pagerduty", 1]]' <<<"$output"
    slack=$(jq '.channels[1].id' <<<"$output")
    run mlops monitor notify remove fraud "$slack"
    ended 1 "the policy of fraud names channel $slack" "monitor: notify:"
    alerting
    [ "$(posted | wc -l)" -eq 1 ]
    posted | grep -q slow
    run grep -r s3cr3t .mlops
    [ "$status" -eq 1 ]
    # shown and set again, it is the same: the channels stay what they were, with what waits for them
    mlops policy show fraud > shown.yaml
    mlops -q policy set fraud shown.yaml
    run --separate-stderr mlops --json monitor notify list fraud
    jq -e --argjson slack "$slack" '.channels[1] | .id == $slack and .policy == 1' <<<"$output"
    policy_with '{channel: slack, secret_env: SLACK_URL, severity: warning}'
    mlops -q policy set fraud policy.yaml
    run --separate-stderr mlops --json monitor notify list fraud
    jq -e '[.channels[] | [.kind, .severity, .policy]] ==
        [["email", "critical", 0], ["slack", "warning", 3]]' <<<"$output"
    mlops -q policy set fraud --inherit
    run --separate-stderr mlops --json monitor notify list fraud
    jq -e '[.channels[].kind] == ["email"]' <<<"$output"
    mlops log --verify
}

@test "a policy's channel is refused for the reasons that the command gives, with its line" {
    policy_with '{channel: slak, secret_env: A}'
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:5: there is no channel 'slak'" "slack"
    policy_with '{channel: email, target: ops@example.com}' '{channel: slack}'
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:6: a channel 'slack' needs --secret-env (in a policy: secret_env)"
    policy_with '{channel: slack, secret: xoxb-1, secret_env: A}'
    run mlops policy set fraud policy.yaml
    ended 2 "secret_env"
    policy_with '{target: ops@example.com}'
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:5: it does not say which 'channel' it is"
    policy_with '{channel: webhook, target: "http://me:pw@x", secret_env: A}'
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:5"
    policy_with '{channel: email, target: ops@example.com}'
    run mlops policy set --default policy.yaml
    ended 2 "they are of one model"
    run --separate-stderr mlops --json monitor notify list fraud
    jq -e '.channels == []' <<<"$output"
}
