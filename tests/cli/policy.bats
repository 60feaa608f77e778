#!/usr/bin/env bats
# What a stage demands: set, shown, checked, and refused where it was changed behind the log's back.
load session

setup() {
    session
    export MLOPS_KEYS=$PWD/keys
}

# keys of ana (author, releaser), bob and cy (approvers); all trusted
people() {
    for who in ana bob cy; do mlops -q key generate --no-passphrase $who >/dev/null; done
    mlops -q trust add bob --role approver --owner bob
    mlops -q trust add cy --role approver --owner cy
    mlops -q trust add ana --role author --role approver --role releaser --owner ana
}

policy_of_two() {
    cat > policy.yaml <<'YAML'
stages:
  staging:
    tests: all
  production:
    tests: {kinds: [unit, performance]}
    scan: safe
    signed: author
    approvals: 2
    from: staging
YAML
}

@test "the default policy holds until another is set, and again when that ends" {
    registered
    run mlops policy show fraud
    ended 0 "# the default policy" "requirements: met"
    policy_of_two
    run mlops policy set fraud policy.yaml --reason 'two pairs of eyes'
    ended 0 "policy 1 of fraud is in force"
    run mlops policy show fraud
    ended 0 "# policy 1 of fraud, set by ada@example.com" "approvals: {count: 2}"
    mlops policy show fraud > shown.yaml
    mlops policy set fraud shown.yaml
    run mlops --json policy history fraud
    [ "$(jq -r '.policies | map(.number) | @csv' <<<"$output")" = 1,2 ]
    [ "$(jq -r '.policies[0].sha256 == .policies[1].sha256' <<<"$output")" = true ]
    [ "$(jq -cSj '.policies[0].policy' <<<"$output" | sha256sum | cut -c1-64)" = \
        "$(jq -r '.policies[0].sha256' <<<"$output")" ]
    mlops policy set fraud --inherit
    run mlops policy show fraud
    ended 0 "# the default policy"
    mlops policy set --default policy.yaml
    run mlops policy show fraud
    ended 0 "# policy 1 of the registry"
    mlops log --verify
}

@test "what is wrong in a policy is named with its line, and nothing changes" {
    registered
    printf 'stages:\n  production:\n    aprovals: 2\n' > policy.yaml
    run mlops policy set fraud policy.yaml
    ended 2 "policy.yaml:3: unknown key 'aprovals' (did you mean 'approvals'?)"
    run mlops policy set fraud none.yaml
    ended 3 "none.yaml"
    policy_of_two
    run mlops policy set nobody policy.yaml
    ended 3 "nobody"
    run mlops policy set fraud
    ended 2 "--inherit"
    run mlops policy set --default --inherit
    ended 2 "cannot inherit"
    run mlops policy histori fraud
    ended 2 "did you mean 'mlops policy history'?"
    run mlops --json policy history fraud
    [ "$(jq '.policies | length' <<<"$output")" = 0 ]
}

@test "a stage that the policy does not name takes nothing" {
    registered
    policy_of_two
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to canary
    ended 2 "'canary' is no stage of policy 1 of fraud" "its stages are staging, production"
}

