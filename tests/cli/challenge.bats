#!/usr/bin/env bats
# Champion against challenger on the same traffic.
load common

setup() {
    cli_setup
    given_registered fraud@3
    given_promoted fraud@1 production
}

# answered VERSION FROM TO SKILL LATENCY [EXTRA]: answers to the requests of a second each, of which
# every third is positive; SKILL of 10 scores are on the right side, the others on the wrong one.
answered() {
    awk -v version="$1" -v from="$2" -v to="$3" -v skill="$4" -v latency="$5" -v extra="${6:-}" '
    BEGIN {
        for (i = from; i < to; i++) {
            right = (i * 7 + version * 3) % 10 < skill
            positive = i % 3 == 0
            printf("{\"time\":%d,\"id\":\"r%d\",\"version\":%d,\"score\":%.3f,\"latency_ms\":%d," \
                "\"segment\":\"%s\"%s}\n", 1772359200 + i, i, version,
                (right == positive ? 0.6 : 0.1) + i * 31 % 300 / 1000, latency + i % 10,
                i % 2 ? "web" : "app", extra)
        }
    }'
}

labels() {
    seq "$1" $(($2 - 1)) | awk '{ printf("{\"id\":\"r%d\",\"label\":%d}\n", $1, $1 % 3 == 0) }'
}

compare() {
    run --separate-stderr mlops --json monitor compare fraud "$@"
}

@test "without a challenger there is nothing to compare, and what to do is said" {
    answered 1 0 100 8 10 | mlops -q monitor ingest fraud -
    run mlops monitor compare fraud
    ended 3 "no version of fraud has answered beside fraud@1" '"shadow": true'
    run mlops monitor compare fraud --version 2
    ended 3 "fraud@2 has not answered beside fraud@1"
    run mlops monitor compare fraud --stage staging
    ended 3 "nothing of fraud is in staging"
    run mlops monitor compare ghost
    ended 3
}

@test "a challenger in the shadow is matched by id, and judged once labels are there" {
    (answered 1 0 600 6 20; answered 2 100 700 9 40 ',"shadow":true') |
        mlops -q monitor ingest fraud -
    compare
    ended 1
    jq -e '.champion == 1 and .challenger == 2 and .parts[0].pairs == 500' <<<"$output"
    jq -e '.parts[0] | .verdict == "unknown" and .labelled == 0 and .agreement.value == 0.7' <<<"$output"
    jq -e '.parts[0] | .champion.events == 600 and .challenger.events == 600 and
        .challenger.latency_ms.p50 > 40 and .champion.latency_ms.p50 < 30' <<<"$output"
    labels 0 400 | mlops -q monitor label fraud -
    compare
    ended 0
    jq -e '.by == "auc" and (.parts[0] | .verdict == "better" and .labelled == 300)' <<<"$output"
    jq -e '.parts[0].measures | .accuracy.champion == 0.6 and .accuracy.challenger == 0.9 and
        .accuracy.low > 0.2 and .accuracy.events == 300 and .recall.events == 100 and
        .fpr.difference < 0 and .auc.p < 0.001 and .cost.difference == null' <<<"$output"
    run mlops monitor compare fraud --by accuracy
    ended 0 "champion   @1  600 events" "500 events answered by both: the same in 70.00 %" \
        "accuracy   0.6000 -> 0.9000" "by accuracy the challenger is better  (300 labelled)"
    run mlops monitor compare fraud --by cost
    ended 2 "what errors of fraud cost is not known"
}

@test "two that rank all alike differ by nothing, and of that no interval is made up" {
    (answered 1 0 300 8 20; answered 1 0 300 8 30 ',"shadow":true' |
        sed 's/"version":1/"version":2/') | mlops -q monitor ingest fraud -
    labels 0 300 | mlops -q monitor label fraud -
    run mlops monitor compare fraud
    ended 1 "+0.0000 no interval  of 300" "not shown to be better or worse"
    [[ "$output" != *nan* ]]
}

@test "each segment is judged by itself" {
    (answered 1 0 600 6 20; answered 2 0 600 9 20 ',"shadow":true') | mlops -q monitor ingest fraud -
    labels 0 600 | mlops -q monitor label fraud -
    compare --by-segment
    ended 0
    jq -e '[.parts[].segment] == [null, "app", "web"]' <<<"$output"
    jq -e '.parts | .[0].pairs == .[1].pairs + .[2].pairs and .[1].champion.events == 300' <<<"$output"
    run mlops monitor compare fraud --by-segment
    ended 0 "segment app" "segment web"
}