@test "a version goes the whole way: suites, signature, two approvals, staging, production" {
    registered
    people
    policy_of_two
    run mlops policy set fraud policy.yaml --key bob
    ended 1 "only a releaser changes a policy"
    mlops -q policy set fraud policy.yaml --key ana
    mlops -q test fraud >/dev/null
    run mlops promote fraud --to production
    ended 1 "not signed: run 'mlops sign fraud@1'" "0 of 2 approvals" "it is not in staging now"
    mlops -q sign fraud@1 --key ana
    mlops -q promote fraud@1 --to staging
    run mlops approve fraud@1 --for production --key ana
    ended 1 "ana is the author of fraud@1: nobody approves their own version"
    mlops approve fraud@1 --for production --key bob --reason 'reviewed'
    mlops approve fraud@1 --for production --key bob
    run mlops promote fraud --to production
    ended 1 "1 of 2 approvals, by bob: run 'mlops approve fraud@1 --for production'"
    mlops approve fraud@1 --for production --key cy
    mlops approve fraud@1 --for production --key cy --withdraw
    run mlops promote fraud --to production
    ended 1 "1 of 2 approvals, by bob; that of entry" "cy withdrew it"
    run mlops approve fraud@1 --for production --key cy --withdraw
    ended 3 "cy did not approve fraud@1 for production"
    mlops approve fraud@1 --for production --key cy
    run mlops promote fraud --to production --proof fraud.proof
    ended 0 "approved by bob, cy" "signed by ana" "its head is now"
    head -1 fraud.proof | grep -qx 'c2sp.org/tlog-proof@v1'
    run mlops --json log fraud --stage production
    [ "$(jq -r '.entries[0].action' <<<"$output")" = promote ]
    mlops log --verify
    # the policy's stages hold what they would take today
    run mlops policy check fraud
    ended 0
    mlops -q trust remove cy --key ana
    run mlops policy check fraud
    ended 1 "the key" "of cy was revoked"
}

@test "what a rollback left comes back with a new approval alone" {
    registered
    people
    mlops -q test fraud >/dev/null
    mlops -q promote fraud --to production
    sed -i 's/noise: 0/noise: 0.0/' p/params.yaml
    mlops -q register p
    mlops -q test fraud >/dev/null
    mlops -q approve fraud@2 --for production --key bob
    mlops -q approve fraud@2 --for production --key bob # once more is not twice as much
    mlops -q promote fraud@2 --to production
    mlops -q rollback fraud --reason 'alerts'
    run mlops promote fraud@2 --to production
    ended 1 "left by a rollback of ada@example.com" "alerts; 0 of 1 approvals" \
        "that of bob is from before the rollback: run 'mlops approve fraud@2 --for production'"
    mlops -q approve fraud@2 --for production --key bob
    run mlops promote fraud@2 --to production
    ended 0 "approved by bob"
}

@test "a freeze refuses promotions until it ends, and lets rollbacks through" {
    registered
    mlops -q test fraud >/dev/null
    run mlops freeze fraud
    ended 2 "why is it to be frozen?"
    run mlops freeze --reason x
    ended 2 "name a MODEL, or say --all"
    run mlops freeze fraud --reason x --until 2020-01-01
    ended 2 "would have ended already"
    mlops -q freeze --all --reason 'year end'
    run mlops promote fraud --to production
    ended 1 "everything is frozen by ada@example.com until somebody ends it: year end"
    run mlops unfreeze fraud
    ended 3 "fraud is not frozen"
    mlops -q unfreeze --all
    mlops -q freeze fraud --stage production --reason audit --until 2099-01-01
    mlops -q promote fraud --to staging
    run mlops promote fraud --to production
    ended 1 "fraud@production is frozen by ada@example.com until 2099-01-01T00:00:00Z: audit"
    mlops -q unfreeze fraud --stage production
    mlops -q promote fraud --to production
    mlops log --verify
}

@test "an emergency passes the gates that it names, signed by a releaser, and shouts" {
    registered
    run mlops promote fraud --to production --emergency --pass tests --reason 'attack'
    ended 1 "this registry trusts no releaser"
    people
    run mlops promote fraud --to production --emergency --reason 'attack' --key ana
    ended 2 "which gates"
    run mlops promote fraud --to production --pass tests --key ana
    ended 2 "--pass is for an --emergency"
    run mlops promote fraud --to production --emergency --pass tests --key ana
    ended 2 "an emergency needs a reason"
    run mlops promote fraud --to production --emergency --pass test --reason attack --key ana
    ended 2 "there is no gate 'test' (did you mean 'tests'?)"
    run mlops promote fraud --to production --emergency --pass tests,scan --reason attack --key ana
    ended 2 "there is no gate 'tests,scan'" "name each by a --pass of its own"
    run mlops promote fraud --to production --emergency --pass tests --reason attack --key bob
    ended 1 "only a releaser passes gates"
    run mlops promote fraud --to production --emergency --pass tests --reason attack --key ana
    ended 1 "PASSED OVER  tests" "FAIL         metrics"
    run mlops promote fraud --to production --emergency --pass tests --pass metrics --pass scan \
        --reason attack --key ana
    ended 0 "fraud@1 is now in production"
    run mlops log fraud --stage production
    ended 0 "EMERGENCY, PASSED WITHOUT tests, metrics, scan: attack"
    mlops log --verify
}

@test "a policy that was weakened behind the log's back is refused" {
    registered
    policy_of_two
    mlops -q policy set fraud policy.yaml
    keep_rows kept
    sqlite3 .mlops/registry.db "UPDATE policy SET body = replace(body, '\"approvals\":2,', '')"
    run mlops promote fraud --to production
    ended 5 "policy 1 of fraud was changed behind the audit log's back"
    run mlops policy show fraud
    ended 5 "policy 1 of fraud was changed behind the audit log's back"
    run mlops log --verify
    ended 5 "policy 1 of fraud was changed"
    put_rows_back kept
    sqlite3 .mlops/registry.db "DELETE FROM policy"
    run mlops promote fraud --to production
    ended 5 "policy 1 of fraud was removed behind the audit log's back"
    # the entry, too: its digest made to fit
    put_rows_back kept
    old=$(sqlite3 .mlops/registry.db "SELECT body FROM policy" | tr -d '\n' | sha256sum | cut -c1-64)
    new=$(sqlite3 .mlops/registry.db "SELECT replace(body, '\"approvals\":2,', '') FROM policy" |
        tr -d '\n' | sha256sum | cut -c1-64)
    sqlite3 .mlops/registry.db "UPDATE policy SET body = replace(body, '\"approvals\":2,', '');
        UPDATE audit SET entry = replace(entry, '$old', '$new')"
    run mlops promote fraud --to production
    ended 5 "of the audit log was changed"
}

# versions 1 to N, tested; each with parameters of its own
versions() {
    registered
    for n in $(seq 2 "$1"); do
        printf 'noise: 0\nround: %s\n' "$n" > p/params.yaml
        mlops -q register p
    done
    for n in $(seq "$1"); do mlops -q test "fraud@$n" >/dev/null; done
}

@test "a rollback passes over what an earlier one left" {
    versions 3
    people
    mlops -q promote fraud@1 --to production
    mlops -q promote fraud@2 --to production
    mlops -q rollback fraud --reason 'errors'
    mlops -q approve fraud@2 --for production --key bob
    mlops -q promote fraud@2 --to production
    mlops -q promote fraud@3 --to production
    mlops -q promote fraud@1 --to production
    mlops -q promote fraud@3 --to production
    # 1 2 3 1 3: back to 1, then 3 is passed over
    mlops -q rollback fraud
    run --separate-stderr mlops rollback fraud
    ended 0 "back from @1 to @2" "1 nearer version is no good"
    run mlops rollback fraud --to fraud@1
    ended 1 "fraud@1 does not come back: a rollback of ada@example.com left it"
    run mlops rollback fraud
    ended 3 "nothing good was in production of fraud before @2"
    mlops log --verify
}

@test "a rollback takes nothing back whose signature no longer holds" {
    versions 2
    people
    printf 'stages: {production: {signed: author}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml --key ana
    mlops -q trust add bob --role author --owner bob --key ana
    mlops -q sign fraud@1 --key bob
    mlops -q sign fraud@2 --key ana
    mlops -q promote fraud@1 --to production
    mlops -q promote fraud@2 --to production
    mlops -q trust remove bob --key ana
    run mlops rollback fraud
    ended 5 "fraud@1 has no signature that its stage demands" "of bob was revoked"
    [ "$(mlops --json show fraud@production | jq .version)" = 2 ]
}