@test "a worse challenger is refused, one of another stage counts, and a margin lets in what is no worse" {
    (answered 1 0 2000 8 20; answered 2 0 2000 6 20 ',"shadow":true'
     answered 3 0 2000 8 20 ',"stage":"candidate"') | mlops -q monitor ingest fraud -
    labels 0 2000 | mlops -q monitor label fraud -
    compare --version 2
    ended 1
    jq -e '.challenger == 2 and .parts[0].verdict == "worse"' <<<"$output"
    compare --by accuracy
    ended 1
    jq -e '.challenger == 3 and .parts[0].verdict == "even" and .parts[0].pairs == 2000' <<<"$output"
    compare --by accuracy --margin 0.05
    ended 0
    jq -e '.parts[0].not_worse' <<<"$output"
    run mlops monitor compare fraud --by accuracy --margin 0.001
    ended 1 "may be worse by more than the margin"
}

@test "costs decide where the project says them" {
    given_project costly costly 1
    printf 'monitor:\n  cost: {fp: 1, fn: 100}\n' >> costly/mlops.yaml
    mlops -q register costly
    echo 'round: 2' > costly/params.yaml
    mlops -q register costly
    given_promoted costly@1 production
    (answered 1 0 300 6 20; answered 2 0 300 9 20 ',"shadow":true') |
        mlops -q monitor ingest costly -
    labels 0 300 | mlops -q monitor label costly -
    run --separate-stderr mlops --json monitor compare costly
    ended 0
    jq -e '.by == "cost" and .parts[0].verdict == "better"' <<<"$output"
    jq -e '.parts[0].measures.cost | .high < 0 and .challenger < .champion' <<<"$output"
}

@test "a policy lets in what compare has shown to be better, of the version that is there now" {
    printf 'stages:\n  staging:\n  production:\n    challenge: better\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    run mlops promote fraud@2 --to production
    ended 1 "not compared with @1 on the same traffic" "compare fraud --version 2 --stage production --record"
    (answered 1 0 600 6 20; answered 2 0 600 9 40 ',"shadow":true'
        answered 3 0 600 6 40 ',"shadow":true') | mlops -q monitor ingest fraud -
    mlops -q monitor compare fraud --version 2 --record || true
    run mlops promote fraud@2 --to production
    ended 1 "too little is known by accuracy: 0 labelled events"
    labels 0 400 | mlops -q monitor label fraud -
    mlops -q monitor compare fraud --version 2 # without --record it says nothing to the gate
    run mlops promote fraud@2 --to production
    ended 1 "too little is known"
    mlops -q monitor compare fraud --version 2 --record
    run mlops monitor compare fraud --version 3 --record
    [ "$status" -eq 1 ]
    run mlops promote fraud@3 --to production
    ended 1 "that is not shown to be better"
    run mlops promote fraud@2 --to production
    ended 0 "by auc +"
    run mlops promote fraud@3 --to production
    ended 1 "it was compared with @1, and production holds @2 now"
    mlops policy show fraud > shown.yaml
    grep -q 'challenge: {verdict: better}' shown.yaml
    printf 'stages:\n  production:\n    challenge: {verdict: not-worse, margin: 0.5, by: fpr, within: 2d}\n' > policy.yaml
    mlops -q policy set fraud policy.yaml
    mlops policy show fraud > shown.yaml
    grep -q 'challenge: {verdict: not-worse, margin: 0.5, by: fpr, within: 2d}' shown.yaml
    mlops rollback fraud >/dev/null
    run mlops promote fraud@3 --to production
    ended 0 "by fpr"
    mlops log --verify
}

@test "a challenge that nobody could judge is refused with its line" {
    refused() {
        printf 'stages:\n  production:\n    challenge: %s\n' "$1" > policy.yaml
        run mlops policy set fraud policy.yaml
        ended 2 "policy.yaml:3" "$2"
    }
    refused best "better"
    refused not-worse "needs a 'margin'"
    refused '{verdict: not-worse, margin: -1}' "needs a 'margin'"
    refused '{verdict: better, margin: 1}' "of use only"
    refused '{by: auc}' "has no 'verdict'"
    refused '{verdict: better, by: luck}' "luck"
    refused '{verdict: better, within: soon}' "soon"
}