@test "without a monitor nothing is known about alerts, and nothing moves" {
    versions 2
    mlops -q promote fraud@1 --to production
    mlops -q promote fraud@2 --to production
    run mlops rollback fraud --if-alerting
    ended 3 "whether fraud@2 is alerting is not known: no monitor recorded how it does in production"
    printf 'stages: {staging: , production: {from: staging with no open alert}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    mlops -q promote fraud@1 --to staging
    run mlops promote fraud@1 --to production
    ended 1 "no monitor recorded how it does in staging"
}

@test "where a version comes from is judged by its bundle: commit, lineage, environment" {
    mlops -q init
    project
    printf 'stages: {production: {git: clean, lineage: complete, environment: pinned}}\n' > policy.yaml
    mlops -q register p
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    ended 1 "packaged outside of any commit" "the commit of its code, its environment" \
        "the bundle names no environment"
    echo 'environment: requirements.txt' >> p/mlops.yaml
    printf 'numpy==1.26.4\nscipy>=1.0\n' > p/requirements.txt
    git -C p init -q
    git -C p add .
    git -C p -c user.name=a -c user.email=a@b commit -qm one
    mlops -q register p 2>/dev/null
    run mlops promote fraud --to production
    ended 1 "requirements.txt does not pin scipy" "code, command, data 'train' and environment"
    printf 'numpy==1.26.4\nscipy==1.11.4\n' > p/requirements.txt
    mlops -q register p
    run mlops promote fraud --to production
    ended 1 "the bundle has changes that are not in commit" "requirements.txt pins every package"
    git -C p -c user.name=a -c user.email=a@b commit -qam two
    mlops -q register p
    run mlops promote fraud --to production
    ended 0 "and nothing beside it"
}

@test "what passed only when it was repeated is refused, or let in where the policy says so" {
    mlops -q init
    project
    # fails once, then passes: of what is kept between attempts there is nothing but the machine
    export MLOPS_SANDBOX=none
    sed -i "s|run: sh tests/words.sh|run: 'test -e $PWD/again \|\| { touch $PWD/again; exit 3; }', retries: 1|" p/mlops.yaml
    mlops -q register p
    run mlops test fraud
    ended 1 "flaky"
    run mlops promote fraud --to production
    ended 1 "words is flaky: run 'mlops test fraud@1'" \
        "words is flaky: it passed at attempt 2; the first one: exit status 3"
    printf 'stages: {production: {tests: all, flaky: refuse}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    ended 1 "words is flaky"
    printf 'stages: {production: {tests: all, flaky: allow}}\n' > policy.yaml
    run --separate-stderr mlops policy set fraud policy.yaml
    run mlops policy show fraud
    ended 0 "flaky: allow"
    run mlops --json promote fraud --to production
    ended 0
    [ "$(jq -r '.gates[0].detail' <<<"$output")" = \
        "3 of 3 suites passed, 1 of them flaky, which the policy allows" ]
    [ "$(jq -r '.gates[0].evidence[]' <<<"$output")" = \
        "words is flaky: it passed at attempt 2; the first one: exit status 3" ]
    run mlops policy check fraud
    ended 0 "1 of them flaky" "words is flaky: it passed at attempt 2"
}

# behind the log's back: what restricts is made to look like something else
hidden() {
    put_rows_back kept
    sqlite3 .mlops/registry.db "$1"
    run mlops promote fraud@1 --to production
    ended 5 "of the audit log was changed"
    run mlops log --verify
    ended 5
}

@test "nothing that restricts can be hidden by changing its row" {
    registered
    people
    mlops -q test fraud >/dev/null
    policy_of_two
    mlops -q policy set fraud policy.yaml --key ana
    mlops -q promote fraud@1 --to staging
    mlops -q sign fraud@1 --key ana
    mlops -q approve fraud@1 --for production --key bob
    mlops -q approve fraud@1 --for production --key cy
    mlops -q trust remove cy --key ana
    keep_rows kept
    for action in policy distrust; do
        # the row leads elsewhere: nothing changes
        put_rows_back kept
        sqlite3 .mlops/registry.db "UPDATE audit SET action = 'x', model = 'y' WHERE action = '$action'"
        run mlops promote fraud@1 --to production
        ended 1 "1 of 2 approvals, by bob" "of cy was revoked"
        run mlops log --verify
        ended 5
        # the entry is another, or gone: it is missed
        hidden "UPDATE audit SET action = 'x', entry = replace(entry, '\"$action\"', '\"x\"')
            WHERE action = '$action'"
        hidden "DELETE FROM audit WHERE action = '$action' AND position <
            (SELECT max(position) FROM audit)" || [ "$action" = distrust ]
    done
}

@test "an approval serves its own version alone, by a key that is trusted now" {
    versions 2
    people
    printf 'stages: {production: {approvals: 1}}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml --key ana
    # forged: by a key that nobody trusts, or for something else
    mlops -q key generate --no-passphrase eve >/dev/null
    run mlops approve fraud@1 --for production --key eve
    ended 1 "the key" "is not trusted by this registry"
    mlops -q trust add eve --role author --owner eve --key ana
    run mlops approve fraud@1 --for production --key eve
    ended 1 "of eve is trusted as author, not as approver"
    mlops -q approve fraud@1 --for production --key bob
    # forged: the statement or its signature altered
    altered() {
        keep_rows kept
        sqlite3 .mlops/registry.db "UPDATE audit SET $1 WHERE action = 'approve'"
        run mlops promote "$2" --to production
        ended 5 "of the audit log was changed" "$3"
        run mlops log --verify
        ended 5 "of the audit log was changed"
        put_rows_back kept
    }
    altered "entry = replace(entry, '\"sig\":\"', '\"sig\":\"A')" fraud@1 ""
    altered "entry = replace(entry, '\"payload\":\"', '\"payload\":\"A')" fraud@1 ""
    # used again: the row moved to another version, without and with what it says
    altered "version = 2" fraud@2 "its columns are not what the entry says"
    altered "version = 2, entry = replace(entry, '\"version\":1', '\"version\":2')" fraud@2 ""
    # expired
    keep_rows kept
    for seconds in 3 15 75; do # so that it is approved in time on a slow machine, too
        put_rows_back kept
        if mlops -q trust add cy --role approver --owner cy --key ana \
            --expires "$(date -u -d "+$seconds seconds" +%FT%TZ)" &&
            mlops -q approve fraud@2 --for production --key cy; then
            break
        fi
    done
    sleep "$((seconds + 1))"
    run mlops promote fraud@2 --to production
    ended 1 "0 of 1 approvals" "of cy expired at"
    run mlops approve fraud@2 --for production --key cy
    ended 1 "of cy expired at"
    # revoked
    mlops -q trust remove bob --key ana
    run mlops promote fraud@1 --to production
    ended 1 "0 of 1 approvals" "of bob was revoked at"
    run mlops approve fraud@2 --for production --key bob
    ended 1 "of bob was revoked at"
}

@test "a version rests in staging until time, predictions and quiet are there" {
    registered
    mlops -q test fraud > /dev/null
    printf 'stages:\n  staging:\n  production: {from: staging for 3s with no open alert and >= 50 predictions}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud --to production
    ended 1 "it is not in staging now"
    mlops -q promote fraud --to staging
    # events COUNT STATUS
    events() {
        for i in $(seq "$1"); do
            printf '{"time":"%s","id":"%s-%d","version":1,"stage":"staging","features":{"amount":1,"country":"de"},"score":0.1,"latency_ms":1,"status":%d}\n' \
                "$(date -u +%FT%TZ)" "$RANDOM" "$i" "$2"
        done | mlops -q monitor ingest fraud -
    }
    events 20 200
    mlops -q monitor rule fraud 'errors=error_rate <= 10% over 10m'
    mlops -q monitor check fraud --stage staging
    run mlops promote fraud --to production
    ended 1 "20 of 50 predictions there" "in staging for"
    events 60 500
    run mlops monitor check fraud --stage staging
    ended 1
    sleep 3
    run mlops promote fraud --to production
    ended 1 "open alert"
    events 800 200
    run mlops monitor check fraud --stage staging
    ended 0
    run mlops promote fraud --to production
    ended 0 "in staging for"
}
